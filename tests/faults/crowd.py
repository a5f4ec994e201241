#!/usr/bin/python3
"""P1, P9: eight processes sign in the same two offices at once: no entry is lost, the log does not fork, nobody waits for ever."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

import lab

PROCESSES = 8
ROUNDS = 10 if lab.FULL else 3
FILES = 6


def prepare(folder):
    """Two offices with a product whose keys nobody has made yet: the eight will all want to."""
    offices = []
    for name in ('east', 'west'):
        place = lab.Lab(f'{folder}/{name}')
        place.work.mkdir(parents=True)
        place.must('init', '--org', name)
        place.must('product', 'add', 'pump')
        offices.append(place)
    return offices


def sign_at_once(offices, turn):
    """Starts all eight, then waits for all. Returns the outcomes with the place and the files of each."""
    started = []
    for number in range(PROCESSES):
        place = offices[number % 2]
        names = [f'{turn}-{number}-{i}.bin' for i in range(FILES)]
        for name in names:
            (place.work / name).write_bytes(os.urandom(300))
        started.append((place, names, place.start('sign', '--json', '--product', 'pump', *names)))
    return [(place, names, place.finish(process)) for place, names, process in started]


def judge(place, entries):
    """ENTRIES are the (intent, outcome) pairs that the processes were told: each is in the log, and no two are the same."""
    wrong = []
    numbers = [number for pair in entries for number in pair]
    if len(set(numbers)) != len(numbers):
        wrong.append('two signatures were given the same log entry')
    check = place.run('log', 'check', '--json')
    if check.status != 0:
        return [*wrong, f'log check: {check}']
    shown = {entry['index']: entry for entry in map(json.loads, place.run('log', 'show', '--json').out.splitlines())}
    for intent, outcome in entries:
        if shown.get(intent, {}).get('type') != 'intent' or shown.get(outcome, {}).get('intent') != intent:
            wrong.append(f'the pair {intent}, {outcome} is not in the log')
    if len(shown) != json.loads(check.out)['entries']:
        wrong.append('the log shows another number of entries than it has')
    keys = [line for line in place.run('key', 'list', '--product', 'pump').out.splitlines() if 'signing' in line]
    if len(keys) != 1:
        wrong.append(f'{len(keys)} signing keys were made where one was needed')
    return wrong


def main():
    out = lab.tap.Writer()
    folder = tempfile.mkdtemp(prefix='hallmark-crowd.')
    lab.adopt_orphans()
    try:
        offices = prepare(folder)
        failed, entries, names = [], {place.folder: [] for place in offices}, {place.folder: [] for place in offices}
        begun = time.monotonic()
        for turn in range(ROUNDS):
            for place, files, outcome in sign_at_once(offices, turn):
                if outcome.status != 0:
                    failed.append(str(outcome))
                    continue
                names[place.folder] += files
                entries[place.folder] += [(line['intent'], line['outcome']) for line in map(json.loads, outcome.out.splitlines())]
        print(f'# {ROUNDS} rounds of {PROCESSES} processes with {FILES} files each took {time.monotonic() - begun:.1f} s')
        out.ok(not failed, 'P9: eight processes sign in two offices at once, none fails, none hangs', failed)
        for place in offices:
            name = pathlib.Path(place.folder).name
            wrong = judge(place, entries[place.folder])
            out.ok(not wrong, f'P9: office {name}: no entry is lost, the log has one history', wrong)
            logged = place.run('log', 'check', *names[place.folder])
            out.ok(logged.status == 0, f'P1: office {name}: every signature has its intent and outcome', [str(logged)])
    finally:
        lab.settle()
        shutil.rmtree(folder, ignore_errors=True)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
