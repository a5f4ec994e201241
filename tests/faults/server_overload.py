#!/usr/bin/python3
"""A thousand connections at once, of each kind that means no good; an honest client goes on signing all the while.

How long that one waits is printed beside what it waits in quiet. Afterwards the server holds no descriptor more than before,
and when it all comes again no memory more than the first time. HALLMARK_FULL=1: also from one address, all again, and longer
than a slow request may take; otherwise a sample of the kinds. An argument: only kinds whose names hold it."""
import concurrent.futures
import ctypes
import http.client
import multiprocessing
import os
import random
import re
import signal
import socket
import ssl
import statistics
import struct
import sys
import tempfile
import time

import lab
import served

CONNECTIONS = 1000
SESSIONS_OF_ONE = 128
HOLD = 3
HANDSHAKE_SECONDS, REQUEST_SECONDS = 10, 60
# What allocators keep back.
SPARE_KIB = 4096
RESET = struct.pack('ii', 1, 0)


class Honest:
    """Signs, and opens a connection and a session anew every eight times. Latencies in seconds, and what went wrong."""

    def __init__(self, place):
        fork = multiprocessing.get_context('fork')
        self.place, self.stopped, self.said = place, fork.Event(), fork.SimpleQueue()
        self.process = fork.Process(target=self.run, daemon=True)
        self.process.start()

    def run(self):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        taken, wrong, client, number = [], [], None, 0
        while not self.stopped.is_set():
            begun = time.monotonic()
            try:
                if not client or number % 8 == 0:
                    if client:
                        client.close()
                    client = served.Client(self.place.port, self.place.issuer.token(), self.place.folder / 'tls.pem')
                client.sign([f'{number}'.encode()])
            except (served.Refused, OSError, http.client.HTTPException) as error:
                wrong.append(f'{type(error).__name__} {error}')
                client = None
            taken.append(time.monotonic() - begun)
            number += 1
            time.sleep(0.01)
        self.said.put((taken, wrong))

    def result(self):
        self.stopped.set()
        result = self.said.get()
        self.process.join()
        return result


class Attack:
    """What the kinds of connections need: sockets from one address or from many, TLS in them or not."""

    def __init__(self, place, spread):
        self.place, self.spread = place, spread
        self.context = ssl.create_default_context(cafile=place.folder / 'tls.pem')
        self.context.check_hostname = False
        self.chance = random.Random(lab.SEED)

    def address(self, i):
        return f'127.1.{i // 250}.{i % 250 + 1}' if self.spread else '127.0.0.2'

    def plain(self, i):
        fd = socket.socket()
        fd.bind((self.address(i), 0))
        fd.settimeout(20)
        fd.connect(('127.0.0.1', self.place.port))
        return fd

    def secured(self, i):
        fd = self.plain(i)
        try:
            return self.context.wrap_socket(fd)
        except OSError:
            fd.close()
            return None

    def client_hello(self):
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self.context.wrap_bio(into, out).do_handshake()
        except ssl.SSLWantReadError:
            pass
        return out.read()

    def all_of(self, make):
        """Those that came about: too many from one address are cut off by the server."""
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            def one(i):
                try:
                    return make(i)
                except OSError:
                    return None
            return [fd for fd in threads.map(one, range(CONNECTIONS)) if fd]


def say(fd, data):
    try:
        fd.sendall(data)
        return True
    except OSError:
        return False


def drip(fds, text, seconds):
    """An octet a second of each."""
    for i in range(seconds):
        for fd in fds:
            say(fd, text[i % len(text):][:1])
        time.sleep(1)


def count_open(fds):
    """Those that the server has not closed."""
    alive = 0
    for fd in fds:
        fd.setblocking(False)
        try:
            while fd.recv(65536):
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            alive += 1
        except OSError:
            pass
    return alive


# Each kind opens its connections, does its worst, and returns them with how many of them the server should have ended.

def slow_before_tls(attack):
    fds = attack.all_of(attack.plain)
    drip(fds, attack.client_hello(), HANDSHAKE_SECONDS + 3)
    return fds, 'all'


def slow_in_tls(attack):
    fds = attack.all_of(attack.secured)
    drip(fds, b'GET /v1/products HTTP/1.1\r\nX-Slow: ' + b'a' * 1000, REQUEST_SECONDS + 5 if lab.FULL else HOLD)
    return fds, 'all' if lab.FULL else None


def handshake_not_finished(attack):
    hello = attack.client_hello()
    fds = attack.all_of(attack.plain)
    for fd in fds:
        say(fd, hello)
    time.sleep(HANDSHAKE_SECONDS + 3)
    return fds, 'all'


def garbage(attack):
    fds = attack.all_of(attack.plain)
    for fd in fds:
        say(fd, attack.chance.randbytes(1000))
    time.sleep(HOLD)
    return fds, 'nearly all'


def garbage_in_tls(attack):
    fds = attack.all_of(attack.secured)
    for fd in fds:
        say(fd, attack.chance.randbytes(1000) + b'\r\n\r\n')
    time.sleep(HOLD)
    return fds, None


def half_closed(attack):
    fds = attack.all_of(attack.secured)
    for fd in fds:
        say(fd, b'POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{')
        try:
            socket.socket.shutdown(fd, socket.SHUT_WR)
        except OSError:
            pass  # the server has ended it already
    time.sleep(HOLD)
    return fds, 'all'


def header_too_long(attack):
    fds = attack.all_of(attack.secured)
    for fd in fds:
        say(fd, b'GET /v1/products HTTP/1.1\r\nX-Long: ' + b'a' * 40000)
    time.sleep(HOLD)
    return fds, None


def body_too_long(attack):
    fds = attack.all_of(attack.secured)
    for fd in fds:
        say(fd, b'POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n' + b'a' * 10000)
    time.sleep(HOLD)
    return fds, None


def much_of_a_body(attack):
    """Each a mebibyte of what might be a request: together more than the server keeps."""
    fds = attack.all_of(attack.secured)
    for fd in fds:
        fd.settimeout(5)
        if say(fd, b'POST /v1/signatures HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n'):
            say(fd, b' ' * (300000 if not lab.FULL else 1 << 20))
    time.sleep(HOLD)
    return fds, None


def aborted_amid_the_answer(attack):
    fds = attack.all_of(attack.secured)
    for fd in fds:
        fd.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        say(fd, b'GET /log/tile/entries/000 HTTP/1.1\r\nHost: localhost\r\n\r\n')
        fd.close()
    time.sleep(HOLD)
    return [], None


def head_of(fd):
    """An answer's head; its body is read as well. Empty: there is none."""
    read = b''
    try:
        while b'\r\n\r\n' not in read or len(read.split(b'\r\n\r\n', 1)[1]) < int(
                re.search(rb'(?i)content-length: *(\d+)', read)[1]):
            some = fd.recv(4096)
            if not some:
                return ''
            read += some
    except OSError:
        return ''
    return read.split(b'\r\n\r\n', 1)[0].decode('latin-1')


def sessions_of_nobody(attack):
    """Three thousand; how many were refused, each with when to come back."""
    fds = attack.all_of(attack.secured)
    answers = {}
    for i in range(3 * CONNECTIONS):
        fd = fds[i % len(fds)]
        if not say(fd, b'POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}'):
            continue
        head = head_of(fd)
        status = head[9:12] or 'cut off'
        if status in ('429', '503') and 'retry-after:' not in head.lower():
            status += ' without Retry-After'
        answers[status] = answers.get(status, 0) + 1
    print(f'# sessions of nobody: {answers}')
    attack.answers = answers
    return fds, None


KINDS = (slow_before_tls, slow_in_tls, handshake_not_finished, garbage, garbage_in_tls, half_closed, header_too_long,
         body_too_long, much_of_a_body, aborted_amid_the_answer, sessions_of_nobody)


# What is tried from one address in a sample; what is tried again to see whether memory grows.
FROM_ONE = (slow_in_tls, sessions_of_nobody)
AGAIN = (much_of_a_body, garbage, sessions_of_nobody)


def describe(taken):
    return f'{statistics.median(taken) * 1000:.1f} ms median, {max(taken) * 1000:.0f} worst of {len(taken)}'


def attack_with(place, kind, spread, out):
    """One kind; the honest client meanwhile."""
    attack = Attack(place, spread)
    name = kind.__name__.replace('_', ' ') + (', from many addresses' if spread else '')
    honest = Honest(place)
    fds, ended = kind(attack)
    alive = count_open(fds)
    taken, wrong = honest.result()
    state = place.state()
    for fd in fds:
        fd.close()
    print(f'# {name}: {len(fds)} connections, {alive} still open; honest: {describe(taken)}; '
          + ', '.join(f'{role} {one.resident // 1024} MiB {one.descriptors} fds' for role, one in sorted(state.items())))
    out.ok(not wrong and len(taken) > 3, f'{name}: an honest client goes on signing', wrong)
    if ended:
        # Garbage may look like the beginning of something.
        out.ok(alive <= (0 if ended == 'all' else len(fds) // 20), f'{name}: {ended} are ended', [f'{alive} of {len(fds)} are still open'])
    return attack


def fill_sessions(place):
    """A session lasts after its connection; of one principal there are so many and no more, and those are there now."""
    for _ in range(SESSIONS_OF_ONE + 2):
        served.Client(place.port, place.issuer.token(), place.folder / 'tls.pem').close()


def come_to_rest(place, before):
    """Descriptors go back to what they were, sessions of nobody after half a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = place.state()
        if all(now[role].descriptors <= before[role].descriptors + 2 for role in before if role in now):
            break
        time.sleep(0.2)
    return place.state()


def chosen_kinds():
    """Those that are named; in a sample what is tried again, and two more by HALLMARK_SEED."""
    if len(sys.argv) > 1 or lab.FULL:
        return [kind for kind in KINDS if len(sys.argv) < 2 or sys.argv[1] in kind.__name__]
    print(f'# HALLMARK_SEED={lab.SEED}')
    others = random.Random(lab.SEED).sample([kind for kind in KINDS if kind not in AGAIN], 2)
    return [kind for kind in KINDS if kind in AGAIN or kind in others]


def main():
    out = lab.tap.Writer()
    place = served.Served(tempfile.mkdtemp(prefix='hallmark-faults.'))
    kinds = chosen_kinds()
    try:
        place.found()
        place.serve()
        fill_sessions(place)
        honest = Honest(place)
        time.sleep(HOLD)
        taken, wrong = honest.result()
        print(f'# quiet: {describe(taken)}')
        before = place.state()
        out.ok(not wrong, 'in quiet the honest client signs', wrong)
        for spread, kind in [(False, kind) for kind in kinds if lab.FULL or kind in FROM_ONE] + [(True, kind) for kind in kinds]:
            judge(attack_with(place, kind, spread, out), kind, out)
        first = come_to_rest(place, before)
        for kind in [kind for kind in kinds if lab.FULL or kind in AGAIN]:
            attack_with(place, kind, True, out)
        report(out, before, first, come_to_rest(place, before))
    finally:
        served.remove(place)
    out.close()


def judge(attack, kind, out):
    if kind is not sessions_of_nobody:
        return
    out.ok(attack.answers.get('200') and not any('without' in answer for answer in attack.answers),
           'what is too much is answered with when to come back', [str(attack.answers)])
    if not attack.spread:
        out.ok(attack.answers.get('429'), 'of one address only so many sessions wait', [str(attack.answers)])


def report(out, before, first, second):
    for role, one in before.items():
        print(f'# {role}: {one.resident} KiB, {one.descriptors} descriptors before; after the first round '
              f'{first[role].resident} and {first[role].descriptors}, after the second {second[role].resident} and '
              f'{second[role].descriptors}')
    out.ok(all(second[role].pid == one.pid for role, one in before.items()), 'no process has ended')
    out.ok(all(second[role].descriptors <= one.descriptors + 2 for role, one in before.items()), 'no descriptor is left open')
    out.ok(all(second[role].resident <= first[role].resident * 1.1 + SPARE_KIB for role in before),
           'the second round takes no more memory than the first')


if __name__ == '__main__':
    sys.exit(main())
