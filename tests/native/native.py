"""Makes what docs/manifest.md defines: manifests, envelopes, receipts, trust lists, packs and bundles. Written from that
page and docs/log.md alone; it shares no line with the verifier or the host tools."""
import dataclasses
import functools
import hashlib
import uuid

import cbor
import keys
from cbor import Embedded, Raw, Tag
from keys import sha256

MANIFEST, TRUST_LIST = b'hallmark manifest 1', b'hallmark trust list 1'
PRODUCTION, DEVELOPMENT = 1, 2
FIRMWARE, BOOTLOADER, APPLICATION, CONFIGURATION, SCRIPT, PARAMETERS, KIND_TRUST_LIST = range(1, 8)
DIGESTS = {-16: 'sha256', -43: 'sha384', -44: 'sha512'}
FORMAT = 4  # of the native format, in the log's leaves
INTENT, OUTCOME, REFUSAL, CEREMONY, FAILURE = range(1, 6)


def named(text):
    return uuid.uuid5(uuid.NAMESPACE_DNS, text).bytes


VENDOR = named('pumps.example')
CLASS, OTHER_CLASS = named('infusion.pumps.example'), named('syringe.pumps.example')
MAKER, OPERATOR = named('office.pumps.example'), named('hospital.example')
DEVICE = b'device-0001'


class Builder:
    """Encodes part by part and signs. One part can be written wrongly (PART by name, item AT, ALTER as in cbor.Encoder);
    with REPLAY the signatures are those of an earlier build, whatever is signed now."""

    def __init__(self, part=None, at=None, alter=None, replay=None):
        self.part, self.at, self.alter, self.replay = part, at, alter, replay
        self.signatures, self.items = [], {}

    def encode(self, name, tree):
        encoder = cbor.Encoder(self.at, self.alter) if name == self.part else cbor.Encoder()
        data = encoder.encode(tree)
        self.items[name] = encoder.items
        return data

    def sign(self, key, message):
        number = len(self.signatures)
        self.signatures.append(self.replay[number] if self.replay else key.sign(message))
        return self.signatures[-1]


# The log

def leaf(kind, office=MAKER, product_class=CLASS, file_format=FORMAT, digest=None, intent=None, seed=b''):
    return [1, kind, office, product_class, file_format, digest, sha256(b'details', seed), intent]


def tree_hash(entries):
    """RFC 9162 section 2.1.1."""
    if not entries:
        return sha256()
    if len(entries) == 1:
        return sha256(b'\0', entries[0])
    split = 1 << (len(entries) - 1).bit_length() - 1
    return sha256(b'\1', tree_hash(entries[:split]), tree_hash(entries[split:]))


def path(number, entries):
    """RFC 9162 section 2.1.3.1."""
    if len(entries) == 1:
        return []
    split = 1 << (len(entries) - 1).bit_length() - 1
    if number < split:
        return path(number, entries[:split]) + [tree_hash(entries[split:])]
    return path(number - split, entries[split:]) + [tree_hash(entries[:split])]


@functools.lru_cache(maxsize=None)
def others(size, office):
    """The leaves of a log that are none of ours: its foundation, then other products' pairs."""
    result = [cbor.encode(leaf(CEREMONY, office, None, 0))]
    for number in range(1, size):
        seed = number.to_bytes(4, 'big')
        kind, intent = (INTENT, None) if number % 2 else (OUTCOME, number - 1)
        result.append(cbor.encode(leaf(kind, office, OTHER_CLASS, 1, sha256(b'other', seed), intent, seed)))
    return result


@dataclasses.dataclass
class Logged:
    """How a signature was logged: by which receipt key, where in a log of SIZE entries. CHANGES: other values for the
    receipt's pieces: 'outcome' and 'intent' (dicts of places in the leaf), 'kid', 'alg', 'vds', 'aad', 'root', 'sizes',
    'indexes', 'paths'."""
    key: keys.Key
    office: bytes = MAKER
    size: int = 7
    intent: int = 3
    outcome: int = 5
    changes: dict = dataclasses.field(default_factory=dict)

    def leaves(self, signature, manifest, product_class):
        outcome = leaf(OUTCOME, self.office, product_class, digest=sha256(signature), intent=self.intent, seed=b'outcome')
        intent = leaf(INTENT, self.office, product_class, digest=sha256(manifest), seed=b'intent')
        for name, entry in (('outcome', outcome), ('intent', intent)):
            for place, value in self.changes.get(name, {}).items():
                entry[place] = value
        return outcome, intent

    def make(self, builder, name, signature, manifest, product_class):
        outcome, intent = (builder.encode(f'{name} {what}', entry) for what, entry in
                           zip(('outcome', 'intent'), self.leaves(signature, manifest, product_class)))
        entries = list(others(self.size, self.office))
        entries[self.intent], entries[self.outcome] = intent, outcome
        inclusions = [[self.size, number, path(number, entries)] for number in (self.outcome, self.intent)]
        for label, place in (('sizes', 0), ('indexes', 1), ('paths', 2)):
            for number, value in enumerate(self.changes.get(label, ())):
                inclusions[number][place] = value if value is not None else inclusions[number][place]
        protected = builder.encode(f'{name} protected', {
            1: self.changes.get('alg', -7), 4: self.changes.get('kid', self.key.kid), 395: self.changes.get('vds', 1)})
        root = self.changes.get('root', tree_hash(entries))
        message = cbor.encode(['Signature1', protected, self.changes.get('aad', b''), root])
        proofs = [Embedded(Raw(builder.encode(f'{name} inclusion {what}', one)))
                  for what, one in zip(('outcome', 'intent'), inclusions)]
        return builder.encode(name, Tag(self.changes.get('tag', 18), [
            Embedded(Raw(protected)),
            {396: {-1: proofs}, -70001: [Embedded(Raw(outcome)), Embedded(Raw(intent))]},
            None, builder.sign(self.key, message)]))


# Envelopes

@dataclasses.dataclass
class Signer:
    """One signature: KEY, and what its unprotected header holds. CHANGES: 'kid', 'alg', 'aad', 'message', 'signature',
    'headers' (more unprotected ones), 'context'."""
    key: keys.Key
    chain: object = None
    receipts: tuple = ()
    changes: dict = dataclasses.field(default_factory=dict)


def signature_tree(builder, number, signer, payload, aad, product_class):
    protected = builder.encode(f'protected {number}', {1: signer.changes.get('alg', signer.key.algorithm)})
    message = cbor.encode([signer.changes.get('context', 'Signature'), b'', protected, signer.changes.get('aad', aad),
                           payload])
    signature = builder.sign(signer.key, message)
    signature = signer.changes.get('signature', signature)
    headers = {4: signer.changes.get('kid', signer.key.kid)}
    if signer.chain is not None:
        headers[33] = signer.chain
    if signer.receipts:
        headers[394] = [Embedded(Raw(logged.make(builder, f'receipt {number}.{place}', signature, payload, product_class)))
                        for place, logged in enumerate(signer.receipts)]
    headers.update(signer.changes.get('headers', {}))
    return [Embedded(Raw(protected)), headers, signature]


def envelope(builder, payload, signers, aad=MANIFEST, product_class=CLASS, tag=98):
    """COSE_Sign over PAYLOAD, which is encoded already."""
    signatures = [signature_tree(builder, number, signer, payload, aad, product_class)
                  for number, signer in enumerate(signers)]
    return builder.encode('envelope', Tag(tag, [b'', {}, Embedded(Raw(payload)), signatures]))


def component(name='main', kind=FIRMWARE, payload=b'firmware', security_version=3, algorithm=-16, fields=None):
    result = {0: name, 1: kind, 2: len(payload),
              3: [algorithm, hashlib.new(DIGESTS[algorithm], payload).digest()], 4: '1.2.0', 5: security_version}
    result.update(fields or {})
    return result


def manifest(signers, components, sequence=10, purpose=PRODUCTION, publisher=MAKER, vendor=VENDOR,
             product_class=CLASS, fields=None):
    """The tree. FIELDS: further fields, or other values for these."""
    tree = {0: 1, 1: publisher, 2: vendor, 3: product_class, 4: '2026.1', 5: sequence, 6: purpose,
            7: [signer.changes.get('kid', signer.key.kid) for signer in signers], 8: components}
    tree.update(fields or {})
    return tree


def release(builder, tree, signers, **options):
    """The envelope over a manifest's tree."""
    return envelope(builder, builder.encode('manifest', tree), signers, product_class=tree.get(3, CLASS), **options)


def pack(builder, data, payloads):
    return builder.encode('pack', Tag(55799, [Embedded(Raw(data)), *payloads]))


# Trust lists

def publisher(identity=MAKER, classes=(CLASS,), signing_keys=(), threshold=1, kinds=0xfe, purposes=3, state=1,
              receipts=False, name='Example Pumps'):
    return {0: identity, 1: name, 2: state, 3: list(classes), 4: kinds, 5: purposes,
            6: [key.cose() if isinstance(key, keys.Key) else key for key in signing_keys], 7: threshold, 8: receipts}


def trust_list(version, roots, threshold, publishers, revoked=(), minimums=(), logs=(), fields=None):
    tree = {0: 1, 1: version, 2: [threshold, [key.cose() for key in roots]], 3: list(publishers),
            4: [list(one) for one in revoked], 5: [list(one) for one in minimums],
            6: [[office, key.cose()] for office, key in logs]}
    tree.update(fields or {})
    return tree


def root_hash(tree):
    """What a device keeps of the list in force: SHA-256 of its root set."""
    return sha256(cbor.encode(tree[2]))


def trust_envelope(builder, tree, roots):
    """Signed by these: keys, or Signers."""
    signers = [root if isinstance(root, Signer) else Signer(root) for root in roots]
    return envelope(builder, builder.encode('list', tree), signers, aad=TRUST_LIST)


def bundle(envelopes):
    return cbor.encode(Tag(55799, [Embedded(Raw(one)) for one in envelopes]))
