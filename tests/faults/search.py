#!/usr/bin/python3
"""The search index is no more than a help: killed while it is made, on a full disk, or made by several at once, and what is
found is what is there. HALLMARK_FULL=1: more of each."""
import concurrent.futures
import errno
import hashlib
import os
import random
import signal
import sqlite3
import struct
import sys
import tempfile
import time

import lab

# Six segments of the index and a part of one.
ENTRIES = 25_000
KILLS, FAULTS = (200, 400) if lab.FULL else (12, 16)
AT_ONCE = 4
WANTED = ('log', 'search', '--product', 'pump', '--release', '7.3', '--json')
COMPLETE = (*WANTED, '--complete')


def number_of(value):
    """Deterministic CBOR: as short as it may be."""
    for most, head, form in ((23, 0, None), (255, 0x18, '>B'), (65535, 0x19, '>H')):
        if value <= most:
            return bytes([head]) + struct.pack(form, value) if form else bytes([value])
    return b'\x1a' + struct.pack('>I', value)


def leaf(kind, office, product, digest, details, intent):
    head = bytes([0x88, 1, kind, 0x50]) + office + b'\x50' + product + b'\x01\x58\x20' + digest + b'\x58\x20' + details
    return head + (b'\xf6' if intent is None else number_of(intent))


def grow(place):
    """Intents and outcomes in turn, as an office writes them, straight into the database."""
    with sqlite3.connect(place.office / 'office.db') as database:
        office, = database.execute('SELECT uuid FROM office').fetchone()
        product, = database.execute("SELECT class FROM product WHERE name='pump'").fetchone()
        first, = database.execute('SELECT max(idx)+1 FROM entry').fetchone()
        rows = []
        for number in range(first, first + ENTRIES):
            outcome = (number - first) % 2
            text = '{"time":%d}' % (1_790_000_000 + number) if outcome else (
                '{"actor":"unix:0","key":"%032x","product":"pump","release":"7.%d","time":%d}'
                % (number % 5, number // 2 % 9, 1_790_000_000 + number))
            salt, digest = os.urandom(32), hashlib.sha256(str(number).encode()).digest()
            bound = hashlib.sha256(salt + text.encode()).digest()
            tag = struct.unpack('>q', digest[:8])[0] if outcome else 0
            rows.append((number, leaf(2 if outcome else 1, office, product, digest, bound, number - 1 if outcome else None), salt,
                         text.encode(), tag))
        database.executemany('INSERT INTO entry VALUES(?,?,?,?,?)', rows)


def forget(place):
    for path in place.office.glob('search.db*'):
        path.unlink()


def entries_of(outcome):
    return [line for line in outcome.out.splitlines() if '"index":' in line]


class Judge:
    """What is to be found, and what was wrong."""

    def __init__(self, place):
        self.place, self.wrong = place, []
        self.right = entries_of(place.must(*COMPLETE))

    def look(self, what, outcome, may_fail=False):
        if may_fail and outcome.status == 3 and outcome.err.strip():
            return
        if outcome.status != 0 or entries_of(outcome) != self.right:
            self.wrong.append(f'{what}: {len(entries_of(outcome))} entries instead of {len(self.right)}, {outcome}')

    def look_again(self, what):
        self.look(f'{what}, afterwards', self.place.run(*WANTED))
        self.look(f'{what}, after that', self.place.run(*WANTED))


def kill(judge, delay):
    place = judge.place
    forget(place)
    process = place.start(*WANTED)
    time.sleep(delay)
    family = [process.pid, *lab.children(process.pid)]
    hit = process.poll() is None
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    place.finish(process)
    judge.look_again(f'killed after {delay:.3f} s')
    return hit


def inject(place, call, at, action):
    report = f'{place.folder}/report'
    outcome = place.run(*WANTED, before=[str(lab.HELPERS / 'inject'), '1', str(call), str(at), str(action), report])
    with open(report, encoding='ascii') as file:
        lines = file.read().splitlines()
    return outcome, 'hit' in lines, {int(c): int(n) for r, c, n in (line.split() for line in lines if line != 'hit') if r == '1'}


def killed(out, judge, chance):
    begun = time.monotonic()
    forget(judge.place)
    judge.place.must(*WANTED)
    longest = time.monotonic() - begun
    judge.wrong = []
    hits = sum(kill(judge, chance.uniform(0.005, longest)) for _ in range(KILLS))
    out.ok(hits > KILLS / 4, f'{hits} of {KILLS} searches are killed while the index is made')
    out.ok(not judge.wrong, 'killed at any moment, the next search finds what is there', judge.wrong)


def full(out, judge, chance):
    if not (lab.HELPERS / 'inject').exists():
        out.skip('a full disk', 'the injector is for x86-64, without sanitizers')
        return
    place, numbers = judge.place, {name: number for name, number in lab.calls().items()}
    forget(place)
    _, _, counts = inject(place, 0, 0, 0)
    points = [(name, at, action) for name in ('pwrite64', 'ftruncate', 'fdatasync', 'fsync', 'openat', 'fallocate')
              for at in range(1, counts.get(numbers[name], 0) + 1) for action in (errno.ENOSPC, errno.EIO)]
    judge.wrong, hits = [], 0
    for name, at, action in chance.sample(points, min(FAULTS, len(points))):
        forget(place)
        outcome, hit, _ = inject(place, numbers[name], at, action)
        hits += hit
        what = f'{name} number {at}, {errno.errorcode[action]}'
        judge.look(what, outcome, may_fail=True)
        judge.look_again(what)
    out.ok(hits > 0, f'{hits} calls of the core fail')
    out.ok(not judge.wrong, 'on a full or faulty disk nothing wrong is found, and the next search finds what is there', judge.wrong)


def at_once(out, judge):
    judge.wrong = []
    for _ in range(5 if lab.FULL else 2):
        forget(judge.place)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(lambda _: judge.place.run(*WANTED), range(AT_ONCE)))
        for outcome in outcomes:
            judge.look('at once', outcome)
        judge.look_again('at once')
    out.ok(not judge.wrong, f'{AT_ONCE} searches at once make one index, and find the same', judge.wrong)


def main():
    out = lab.tap.Writer()
    chance = random.Random(lab.SEED)
    with tempfile.TemporaryDirectory(prefix='hallmark-search-') as folder:
        place = lab.Lab(folder)
        place.work.mkdir(parents=True)
        place.must('init', '--org', 'Fault Lab')
        place.must('product', 'add', 'pump')
        grow(place)
        judge = Judge(place)
        out.ok(len(judge.right) > ENTRIES / 20, 'there is something to be found')
        killed(out, judge, chance)
        full(out, judge, chance)
        at_once(out, judge)
    print(f'# seed {lab.SEED}')
    out.close()


if __name__ == '__main__':
    sys.exit(main())
