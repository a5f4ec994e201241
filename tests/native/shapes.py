"""The shapes of docs/manifest.md read strictly, for model.py: an envelope, a receipt, a trust list, a manifest as Python's
values, or Refused with the reasons that may be told."""
import dataclasses

import cbor
from keys import sha256
from reasons import (MALFORMED, NO_SIGNATURE, TOO_LARGE, TWICE, UNKNOWN_ALGORITHM, UNKNOWN_CRITICAL,
                     UNKNOWN_VERSION)

LIMIT = 16384


class Refused(Exception):
    def __init__(self, *reasons):
        super().__init__(*reasons)
        # There may be more wrong behind the first fault, and what is over a bound is malformed too.
        self.reasons = set(reasons) | {MALFORMED, TOO_LARGE}


def demand(holds, *reasons):
    if not holds:
        raise Refused(*(reasons or (MALFORMED,)))


def decode(data):
    try:
        return cbor.decode(data)
    except cbor.Malformed as fault:
        raise Refused(MALFORMED, UNKNOWN_CRITICAL, UNKNOWN_VERSION) from fault  # told at the first odd key, in order or not


# Shapes: functions that raise unless a value is of the shape.

def number(value, most=(1 << 64) - 1, least=0):
    demand(isinstance(value, int) and not isinstance(value, bool) and least <= value <= most)


def octets(value, *sizes):
    demand(isinstance(value, bytes) and (not sizes or len(value) in sizes))


def text(value, most):
    demand(isinstance(value, str) and 1 <= len(value) <= most and all(' ' <= letter <= '~' for letter in value))


def array(value, least, most=LIMIT):
    demand(isinstance(value, list) and least <= len(value) <= most)


def same(value, wanted):
    """Equal and of one type: to Python True is 1."""
    return type(value) is type(wanted) and value == wanted


def distinct(values):
    demand(len(set(values)) == len(values), TWICE)


def fields(value, required, optional=()):
    """A map of our own: these fields, notes under negative numbers, nothing else."""
    demand(isinstance(value, dict) and all(isinstance(label, int) for label in value))
    demand(not [label for label in value if label >= 0 and label not in required and label not in optional],
           UNKNOWN_CRITICAL, MALFORMED)
    demand(all(label in value for label in required))
    for label, note in value.items():
        if label < 0:
            demand(isinstance(note, (bytes, str)) or isinstance(note, int) and not isinstance(note, bool) and note >= 0)


def cose_key(value):
    odd = (MALFORMED, UNKNOWN_CRITICAL, UNKNOWN_ALGORITHM)
    demand(isinstance(value, dict) and all(isinstance(label, int) for label in value) and type(value.get(1)) is int, *odd)
    shapes = {2: ({1, 2, 3, -1, -2, -3}, (-9, -51)), 1: ({1, 2, 3, -1, -2}, (-19,)),
              3: ({1, 2, 3, -1, -2}, (-37, -257)), 5: ({1, 2, 3, -1}, (-46,))}
    labels, algorithms = shapes.get(value[1], (None, ()))
    demand(labels == set(value), *odd)
    demand(value[3] in algorithms, UNKNOWN_ALGORITHM, MALFORMED)
    octets(value[2], 32)
    if value[1] == 2:
        size = {-9: 32, -51: 48}[value[3]]
        demand(same(value[-1], {-9: 1, -51: 2}[value[3]]))
        octets(value[-2], size)
        octets(value[-3], size)
    elif value[1] == 1:
        demand(same(value[-1], 6))
        octets(value[-2], 32)
    else:
        for label in (-1, -2) if value[1] == 3 else (-1,):
            octets(value[label])
    demand(value[2] == sha256(cbor.encode({label: part for label, part in value.items() if label not in (2, 3)})))


# Envelopes

@dataclasses.dataclass
class Signature:
    kid: bytes
    algorithm: int
    protected: bytes
    value: bytes
    receipts: list  # bytes


@dataclasses.dataclass
class Envelope:
    payload: bytes
    signatures: list

    def message(self, signature, aad):
        return cbor.encode(['Signature', b'', signature.protected, aad, self.payload])


def read_signature(value):
    array(value, 3, 3)
    protected, headers, signature = value
    octets(protected)
    octets(signature)
    inner = decode(protected)
    demand(isinstance(inner, dict) and list(inner) == [1] and type(inner[1]) is int and inner[1] < 0, MALFORMED,
           UNKNOWN_CRITICAL, UNKNOWN_ALGORITHM)
    demand(isinstance(headers, dict) and set(headers) <= {4, 33, 394}, MALFORMED, UNKNOWN_CRITICAL)
    octets(headers.get(4), 32)
    chain = headers.get(33, b'')
    if not isinstance(chain, bytes):
        array(chain, 2, 4)
        for one in chain:
            octets(one)
    receipts = headers.get(394)
    if receipts is not None:
        array(receipts, 1, 2)
        for one in receipts:
            octets(one)
    return Signature(headers[4], inner[1], protected, signature, receipts or [])


def read_envelope(data, most):
    demand(len(data) <= LIMIT, TOO_LARGE)
    frame = decode(data)
    demand(isinstance(frame, cbor.Tag) and frame.number == 98)
    array(frame.value, 4, 4)
    protected, headers, payload, signatures = frame.value
    demand(protected == b'' and isinstance(protected, bytes) and headers == {} and isinstance(headers, dict), MALFORMED,
           UNKNOWN_CRITICAL)
    octets(payload)
    demand(isinstance(signatures, list) and signatures, MALFORMED, NO_SIGNATURE)
    demand(len(signatures) <= most, MALFORMED, TOO_LARGE)
    result = Envelope(payload, [read_signature(one) for one in signatures])
    distinct([one.kid for one in result.signatures])
    return result


# Receipts

@dataclasses.dataclass
class Receipt:
    """The frame of one: its proofs and entries are octets still, which are read only if the list names the log."""
    kid: bytes
    protected: bytes
    proofs: list
    entries: list
    signature: bytes


def read_leaf(data):
    leaf = decode(data)
    array(leaf, 8, 8)
    version, kind, office, product_class, file_format, digest, details, intent = leaf
    demand(same(version, 1))
    number(kind, 5, 1)
    octets(office, 16)
    demand(product_class is None or isinstance(product_class, bytes) and len(product_class) == 16)
    number(file_format)
    demand(digest is None or isinstance(digest, bytes) and len(digest) in (32, 48, 64))
    octets(details, 32)
    demand(intent is None or type(intent) is int and intent >= 0)
    return leaf


def read_receipt(data):
    frame = decode(data)
    demand(isinstance(frame, cbor.Tag) and frame.number == 18)
    array(frame.value, 4, 4)
    protected, headers, payload, signature = frame.value
    octets(protected)
    inner = decode(protected)
    demand(isinstance(inner, dict) and set(inner) == {1, 4, 395} and inner[1] == -7 and same(inner[395], 1))
    octets(inner[4], 32)
    demand(isinstance(headers, dict) and set(headers) == {396, -70001} and isinstance(headers[396], dict)
           and set(headers[396]) == {-1} and payload is None)
    octets(signature, 64)
    proofs, entries = headers[396][-1], headers[-70001]
    array(proofs, 2, 2)
    array(entries, 2, 2)
    for one in (*proofs, *entries):
        octets(one)
    return Receipt(inner[4], protected, proofs, entries, signature)


def read_inclusion(data):
    inclusion = decode(data)
    array(inclusion, 3, 3)
    number(inclusion[0])
    number(inclusion[1])
    array(inclusion[2], 0, 64)
    for node in inclusion[2]:
        octets(node, 32)
    return inclusion


# Trust lists

@dataclasses.dataclass
class Trust:
    version: int
    list: bytes
    threshold: int
    roots: dict
    publishers: dict
    revoked: dict
    minimums: dict
    logs: dict
    root_hash: bytes

    def publishers_of(self, kid):
        return [name for name, one in self.publishers.items() if kid in one.keys]


@dataclasses.dataclass
class Publisher:
    state: int
    classes: list
    kinds: int
    purposes: int
    keys: dict
    threshold: int
    receipts: bool


def keys_of(value):
    """COSE_Keys by kid; no key twice: its kid is its thumbprint."""
    array(value, 1, 8)
    for one in value:
        cose_key(one)
    distinct([one[2] for one in value])
    return {one[2]: one for one in value}


def read_publisher(value):
    fields(value, range(9))
    octets(value[0], 16)
    text(value[1], 64)
    number(value[2], 2, 1)
    array(value[3], 1, 8)
    for one in value[3]:
        octets(one, 16)
    number(value[4])
    number(value[5], 3, 1)
    signing = keys_of(value[6])
    number(value[7], len(signing), 1)
    demand(isinstance(value[8], bool))
    return value[0], Publisher(value[2], value[3], value[4], value[5], signing, value[7], value[8])


def read_list(payload):
    tree = decode(payload)
    demand(isinstance(tree, dict))
    demand(same(tree.get(0), 1), UNKNOWN_VERSION, MALFORMED)
    fields(tree, range(7))
    number(tree[1])
    array(tree[2], 2, 2)
    roots = keys_of(tree[2][1])
    number(tree[2][0], len(roots), 1)
    for label in range(3, 7):
        array(tree[label], 0)
    publishers = [read_publisher(one) for one in tree[3]]
    distinct([name for name, _ in publishers])
    for one in tree[4]:
        array(one, 2, 2)
        octets(one[0], 32)
        array(one[1], 0)
        for digest in one[1]:
            octets(digest, 32)
    for one in tree[5]:
        array(one, 3, 3)
        octets(one[0], 16)
        text(one[1], 32)
        number(one[2])
    for one in tree[6]:
        array(one, 2, 2)
        octets(one[0], 16)
        cose_key(one[1])
        demand(one[1][3] == -9, MALFORMED, UNKNOWN_ALGORITHM)
    for values in ([one[0] for one in tree[4]], [(one[0], one[1]) for one in tree[5]], [one[1][2] for one in tree[6]]):
        distinct(values)
    return Trust(tree[1], payload, tree[2][0], roots, dict(publishers), {one[0]: one[1] for one in tree[4]},
                 {(one[0], one[1]): one[2] for one in tree[5]}, {one[1][2]: (one[0], one[1]) for one in tree[6]},
                 sha256(cbor.encode(tree[2])))


# Manifests

def read_component(value):
    fields(value, range(6), (6,))
    text(value[0], 32)
    number(value[1], 7, 1)
    number(value[2], least=1)
    array(value[3], 2, 2)
    sizes = {-16: 32, -43: 48, -44: 64}
    demand(type(value[3][0]) is int and value[3][0] in sizes, UNKNOWN_ALGORITHM, MALFORMED)
    octets(value[3][1], sizes[value[3][0]])
    text(value[4], 64)
    number(value[5])
    if 6 in value:
        text(value[6], 64)


def read_dependency(value):
    array(value, 4, 4)
    octets(value[0], 16)
    text(value[1], 32)
    number(value[2])
    number(value[3])


def read_manifest(payload):
    tree = decode(payload)
    demand(isinstance(tree, dict))
    demand(same(tree.get(0), 1), UNKNOWN_VERSION, MALFORMED)
    fields(tree, range(9), (9, 10, 11))
    for label in (1, 2, 3):
        octets(tree[label], 16)
    text(tree[4], 64)
    number(tree[5])
    number(tree[6], 2, 1)
    array(tree[7], 1, 4)
    for one in tree[7]:
        octets(one, 32)
    distinct(tree[7])
    array(tree[8], 1, 8)
    for one in tree[8]:
        read_component(one)
    distinct([one[0] for one in tree[8]])
    array(tree.get(9, [None]), 1, 8)
    for one in tree.get(9, ()):
        read_dependency(one)
    number(tree.get(10, 0))
    octets(tree.get(11, b'-'), *range(1, 33))
    return tree
