#!/usr/bin/python3
"""P1, P9: kill -9 of one of the processes at a random moment of a signing of five files; then everything is judged.

60 times, HALLMARK_KILLS times, or with HALLMARK_FULL=1 a thousand times."""
import collections
import os
import random
import signal
import sys
import threading
import time

import lab

ROLES = ('front', 'core', 'parser')
KILLS = int(os.environ.get('HALLMARK_KILLS', 1000 if lab.FULL else 60))


def attempt(place, point):
    """On a machine that has become faster than it was when it was timed the process has ended: then sooner."""
    role, delay = point
    outcome, hit = kill(place, role, delay)
    while not hit and delay > 0.001:
        delay /= 2
        place.put_back()
        outcome, hit = kill(place, role, delay)
    return outcome, hit, place.judge(outcome)


def kill(place, role, delay):
    process = place.start('sign', '--product', 'pump', '--release', '1.0', '--replace', *lab.OPERANDS)
    time.sleep(delay)
    family = [process.pid, *lab.children(process.pid)]
    hit = role < len(family) and process.poll() is None
    if hit:
        try:
            os.kill(family[role], signal.SIGKILL)
        except ProcessLookupError:
            hit = False
    return place.finish(process), hit


def duration(place):
    place.put_back()
    begun = time.monotonic()
    place.sign()
    return time.monotonic() - begun


def main():
    out = lab.tap.Writer()
    chance = random.Random(lab.SEED)
    with lab.Pool() as pool:
        longest = min(duration(pool.lab) for _ in range(5))
        # The core is there from the first millisecond, the parser soon after; the front most of all has something to lose.
        points = [(chance.choice((0, 0, 1, 1, 2)), chance.uniform(0.001, longest)) for _ in range(KILLS)]
        results = pool.all_of(points, attempt)
    table = collections.Counter((ROLES[point[0]], hit, outcome.status) for point, (outcome, hit, _) in zip(points, results))
    for (role, hit, status), n in sorted(table.items(), key=str):
        print(f'# {role:7s} {"killed" if hit else "had ended"}: {n} × status {status}')
    hits = sum(hit for _, hit, _ in results)
    print(f'# {len(points)} kills, {hits} of them before the process had ended, within {longest * 1000:.0f} ms, seed {lab.SEED}')
    out.ok(hits > 0.9 * len(points), 'the processes are killed while they work')
    wrong = [f'{ROLES[point[0]]} after {point[1] * 1000:.1f} ms: {what}' for point, (_, _, wrongs) in zip(points, results)
             for what in wrongs]
    out.ok(not wrong, 'P1 P9: kill -9 at any moment leaves a good log, whole files, every signature logged, nothing temporary',
           wrong)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
