#!/usr/bin/python3
"""P1, P2, P3, P9: kill -9 in the life of a key of a served office with founders, while officers and others work over HTTPS: it is
stopped and let go, follows another, is certified again, revoked, found stolen, destroyed, and what it signed is signed again.
Then the server is back, and the same command is given again.

Killed is the core, the supervisor or the client at a random moment of the command, or the core before one system call that
changes something. HALLMARK_FULL=1 tries many more, HALLMARK_KILLS so many of each command; HALLMARK_SEED chooses."""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import key_deeds
import lab
import served
import tracer
from key_deeds import Deed

VICTIMS = ('core', 'supervisor', 'client')
# Of each command: before system calls of the core, and at random moments.
POINTS = key_deeds.KILLS // 2
MOMENTS = key_deeds.KILLS - POINTS
PRODUCTS = ('pump', 'gate', 'valve')
POLICY = 'rule all\n  request by desk, carol\n  formats cms\n'
TWO = ('--key', 'alice.key', '--key', 'bob.key')
SECONDS_TO_COME_BACK = 30


class ServedLife(key_deeds.KeyOffice, served.Served):
    """alice and bob are its founders, carol sees to its keys; desk is whoever is asked on the server's own machine."""

    def found(self):
        self.work.mkdir(parents=True)
        served.make_certificate(self.folder)
        served.Issuer(self.folder)
        self.make_files(*PRODUCTS)
        for name in ('alice', 'bob', 'carol'):
            self.must('principal', 'keygen', f'{name}.key')
        self.must('init', '--org', 'Served Lab', '--founder', 'alice=alice.key.pub', '--founder', 'bob=bob.key.pub')
        self.officers('principal', 'add', 'desk', '--unix-user', str(os.getuid()))
        self.officers('principal', 'add', 'carol', '--public-key', 'carol.key.pub')
        self.officers('grant', 'add', 'desk', 'administrator')
        for product in PRODUCTS:
            self.must('product', 'add', product)
        self.officers('grant', 'withdraw', 'desk', 'administrator')
        for product in PRODUCTS:
            self.use(product)
        self.must('key', 'rotate', '--product', 'pump')
        self.must('cert', 'renew', '--product', 'pump')
        self.must('key', 'suspend', self.keys('valve')[0]['key'], '--key', 'bob.key')
        self.officers('compromise', self.keys('gate')[0]['key'], '--since', 'always', '--reason', 'stolen', '-o', 'gate-incident')
        self.must('key', 'rotate', '--product', 'gate')
        lab.come_to_rest()
        self.keep()

    def use(self, product):
        for name in ('desk', 'carol'):
            for role in ('requester', 'key-officer'):
                self.officers('grant', 'add', name, role, '--product', product)
        (self.work / 'policy').write_text(POLICY, encoding='utf-8')
        self.officers('policy', 'edit', 'policy', '--product', product)
        (self.work / 'policy').unlink()
        self.sign_two_releases(product)

    def twin(self, folder):
        """It has a server of its own."""
        other = type(self)(folder)
        shutil.copytree(self.kept, other.folder, symlinks=True, dirs_exist_ok=True)
        for name in ('tls.pem', 'tls.key'):
            shutil.copy(self.folder / name, other.folder / name)
        served.Issuer(other.folder)
        other.keep()
        return other

    def put_back(self):
        super().put_back()
        self.serve()

    def rest(self):
        """What is due within a second the server does by itself."""

    def start_elsewhere(self, *words):
        """A client over HTTPS: carol, unless somebody else is named."""
        environment = {'HALLMARK_OFFICE': f'https://localhost:{self.port}', 'HALLMARK_CA': str(self.folder / 'tls.pem')}
        return self.start(*words, *([] if '--as' in words else ['--as', 'carol.key']), environment=environment)

    def give(self, deed):
        return self.finish(self.start_elsewhere(*deed.words))

    def come_back(self):
        """As a service manager has it, if the supervisor is gone; whoever asks is answered again."""
        if self.server.poll() is not None:
            self.serve()
        deadline = time.monotonic() + SECONDS_TO_COME_BACK
        while (asked := self.finish(self.start_elsewhere('key', 'list', '--product', 'pump'))).status != 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f'the server does not come back: {asked}')
            time.sleep(0.02)


# ---- what is done ----

def states(place, product):
    return {key['key']: key['state'] for key in place.keys(product)}


def is_refused(place, product, sentence):
    """Nothing is signed for the product, for this reason."""
    (place.work / 'next.bin').write_bytes(b'next')
    refused = place.run('sign', '--product', product, 'next.bin')
    wrong = [] if refused.status == 1 and sentence in refused.err else [f'it signs: {refused}']
    if (place.work / 'next.bin.p7s').exists():
        wrong.append('a signature was given')
    (place.work / 'next.bin').unlink()
    return wrong


def revoked_in_list(place, product):
    """The serial numbers in the newest list of the product's authority."""
    path = place.office / 'crl' / f'{product}.crl'
    shown = subprocess.run(['openssl', 'crl', '-in', path, '-inform', 'DER', '-noout', '-text'], capture_output=True, text=True,
                           check=False)
    return {line.split(':')[1].strip().lower() for line in shown.stdout.splitlines() if 'Serial Number:' in line}


def judge_state(product, key, state):
    def judge(place, before):
        found = states(place, product)
        wrong = [] if found[key] == state else [f'the key is {found[key]}']
        others = {name: found[name] for name in found if name != key}
        if others != {name: was for name, was in before['states'][product].items() if name != key}:
            wrong.append(f'others changed: {others}')
        if state == 'active':
            return wrong if key_deeds.signs_with(place, product, 'next.bin') == key else [*wrong, 'another key signs']
        return wrong + is_refused(place, product, f'is {state}')
    return judge


def judge_theft(product, key):
    def judge(place, before):
        wrong = judge_state(product, key, 'compromised')(place, before)
        issued = key_deeds.acts(place.entries(), 'certificate issued')
        missing = {details['serial'] for _, details in issued if details['key'] == key} - revoked_in_list(place, product)
        return wrong + [f'not in the revocation list: {serial}' for serial in sorted(missing)]
    return judge


def judge_destroyed(key):
    def judge(place, before):
        wrong = [] if states(place, 'pump')[key] == 'destroyed' else [f'the key is {states(place, "pump")[key]}']
        place.must('verify', '--product', 'pump', *place.files('pump'))
        return wrong + key_deeds.judge_destruction(place, key)
    return judge


def judge_revocation(serial):
    def judge(place, _):
        revoked = {certificate['serial'] for certificate in place.certificates('pump') if certificate['revoked']}
        wrong = [] if revoked == {serial} else [f'revoked are {sorted(revoked)}']
        if revoked_in_list(place, 'pump') != {serial}:
            wrong.append(f'in the list are {sorted(revoked_in_list(place, "pump"))}')
        refused = place.run('verify', '--product', 'pump', 'pump-0.bin')
        return wrong if refused.status == 1 and 'revoked' in refused.err else [*wrong, f'its signatures count still: {refused}']
    return judge


def statement(name, state, product, key, words, judge=None):
    """An officer's, or two's, that the key be in this state."""
    return Deed(name, ['key', *words, '--as', 'alice.key'], judge or judge_state(product, key, state),
                f'{state} does not become {state}', lambda entries: key_deeds.statements(entries, key, state))


def revocation(serial):
    return Deed('revoke', ['cert', 'revoke', serial, '--reason', 'superseded'], judge_revocation(serial), 'it is revoked already',
                lambda entries: [d for _, d in key_deeds.acts(entries, 'certificate revoked') if d['serial'] == serial])


def deeds(keys, serial):
    """KEYS: by product, the oldest first; SERIAL: of the certificate with which the pump's first files were signed."""
    oldest, newest, (stopped,) = keys['pump'][0], keys['gate'][-1], keys['valve']
    stolen = ['compromise', oldest, '--since', 'always', '--reason', 'stolen', '-o', 'incident']
    return [
        Deed('rotate', ['key', 'rotate', '--product', 'pump'], key_deeds.judge_rotation),
        statement('suspend', 'suspended', 'gate', newest, ['suspend', newest, '--key', 'bob.key', '--reason', 'is it ours?']),
        statement('activate', 'active', 'valve', stopped, ['activate', stopped, *TWO]),
        statement('state a theft', 'compromised', 'gate', newest, ['compromise', newest, *TWO, '--since', '1h'],
                  judge_theft('gate', newest)),
        statement('destroy', 'destroyed', 'pump', oldest, ['destroy', oldest, *TWO, '--reason', 'over'], judge_destroyed(oldest)),
        Deed('renew', ['cert', 'renew', '--product', 'pump', '--days', '200'], key_deeds.judge_renewal),
        revocation(serial),
        Deed('compromise', [*stolen, *TWO], key_deeds.judge_compromise),
        Deed('resign', ['resign', 'gate-incident', *ServedLife.files('gate'), '--in-doubt'], key_deeds.judge_resigning),
    ]


# ---- how it is killed ----

def kill_at(place, deed, victim, delay):
    """The client or a process of the server after DELAY. Returns what the command came to, and whether it was under way."""
    core = place.process('core')
    process = place.start_elsewhere(*deed.words)
    time.sleep(delay)
    hit = process.poll() is None
    if victim == 'client' and hit:
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == 'core':
        os.kill(core, signal.SIGKILL)
    elif victim == 'supervisor':
        place.server.kill()
        place.server.wait()
        place.serve()
    return place.finish(process), hit


def kill_before(place, deed, name, at):
    """The core, before that system call."""
    core = place.process('core')
    tracing = tracer.kill_before(core, name, at)
    outcome = place.give(deed)
    hit = outcome.status != 0 or place.processes().get('core') != core
    tracing.end()
    return outcome, hit


def cut_off(place, deed, victim, how):
    """On a machine that has become faster than it was when it was timed the command has ended: then sooner."""
    if victim == 'call':
        return kill_before(place, deed, *how)
    delay, = how
    outcome, hit = kill_at(place, deed, victim, delay)
    while not hit and delay > 0.001:
        delay /= 2
        place.put_back()
        outcome, hit = kill_at(place, deed, victim, delay)
    return outcome, hit


# What there was, and what each command gives when nobody interrupts it; the processes that try are forked with it.
BEFORE = {}


def look(place, name):
    """What the deed gives when nobody interrupts it, and what the core calls for it."""
    deed, report = BEFORE['deeds'][name], f'{place.folder}/report'
    try:
        result = key_deeds.uninterrupted(place, deed, BEFORE)
        if tracer.usable():
            place.put_back()
            tracing = tracer.Tracer(place.process('core'), report)
            place.give(deed)
            tracing.end()
            result['points'] = tracer.points_in(report)
        return result
    finally:
        lab.settle()


def attempt(place, point):
    name, victim, *how = point
    deed = BEFORE['deeds'][name]
    try:
        outcome, hit = cut_off(place, deed, victim, how)
        place.remove_temporary(deed)
        place.told = outcome.status == 0
        wrong = place.judge_line(outcome)
        place.come_back()
        return hit, outcome, wrong + key_deeds.judge(place, deed, BEFORE)
    except RuntimeError as error:
        return True, lab.Outcome(None, '', str(error)), [str(error)]
    finally:
        lab.settle()


def look_before(pool):
    place = pool.lab
    place.put_back()
    BEFORE.update(key_deeds.look_before(place, PRODUCTS), states={product: states(place, product) for product in PRODUCTS})
    issued = key_deeds.acts(place.entries(), 'certificate issued')
    serial = next(details['serial'] for _, details in issued if details['key'] == BEFORE['keys']['pump'][0])
    lab.settle()
    BEFORE['deeds'] = {deed.name: deed for deed in deeds(BEFORE['keys'], serial)}
    BEFORE['uninterrupted'] = dict(zip(BEFORE['deeds'], pool.all_of(BEFORE['deeds'], look)))


def choose():
    chance = random.Random(lab.SEED)
    for number, (name, result) in enumerate(BEFORE['uninterrupted'].items()):
        for i in range(MOMENTS):
            yield name, VICTIMS[(number + i) % len(VICTIMS)], chance.uniform(0.001, result['longest'])
        possible = result.get('points', [])
        for point in chance.sample(possible, min(POINTS, len(possible))):
            yield name, 'call', *point


def describe(point):
    name, victim, *how = point
    if victim == 'call':
        return f'{name}, core killed before {how[0]} number {how[1]}'
    return f'{name}, {victim} killed after {how[0] * 1000:.1f} ms'


def main():
    out = lab.tap.Writer()
    with lab.Pool(ServedLife) as pool:
        look_before(pool)
        wrong = [what for result in BEFORE['uninterrupted'].values() for what in result['wrong']]
        out.ok(not wrong, 'nobody interrupts it', wrong)
        points = list(choose())
        results = pool.all_of(points, attempt)
    key_deeds.tell(out, BEFORE['deeds'], points, results, describe)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
