"""The rows of the bad day: what a key signed is listed, and signed again with the next one."""
import json
import os
import shutil
import statistics
import subprocess
import time

import samples
from measure import Command, figures
from plot import Curve, write_plot
from report import Chapter, Row

HERE = os.path.dirname(os.path.abspath(__file__))
PRODUCT = 'bad-day'
GROWN = 20  # products that bench/log_grow makes entries of


class Office:
    """One of its own, since its keys come to an end."""

    def __init__(self, bench, folder):
        self.hallmark, self.path = bench.hallmark, os.path.join(folder, 'office')
        self.run('init', '--org', 'Bench', self.path, office=False)

    def words(self, *words):
        return [self.hallmark, words[0], *words[1:], '--office', self.path]

    def run(self, *words, office=True):
        done = subprocess.run(self.words(*words) if office else [self.hallmark, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def key(self, product=PRODUCT):
        keys = [json.loads(line) for line in self.run('key', 'list', '--product', product, '--json').splitlines()]
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


def signed_again(bench, folder):
    count, rounds = bench.rounds(5000, 200), bench.rounds(5, 2)
    names = samples.write_many(os.path.join(folder, 'files'), count, 4096)
    names = [os.path.join('files', name) for name in names]
    office = Office(bench, folder)
    office.run('product', 'add', PRODUCT)
    done = [one_round(bench, office, folder, names) for _ in range(rounds)]
    plain = statistics.median(count / round[0].wall for round in done)
    again = [round[2].processor / round[0].processor for round in done]
    again_wall = [round[2].wall / round[0].wall for round in done]
    rate = statistics.median(count / round[2].wall for round in done)
    last = done[-1][3]
    time.sleep(2)  # until the log is published
    return [Row('sign again', f'{count:,} files of 4 KiB with detached signatures, in one call of resign: each looked up in the log, with its '
                'proof, then signed with the next key. Against signing the same files with the same options, in the same round.',
                f'{statistics.median(again):.2f} × ({min(again):.2f}–{max(again):.2f}) of the processor time, '
                f'{statistics.median(again_wall):.2f} × of the wall time: {rate:,.0f} files/s against {plain:,.0f}', 'none', None),
            Row('stop, list and report', f'the whole of compromise, of a key with {last["signatures"]:,} signatures.',
                f'{statistics.median(round[1].wall for round in done):.2f} s', 'none', None)]


def stolen_at(bench, office, folder, product, before, size):
    """A key is stolen when the log has SIZE entries, nearly all since the key was made."""
    figures([bench.tool('log_grow'), office.path, str(before), str(size)])
    words = office.words('compromise', office.key(product), '--since', '1d', '-o', f'incident-{size}')
    cost = bench.spender.run(Command(words, folder=folder))
    incident = os.path.join(folder, f'incident-{size}')
    with open(os.path.join(incident, 'report.json'), encoding='utf-8') as file:
        report = json.load(file)
    if report['log']['size'] < size or not report['log']['complete']:
        raise RuntimeError(f'the list of {size} entries is not complete: {report["log"]}')
    return cost, report, os.path.getsize(os.path.join(incident, 'signatures.jsonl'))


def grown(bench, folder):
    """By the number of entries: what compromise costs, its report, the size of its list."""
    office = Office(bench, folder)
    products = [f'grown-{i}' for i in range(GROWN)]
    for product in products:
        office.run('product', 'add', product)
        office.run('key', 'generate', '--product', product)
        office.run('key', 'rotate', '--product', product)
    done, size, before = {}, 10_000, 0
    while size <= bench.rounds(10_000_000, 100_000):
        done[size] = stolen_at(bench, office, folder, products[len(done)], before, size)
        before, size = size, 10 * size
    time.sleep(2)
    return done


def growth(done):
    """Markdown: a line for each size."""
    lines = ['| entries | signatures of the key | whole of compromise | entries/s | peak memory | its list |', '|---|---|---|---|---|---|']
    lines += [f'| {size:,} | {report["signatures"]:,} | {cost.wall:.2f} s | {size / cost.wall:,.0f} | {cost.peak:.0f} MiB | {listed / 2**20:.1f} MiB |'
              for size, (cost, report, listed) in done.items()]
    return '\n'.join(lines)


def incident(bench):
    folders = bench.path('incident'), bench.path('grown')
    for folder in folders:
        os.mkdir(folder)
    rows = signed_again(bench, folders[0])
    done = grown(bench, folders[1])
    for folder in folders:
        shutil.rmtree(folder)
    size = max(done)
    cost, report, _ = done[size]
    rows.append(Row('the same in a long log', f'a log of {size:,} entries, one in forty of them an intent of the stolen key: every entry '
                    'read up to the signed root, a line for each signature, the revocation list, the report. In one run.',
                    f'{cost.wall:.1f} s for {report["signatures"]:,} signatures; {size / cost.wall:,.0f} entries/s', 'none', None))
    plot = os.path.join(HERE if not bench.quick else bench.folder, 'incident.svg')
    write_plot(plot, 'A stolen key', [Curve('whole of compromise', {size: cost.wall for size, (cost, _, _) in done.items()})])
    remarks = f'''
### How it grows

{growth(done)}

![how it grows](incident.svg)

A list grows with the log, and not with what the key signed: all entries are read, so that nothing can be lacking. What it holds in memory does not grow with them.
'''
    return Chapter('The bad day', rows, remarks)
