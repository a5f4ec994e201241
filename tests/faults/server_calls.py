#!/usr/bin/python3
"""P1, P9: the core of a server is killed before one system call of what it does for a signature, checkpoint included.

Every call that changes something outside the process is a point. Afterwards the server has come back by itself, what a
client was given is in the log, and the log goes on. HALLMARK_FULL=1 tries all points; otherwise HALLMARK_SEED chooses."""
import collections
import http.client
import os
import signal
import sys
import tempfile
import time

import lab
import served
import tracer

SAMPLE = 12
# A checkpoint follows a signature within a second.
SECONDS = 1.6


def client_of(place):
    return served.Client(place.port, place.issuer.token(), place.folder / 'tls.pem')


def sign(place, client, name):
    """True if a signature was given, which then lies in a file."""
    content = f'{name} {os.urandom(8).hex()}\n'.encode()
    try:
        signature = client.sign([content])[0]
    except (served.Refused, OSError, http.client.HTTPException):
        return False
    (place.work / f'{name}.bin').write_bytes(content)
    (place.work / f'{name}.bin.p7s').write_bytes(signature)
    return True


def again(place, work):
    """What WORK gives with a fresh client as soon as that is something; None: the server does not come back."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if result := work(client_of(place)):
                return result
        except (served.Refused, OSError, http.client.HTTPException):
            time.sleep(0.02)
    return None


def begin_anew(place):
    """A client of a core that has signed nothing yet, so that each try calls the same as the first."""
    pid = place.process('core')
    os.kill(pid, signal.SIGKILL)
    while place.process('core') == pid:
        time.sleep(0.005)
    return again(place, lambda client: client)


def points_of(place):
    """What the core calls for one signature and the checkpoint behind it."""
    report = f'{place.folder}/report'
    client = begin_anew(place)
    tracing = tracer.Tracer(place.process('core'), report)
    if not tracing.attached or not sign(place, client, 'base'):
        return []
    time.sleep(SECONDS)
    tracing.end()
    return tracer.points_in(report)


def wait_for_end(pid):
    deadline = time.monotonic() + SECONDS
    while os.path.exists(f'/proc/{pid}') and time.monotonic() < deadline:
        time.sleep(0.005)
    return not os.path.exists(f'/proc/{pid}')


def attempt(place, point):
    """Returns whether the point was reached, whether the signature was given, and what is wrong."""
    name, at = point
    client = begin_anew(place)
    pid = place.process('core')
    tracing = tracer.kill_before(pid, name, at)
    given = client and sign(place, client, 'hit')
    hit = wait_for_end(pid)
    tracing.end()
    if not again(place, lambda client: sign(place, client, 'after')):
        return hit, given, ['the server does not come back']
    files = [f'{file}.bin' for file in (('hit', 'after') if given else ('after',))]
    check = place.run('log', 'check', *files)
    wrong = [] if check.status == 0 else [f'a signature was given without intent and outcome: {check}']
    return hit, given, wrong + place.check_log()


def try_all(place, points):
    table, wrong, hits = collections.Counter(), [], 0
    for point in points:
        hit, given, wrongs = attempt(place, point)
        table[point[0], 'not reached' if not hit else 'the signature was given' if given else 'it was not'] += 1
        hits += hit
        wrong += [f'{point[0]} number {point[1]}: {what}' for what in wrongs]
    return table, wrong, hits


def main():
    out = lab.tap.Writer()
    if not tracer.usable():
        out.skip('the core of a server is killed at its system calls', 'it takes strace, and root to trace the core')
        return out.close()
    place = served.Served(tempfile.mkdtemp(prefix='hallmark-faults.'))
    try:
        place.found()
        place.serve()
        possible = points_of(place)
        points = lab.sample(possible, SAMPLE)
        table, wrong, hits = try_all(place, points)
    finally:
        served.remove(place)
    for (name, what), n in sorted(table.items()):
        print(f'# {name:12s} {what}: {n}')
    print(f'# {len(points)} points tried of {len(possible)}, {hits} reached, seed {lab.SEED}')
    out.ok(points and hits >= 0.8 * len(points), 'the points are reached')
    out.ok(not wrong, 'P1 P9: the core of a server killed before any system call: all that was given is logged, and it comes back',
           wrong)
    return out.close()


if __name__ == '__main__':
    sys.exit(main())
