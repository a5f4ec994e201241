#!/usr/bin/python3
"""Makes HSS/LMS keys and signatures (RFC 8554, RFC 9858) for all SHA-256 parameter sets, one a line in hexadecimal:
NAME KEY MESSAGE SIGNATURE. Written from the RFCs, apart from the verifier, to be held against it.

A tree of height 25 cannot be made in a test. Here a tree is one real one-time key in a random place among random nodes:
the root over them is as good as any other, and the signature by that key is a real one.

    lms_signer.py SEED sets       one signature per pair of tree and one-time parameters
    lms_signer.py SEED levels N   N keys of 1 to 8 levels, each level of parameters of its own; several levels of width
                                  8 would take too long
    lms_signer.py SEED wrong      keys whose hashes differ in length inside a tree or between levels, of nine levels,
                                  or of types that are others: none may verify
"""
import hashlib
import random
import sys

D_PBLK, D_MESG, D_LEAF, D_INTR = b'\x80\x80', b'\x81\x81', b'\x82\x82', b'\x83\x83'
HEIGHTS = (5, 10, 15, 20, 25)
WIDTHS = (1, 2, 4, 8)


def u(number, size):
    return number.to_bytes(size, 'big')


class Set:
    """The parameters of one tree: m of its nodes, n of its one-time keys, height, width. Other types, or fewer chains,
    than these have make a key that only its types speak against."""

    def __init__(self, m, n, height, width, lms=None, ots=None, chains=None):
        self.m, self.n, self.height, self.width, self.chains = m, n, height, width, chains
        self.lms = u(lms or (5 if m == 32 else 10) + HEIGHTS.index(height), 4)
        self.ots = u(ots or (1 if n == 32 else 5) + WIDTHS.index(width), 4)

    def name(self):
        return f'm{self.m}h{self.height}n{self.n}w{self.width}'


def hashed(size, *parts):
    return hashlib.sha256(b''.join(parts)).digest()[:size]


def digits(text, width):
    """RFC 8554 section 3.1.3, coef of every index."""
    bits = int.from_bytes(text, 'big')
    return [bits >> (8 * len(text) - width * (i + 1)) & ((1 << width) - 1) for i in range(8 * len(text) // width)]


def with_checksum(q_hash, width):
    """Section 4.4 and appendix B: as many digits as the greatest checksum needs, in the upper bits of two octets."""
    message_digits = digits(q_hash, width)
    top = (1 << width) - 1
    needed = -(-(len(message_digits) * top).bit_length() // width)
    checksum = sum(top - digit for digit in message_digits) << (16 - needed * width)
    return message_digits + digits(u(checksum, 2), width)[:needed]


class Tree:
    def __init__(self, rng, parameters):
        self.rng, self.set = rng, parameters
        self.id = rng.randbytes(16)
        self.q = rng.randrange(1 << parameters.height)
        count = len(with_checksum(bytes(parameters.n), parameters.width)[:parameters.chains])
        self.secret = [rng.randbytes(parameters.n) for _ in range(count)]
        ends = [self.walk(i, secret, 0, (1 << parameters.width) - 1) for i, secret in enumerate(self.secret)]
        self.path = [rng.randbytes(parameters.m) for _ in range(parameters.height)]
        self.root = self.climb(hashed(parameters.n, self.id, u(self.q, 4), D_PBLK, *ends))

    def walk(self, i, value, start, end):
        for j in range(start, end):
            value = hashed(self.set.n, self.id, u(self.q, 4), u(i, 2), u(j, 1), value)
        return value

    def climb(self, ots_key):
        node = (1 << self.set.height) + self.q
        value = hashed(self.set.m, self.id, u(node, 4), D_LEAF, ots_key)
        for sibling in self.path:
            pair = (sibling, value) if node & 1 else (value, sibling)
            node >>= 1
            value = hashed(self.set.m, self.id, u(node, 4), D_INTR, *pair)
        return value

    def public(self):
        return self.set.lms + self.set.ots + self.id + self.root

    def sign(self, message):
        randomizer = self.rng.randbytes(self.set.n)
        q_hash = hashed(self.set.n, self.id, u(self.q, 4), D_MESG, randomizer, message)
        steps = with_checksum(q_hash, self.set.width)
        chains = [self.walk(i, secret, 0, steps[i]) for i, secret in enumerate(self.secret)]
        return b''.join([u(self.q, 4), self.set.ots, randomizer, *chains, self.set.lms, *self.path])


def show(rng, sets, padding=0):
    """PADDING: octets too many behind each lower tree's key, and for each hash of the last signature."""
    trees = [Tree(rng, parameters) for parameters in sets]
    message = rng.randbytes(rng.choice([0, 1, 10, 55, 56, 64, 200]))
    signature = u(len(trees) - 1, 4)
    for upper, lower in zip(trees, trees[1:]):
        key = lower.public() + bytes(padding)
        signature += upper.sign(key) + key
    signature += trees[-1].sign(message) + bytes(padding * (1 + len(trees[-1].secret) + trees[-1].set.height))
    key = u(len(trees), 4) + trees[0].public()
    print('+'.join(parameters.name() for parameters in sets), key.hex(), message.hex() or '-', signature.hex())


def show_levels(rng, count):
    for i in range(count):
        n, levels = rng.choice([24, 32]), i % 8 + 1
        widths = WIDTHS if levels == 1 else WIDTHS[:3]
        show(rng, [Set(n, n, rng.choice(HEIGHTS), rng.choice(widths)) for _ in range(levels)])


def show_wrong(rng):
    show(rng, [Set(32, 24, 5, 4)])
    show(rng, [Set(24, 32, 5, 4)])
    show(rng, [Set(32, 32, 5, 4), Set(24, 24, 5, 4)])
    show(rng, [Set(24, 24, 5, 4), Set(32, 32, 5, 4)])
    show(rng, [Set(32, 32, 5, 4), Set(24, 24, 5, 4)], padding=8)
    show(rng, [Set(32, 32, 5, 4), Set(32, 24, 5, 4)])
    show(rng, [Set(32, 32, 5, 4)] * 9)
    show(rng, [Set(24, 24, 5, 1, lms=15)])
    show(rng, [Set(24, 24, 5, 1, ots=9)])
    show(rng, [Set(32, 32, 5, 8, ots=8, chains=26)])


def main():
    rng = random.Random(int(sys.argv[1]))
    if sys.argv[2] == 'sets':
        for n in (24, 32):
            for height in HEIGHTS:
                for width in WIDTHS:
                    show(rng, [Set(n, n, height, width)])
    elif sys.argv[2] == 'levels':
        show_levels(rng, int(sys.argv[3]))
    else:
        show_wrong(rng)


main()
