#!/usr/bin/python3
"""tests/vectors/native/: what the C tests of the native format are fed. Every signature is deterministic, so the files are
made again and must be the same, byte for byte.

  fixtures.py            makes them again and compares; `fixtures.py --write` writes them and their README"""
import hashlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import cbor
import native
import tap
from cbor import Embedded, Raw, Tag
from keys import ED25519, ESP256, ESP384, HSS_LMS, PS256, RS256, key, sha256
from native import Builder, Logged, Signer

FOLDER = ROOT / 'tests' / 'vectors' / 'native'
PAYLOADS = (b'firmware of the pump', b'dose limits: 5')
LAB = native.named('lab.pumps.example')
DEVELOPMENT_ONLY, PRODUCTION_ONLY = 2, 1


def maker(number=1):
    return key(f'maker {number}', (None, ESP256, ED25519, ESP384)[number])


def root(number):
    return key(f'root {number}', ESP256 if number == 2 else ED25519)


def operator():
    return key('operator', ESP256)


def stranger():
    return key('stranger', ED25519)


def log():
    return key('log', ESP256)


def roots(*numbers):
    return [root(number) for number in numbers]


class Files:
    """Name: (what it is, bytes), in the order in which they are made."""

    def __init__(self):
        self.all = {}

    def add(self, name, what, data):
        assert name not in self.all, name
        self.all[name] = (what, data)
        return data


def components(security_version=3, count=1, fields=None):
    names = (('main', native.FIRMWARE), ('limits', native.PARAMETERS))
    return [native.component(name, kind, payload, security_version, fields=fields)
            for (name, kind), payload in list(zip(names, PAYLOADS))[:count]]


def simple(*signers, sequence=10, security_version=3, fields=None, component_fields=None, builder=None, **options):
    """An envelope over one component, signed by the first maker's key unless told otherwise."""
    signers = signers or (Signer(maker()),)
    tree = native.manifest(signers, components(security_version, fields=component_fields), sequence, fields=fields,
                           **options)
    return native.release(builder or Builder(), tree, signers)


def usual_publishers(**changes):
    return [native.publisher(signing_keys=[maker(1), maker(2)], purposes=PRODUCTION_ONLY, **changes),
            native.publisher(native.OPERATOR, signing_keys=[operator()], kinds=1 << native.CONFIGURATION,
                             purposes=PRODUCTION_ONLY, name='Hospital'),
            native.publisher(LAB, signing_keys=[key('lab', ED25519)], purposes=DEVELOPMENT_ONLY, name='Laboratory')]


def signed_list(tree, *signers):
    return native.trust_envelope(Builder(), tree, signers or roots(1, 2))


def usual_list(version=5, publishers=None, **more):
    return native.trust_list(version, roots(1, 2, 3), 2, publishers or usual_publishers(),
                             logs=[(native.MAKER, log())], **more)


def two_logs(files, demanding):
    """A receipt is asked of the publisher's own log: another office's, however well the list knows it, is none."""
    ours, other = Logged(log()), Logged(key('operator log', ESP256), native.OPERATOR)
    pretending = Logged(other.key, native.MAKER)
    logs = [(native.MAKER, log()), (native.OPERATOR, other.key)]
    for name, publishers, what in (('two-logs.list', demanding, 'the maker must have receipts; '), ('two-logs-free.list', None, '')):
        tree = native.trust_list(6, roots(1, 2, 3), 2, publishers or usual_publishers(), logs=logs)
        files.add(name, f"version 6: {what}there are the maker's log and the operator's", signed_list(tree))
    for name, receipts, what in (
            ('elsewhere', (other,), "a receipt of the operator's log"),
            ('twice', (other, ours), "receipts of the operator's log and of the maker's"),
            ('nowhere', (Logged(key('log of nobody', ESP256), changes={'outcome': {0: 2}}),),
             'a receipt of a log that no list knows, with an entry of another version'),
            ('pretending', (pretending,), "a receipt by the operator's log, whose entries say that they are the maker's")):
        files.add(f'image-logged-{name}.envelope', f"signed by the maker's first key, with {what}", simple(Signer(maker(), None, receipts)))


# Whole sets, for mutation

def make_set(files, name, what, tree, list_tree, signers, uncovered=(), list_signers=None):
    """UNCOVERED: (bytes, what they are), each once in the envelope."""
    payloads = PAYLOADS[:len(tree[8])]
    envelope = native.release(Builder(), tree, signers)
    lines = []
    for part, sentence in uncovered:
        assert envelope.count(part) == 1, sentence
        lines.append(f'{envelope.index(part)} {envelope.index(part) + len(part)} {sentence}\n')
    files.add(f'{name}.list', f'{what}: the trust list', signed_list(list_tree, *(list_signers or ())))
    files.add(f'{name}.roots', f'{what}: the hash of its root set', native.root_hash(list_tree))
    files.add(f'{name}.envelope', f'{what}: the envelope', envelope)
    files.add(f'{name}.pack', f'{what}: envelope and payloads', native.pack(Builder(), envelope, payloads))
    files.add(f'{name}.uncovered', f'{what}: the bytes of the envelope that no signature covers: from, to, what',
              ''.join(lines).encode())


def plain_set(files):
    signers = [Signer(maker())]
    make_set(files, 'plain', 'one signer, P-256', native.manifest(signers, components()), usual_list(), signers)


def logged_set_tree(signers):
    fields = {9: [[native.OPERATOR, 'limits', 0, 0]], 10: 3, 11: native.DEVICE, -1: 'a note', -2: 17}
    return native.manifest(signers, components(count=2, fields={6: 'slot-b', -1: 'main.bin'}), fields=fields)


def logged_list():
    publishers = [native.publisher(signing_keys=[maker(2), maker(3)], threshold=2, receipts=True),
                  *usual_publishers()[1:]]
    return native.trust_list(5, roots(1, 2, 3), 2, publishers, revoked=[[stranger().kid, [sha256(b'good')]]],
                             minimums=[[native.MAKER, 'main', 2], [native.MAKER, 'limits', 3]],
                             logs=[(native.MAKER, log())], fields={-1: 'a note'})


def logged_signers():
    return [Signer(maker(2), None, (Logged(log()),)), Signer(maker(3), None, (Logged(log(), size=9, intent=0, outcome=8),))]


def logged_set(files):
    signers = logged_signers()
    make_set(files, 'logged', 'two signers, Ed25519 and P-384, with the receipts that the list demands',
             logged_set_tree(signers), logged_list(), signers)


def optional_signers():
    return [Signer(maker(), [b'leaf certificate', b'its issuer'], (Logged(log()),)), Signer(stranger(), b'chain')]


def optional_set(files):
    """A receipt that nobody asks for, a certificate chain, and a signer that the list does not know."""
    signers = optional_signers()
    tree = native.manifest(signers, components())
    builder = Builder()
    native.release(builder, tree, signers)
    uncovered = [(b'leaf certificate', 'x5chain'), (b'its issuer', 'x5chain'), (b'chain', 'x5chain'),
                 (log().kid, 'the name of the log key in a receipt that nobody asks for'),
                 (builder.signatures[-1], 'a signature by an unknown key'),
                 (bytes.fromhex('43a10132'), 'the algorithm of a signature by an unknown key')]
    make_set(files, 'optional', 'P-256 with a receipt and a chain that nobody asks for, and an unknown signer', tree,
             usual_list(), signers, uncovered)


def rsa_set(files):
    signing = [key('rsa a', PS256), key('rsa b', RS256)]
    signers = [Signer(one) for one in signing]
    make_set(files, 'rsa', 'two signers, PS256 and RS256', native.manifest(signers, components()),
             usual_list(publishers=[native.publisher(signing_keys=signing, threshold=2)]), signers)


def lms_set(files):
    signers = [Signer(key('lms', HSS_LMS))]
    make_set(files, 'lms', 'one signer, HSS-LMS', native.manifest(signers, components()),
             usual_list(publishers=[native.publisher(signing_keys=[key('lms', HSS_LMS)])]), signers)


def device_set(files):
    """P-256 throughout, with the receipt that the list demands: what bench/device measures."""
    signers = [Signer(maker(), None, (Logged(log()),))]
    signing = [key(f'device root {number}', ESP256) for number in (1, 2, 3)]
    tree = native.trust_list(5, signing, 2, [native.publisher(signing_keys=[maker()], receipts=True)],
                             minimums=[[native.MAKER, 'main', 2]], logs=[(native.MAKER, log())])
    make_set(files, 'device', 'P-256 throughout, with a receipt', native.manifest(signers, components()), tree, signers,
             list_signers=signing[:2])


# Trust list stories

def generation(version, members, **more):
    return native.trust_list(version, roots(*members), 2, more.pop('publishers', None) or usual_publishers(), **more)


def rotation(files):
    first, second, third = generation(1, (1, 2, 3)), generation(2, (2, 3, 4)), generation(3, (4, 5, 6))
    files.add('story-1.roots', 'what a device of the first generation holds', native.root_hash(first))
    files.add('story-1.list', 'version 1, roots 1 2 3', signed_list(first, *roots(1, 2)))
    middle = files.add('story-2.list', 'version 2, roots 2 3 4, signed by 2 3', signed_list(second, *roots(2, 3)))
    last = files.add('story-3.list', 'version 3, roots 4 5 6, signed by 3 4 5', signed_list(third, *roots(3, 4, 5)))
    files.add('story.bundle', 'versions 2 and 3 in a bundle', native.bundle([middle, last]))
    files.add('story-2-fork.list', 'another version 2 by the same roots',
              signed_list(generation(2, (2, 3, 4), minimums=[[native.MAKER, 'main', 1]]), *roots(2, 3)))
    files.add('story-2-resigned.list', 'version 2 again, signed by 3 and 4 too', signed_list(second, *roots(2, 3, 4)))
    files.add('story-new-silent.list', 'roots 4 5 6, signed by 1 2 only',
              signed_list(generation(2, (4, 5, 6)), *roots(1, 2)))
    files.add('story-new-few.list', 'roots 4 5 6, signed by 1 2 and of the new ones by 4',
              signed_list(generation(2, (4, 5, 6)), *roots(1, 2, 4)))
    files.add('story-old-silent.list', 'roots 4 5 6, signed by 4 5 only',
              signed_list(generation(2, (4, 5, 6)), *roots(4, 5)))
    files.add('story-old-few.list', 'roots 4 5 6, signed by 4 5 and of the old ones by 1',
              signed_list(generation(2, (4, 5, 6)), *roots(1, 4, 5)))
    files.add('story-next-failed.list', 'version 3, roots 4 5 6, signed by 4 5: what would follow on story-old-silent',
              signed_list(generation(3, (4, 5, 6)), *roots(4, 5)))
    files.add('story-4-few.list', 'version 2, roots 1 2 3, signed by 1 only', signed_list(generation(2, (1, 2, 3)), root(1)))


def duplicates(files):
    same = generation(2, (1, 2, 3))
    files.add('twice-kid.list', 'version 2, signed by root 1 twice', signed_list(same, *roots(1, 1)))
    files.add('twice-borrowed.list', "version 2, signed by root 1, and by it again under root 3's name",
              signed_list(same, Signer(root(1)), Signer(root(1), changes={'kid': root(3).kid})))
    files.add('twice-unknown.list', 'version 2, signed by root 1, and by it again under a name that nobody knows',
              signed_list(same, Signer(root(1)), Signer(root(1), changes={'kid': bytes(32)})))
    other = {**same, 2: [2, [root(1).cose(), root(1).cose(kid=b'\1' * 32), root(2).cose()]]}
    files.add('twice-root.list', 'its root set has root 1 under two names; signed by 1 under both, and by 2',
              signed_list(other, Signer(root(1)), Signer(root(1), changes={'kid': b'\1' * 32}), Signer(root(2))))
    files.add('twice-root.roots', 'the hash of that root set', native.root_hash(other))
    entry = native.publisher(signing_keys=[maker(2), maker(2).cose(kid=b'\1' * 32)], threshold=2)
    files.add('twice-publisher.list', 'version 2; a publisher whose two keys are one key under two names',
              signed_list(generation(2, (1, 2, 3), publishers=[entry]), *roots(1, 2)))


def one_rsa_key(files):
    pss, pkcs1 = key('rsa a', PS256), key('rsa a', RS256)
    entries = [native.publisher(signing_keys=[pss]), native.publisher(native.OPERATOR, signing_keys=[pkcs1, operator()])]
    files.add('rsa-twice.list', 'version 6: one RSA key, for PS256 with the maker and for RS256 with an operator',
              signed_list(usual_list(6, entries)))
    for name, signer in (('ps256', pss), ('rs256', pkcs1)):
        files.add(f'rsa-maker-{name}.envelope', f'by the maker with that key, {name}', simple(Signer(signer)))
        files.add(f'rsa-operator-{name}.envelope', f'by the operator with that key, {name}',
                  simple(Signer(signer), publisher=native.OPERATOR))
    files.add('rsa-odd.envelope', 'by that key, PS256, and says it is Ed25519',
              simple(Signer(pss, changes={'alg': ED25519})))
    files.add('rsa-odd-beside.envelope', "the same beside the operator's good signature",
              simple(Signer(operator()), Signer(pss, changes={'alg': ED25519}), publisher=native.OPERATOR))


def publishers_and_keys(files):
    retired = [{**one, 2: 2} if one[0] == native.MAKER else one for one in usual_publishers()]
    files.add('retired.list', 'version 6: the maker is retired', signed_list(usual_list(6, retired)))
    files.add('removed.list', 'version 6: the maker is not in it', signed_list(usual_list(6, usual_publishers()[1:])))
    good = simple(fields={4: 'good'})
    files.add('image-good.envelope', "signed by the maker's first key", good)
    files.add('image-other.envelope', 'another release by the same key', simple(fields={4: 'other'}, sequence=11))
    both = [Signer(maker(1)), Signer(maker(2))]
    files.add('image-both.envelope', "signed by the maker's first and second keys", simple(*both, fields={4: 'both'}))
    signers = [Signer(maker())]
    digest = sha256(cbor.encode(native.manifest(signers, components(), fields={4: 'good'})))
    files.add('revoked.list', "version 6: the maker's first key is revoked but for image-good",
              signed_list(usual_list(6, revoked=[[maker().kid, [sha256(b'x'), digest]]])))
    files.add('revoked-all.list', "version 6: the maker's first key is revoked",
              signed_list(usual_list(6, revoked=[[maker().kid, []]])))
    others = [native.publisher(signing_keys=[maker(2)], purposes=PRODUCTION_ONLY), *usual_publishers()[1:]]
    files.add('revoked-gone.list', "version 6: the maker's first key is revoked, and not the maker's any more",
              signed_list(usual_list(6, others, revoked=[[maker().kid, []]])))
    files.add('revoked-log.list', "version 6: the key of the maker's log is revoked",
              signed_list(usual_list(6, revoked=[[log().kid, [sha256(b'x')]]])))
    logged = [Signer(maker(1), None, (Logged(log()),))]
    files.add('image-logged.envelope', "signed by the maker's first key, with a receipt", simple(*logged))
    digest = sha256(cbor.encode(native.manifest(logged, components())))
    files.add('revoked-log-but.list', "version 6: the key of the maker's log is revoked but for image-logged",
              signed_list(usual_list(6, revoked=[[log().kid, [digest]]])))
    demanding = usual_publishers(receipts=True)
    files.add('logged-5.list', 'version 5: the maker must have receipts', signed_list(usual_list(5, demanding)))
    files.add('logged-revoked.list', "version 6: the same, and the key of the maker's log is revoked",
              signed_list(usual_list(6, demanding, revoked=[[log().kid, []]])))
    two_logs(files, demanding)
    one_rsa_key(files)
    files.add('gone.list', "version 6: the first key is not the maker's any more", signed_list(usual_list(6, others)))
    files.add('usual.list', 'version 5: the maker, an operator for configuration only, a laboratory for development only',
              signed_list(usual_list()))
    files.add('usual.roots', 'the hash of its root set', native.root_hash(usual_list()))
    files.add('minimum.list', 'version 6: main must be of security version 2', signed_list(
        usual_list(6, minimums=[[native.MAKER, 'main', 2]])))


def exceptions(files):
    files.add('exception.envelope', 'sequence 11, security version 1, for device-0001',
              simple(sequence=11, security_version=1, fields={11: native.DEVICE}))
    files.add('later.envelope', 'sequence 12, security version 3', simple(sequence=12))
    files.add('older.envelope', 'sequence 9, security version 1', simple(sequence=9, security_version=1))


# Attack classes

def framed(frame_of, **options):
    """An envelope whose frame is what FRAME_OF makes of the usual one's parts."""
    signer = Signer(maker())
    builder = Builder()
    payload = builder.encode('manifest', native.manifest([signer], components(), **options))
    signature = native.signature_tree(builder, 0, signer, payload, native.MANIFEST, native.CLASS)
    return cbor.encode(frame_of(payload, signature))


def chosen_coverage(files):
    files.add('attack-detached.envelope', 'the manifest is nil in the envelope: somebody else is to say what was signed',
              framed(lambda payload, one: Tag(98, [b'', {}, None, [one]])))
    files.add('attack-protected-body.envelope', 'a protected header in the body, which the signature does not cover',
              framed(lambda payload, one: Tag(98, [Embedded({3: 'x'}), {}, Embedded(Raw(payload)), [one]])))
    files.add('attack-unprotected-body.envelope', 'an unprotected header in the body',
              framed(lambda payload, one: Tag(98, [b'', {-1: 16}, Embedded(Raw(payload)), [one]])))
    files.add('attack-critical.envelope', 'a protected header more, signed', protected_more({1: ESP256, 2: [-1], -1: 16}))
    files.add('attack-note-header.envelope', 'a private protected header more, signed', protected_more({1: ESP256, -1: 16}))
    files.add('attack-two-manifests.envelope', 'a second manifest behind the first',
              framed(lambda payload, one: Tag(98, [b'', {}, Embedded(Raw(payload)), [one], Embedded(Raw(payload))])))
    files.add('attack-behind.envelope', 'an envelope with another behind it', simple() + simple(sequence=11))


def protected_more(headers):
    signer, builder = Signer(maker()), Builder()
    payload = builder.encode('manifest', native.manifest([signer], components()))
    protected = cbor.encode(headers)
    signature = signer.key.sign(cbor.encode(['Signature', b'', protected, native.MANIFEST, payload]))
    return cbor.encode(Tag(98, [b'', {}, Embedded(Raw(payload)), [[Embedded(Raw(protected)), {4: signer.key.kid},
                                                                   signature]]]))


def metadata(files):
    for label, value in ((1, ESP256), (2, [4]), (5, b'iv'), (11, 'x'), (-1, 'x'), (-70001, b'x'), (34, [-16, bytes(32)])):
        files.add(f'attack-header{label:+}.envelope', f'the unprotected header {label}',
                  simple(Signer(maker(), changes={'headers': {label: value}})))
    files.add('attack-chain.envelope', 'a certificate chain', simple(Signer(maker(), b'a certificate')))
    files.add('attack-other-chain.envelope', 'the same with another chain', simple(Signer(maker(), b'b certificate')))


def lengths(files):
    size = len(PAYLOADS[0])
    for name, value in (('4g', (1 << 32) + size), ('max', (1 << 64) - 1), ('zero', 0)):
        files.add(f'attack-size-{name}.envelope', f"the component's size is {value}, the digest that of {size} bytes",
                  simple(component_fields={2: value}))
    files.add('attack-size-wrapped.pack', 'attack-size-4g with a payload of 20 bytes',
              native.pack(Builder(), files.all['attack-size-4g.envelope'][1], PAYLOADS[:1]))


def parsing_first(files):
    garbage = bytes.fromhex('bfbfbf9f5f7f') + bytes(range(256))
    deep = b'\x81' * 600 + b'\x00'
    for name, payload in (('garbage', garbage), ('deep', deep), ('huge', bytes.fromhex('bb7fffffffffffffff00'))):
        files.add(f'attack-{name}-by-stranger.envelope', f'{name} signed by a key that the list does not know',
                  native.envelope(Builder(), payload, [Signer(stranger())]))
        files.add(f'attack-{name}-by-maker.envelope', f'{name} signed by the maker',
                  native.envelope(Builder(), payload, [Signer(maker())]))
        files.add(f'attack-{name}-forged.envelope', f"{name} under the maker's name with a wrong signature",
                  native.envelope(Builder(), payload, [Signer(maker(), changes={'signature': bytes(64)})]))


def no_signatures(files):
    files.add('attack-no-signatures.envelope', 'an empty array of signatures', framed(
        lambda payload, one: Tag(98, [b'', {}, Embedded(Raw(payload)), []])))
    files.add('attack-no-signatures-listed.envelope', 'the same, and the manifest lists none', framed(
        lambda payload, one: Tag(98, [b'', {}, Embedded(Raw(payload)), []]), fields={7: []}))
    files.add('attack-no-array.envelope', 'no array of signatures', framed(
        lambda payload, one: Tag(98, [b'', {}, Embedded(Raw(payload))])))
    files.add('attack-stranger.envelope', 'signed by an unknown key only', simple(Signer(stranger())))
    files.add('attack-empty-signature.envelope', 'a signature of no bytes', simple(Signer(maker(), changes={'signature': b''})))
    files.add('attack-zero-signature.envelope', 'a signature of zeros',
              simple(Signer(maker(), changes={'signature': bytes(64)})))
    entry = native.publisher(signing_keys=[maker()], threshold=0)
    files.add('attack-threshold-0.list', 'version 6: a publisher whose threshold is 0',
              signed_list(usual_list(6, [entry])))
    files.add('attack-no-keys.list', 'version 6: a publisher without keys, threshold 0',
              signed_list(usual_list(6, [native.publisher(threshold=0)])))
    none = {**usual_list(), 2: [0, [root(1).cose()]]}
    files.add('attack-roots-0.list', 'a root threshold of 0, signed by a stranger', signed_list(none, stranger()))
    files.add('attack-roots-0.roots', 'the hash of that root set', native.root_hash(none))
    empty = {**usual_list(), 2: [0, []]}
    files.add('attack-no-roots.list', 'no roots, a threshold of 0', signed_list(empty, stranger()))
    files.add('attack-no-roots.roots', 'the hash of that root set', native.root_hash(empty))


def digests(files):
    value = hashlib.sha256(PAYLOADS[0]).digest()
    sha512 = hashlib.sha512(PAYLOADS[0]).digest()
    for name, field in (('empty', [-16, b'']), ('31', [-16, value[:31]]), ('33', [-16, value + b'\0']), ('sha512-32', [-44, sha512[:32]]),
                        ('sha256-64', [-16, sha512]), ('sha1', [-14, hashlib.sha1(PAYLOADS[0]).digest()]),
                        ('sha256-truncated', [-15, value[:8]]), ('unknown', [-18, value]), ('positive', [16, value]),
                        ('bare', value)):
        files.add(f'attack-digest-{name}.envelope', f'the digest field is {name}', simple(component_fields={3: field}))
    files.add('attack-algorithm.envelope', "the P-256 key's signature says that it is Ed25519",
              simple(Signer(maker(), changes={'alg': ED25519})))
    files.add('attack-algorithm-alias.envelope', "the P-256 key's signature says ES256 (-7)",
              simple(Signer(maker(), changes={'alg': -7})))


def failed_root(files):
    publishers = [native.publisher(signing_keys=[stranger()])]
    files.add('attack-failed.list', 'version 6 by roots 4 5 6 alone, with a key of theirs for the maker',
              signed_list(generation(6, (4, 5, 6), publishers=publishers), *roots(4, 5)))
    files.add('attack-failed.roots', 'the hash of its root set', native.root_hash(generation(6, (4, 5, 6))))
    files.add('attack-failed-next.list', 'version 7 by the same',
              signed_list(generation(7, (4, 5, 6), publishers=publishers), *roots(4, 5)))


def development(files):
    def one(publisher, signer, purpose):
        return simple(Signer(signer), publisher=publisher, purpose=purpose)
    lab = key('lab', ED25519)
    files.add('attack-development.envelope', 'a development release by the laboratory', one(LAB, lab, native.DEVELOPMENT))
    files.add('attack-lab-production.envelope', 'a production release by the laboratory', one(LAB, lab, native.PRODUCTION))
    files.add('attack-maker-development.envelope', 'a development release by the maker, who may not',
              one(native.MAKER, maker(), native.DEVELOPMENT))


def mixtures(files):
    signers = [Signer(maker())]
    tree = native.manifest(signers, components(count=2))
    first = native.release(Builder(), tree, signers)
    tree = native.manifest(signers, components(4, 2), 11)
    second = native.release(Builder(), tree, signers)
    files.add('pair-10.pack', 'two components, sequence 10', native.pack(Builder(), first, PAYLOADS))
    files.add('pair-11.pack', 'the same, sequence 11, security version 4', native.pack(Builder(), second, PAYLOADS))
    files.add('pair-swapped.pack', 'the payloads in the other order', native.pack(Builder(), first, PAYLOADS[::-1]))
    files.add('pair-mixed.pack', 'the first payload twice', native.pack(Builder(), first, PAYLOADS[:1] * 2))
    one = cbor.decode(second).value
    files.add('pair-grafted.envelope', 'the manifest of sequence 11 with the signature of sequence 10', cbor.encode(
        Tag(98, [b'', {}, one[2], cbor.decode(first).value[3]])))
    files.add('dependent.envelope', 'asks for limits of security version 4 and sequence 11',
              simple(fields={9: [[native.MAKER, 'limits', 4, 11]]}))
    files.add('newer-list.envelope', 'asks for a trust list of version 6', simple(fields={10: 6}))


def cross_protocol(files):
    """One key is root, publisher's key and receipt key at once."""
    shared = key('shared', ESP256)
    tree = native.trust_list(5, [shared], 1, [native.publisher(signing_keys=[shared])], logs=[(native.MAKER, shared)])
    files.add('shared.list', 'one key in every role', signed_list(tree, shared))
    files.add('shared.roots', 'the hash of its root set', native.root_hash(tree))
    files.add('shared.envelope', 'a release by it', simple(Signer(shared)))
    for name, changes in (('list', {'aad': native.TRUST_LIST}), ('nothing', {'aad': b''}),
                          ('sign1', {'context': 'Signature1'}), ('counter', {'context': 'CounterSignature'})):
        files.add(f'shared-as-{name}.envelope', f'a release signed as {name}', simple(Signer(shared, changes=changes)))
    files.add('shared-6.list', 'version 6 of shared.list', signed_list({**tree, 1: 6}, shared))
    files.add('shared-manifest.list', 'a trust list signed as a manifest', native.trust_envelope(
        Builder(), {**tree, 1: 6}, [Signer(shared, changes={'aad': native.MANIFEST})]))
    builder = Builder()
    native.release(builder, native.manifest([Signer(shared)], components()), [Signer(shared, None, (Logged(shared),))])
    files.add('shared-receipt.envelope', "the receipt's signature in the place of the release's",
              simple(Signer(shared, changes={'signature': builder.signatures[1]})))
    receipt_root = native.tree_hash(list(native.others(7, native.MAKER)))
    files.add('shared-root.envelope', "a tree's root in the place of the manifest",
              native.envelope(Builder(), receipt_root, [Signer(shared)]))
    files.add('attack-other-class.envelope', 'for another class', simple(product_class=native.OTHER_CLASS))
    files.add('attack-other-vendor.envelope', 'by another vendor', simple(vendor=native.named('other.example')))
    files.add('attack-operator-firmware.envelope', "firmware by the operator's key", simple(
        Signer(operator()), publisher=native.OPERATOR))
    files.add('attack-operator-as-maker.envelope', "in the maker's name by the operator's key", simple(Signer(operator())))
    files.add('attack-tag18.envelope', 'an envelope with the tag of COSE_Sign1', native.release(
        Builder(), native.manifest([Signer(maker())], components()), [Signer(maker())], tag=18))


def encodings(files):
    signer = Signer(maker())
    tree = native.manifest([signer], components())
    good = cbor.encode(tree)
    pieces = {label: cbor.encode(label) + cbor.encode(value) for label, value in tree.items()}
    rows = [pieces[label] for label in range(9)]
    odd = {
        'unordered': head_of(9) + b''.join([rows[1], rows[0], *rows[2:]]),
        'duplicate-sequence': head_of(10) + b''.join([*rows[:6], cbor.encode(5) + cbor.encode(99), *rows[6:]]),
        'duplicate-first': head_of(10) + b''.join([rows[0], *rows]),
        'indefinite-map': b'\xbf' + b''.join(rows) + b'\xff',
        'long-head': b'\xb8\x09' + b''.join(rows),
        'long-sequence': head_of(9) + b''.join([*rows[:5], b'\x05\x18\x0a', *rows[6:]]),
        'float-sequence': head_of(9) + b''.join([*rows[:5], b'\x05', cbor.float_of(10, 2), *rows[6:]]),
        'bignum-sequence': head_of(9) + b''.join([*rows[:5], b'\x05\xc2\x41\x0a', *rows[6:]]),
        'tagged': b'\xd9\xd9\xf7' + good,
        'byte-behind': good + b'\0',
    }
    for name, payload in odd.items():
        files.add(f'attack-{name}.envelope', f'the manifest is signed and its encoding is odd: {name}',
                  native.envelope(Builder(), payload, [signer]))
    logged, part = Signer(maker(), None, (Logged(log()),)), 'receipt 0.0 inclusion outcome'
    plain = Builder()
    simple(logged, builder=plain)
    too_many = Builder(part, len(plain.items[part]) - 2, lambda item: cbor.head(cbor.ARRAY, item.argument + 1) + item.content())
    files.add('attack-path-count.envelope', 'a receipt whose path announces a hash more than there is, at its end',
              simple(logged, builder=too_many))
    twice = native.manifest([signer], components() * 2)
    files.add('attack-component-twice.envelope', 'a component twice', native.release(Builder(), twice, [signer]))
    files.add('attack-signer-twice.envelope', 'the same signer twice', simple(signer, signer))
    files.add('attack-unknown-field.envelope', 'field 12', simple(fields={12: 1}))
    files.add('attack-format-2.envelope', 'format version 2', simple(fields={0: 2}))


def head_of(count):
    return cbor.head(cbor.MAP, count)


MAKERS = (plain_set, logged_set, optional_set, rsa_set, lms_set, device_set, rotation, duplicates, publishers_and_keys, exceptions,
          chosen_coverage, metadata, lengths, parsing_first, no_signatures, digests, failed_root, development, mixtures,
          cross_protocol, encodings)


def make():
    files = Files()
    for maker_of_files in MAKERS:
        maker_of_files(files)
    return files.all


README = """# The native format, made by somebody else

Files of the native format (docs/manifest.md), made by `tests/native/fixtures.py` with the independent generator beside it and keys
that are derived from names. They are made again by a test and must be the same. `tests/native/fixtures.py --write` writes them.

Unless a line says otherwise an envelope is a production release of the maker, sequence 10, with one component `main` of security
version 3, signed by the maker's first key (P-256), and is judged under `usual.list`.

| file | what it is |
|---|---|
"""


def readme(files):
    return (README + ''.join(f'| `{name}` | {what} |\n' for name, (what, _) in files.items())).encode()


def main():
    files = make()
    contents = {name: data for name, (_, data) in files.items()} | {'README.md': readme(files)}
    if sys.argv[1:] == ['--write']:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, data in contents.items():
            (FOLDER / name).write_bytes(data)
        return
    out = tap.Writer()
    for name, data in contents.items():
        path = FOLDER / name
        out.ok(path.is_file() and path.read_bytes() == data, f'tests/vectors/native/{name} is made again as it is')
    strangers = sorted(path.name for path in FOLDER.iterdir() if path.name not in contents)
    out.ok(not strangers, 'no other file is there', strangers)
    out.close()


if __name__ == '__main__':
    main()
