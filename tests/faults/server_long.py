#!/usr/bin/python3
"""Many signatures through connections that are kept alive: memory and descriptors of each process stay as they are after
the first tenth. 6,400 of them, HALLMARK_SIGNATURES, or with HALLMARK_FULL=1 20,000."""
import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import time

import lab
import served

SIGNATURES = int(os.environ.get('HALLMARK_SIGNATURES', 20000 if lab.FULL else 6400))
CLIENTS, EACH, TENTHS = 2, 64, 10
# What grows by less, in KiB, is no growth: pages that are used for the first time.
SPARE_KIB = 3072


class Clients:
    """Each goes on where it was, in one connection and one session."""

    def __init__(self, place):
        fork = multiprocessing.get_context('fork')
        self.orders = [fork.SimpleQueue() for _ in range(CLIENTS)]
        self.said = fork.SimpleQueue()
        self.processes = [fork.Process(target=self.run, args=(place, order), daemon=True) for order in self.orders]
        for process in self.processes:
            process.start()

    def run(self, place, order):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        client, number = served.Client(place.port, place.issuer.token(), place.folder / 'tls.pem'), 0
        while requests := order.get():
            for _ in range(requests):
                given = client.sign([f'{os.getpid()} {number + j}'.encode() for j in range(EACH)])
                number += len(given)
            self.said.put(number)
        client.close()

    def sign(self, requests):
        for order in self.orders:
            order.put(requests)
        return sum(self.said.get() for _ in self.orders)

    def stop(self):
        for order in self.orders:
            order.put(0)
        for process in self.processes:
            process.join()


def show(signed, states, seconds):
    print(f'# {signed} signatures, {signed / seconds:.0f} a second: ' + ', '.join(
        f'{role} {one.resident} KiB {one.descriptors} fds' for role, one in sorted(states.items())), flush=True)


def begin_index(clients, place):
    """When the log has a segment of 4,096 entries, and the core nothing else to do, it opens the search index and keeps it open."""
    clients.sign(4096 // (2 * CLIENTS * EACH) + 1)
    for _ in range(100):
        if os.path.exists(os.path.join(place.office, 'search.db')):
            break
        time.sleep(0.1)
    time.sleep(1)


def main():
    out = lab.tap.Writer()
    place = served.Served(tempfile.mkdtemp(prefix='hallmark-faults.'))
    try:
        place.found()
        place.serve()
        clients, states, begun = Clients(place), [], time.monotonic()
        begin_index(clients, place)
        for _ in range(TENTHS):
            signed = clients.sign(max(1, SIGNATURES // (TENTHS * CLIENTS * EACH)))
            states.append(place.state())
            show(signed, states[-1], time.monotonic() - begun)
        clients.stop()
        whole = place.check_log()
    finally:
        served.remove(place)
    early, late = states[0], states[-1]
    grown = [f'{role}: {early[role].resident} KiB became {one.resident}' for role, one in late.items()
             if one.resident > early[role].resident * 1.05 + SPARE_KIB]
    left = [f'{role}: {early[role].descriptors} descriptors became {one.descriptors}' for role, one in late.items()
            if one.descriptors > early[role].descriptors + 1]
    out.ok(all(late[role].pid == one.pid for role, one in early.items()), 'no process has ended')
    out.ok(not grown, f'{signed} signatures, and no memory but that of the first tenth', grown)
    out.ok(not left, 'nor a descriptor', left)
    out.ok(not whole, 'P9: and the log is good', whole)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
