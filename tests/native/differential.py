#!/usr/bin/python3
"""Random releases, devices and trust lists, valid and broken: the rules as model.py has them and the device verifier must
come to the same verdict, and the verifier's reason must be one that the model allows."""
import os
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import cbor
import keys
import model
import native
import reasons as why
import tap
from judge import Questions
from keys import ED25519, ESP256, ESP384, PS256, RS256, key
from model import BOOT, INSTALL
from native import Builder, Logged, Signer

FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
RELEASES, UPDATES, FLIPS = (6000, 4000, 1 << 20) if FULL else (600, 400, 300)
FIXTURES = ROOT / 'tests' / 'vectors' / 'native'
NAMES = ('main', 'boot', 'limits')
SHOWN = 20


def rarely(rng, chance=0.03):
    return rng.random() < chance


def some_key(rng, name):
    algorithm = rng.choices((ED25519, ESP256, ESP384, PS256, RS256), (60, 30, 6, 1, 1))[0]
    return key({PS256: 'rsa a', RS256: 'rsa b'}.get(algorithm, name), algorithm)


class Release:
    """One release, the list that judges it, and the device that is asked."""

    def __init__(self, rng):
        self.rng, self.builder = rng, Builder()
        self.maker = self.some_keys('maker', rng.choice((1, 2, 2, 3)))
        self.operator = self.some_keys('operator', 1)
        self.stranger = key('stranger', rng.choice((ED25519, ESP256)))
        self.log, self.other_log = key('log', ESP256), key('other log', ESP256)
        self.threshold = rng.randint(1, len(self.maker))
        self.receipts = rarely(rng, 0.3)
        self.publisher = native.MAKER if not rarely(rng, 0.1) else native.OPERATOR
        self.device = self.make_device()
        self.payloads = []
        self.signers = self.make_signers()
        self.payload = self.builder.encode('manifest', self.make_manifest())
        self.list, self.roots = self.make_list()
        self.envelope = self.make_envelope()

    def some_keys(self, name, count):
        result = []
        for number in range(count):
            one = some_key(self.rng, f'{name} {number}')
            result += [one] if one not in result else []
        return result

    def make_device(self):
        rng = self.rng
        device = model.Device(development=rarely(rng, 0.3), broken=rarely(rng, 0.01))
        if rarely(rng, 0.02):
            device.vendor = native.named('other.example')
        if rarely(rng, 0.02):
            device.class_id = native.OTHER_CLASS
        if rarely(rng, 0.05):
            device.id = rng.choice((b'', b'device-0002', native.DEVICE[:-1], native.DEVICE + b'1'))
        for name in NAMES:
            if rarely(rng, 0.5):
                device.state[native.MAKER, name] = (rng.randint(0, 11), rng.randint(0, 3))
        if rarely(rng):
            device.state[native.MAKER, 'main'] = (rng.choice((2 ** 32, 2 ** 64 - 1)), rng.choice((0, 2 ** 32 + 3)))
        return device

    def make_signers(self):
        rng = self.rng
        own = self.maker if self.publisher == native.MAKER else self.operator
        count = len(own) if not rarely(rng, 0.3) else rng.randint(1, len(own))
        chosen = rng.sample(own, count)
        if rarely(rng, 0.1):
            chosen.append(self.stranger)
        if rarely(rng, 0.1):
            chosen += [one for one in (self.operator if self.publisher == native.MAKER else self.maker[:1])
                       if one not in chosen]
        if rarely(rng, 0.02):
            chosen = [self.stranger]
        rng.shuffle(chosen)
        return [self.make_signer(one) for one in chosen[:4]]

    def make_signer(self, one):
        rng, changes = self.rng, {}
        if rarely(rng, 0.01):
            changes['alg'] = rng.choice((-7, -8, -35, -9, -19, -65535, 5))
        if rarely(rng, 0.01):
            changes['aad'] = rng.choice((native.TRUST_LIST, b'', b'hallmark manifest 2', b'hallmark manifest 1\0'))
        if rarely(rng, 0.005):
            changes['context'] = 'Signature1'
        if rarely(rng, 0.01):
            changes['headers'] = rng.choice(({5: b'x'}, {1: -19}, {'x': 1}, {33: [b'a']}, {33: 1}))
        receipts = (self.make_logged(),) if rarely(rng, 0.9 if self.receipts else 0.15) else ()
        if receipts and rarely(rng, 0.1):
            receipts += (self.make_logged(),)
        chain = rng.choice((None, b'leaf certificate', [b'leaf', b'issuer']))
        return Signer(one, chain, receipts, changes)

    def make_logged(self):
        rng = self.rng
        size = rng.choice((2, 3, 5, 8, 9, 33))
        intent = rng.randrange(size - 1)
        changes = {}
        if rarely(rng, 0.15):
            changes = rng.choice((
                {'outcome': {1: native.INTENT}}, {'outcome': {1: native.FAILURE}}, {'intent': {1: native.OUTCOME}},
                {'intent': {1: native.REFUSAL}}, {'outcome': {2: native.OPERATOR}}, {'intent': {2: native.OPERATOR}},
                {'outcome': {3: native.OTHER_CLASS}}, {'intent': {3: None}}, {'intent': {4: 1}}, {'outcome': {4: 1}},
                {'outcome': {5: bytes(32)}}, {'intent': {5: bytes(32)}}, {'outcome': {7: intent + 1}},
                {'outcome': {7: None}}, {'intent': {7: 0}}, {'outcome': {0: 2}}, {'aad': b'x'}, {'root': bytes(32)},
                {'alg': -9}, {'vds': 2}, {'kid': bytes(32)}, {'tag': 98}, {'sizes': (size + 1, None)},
                {'sizes': (size + 1, size + 1)}, {'indexes': (0, None)}, {'paths': ([], [])},
                {'outcome': {3: native.OTHER_CLASS}, 'intent': {3: native.OTHER_CLASS}},
                {'outcome': {4: 1}, 'intent': {4: 1}}, {'outcome': {2: native.OPERATOR}, 'intent': {2: native.OPERATOR}},
                {'office': native.OPERATOR}))
        log, office = (self.log, native.MAKER) if not rarely(rng, 0.05) else (self.other_log, native.OPERATOR)
        return Logged(log, changes.get('office', office), size, intent, rng.randrange(intent + 1, size), changes)

    def make_component(self, name):
        rng, fields = self.rng, {}
        payload = rng.randbytes(rng.choice((1, 5, 300)))
        self.payloads.append(payload)
        if rarely(rng, 0.2):
            fields[6] = 'slot-b'
        if rarely(rng, 0.2):
            fields[-1] = rng.choice(('name.bin', b'bytes', 7))
        if rarely(rng, 0.01):
            fields.update(rng.choice(({7: 1}, {2: 0}, {1: 0}, {1: 8}, {3: [-16, bytes(31)]}, {3: [-17, bytes(32)]}, {0: ''},
                                      {0: 'tab\t'}, {4: 'x' * 65}, {-1: -1}, {-1: [1]}, {5: -1}, {2: 2 ** 64 - 1})))
        kind = rng.choice((native.FIRMWARE, native.CONFIGURATION, rng.randint(1, 7)))
        return native.component(name, kind, payload, rng.choice((1, 2, 3, 3, 3)), rng.choice((-16, -43, -44)), fields)

    def make_dependency(self):
        rng = self.rng
        publisher = rng.choice((native.MAKER, native.MAKER, native.OPERATOR))
        return [publisher, rng.choice(NAMES), rng.choice((0, 0, 1, 3)), rng.choice((0, 0, 5, 10, 12))]

    def make_manifest(self):
        rng, fields = self.rng, {}
        if rarely(rng, 0.15):
            fields[9] = [self.make_dependency() for _ in range(rng.randint(1, 3))]
        if rarely(rng, 0.15):
            fields[10] = rng.randint(0, 6)
        if rarely(rng, 0.15):
            fields[11] = rng.choice((native.DEVICE, native.DEVICE, self.device.id or b'x', b'device-0003'))
        if rarely(rng, 0.1):
            fields[rng.choice((-1, -24, -257))] = rng.choice(('note', b'note', 2 ** 33))
        if rarely(rng, 0.02):
            fields.update(rng.choice(({0: 2}, {0: 0}, {12: 1}, {99: b''}, {2: bytes(15)}, {4: ''}, {4: 'ä'}, {6: 0}, {6: 3},
                                      {9: []}, {11: b''}, {11: bytes(33)}, {-1: True}, {-1: [1]}, {5: -1}, {5: '1'}, {8: []},
                                      {7: []}, {1: native.named('nobody.example')}, {3: native.OTHER_CLASS},
                                      {2: native.named('other.example')})))
        if rarely(rng, 0.02):
            kids = [one.key.kid for one in self.signers]
            fields[7] = rng.choice((kids[::-1], kids + [bytes(32)], kids[:-1], [kids[0], kids[0]], [bytes(32)]))
        names = rng.sample(NAMES, rng.randint(1, 3))
        if rarely(rng, 0.01):
            names.append(names[0])
        return native.manifest(self.signers, [self.make_component(name) for name in names], rng.choice((10, 11, 12, 9)),
                               native.DEVELOPMENT if rarely(rng, 0.12) else native.PRODUCTION, self.publisher, fields=fields)

    def make_revoked(self):
        rng = self.rng
        kid = rng.choice([*(one.key.kid for one in self.signers), key('nobody', ED25519).kid, self.stranger.kid,
                          self.log.kid, self.other_log.kid])
        good = rng.choice(([], [bytes(32)], [keys.sha256(self.payload)], [bytes(32), keys.sha256(self.payload)]))
        return [[kid, good]]

    def make_publishers(self):
        rng = self.rng
        maker = native.publisher(native.MAKER, (native.CLASS,), self.maker, self.threshold, receipts=self.receipts)
        operator = native.publisher(native.OPERATOR, (native.OTHER_CLASS, native.CLASS), self.operator, 1,
                                    kinds=rng.choice((0xfe, 1 << native.CONFIGURATION)), name='Hospital')
        if rarely(rng, 0.1):
            maker[4] = rng.choice((1 << native.FIRMWARE | 1 << native.CONFIGURATION, 0, 0xfe ^ 2, 2 ** 40))
        if rarely(rng, 0.1):
            maker[5] = rng.choice((1, 2))
        if rarely(rng, 0.05):
            maker[2] = 2
        if rarely(rng, 0.03):
            maker[3] = [native.OTHER_CLASS]
        return [maker, operator] if not rarely(rng, 0.03) else [operator]

    def make_list(self):
        rng = self.rng
        roots = [key(f'root {number}', ED25519) for number in range(rng.choice((1, 3)))]
        threshold = len(roots) // 2 + 1
        tree = native.trust_list(
            rng.randint(1, 5), roots, threshold, self.make_publishers(),
            self.make_revoked() if rarely(rng, 0.15) else (),
            [[native.MAKER, rng.choice(NAMES), rng.randint(0, 3)]] if rarely(rng, 0.3) else (),
            rng.choice((((native.MAKER, self.log), (native.OPERATOR, self.other_log)), ((native.MAKER, self.log),)))
            if not rarely(rng, 0.05) else ())
        if rarely(rng, 0.01):
            tree.update(rng.choice(({0: 2}, {7: 1}, {-1: 'note'}, {1: -1}, {3: tree[3] * 2}, {5: 1},
                                    {2: [0, tree[2][1]]}, {2: [9, tree[2][1]]}, {2: [1, tree[2][1] * 2]},
                                    {3: tree[3][:-1] + [{**tree[3][-1], 6: [self.stranger.cose(kid=bytes(32))]}]})))
        signers = rng.sample(roots, threshold if not rarely(rng, 0.01) else threshold - 1)
        if rarely(rng, 0.1):
            signers.append(key('no root', ED25519))
        envelope = native.trust_envelope(Builder(), tree, signers or [key('no root', ED25519)])
        return envelope, native.root_hash(tree) if not rarely(rng, 0.005) else bytes(32)

    def make_envelope(self):
        rng = self.rng
        data = native.envelope(self.builder, self.payload, self.signers)
        if rarely(rng, 0.02):
            place = rng.randrange(len(data))
            data = data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1:]
        elif rarely(rng, 0.01):
            data = rng.choice((data + b'\0', data[:-1], b'\xd9\xd9\xf7' + data, b'', native.envelope(
                Builder(), self.payload, [*self.signers, self.signers[0]][:5])))
        return data


def flipped(data, bit):
    return data[:bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1:]


def agree(wanted, reasons, answer):
    """WANTED: the model's summary, None if it refuses."""
    if wanted is not None:
        return answer.reason == why.ACCEPTED and answer.words == wanted and answer.clean
    return answer.reason in reasons and answer.clean


def summary(release):
    return release and 'sequence {sequence} components {components} unknown {unknown} signers {signers}'.format(**release)


class Comparison:
    def __init__(self, seed):
        self.rng, self.questions, self.wanted = random.Random(seed), Questions(), []
        self.accepted = 0

    def expect(self, wanted, reasons, source):
        self.wanted.append((wanted, reasons, source))
        self.accepted += wanted is not None

    def ask_release(self, source, release):
        trust, reasons = model.trust_open(release.list, release.roots)
        self.questions.device(release.device)
        self.questions.open_list(f'{source} list', release.roots, release.list)
        self.expect(trust and f'version {trust.version}', reasons, release)
        if not trust:
            return
        for act in (INSTALL, BOOT):
            decided, reasons = model.release_verify(trust, release.device, act, release.envelope)
            self.questions.release(f'{source} {act}', act, release.envelope)
            self.expect(summary(decided), reasons, release)
            self.ask_stream(f'{source} stream {act}', release, act, decided, reasons)

    def ask_stream(self, source, release, act, decided, reasons):
        payloads, end = list(release.payloads), b''
        odd = self.rng.choice((None,) * 6 + ('other', 'short', 'long', 'less', 'more', 'cut'))
        if odd == 'other':
            payloads[-1] = bytes([payloads[-1][0] ^ 1]) + payloads[-1][1:]
        elif odd in ('short', 'long'):
            payloads[-1] = payloads[-1][:-1] if odd == 'short' else payloads[-1] + b'\0'
        elif odd in ('less', 'more'):
            payloads = payloads[:-1] if odd == 'less' else payloads + [b'x']
        data = native.pack(Builder(), release.envelope, payloads) + end
        data = data[:-1] if odd == 'cut' else data
        self.questions.stream(source, act, data, self.rng.choice((0, 1, 7, 64, 1000)))
        sizes = [one[2] for one in cbor.decode(release.payload)[8]] if decided else []
        if decided and not odd and sizes == list(map(len, payloads)):
            self.expect(f'written {sum(map(len, payloads))}', set(), release)
        elif decided:
            self.expect(None, {why.SHORT_PAYLOAD, why.LONG_PAYLOAD, why.OTHER_PAYLOAD, why.MALFORMED,
                               why.TOO_LARGE, 1}, release)
        else:
            self.expect(None, reasons | {why.MALFORMED, 1} if odd or why.MALFORMED in reasons else reasons, release)

    def ask_update(self, source):
        rng = self.rng
        pool = [key(f'root {number}', rng.choice((ED25519, ED25519, ED25519, ESP256))) for number in range(5)]
        old = rng.sample(pool, rng.randint(1, 3))
        first = native.trust_list(rng.randint(2, 4), old, rng.randint(1, len(old)), [])
        opened = native.trust_envelope(Builder(), first, old)
        current, _ = model.trust_open(opened, native.root_hash(first))
        if rarely(rng, 0.15):
            second, new = first, old
        else:
            new = rng.sample(pool, rng.randint(1, 3)) if rarely(rng, 0.6) else old
            second = native.trust_list(first[1] + rng.choice((1, 1, 1, 1, 1, 2, 0, -1)), new, rng.randint(1, len(new)), [])
        signers = list(dict.fromkeys(old + new)) if not rarely(rng, 0.3) else rng.sample(pool, rng.randint(1, 4))
        signers = [Signer(one, changes=self.root_changes()) for one in signers]
        if rarely(rng, 0.03):
            signers.append(signers[0])
        data = native.trust_envelope(Builder(), second, signers)
        trust, reasons = model.trust_update(current, data)
        self.questions.open_list(f'{source} first', native.root_hash(first), opened)
        self.expect(f'version {current.version}', set(), (first,))
        self.questions.update(f'{source} next', data)
        self.expect(trust and f'version {trust.version}', reasons, (first, second, data))
        if trust:  # The new roots' hash is what the device keeps.
            least = max(0, second[1] + rng.choice((0, 0, -1, 1, 1 << 32)))
            self.questions.open_list(f'{source} again', native.root_hash(second), data, least)
            again, reasons = model.trust_open(data, native.root_hash(second), least)
            self.expect(again and f'version {again.version}', reasons, (first, second, data))

    def ask_flips(self, name, count):
        """Single bits of a committed set flipped: what no signature covers must still be well-formed."""
        files = {ending: (FIXTURES / f'{name}.{ending}').read_bytes() for ending in ('list', 'roots', 'envelope')}
        device = model.Device()
        trust, _ = model.trust_open(files['list'], files['roots'])
        self.questions.device(device)
        for ending in ('envelope', 'list'):
            self.questions.open_list(f'{name} list', files['roots'], files['list'])
            self.expect(f'version {trust.version}', set(), None)
            for bit in self.rng.sample(range(8 * len(files[ending])), min(count, 8 * len(files[ending]))):
                data = flipped(files[ending], bit)
                if ending == 'list':
                    opened, reasons = model.trust_open(data, files['roots'])
                    self.questions.open_list(f'{name} list, bit {bit}', files['roots'], data)
                    self.expect(opened and f'version {opened.version}', reasons, None)
                else:
                    decided, reasons = model.release_verify(trust, device, INSTALL, data)
                    self.questions.release(f'{name} envelope, bit {bit}', INSTALL, data)
                    self.expect(summary(decided), reasons, None)

    def ask_update_flips(self, count):
        """A list flipped on its way to a device that has the one before in force."""
        first, second, root_hash = ((FIXTURES / name).read_bytes() for name in
                                    ('story-1.list', 'story-2.list', 'story-1.roots'))
        current, _ = model.trust_open(first, root_hash)
        self.questions.open_list('story list', root_hash, first)
        self.expect(f'version {current.version}', set(), None)
        for bit in self.rng.sample(range(8 * len(second)), min(count, 8 * len(second))):
            trust, reasons = model.trust_update(current, flipped(second, bit))
            self.questions.update(f'story update, bit {bit}', flipped(second, bit))
            self.expect(trust and f'version {trust.version}', reasons, None)

    def root_changes(self):
        if not rarely(self.rng, 0.04):
            return {}
        return self.rng.choice(({'aad': native.MANIFEST}, {'signature': bytes(64)}, {'kid': bytes(32)}, {'alg': -7}))

    def report(self, out, what, accepted_part=5):
        disagreements, seen = [], {}
        for (label, answer), (wanted, reasons, _) in zip(self.questions.answers(), self.wanted):
            seen[answer.reason] = seen.get(answer.reason, 0) + 1
            if not agree(wanted, reasons, answer):
                told = f'accept "{wanted}"' if wanted is not None else f'one of {sorted(reasons)}'
                disagreements.append(f'{label}: the library says {answer.reason} {answer.words}, the model {told}')
        print(f'# {what}: {len(self.wanted)} decisions, {self.accepted} accepted, {len(disagreements)} disagreements; '
              f'reasons {dict(sorted(seen.items()))}')
        out.ok(not disagreements, f'{what}: the library decides as the model does', disagreements[:SHOWN])
        out.ok(self.accepted > len(self.wanted) // accepted_part, f'{what}: not nearly all are refused', [str(self.accepted)])
        out.ok(len(seen) > 5, f'{what}: the refusals have many reasons', [str(seen)])


def main():
    out = tap.Writer()
    print(f'# HALLMARK_SEED={SEED}')
    comparison = Comparison(SEED)
    for number in range(RELEASES):
        comparison.ask_release(f'release {number}', Release(comparison.rng))
    comparison.report(out, 'releases')
    comparison = Comparison(SEED)
    for number in range(UPDATES):
        comparison.ask_update(f'update {number}')
    comparison.report(out, 'lists')
    comparison = Comparison(SEED)
    for name in ('plain', 'logged', 'optional', 'rsa'):
        comparison.ask_flips(name, FLIPS)
    comparison.ask_update_flips(FLIPS)
    comparison.report(out, 'flips', accepted_part=200)
    out.close()


if __name__ == '__main__':
    main()
