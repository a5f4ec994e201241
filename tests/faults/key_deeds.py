"""What becomes of the keys of an office, and what must hold when a command of it was cut off and then given again.

A Deed is such a command; KeyOffice is what an office's Lab needs to be asked about its keys. judge() gives the deed again
and returns what is wrong afterwards, as sentences."""
import collections
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import time

import lab

# Of each product, signed for two releases.
FILES = 24
# Of each command.
KILLS = int(os.environ.get('HALLMARK_KILLS', 300 if lab.FULL else 8))
CHECKER = lab.ROOT / 'tests' / 'oracles' / 'incident_checker.py'
CEREMONY, INTENT = 4, 1
LEFT = '.hallmark-0123456789abcdef'


class KeyOffice:
    """Mixed into a Lab. What is asked is asked where the office's folder is, whether it is served or not."""
    told = False  # that the command which was to be killed has done its work
    puts_in = shutil.which('pkcs11-tool')  # a key that was made elsewhere

    def give(self, deed):
        return self.run(*deed.words)

    def rest(self):
        """Until nobody works for what was done, so that the folders are at rest."""
        lab.come_to_rest()

    @staticmethod
    def files(product):
        return [f'{product}-{i}.bin' for i in range(FILES)]

    def make_files(self, *products):
        for name in [name for product in products for name in self.files(product)]:
            (self.work / name).write_bytes(os.urandom(200))

    def sign_two_releases(self, product):
        self.must('sign', '--product', product, '--release', '1.0', *self.files(product)[:FILES // 2])
        self.must('sign', '--product', product, '--release', '1.1', *self.files(product)[FILES // 2:])

    def keys(self, product):
        """Its signing keys, the oldest first."""
        lines = self.must('key', 'list', '--product', product, '--json').out.splitlines()
        return [key for key in map(json.loads, lines) if key['role'] == 'signing']

    def certificates(self, product):
        """Its signing certificates as cert list has them."""
        lines = self.must('cert', 'list', '--product', product, '--json').out.splitlines()
        return [certificate for certificate in map(json.loads, lines) if certificate['role'] == 'signing']

    def entries(self):
        """All of the log: type, leaf and details, by number."""
        with sqlite3.connect(f'file:{self.office}/office.db?mode=ro', uri=True) as database:
            rows = database.execute('SELECT leaf, details FROM entry ORDER BY idx').fetchall()
        return [(leaf[2], leaf, json.loads(details)) for leaf, details in rows]

    def put_in(self, name, number):
        """What the maker's own tools do with it."""
        env = {**os.environ, 'SOFTHSM2_CONF': str(self.office / 'token' / 'softhsm2.conf')}

        def run(*words):
            subprocess.run(words, check=True, capture_output=True, env=env)
        pem, pin = self.folder / f'{name}.pem', (self.office / 'token' / 'pin').read_text('ascii').strip()
        module = next(pathlib.Path('/usr/lib').rglob('libsofthsm2.so'))
        run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', pem)
        for kind, words in (('privkey', ['--sensitive']), ('pubkey', [])):
            der = self.folder / f'{name}.{kind}'
            run('openssl', 'pkey', '-in', pem, '-outform', 'DER', '-out', der, *(['-pubout'] if kind == 'pubkey' else []))
            run('pkcs11-tool', '--module', module, '--login', '--pin', pin, '--write-object', der, '--type', kind, '--id', number, *words)

    def remove_temporary(self, deed):
        """Who replaces a file gives it a name for the moment; whoever is left takes it away, but here nobody was, and what
        is done again need not replace anything."""
        for path in self.work.glob('.hallmark-' + '[0-9a-f]' * 16):
            if '--replace' not in deed.words:
                path.unlink()

    def names(self):
        """What lies in the folders, but for the token's and the database's own files and the log's tiles."""
        return {str(path.relative_to(self.folder)) for part in (self.office, self.work) for path in part.rglob('*')
                if not {'token', 'log'} & set(path.parts) and not path.name.startswith(('office.db-', 'search.db'))}


class Deed:
    """A command: its words, and what must hold when it was given twice, the first time cut off.

    Of what is done only once: OVER is what it says a second time, and EFFECT which acts of the log it takes."""
    def __init__(self, name, words, judge, over=None, effect=None):
        self.name, self.words, self.judge, self.over, self.effect = name, words, judge, over, effect


def acts(entries, act):
    return [(number, details) for number, (kind, _, details) in enumerate(entries)
            if kind == CEREMONY and details.get('act') == act]


def statements(entries, key, state):
    """Those that KEY be in this STATE."""
    return [details for _, details in acts(entries, 'statement')
            if details['what'].startswith(f'key {key} ') and f': {state}' in details['what']]


def signs_with(place, product, name, *options):
    """What is signed now verifies; the key that did it."""
    (place.work / name).write_bytes(os.urandom(20))
    place.must('sign', '--product', product, *options, name)
    place.must('verify', '--product', product, name)
    key = [details['key'] for kind, _, details in place.entries() if kind == INTENT and details.get('name') == name][-1]
    for path in (name, f'{name}.p7s'):
        (place.work / path).unlink()
    return key


def number_of(path):
    shown = subprocess.run(['openssl', 'crl', '-in', path, '-noout', '-crlnumber'], capture_output=True, text=True, check=False)
    return int(shown.stdout.split('=')[1], 16) if shown.returncode == 0 else None


# ---- what each must have come to ----

def once_or_twice(place):
    """How often it may have been done: once; twice, if it was done and nobody was told, and surely if somebody was."""
    return (2,) if place.told else (1, 2)


def judge_rotation(place, before):
    keys = place.keys('pump')
    wrong = [] if len(keys) - len(before['keys']['pump']) in once_or_twice(place) else [f'{len(keys)} keys']
    return wrong if signs_with(place, 'pump', 'next.bin') == keys[-1]['key'] else [*wrong, 'another than the newest signs']


def judge_import(place, _):
    keys = place.keys('drive')
    made = [details for _, details in acts(place.entries(), 'key imported')]
    wrong = [] if len(keys) == len(made) == 1 and keys[0]['origin'] == 'imported' else [f'{len(made)} imported: {keys}']
    return wrong if signs_with(place, 'drive', 'drive.bin') == keys[0]['key'] else [*wrong, 'another key signs']


def judge_destruction(place, key):
    entries = place.entries()
    done = [details for _, details in acts(entries, 'key destroyed') if details['key'] == key]
    said = statements(entries, key, 'destroyed')
    wrong = [] if len(done) == len(said) == 1 else [f'destroyed {len(done)} times, stated {len(said)} times']
    check = place.run('office', 'check')
    return wrong if '1 that were destroyed are not' in check.out else [*wrong, f'office check: {check.out}']


def judge_renewal(place, before):
    issued = [details['serial'] for _, details in acts(place.entries(), 'certificate issued') if details.get('role') == 'signing'
              and details['product'] == 'pump']
    wrong = [] if len(issued) - before['issued'] in once_or_twice(place) else [f'{len(issued)} certificates']
    place.must('verify', *place.files('pump'))
    now = [certificate['serial'] for certificate in place.certificates('pump') if certificate['current']]
    signs_with(place, 'pump', 'next.bin')
    return wrong if issued[-1] in now and len(set(issued)) == len(issued) else [*wrong, f'{issued[-1]} is not current: {now}']


def normalized(report):
    """But for times and places in the log, which the second command has of its own."""
    report = dict(report)
    del report['made'], report['log']
    report['certificates'] = [{**c, 'revoked': bool(c['revoked'])} for c in report['certificates']]
    return report


def read_incident(place):
    """The report and the list that a compromise has made."""
    folder = place.work / 'incident'
    return json.loads((folder / 'report.json').read_text('utf-8')), (folder / 'signatures.jsonl').read_text('utf-8')


def judge_compromise(place, before):
    folder, (report, signatures) = place.work / 'incident', read_incident(place)
    wrong = [] if report['log']['complete'] else ['the list is not complete']
    if normalized(report) != before['uninterrupted']['compromise']['report']:
        wrong.append(f'another report: {report}')
    if signatures != before['uninterrupted']['compromise']['signatures']:
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


# ---- what must hold, whatever was done ----

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


def give_again(place, deed, before):
    """What is done once is refused just if it was done, and was done if somebody was told so.

    A file that is replaced has a temporary name for an instant (base/file.h). Of a command that nobody outlives it stays,
    until the next one replaces a file in that folder."""
    if '--replace' in deed.words:
        (place.work / LEFT).touch()
    new = len(before['log'])
    done = len(deed.effect(place.entries()[new:])) if deed.over else 0
    again = place.give(deed)
    place.rest()
    if not deed.over:
        return [] if again.status == 0 else [f'given again: {again}']
    wrong = [] if done or not place.told else ['somebody was told that it is done, and it is not']
    if again.status != (1 if done else 0) or (done and deed.over not in again.err):
        wrong.append(f'given again, {"" if done else "not "}having been done: {again}')
    done = len(deed.effect(place.entries()[new:]))
    return wrong if done == 1 else [*wrong, f'it took effect {done} times']


def judge(place, deed, before):
    try:
        wrong = [*judge_office(place, 'cut off', MENDED), *give_again(place, deed, before), *judge_office(place, 'given again')]
        if extra := place.names() ^ before['uninterrupted'][deed.name]['names']:
            wrong.append(f'other files than uninterrupted: {sorted(extra)}')
        return [*wrong, *judge_log(place, before), *deed.judge(place, before)]
    except (RuntimeError, OSError) as error:
        return [str(error)]


# ---- what there was, and what each gives when nobody interrupts it ----

def look_before(place, products):
    entries = place.entries()
    keys = {product: [key['key'] for key in place.keys(product)] for product in products}
    issued = [details for _, details in acts(entries, 'certificate issued')
              if details.get('role') == 'signing' and details['product'] == 'pump']
    return {'keys': keys, 'log': [leaf for _, leaf, _ in entries], 'issued': len(issued), 'uninterrupted': {}}


def uninterrupted(place, deed, before):
    """Does it. Returns how long it took, what it leaves, and what is wrong with that."""
    begun = time.monotonic()
    outcome = place.give(deed)
    result = {'longest': time.monotonic() - begun, 'wrong': [] if outcome.status == 0 else [f'{deed.name}: {outcome}']}
    place.rest()
    result['names'] = place.names()
    if deed.name == 'compromise' and outcome.status == 0:
        report, result['signatures'] = read_incident(place)
        result['report'] = normalized(report)
    here = {**before, 'uninterrupted': {deed.name: result}}
    try:
        result['wrong'] += [f'{deed.name}: {what}' for what in [*judge_log(place, here), *deed.judge(place, here)]]
    except (RuntimeError, OSError) as error:
        result['wrong'].append(f'{deed.name}: {error}')
    return result


# ---- what is told of all of it ----

def tell(out, deeds, points, results, describe):
    """A point begins with the name of a deed. RESULTS: of each whether somebody was hit, how the command ended, what was wrong."""
    table = collections.Counter((point[0], hit, outcome.status) for point, (hit, outcome, _) in zip(points, results))
    for (name, hit, status), n in sorted(table.items(), key=str):
        print(f'# {name:20s} {"killed" if hit else "had ended"}: {n} × status {status}')
    hits = sum(hit for hit, _, _ in results)
    print(f'# {len(points)} kills, {hits} of them before the command had ended, seed {lab.SEED}')
    out.ok(hits > 0.6 * len(points), 'the commands are killed while they work')
    for name in deeds:
        wrong = [f'{describe(point)}: {what}' for point, (_, _, wrongs) in zip(points, results) if point[0] == name
                 for what in wrongs]
        out.ok(not wrong, f'P1 P2 P9: {name}: cut off and given again, it is as if it had been given once', wrong)
