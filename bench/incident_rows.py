"""The rows of the bad day: what a key signed is listed, and signed again with the next one."""
import glob
import json
import os
import shutil
import statistics
import subprocess
import time

import samples
from measure import Command
from report import Chapter, Row

PRODUCT = 'bad-day'


class Office:
    """One of its own, since its keys come to an end."""

    def __init__(self, bench, folder):
        self.hallmark, self.path = bench.hallmark, os.path.join(folder, 'office')
        self.run('init', '--org', 'Bench', self.path, office=False)
        self.run('product', 'add', PRODUCT)

    def words(self, *words):
        return [self.hallmark, words[0], *words[1:], '--office', self.path]

    def run(self, *words, office=True):
        done = subprocess.run(self.words(*words) if office else [self.hallmark, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def key(self):
        keys = [json.loads(line) for line in self.run('key', 'list', '--product', PRODUCT, '--json').splitlines()]
        return [key['key'] for key in keys if key['role'] == 'signing'][-1]


def one_round(bench, office, folder, names):
    """Signed, stolen, listed, and signed again; what signing with another key costs by itself is measured beside it."""
    def cost(*words):
        return bench.spender.run(Command(office.words(*words), folder=folder))
    office.run('key', 'rotate', '--product', PRODUCT)
    plain = cost('sign', '--product', PRODUCT, '--release', '1', '--replace', *names)
    incident = os.path.join(folder, 'incident')
    shutil.rmtree(incident, ignore_errors=True)
    time.sleep(1.1)  # what is signed in the second of the theft is in doubt
    listed = cost('compromise', office.key(), '--since', '0s', '-o', incident)
    office.run('key', 'rotate', '--product', PRODUCT)
    again = cost('resign', incident, *names)
    with open(os.path.join(incident, 'report.json'), encoding='utf-8') as file:
        report = json.load(file)
    return plain, listed, again, report


def incident(bench):
    folder, count, rounds = bench.path('incident'), bench.rounds(5000, 200), bench.rounds(5, 2)
    os.mkdir(folder)
    names = samples.write_many(os.path.join(folder, 'files'), count, 4096)
    names = [os.path.join('files', name) for name in names]
    office = Office(bench, folder)
    done = [one_round(bench, office, folder, names) for _ in range(rounds)]
    plain = statistics.median(count / round[0].wall for round in done)
    again = [round[2].processor / round[0].processor for round in done]
    again_wall = [round[2].wall / round[0].wall for round in done]
    rate = statistics.median(count / round[2].wall for round in done)
    read = [(round[3]['log']['size'] - round[3]['log']['first']) / round[1].wall for round in done]
    last = done[-1][3]
    size = os.path.getsize(glob.glob(os.path.join(folder, 'incident', 'signatures.jsonl'))[0])
    time.sleep(2)  # until the log is published
    shutil.rmtree(folder)
    rows = [Row('sign again', f'{count:,} files of 4 KiB with detached signatures, in one call of resign: each looked up in the log, with its '
                'proof, then signed with the next key. Against signing the same files with the same options, in the same round.',
                f'{statistics.median(again):.2f} × ({min(again):.2f}–{max(again):.2f}) of the processor time, '
                f'{statistics.median(again_wall):.2f} × of the wall time: {rate:,.0f} files/s against {plain:,.0f}', 'none', None),
            Row('stop, list and report', f'the whole of compromise, of a key with {last["signatures"]:,} signatures: every entry since '
                'the key was made read up to the signed root, a line for each signature, the revocation list, the report.',
                f'{statistics.median(round[1].wall for round in done):.2f} s; {statistics.median(read):,.0f} entries/s; '
                f'{size / last["signatures"]:.0f} bytes a line', 'none', None)]
    return Chapter('The bad day', rows)
