#!/usr/bin/python3
"""P1, P2, P9: kill -9 in the life of a key: while it is made, follows another, is certified again, destroyed, found stolen, and
while what it signed is signed again. Then the same command is given again, and gives what it gives when nobody interrupts it.

Killed are all processes of the command at a random moment, or one of them before one system call that changes something.
HALLMARK_FULL=1 tries many more, HALLMARK_KILLS so many of each command; HALLMARK_SEED chooses."""
import collections
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import lab
import system_calls

FILES = 24
# Of each command: at random moments, and before system calls.
KILLS = int(os.environ.get('HALLMARK_KILLS', 300 if lab.FULL else 8))
MOMENTS = KILLS // 3
POINTS = KILLS - MOMENTS
CHECKER = lab.ROOT / 'tests' / 'oracles' / 'incident_checker.py'
CEREMONY, INTENT, OUTCOME = 4, 1, 2


class Life(lab.Lab):
    """An office with keys of every kind, and files that they signed."""
    told = False  # that the command which was to be killed has done its work

    def found(self):
        self.work.mkdir(parents=True)
        for name in [f'{product}-{i}.bin' for product in ('pump', 'gate') for i in range(FILES)]:
            (self.work / name).write_bytes(os.urandom(200))
        for name in ('valve-0.bin', 'valve-1.bin', 'valve-2.bin', 'meter-1.bin', 'meter-2.bin'):
            (self.work / name).write_bytes(os.urandom(200))
        self.must('init', '--org', 'Fault Lab')
        for product in ('pump', 'gate', 'valve', 'meter'):
            self.must('product', 'add', product)
        self.policy('valve', 'rotate after 2 signatures\n')
        self.policy('meter', 'key per release\n')
        for product in ('pump', 'gate'):
            self.must('sign', '--product', product, '--release', '1.0', *self.files(product)[:FILES // 2])
            self.must('sign', '--product', product, '--release', '1.1', *self.files(product)[FILES // 2:])
        self.must('sign', '--product', 'valve', 'valve-0.bin', 'valve-1.bin')
        self.must('sign', '--product', 'meter', '--release', '1.0', 'meter-1.bin')
        self.must('key', 'rotate', '--product', 'pump')
        self.must('cert', 'crl', '--product', 'pump', '-o', 'pump.crl')
        self.must('compromise', self.keys('gate')[0]['key'], '--since', 'always', '--reason', 'stolen', '-o', 'gate-incident')
        self.must('key', 'rotate', '--product', 'gate')
        lab.come_to_rest()
        self.keep()

    def policy(self, product, text):
        (self.work / 'policy').write_text(text, encoding='utf-8')
        self.must('policy', 'edit', 'policy', '--product', product)
        (self.work / 'policy').unlink()

    @staticmethod
    def files(product):
        return [f'{product}-{i}.bin' for i in range(FILES)]

    def keys(self, product):
        """Its signing keys, the oldest first."""
        lines = self.must('key', 'list', '--product', product, '--json').out.splitlines()
        return [key for key in map(json.loads, lines) if key['role'] == 'signing']

    def entries(self):
        """All of the log: type, leaf and details, by number."""
        with sqlite3.connect(f'file:{self.office}/office.db?mode=ro', uri=True) as database:
            rows = database.execute('SELECT leaf, details FROM entry ORDER BY idx').fetchall()
        return [(leaf[2], leaf, json.loads(details)) for leaf, details in rows]

    def names(self):
        """What lies in the folders, but for the token's and the database's own files and the log's tiles."""
        return {str(path.relative_to(self.folder)) for part in (self.office, self.work) for path in part.rglob('*')
                if not {'token', 'log'} & set(path.parts) and not path.name.startswith(('office.db-', 'search.db'))}


# ---- what is done ----

class Deed:
    """A command: its words, and what must hold when it was given twice, the first time cut off."""
    # A second time there may be nothing left to do: what it says then.
    over = None

    def __init__(self, name, words, judge):
        self.name, self.words, self.judge = name, words, judge


def acts(entries, act):
    return [(number, details) for number, (kind, _, details) in enumerate(entries)
            if kind == CEREMONY and details.get('act') == act]


def signs_with(place, product, name, *options):
    """What is signed now verifies; the key that did it."""
    (place.work / name).write_bytes(os.urandom(20))
    place.must('sign', '--product', product, *options, name)
    place.must('verify', '--product', product, name)
    key = [details['key'] for kind, _, details in place.entries() if kind == INTENT and details.get('name') == name][-1]
    for path in (name, f'{name}.p7s'):
        (place.work / path).unlink()
    return key


def once_or_twice(place):
    """How often it may have been done: once; twice, if it was done and nobody was told, and surely if somebody was."""
    return (2,) if place.told else (1, 2)


def judge_rotation(place, before):
    keys = place.keys('pump')
    wrong = [] if len(keys) - before['keys']['pump'] in once_or_twice(place) else [f'{len(keys)} keys']
    return wrong if signs_with(place, 'pump', 'next.bin') == keys[-1]['key'] else [*wrong, 'another than the newest signs']


def judge_destruction(place, key):
    entries = place.entries()
    done = [details for _, details in acts(entries, 'key destroyed') if details['key'] == key]
    said = [details for _, details in acts(entries, 'statement') if f'key {key} ' in details['what'] and 'destroyed' in details['what']]
    wrong = [] if len(done) == len(said) == 1 else [f'destroyed {len(done)} times, stated {len(said)} times']
    check = place.run('office', 'check')
    return wrong if '1 that were destroyed are not' in check.out else [*wrong, f'office check: {check.out}']


def judge_renewal(place, before):
    issued = [details['serial'] for _, details in acts(place.entries(), 'certificate issued') if details.get('role') == 'signing'
              and details['product'] == 'pump']
    wrong = [] if len(issued) - before['certificates'] in once_or_twice(place) else [f'{len(issued)} certificates']
    place.must('verify', *place.files('pump'))
    now = [c['serial'] for c in map(json.loads, place.must('cert', 'list', '--product', 'pump', '--json').out.splitlines())
           if c['role'] == 'signing' and c['current']]
    signs_with(place, 'pump', 'next.bin')
    return wrong if issued[-1] in now and len(set(issued)) == len(issued) else [*wrong, f'{issued[-1]} is not current: {now}']


def number_of(path):
    shown = subprocess.run(['openssl', 'crl', '-in', path, '-noout', '-crlnumber'], capture_output=True, text=True, check=False)
    return int(shown.stdout.split('=')[1], 16) if shown.returncode == 0 else None


def judge_crl(place, _):
    made = [details['number'] for _, details in acts(place.entries(), 'revocation list made') if details.get('product') == 'pump']
    wrong = [] if number_of(place.work / 'pump.crl') == max(made) else [f'the list is not the newest of {made}']
    place.must('verify', '--crl', 'pump.crl', *place.files('pump'))
    return wrong


def normalized(report):
    """But for times and places in the log, which the second command has of its own."""
    report = dict(report)
    del report['made'], report['log']
    report['certificates'] = [{**c, 'revoked': bool(c['revoked'])} for c in report['certificates']]
    return report


def judge_compromise(place, before):
    folder = place.work / 'incident'
    report = json.loads((folder / 'report.json').read_text('utf-8'))
    wrong = [] if report['log']['complete'] else ['the list is not complete']
    if normalized(report) != before['report']:
        wrong.append(f'another report: {report}')
    if (folder / 'signatures.jsonl').read_text('utf-8') != before['signatures']:
        wrong.append('another list')
    if not (folder / 'report.html').read_text('utf-8').endswith('</html>\n'):
        wrong.append('half a page')
    checked = subprocess.run([sys.executable, CHECKER, folder, place.office / 'log', place.office / 'trust.pem'],
                             capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        wrong.append(f'the checker of incidents: {checked.stderr.splitlines()[-1:]}')
    refused = place.run('verify', '--crl', 'incident/pump.crl', 'pump-0.bin')
    return wrong if refused.status == 1 and 'revoked' in refused.err else [*wrong, f'its signatures count still: {refused}']


def judge_resigning(place, _):
    key = place.keys('gate')[-1]['key']
    signed = collections.Counter()
    for kind, _, details in place.entries():
        if kind == INTENT and details.get('key') == key and details.get('name'):
            signed[details['name'], details['release']] += 1
    wrong = [] if len(signed) == FILES else [f'{len(signed)} files have a signature by the new key']
    place.must('log', 'check', *place.files('gate'))
    place.must('verify', '--product', 'gate', *place.files('gate'))
    # Given up with its command: what had been signed in one batch of files, and no more.
    again = place.must('resign', 'gate-incident', *place.files('gate'), '--in-doubt')
    return wrong if again.out.startswith('0 signed again') else [*wrong, f'it is not over: {again.out}']


def judge_next_key(product, release, file):
    def judge(place, before):
        keys = [key for key in place.keys(product) if release in (None, key.get('release'))]
        wanted = before['keys'][product] + 1 if release is None else 1
        wrong = [] if len(keys) == wanted else [f'{len(keys)} keys instead of {wanted}']
        place.must('verify', '--product', product, file)
        by = [details['key'] for kind, _, details in place.entries() if kind == INTENT and details.get('name') == file]
        return wrong if set(by) == {keys[-1]['key']} else [*wrong, f'signed by {by}']
    return judge


def judge_key_destroyed(product):
    return lambda place, before: judge_destruction(place, before['first'][product])


def deeds(first):
    """FIRST: by product, its oldest signing key."""
    destroy = Deed('destroy', ['key', 'destroy', first['pump'], '--reason', 'over'], judge_key_destroyed('pump'))
    destroy_release = Deed("destroy a release's", ['key', 'destroy', '--product', 'meter', '--release', '1.0'],
                           judge_key_destroyed('meter'))
    destroy.over = destroy_release.over = 'destroyed does not become destroyed'
    return [
        Deed('rotate', ['key', 'rotate', '--product', 'pump'], judge_rotation),
        destroy, destroy_release,
        Deed('renew', ['cert', 'renew', '--product', 'pump', '--days', '200'], judge_renewal),
        Deed('revocation list', ['cert', 'crl', '--product', 'pump', '--renew', '-o', 'pump.crl', '--replace'], judge_crl),
        Deed('compromise', ['compromise', first['pump'], '--since', 'always', '--reason', 'stolen', '-o', 'incident'], judge_compromise),
        Deed('resign', ['resign', 'gate-incident', *Life.files('gate'), '--in-doubt'], judge_resigning),
        Deed('rotate by itself', ['sign', '--product', 'valve', 'valve-2.bin'], judge_next_key('valve', None, 'valve-2.bin')),
        Deed("a release's own", ['sign', '--product', 'meter', '--release', '2.0', 'meter-2.bin'],
             judge_next_key('meter', '2.0', 'meter-2.bin')),
    ]


# ---- how it is killed ----

def kill_at(place, words, delay):
    """All of it after DELAY."""
    process = place.start(*words)
    time.sleep(delay)
    hit = process.poll() is None
    if hit:
        os.killpg(process.pid, signal.SIGKILL)
    outcome = place.finish(process)
    lab.settle()
    return outcome, hit


def inject(place, deed, role, call, at):
    """One of its processes is killed before that system call. A command that runs others is looked at with all of them."""
    report = f'{place.folder}/report'
    outcome = place.run(*deed.words, before=[str(lab.HELPERS / 'inject'), f'all:{role}' if deed.name == 'resign' else str(role),
                                             str(call), str(at), '0', report])
    lab.settle()
    with open(report, encoding='ascii') as file:
        return outcome, file.read().splitlines()


def points_of(place, deed):
    """Its system calls that change something."""
    names = {number: name for name, number in lab.calls().items()}
    place.put_back()
    _, report = inject(place, deed, 0, 0, 0)
    counts = [tuple(map(int, line.split())) for line in report]
    return [(role, call, at) for role, call, count in counts if names.get(call) in system_calls.CHANGE
            for at in range(1, count + 1)]


# ---- what must hold ----

# What office check may say of what was cut off, since the next command mends it.
MENDED = ('hallmark cert crl makes it again', 'any statement has it destroyed again')


def judge_office(place, when, mended=()):
    check, log = place.run('office', 'check'), place.run('log', 'check')
    bad = [line for line in (check.out + check.err).splitlines() if ': good' not in line and not any(m in line for m in mended)]
    wrong = [f'{when}: office check: {line}' for line in bad if line.strip()]
    good = log.status == 0 or any(m in log.err for m in mended)
    return wrong if good else [*wrong, f'{when}: log check: {log}']


def judge_log(place, before):
    """What every log must say, whatever happened while it was written."""
    entries, wrong, certified = place.entries(), [], {}
    if [leaf for _, leaf, _ in entries[:len(before['log'])]] != before['log']:
        wrong.append('P9: what stood in the log is there no more')
    numbers = [(details.get('product'), details['number']) for _, details in acts(entries, 'revocation list made')]
    if len(set(numbers)) != len(numbers):
        wrong.append(f'two revocation lists have one number: {numbers}')
    for number, (kind, leaf, details) in enumerate(entries):
        if kind == CEREMONY and details.get('act') == 'certificate issued':
            certified.setdefault(details['key'], []).append(leaf)
        named = details.get('certificate') if kind == INTENT else None
        if named and not any(bytes.fromhex(named) in leaf for leaf in certified.get(details['key'], [])):
            wrong.append(f'entry {number}: a key signs without a certificate')
    return wrong


def judge(place, deed, before):
    try:
        wrong = judge_office(place, 'cut off', MENDED)
        again = place.run(*deed.words)
        lab.come_to_rest()
        if again.status != 0 and not (deed.over and again.status == 1 and deed.over in again.err):
            return [*wrong, f'given again: {again}']
        wrong += judge_office(place, 'given again')
        if extra := place.names() ^ before['names'][deed.name]:
            wrong.append(f'other files than uninterrupted: {sorted(extra)}')
        return [*wrong, *judge_log(place, before), *deed.judge(place, before)]
    except RuntimeError as error:
        return [str(error)]


def attempt(place, point):
    deed, how = BEFORE['deeds'][point[0]], point[1:]
    if len(how) == 1:
        outcome, hit = kill_at(place, deed.words, *how)
        # Who replaces a file gives it a name for the moment; whoever is left takes it away, but here nobody is.
        for path in place.work.glob('.hallmark-' + '[0-9a-f]' * 16):
            path.unlink()
    else:
        outcome, report = inject(place, deed, *how)
        hit = 'hit' in report
    place.told = outcome.status == 0
    return hit, outcome, judge(place, deed, BEFORE)


# What there was, and what each command gives when nobody interrupts it; the processes that try are forked with it.
BEFORE = {}


def look_before(place):
    """How long each command takes, too."""
    products = ('pump', 'gate', 'valve', 'meter')
    keys = {product: place.keys(product) for product in products}
    BEFORE.update(keys={product: len(keys[product]) for product in products},
                  first={product: keys[product][0]['key'] for product in products}, names={}, wrong=[])
    entries = place.entries()
    BEFORE['log'] = [leaf for _, leaf, _ in entries]
    BEFORE['certificates'] = sum(details.get('role') == 'signing' and details['product'] == 'pump'
                                 for _, details in acts(entries, 'certificate issued'))
    BEFORE['deeds'] = {deed.name: deed for deed in deeds(BEFORE['first'])}
    for deed in BEFORE['deeds'].values():
        place.put_back()
        begun = time.monotonic()
        place.must(*deed.words)
        deed.longest = time.monotonic() - begun
        lab.come_to_rest()
        BEFORE['names'][deed.name] = place.names()
        if deed.name == 'compromise':
            folder = place.work / 'incident'
            BEFORE['report'] = normalized(json.loads((folder / 'report.json').read_text('utf-8')))
            BEFORE['signatures'] = (folder / 'signatures.jsonl').read_text('utf-8')
        BEFORE['wrong'] += [f'{deed.name}: {what}' for what in [*judge_log(place, BEFORE), *deed.judge(place, BEFORE)]]


def choose(place):
    chance = random.Random(lab.SEED)
    for deed in BEFORE['deeds'].values():
        for _ in range(MOMENTS):
            yield deed.name, chance.uniform(0.001, deed.longest)
        possible = points_of(place, deed) if (lab.HELPERS / 'inject').exists() else []
        for point in chance.sample(possible, min(POINTS, len(possible))):
            yield deed.name, *point


def describe(point):
    deed, *how = point
    if len(how) == 1:
        return f'{deed}, killed after {how[0] * 1000:.1f} ms'
    names = {number: name for name, number in lab.calls().items()}
    return f'{deed}, process {how[0]} killed before {names[how[1]]} number {how[2]}'


def main():
    out = lab.tap.Writer()
    with lab.Pool(Life) as pool:
        pool.lab.put_back()
        look_before(pool.lab)
        out.ok(not BEFORE['wrong'], 'nobody interrupts it', BEFORE['wrong'])
        points = list(choose(pool.lab))
        results = pool.all_of(points, attempt)
    table = collections.Counter((point[0], hit, outcome.status) for point, (hit, outcome, _) in zip(points, results))
    for (name, hit, status), n in sorted(table.items(), key=str):
        print(f'# {name:20s} {"killed" if hit else "had ended"}: {n} × status {status}')
    hits = sum(hit for hit, _, _ in results)
    print(f'# {len(points)} kills, {hits} of them before the command had ended, seed {lab.SEED}')
    out.ok(hits > 0.6 * len(points), 'the commands are killed while they work')
    for name in BEFORE['deeds']:
        wrong = [f'{describe(point)}: {what}' for point, (_, _, wrongs) in zip(points, results) if point[0] == name for what in wrongs]
        out.ok(not wrong, f'P1 P2 P9: {name}: cut off and given again, it is as if it had been given once', wrong)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
