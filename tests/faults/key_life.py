#!/usr/bin/python3
"""P1, P2, P9: kill -9 in the life of a key: while it is made, follows another, is certified again, destroyed, found stolen, and
while what it signed is signed again. Then the same command is given again, and gives what it gives when nobody interrupts it.

Killed are all processes of the command at a random moment, or one of them before one system call that changes something.
HALLMARK_FULL=1 tries many more, HALLMARK_KILLS so many of each command; HALLMARK_SEED chooses."""
import os
import random
import signal
import sys
import time

import key_deeds
import lab
import system_calls
from key_deeds import Deed

# Of each command: at random moments, and before system calls.
MOMENTS = key_deeds.KILLS // 3
POINTS = key_deeds.KILLS - MOMENTS
PRODUCTS = ('pump', 'gate', 'valve', 'meter')


class Life(key_deeds.KeyOffice, lab.Lab):
    """An office with keys of every kind, and files that they signed."""

    def found(self):
        self.work.mkdir(parents=True)
        self.make_files('pump', 'gate')
        for name in ('valve-0.bin', 'valve-1.bin', 'valve-2.bin', 'meter-1.bin', 'meter-2.bin'):
            (self.work / name).write_bytes(os.urandom(200))
        self.must('init', '--org', 'Fault Lab')
        for product in PRODUCTS:
            self.must('product', 'add', product)
        self.policy('valve', 'rotate after 2 signatures\n')
        self.policy('meter', 'key per release\n')
        for product in ('pump', 'gate'):
            self.sign_two_releases(product)
        if self.puts_in:
            self.must('product', 'add', 'drive')
            self.put_in('drive', '0a')
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


# ---- what is done ----

def judge_crl(place, _):
    made = [details['number'] for _, details in key_deeds.acts(place.entries(), 'revocation list made')
            if details.get('product') == 'pump']
    wrong = [] if key_deeds.number_of(place.work / 'pump.crl') == max(made) else [f'the list is not the newest of {made}']
    place.must('verify', '--crl', 'pump.crl', *place.files('pump'))
    return wrong


def judge_next_key(product, release, file):
    def judge(place, before):
        keys = [key for key in place.keys(product) if release in (None, key.get('release'))]
        wanted = len(before['keys'][product]) + 1 if release is None else 1
        wrong = [] if len(keys) == wanted else [f'{len(keys)} keys instead of {wanted}']
        place.must('verify', '--product', product, file)
        by = [details['key'] for kind, _, details in place.entries() if kind == key_deeds.INTENT and details.get('name') == file]
        return wrong if set(by) == {keys[-1]['key']} else [*wrong, f'signed by {by}']
    return judge


def destruction(name, key, *words):
    return Deed(name, ['key', 'destroy', *words], lambda place, _: key_deeds.judge_destruction(place, key),
                'destroyed does not become destroyed', lambda entries: key_deeds.statements(entries, key, 'destroyed'))


def deeds(keys):
    """KEYS: by product, the oldest first."""
    stolen = ['compromise', keys['pump'][0], '--since', 'always', '--reason', 'stolen', '-o', 'incident']
    take = Deed('import', ['key', 'import', '0a', '--product', 'drive'], key_deeds.judge_import,
                "one of the office's already", lambda entries: key_deeds.acts(entries, 'key imported'))
    return [
        Deed('rotate', ['key', 'rotate', '--product', 'pump'], key_deeds.judge_rotation),
        *([take] if Life.puts_in else []),
        destruction('destroy', keys['pump'][0], keys['pump'][0], '--reason', 'over'),
        destruction("destroy a release's", keys['meter'][0], '--product', 'meter', '--release', '1.0'),
        Deed('renew', ['cert', 'renew', '--product', 'pump', '--days', '200'], key_deeds.judge_renewal),
        Deed('revocation list', ['cert', 'crl', '--product', 'pump', '--renew', '-o', 'pump.crl', '--replace'], judge_crl),
        Deed('compromise', stolen, key_deeds.judge_compromise),
        Deed('resign', ['resign', 'gate-incident', *Life.files('gate'), '--in-doubt'], key_deeds.judge_resigning),
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


# What there was, and what each command gives when nobody interrupts it; the processes that try are forked with it.
BEFORE = {}


def attempt(place, point):
    deed, how = BEFORE['deeds'][point[0]], point[1:]
    if len(how) == 1:
        outcome, hit = kill_at(place, deed.words, *how)
        place.remove_temporary(deed)
    else:
        outcome, report = inject(place, deed, *how)
        hit = 'hit' in report
    place.told = outcome.status == 0
    return hit, outcome, key_deeds.judge(place, deed, BEFORE)


def look_before(place):
    BEFORE.update(key_deeds.look_before(place, PRODUCTS))
    BEFORE['deeds'] = {deed.name: deed for deed in deeds(BEFORE['keys'])}
    for deed in BEFORE['deeds'].values():
        place.put_back()
        BEFORE['uninterrupted'][deed.name] = key_deeds.uninterrupted(place, deed, BEFORE)


def choose(place):
    chance = random.Random(lab.SEED)
    for deed in BEFORE['deeds'].values():
        for _ in range(MOMENTS):
            yield deed.name, chance.uniform(0.001, BEFORE['uninterrupted'][deed.name]['longest'])
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
        wrong = [what for result in BEFORE['uninterrupted'].values() for what in result['wrong']]
        out.ok(not wrong, 'nobody interrupts it', wrong)
        points = list(choose(pool.lab))
        results = pool.all_of(points, attempt)
    key_deeds.tell(out, BEFORE['deeds'], points, results, describe)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
