#!/usr/bin/python3
"""Every item of a signed thing written another way, and every two of them that are alike swapped.

Each is tried twice: with the signatures of the unaltered thing, and signed again, so that every signature is good and only
the strictness of the reader stands between the odd encoding and its acceptance. Lengths of enclosing byte strings, hashes
of the tree and the hash of the root set follow the altered bytes. Nothing may be accepted."""
import itertools
import os
import pathlib
import random
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import cbor
import fixtures
import native
import reasons as why
import tap
from cbor import ARRAY, BYTES, MAP, NEGATIVE, SIMPLE, TAG, TEXT, UINT, Embedded, Raw, Tag, head
from judge import Questions
from keys import PS256, RS256, key, sha256
from model import BOOT, INSTALL
from native import Builder, Logged, Signer

FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
ITEMS_BEFORE_ROOT_SET = 5  # in a list: 0, its value, 1, its value, 2
SAMPLE = 10  # one of so many, unless all
IN_FORCE = {why.ACCEPTED}


# Other ways to write an item: name and function from Item to bytes, None where it does not apply

def longer(width):
    def alter(item):
        has_argument = item.major != SIMPLE
        return head(item.major, item.argument, width) + item.content() \
            if has_argument and width > cbor.shortest(item.argument) else None
    return alter


def indefinite(item):
    if item.major in (BYTES, TEXT):
        return bytes([item.major << 5 | 31]) + item.plain() + b'\xff'
    return bytes([item.major << 5 | 31]) + item.content() + b'\xff' if item.major in (ARRAY, MAP) else None


def indefinite_in_two(item):
    if item.major not in (BYTES, TEXT):
        return None
    half = len(item.body) // 2
    pieces = (item.body[:half], item.body[half:])
    return bytes([item.major << 5 | 31]) + b''.join(head(item.major, len(one)) + one for one in pieces) + b'\xff'


def indefinite_of_none(item):
    return bytes([item.major << 5 | 31, 0xff]) if item.major in (BYTES, TEXT, ARRAY, MAP) else None


def pairs(change):
    """A map with its encoded pairs changed; the count follows."""
    def alter(item):
        if item.major != MAP or not item.children:
            return None
        children = change(list(item.children))
        return children and head(MAP, len(children)) + b''.join(name + value for name, value in children)
    return alter


def swapped(number):
    def change(children):
        if len(children) < number + 2:
            return None
        children[number], children[number + 1] = children[number + 1], children[number]
        return children
    return pairs(change)


def doubled(number, value=None):
    """The pair twice; with VALUE, the second time with another value."""
    def change(children):
        if len(children) <= number:
            return None
        name, old = children[number]
        return children[:number + 1] + [(name, value or old)] + children[number + 1:]
    return pairs(change)


def tagged(number):
    return lambda item: head(TAG, number) + item.plain()


def bignum(item):
    if item.major not in (UINT, NEGATIVE):
        return None
    value = item.argument.to_bytes(max(1, (item.argument.bit_length() + 7) // 8), 'big')
    return head(TAG, 2 if item.major == UINT else 3) + head(BYTES, len(value)) + value


def floating(width):
    def alter(item):
        if item.major not in (UINT, NEGATIVE):
            return None
        value = item.argument if item.major == UINT else -1 - item.argument
        try:
            return cbor.float_of(value, width)
        except (OverflowError, struct.error):
            return None
    return alter


def simple_in_two(item):
    return bytes([0xf8, item.argument]) if item.major == SIMPLE else None


def other_type(major):
    """The same argument and content under another major type; not for notes, which may be of three types."""
    def alter(item):
        if item.major == major or item.major in (ARRAY, MAP, TAG) or major in (ARRAY, MAP, TAG):
            return None
        content = item.content()
        if major in (BYTES, TEXT):
            content = content if item.major in (BYTES, TEXT) else b''
            return head(major, len(content)) + content
        return head(major, item.argument if major != SIMPLE else 22)
    return alter


def reserved(low):
    return lambda item: bytes([item.major << 5 | low]) + item.content()


def one_more(item):
    if item.major == ARRAY:
        return head(ARRAY, item.argument + 1) + item.content() + b'\xf6'
    if item.major == MAP:
        return head(MAP, item.argument + 1) + item.content() + b'\x18\x63\x00'
    return None


def counted_wrong(more):
    def alter(item):
        return head(item.major, item.argument + more) + item.content() \
            if item.major in (BYTES, TEXT, ARRAY, MAP) and item.argument + more >= 0 else None
    return alter


ENCODINGS = {
    **{f'a head of {width} bytes': longer(width) for width in (1, 2, 4, 8)},
    'indefinite length': indefinite, 'indefinite length in two chunks': indefinite_in_two,
    'indefinite length without content': indefinite_of_none,
    **{f'pairs {number} and {number + 1} swapped': swapped(number) for number in range(11)},
    **{f'pair {number} twice': doubled(number) for number in range(12)},
    **{f'key {number} twice with another value': doubled(number, b'\x00') for number in range(12)},
    **{f'tag {number}': tagged(number) for number in (0, 2, 24, 98, 55799)},
    'a bignum': bignum, **{f'a float of {width} bytes': floating(width) for width in (2, 4, 8)},
    'a simple value in two bytes': simple_in_two,
    **{f'major type {major}': other_type(major) for major in (UINT, NEGATIVE, BYTES, TEXT, SIMPLE)},
    **{f'reserved head {low}': reserved(low) for low in (28, 29, 30)},
    'an item more': one_more, 'a count too high': counted_wrong(1), 'a count too low': counted_wrong(-1),
    'a break behind it': lambda item: item.plain() + b'\xff',
}
# Signed again these may be good: a note may be of three types.
NOTES = ('/-1', '/-2')  # in a manifest, a component, a list; receipts and keys have other parts


class Subject:
    """A thing to alter: MAKE(builder) gives its bytes; PUT(sweep, label, bytes, what was altered) asks about them."""

    def __init__(self, name, make, put):
        self.name, self.make, self.put, self.plain = name, make, put, Builder()
        make(self.plain)

    def mutants(self):
        """(part, item number, where it stands, what is done, how), all that change anything."""
        for part, items in self.plain.items.items():
            for (at, (item, where)), (what, alter) in itertools.product(enumerate(items), ENCODINGS.items()):
                other = alter(item)
                if other is not None and other != item.plain():
                    yield part, at, where, what, alter

    def altered(self, part, at, alter, again):
        return self.make(Builder(part, at, alter, None if again else self.plain.signatures))


def may_be_good(where, what):
    """A note is of one of three types: signed again, another of them is as good."""
    return what.startswith('major type') and where.endswith(NOTES)


class Sweep:
    def __init__(self, out, sample=1 if FULL else SAMPLE, seed=SEED):
        """SAMPLE: one encoding of so many."""
        self.out, self.sample, self.rng, self.questions = out, sample, random.Random(seed), Questions()
        self.allowed, self.count = [], {}

    def expect(self, kind, allowed=None):
        """ALLOWED: the only reasons, if it matters."""
        self.allowed.append(allowed)
        self.count[kind] = self.count.get(kind, 0) + 1

    def encodings(self, subject):
        for part, at, where, what, alter in subject.mutants():
            if self.rng.randrange(self.sample):
                continue
            for again, how in ((False, 'as signed'), (True, 'signed again')):
                if again and may_be_good(where, what):
                    continue
                data = subject.altered(part, at, alter, again)
                hidden = part == 'manifest' and not again
                subject.put(self, f'{subject.name}: {part} {where} (item {at}), {what}, {how}', data, (part, at, where, alter))
                self.expect(f'{subject.name} {how}', {why.BAD_SIGNATURE} if hidden else None)

    def ask(self, kind, label, put, allowed=None):
        put(label)
        self.expect(kind, allowed)

    def report(self):
        accepted, unclean, odd = [], [], []
        for (label, answer), allowed in zip(self.questions.answers(), self.allowed):
            if allowed == IN_FORCE:
                odd += [] if answer.reason == why.ACCEPTED else [f'{label}: {answer.reason}']
            elif answer.reason == why.ACCEPTED:
                accepted.append(label)
            elif not answer.clean:
                unclean.append(f'{label}: {answer.words}')
            elif answer.reason == 0 or allowed and answer.reason not in allowed:
                odd.append(f'{label}: {answer.reason}')
        for kind, count in self.count.items():
            print(f'# {kind}: {count}')
        self.out.ok(sum(self.count.values()) > 1000, f'{sum(self.count.values())} mutants are made', [str(self.count)])
        self.out.ok(not accepted, 'none of them is accepted', accepted[:20])
        self.out.ok(not unclean, 'each refusal leaves nothing behind', unclean[:20])
        self.out.ok(not odd, 'each refusal has a reason that fits', odd[:20])


# What is altered

def release_subject(name, tree, signers):
    return Subject(name, lambda builder: native.release(builder, tree, signers),
                   lambda sweep, label, data, _: sweep.questions.release(label, sweep.rng.choice((INSTALL, BOOT)), data))


def pack_subject(name, envelope, payloads):
    return Subject(name, lambda builder: native.pack(builder, envelope, payloads),
                   lambda sweep, label, data, _: sweep.questions.stream(label, INSTALL, data, sweep.rng.choice((0, 1, 13))))


def root_hash_of(tree, part, at, where, alter):
    """The hash of the root set as it is written, so that it is the right one on the device."""
    if part != 'list' or not where.startswith('/2'):
        return native.root_hash(tree)
    return sha256(cbor.Encoder(at - ITEMS_BEFORE_ROOT_SET, alter).encode(tree[2]))


def list_subject(name, tree, signers):
    return Subject(name, lambda builder: native.trust_envelope(builder, tree, signers),
                   lambda sweep, label, data, altered: sweep.questions.open_list(label, root_hash_of(tree, *altered), data))


def update_subject(name, tree, signers):
    """The same against a list in force, which the questions before have put there."""
    return Subject(name, lambda builder: native.trust_envelope(builder, tree, signers),
                   lambda sweep, label, data, _: sweep.questions.update(label, data))


def in_force(sweep, tree):
    """Puts the list in force, which must be accepted."""
    sweep.questions.open_list('the list in force', native.root_hash(tree), fixtures.signed_list(tree))
    sweep.expect('lists put in force', IN_FORCE)


# Swaps: everything that there are two of

def exchange(values, first, second):
    result = list(values)
    result[first], result[second] = result[second], result[first]
    return result


def swaps(count):
    return itertools.combinations(range(count), 2)


def decoded(data):
    return cbor.decode(data)


def swapped_frames(data):
    """Envelopes with two signatures, two of their headers or values exchanged."""
    frame = decoded(data).value
    for first, second in swaps(len(frame[3])):
        yield 'signatures', Tag(98, [*frame[:3], exchange(frame[3], first, second)])
        for place, what in ((0, 'algorithms'), (1, 'headers'), (2, 'signature values')):
            rows = [list(one) for one in frame[3]]
            rows[first][place], rows[second][place] = rows[second][place], rows[first][place]
            if rows != frame[3]:
                yield what, Tag(98, [*frame[:3], rows])
        for label, what in ((4, 'kids'), (394, 'receipts')):
            rows = [[one[0], dict(one[1]), one[2]] for one in frame[3]]
            if label in rows[first][1] and label in rows[second][1]:
                rows[first][1][label], rows[second][1][label] = rows[second][1][label], rows[first][1][label]
                yield what, Tag(98, [*frame[:3], rows])


def swapped_receipts(data):
    """Pieces of a receipt exchanged: the leaves, the inclusion proofs, two hashes of a path."""
    receipt = decoded(data).value
    proofs, leaves = receipt[1][396][-1], receipt[1][-70001]
    yield 'inclusion proofs', proofs[::-1], leaves
    yield 'leaves', proofs, leaves[::-1]
    yield 'proofs and leaves', proofs[::-1], leaves[::-1]
    for number, proof in enumerate(proofs):
        size, index, hashes = decoded(proof)
        for first, second in swaps(len(hashes)):
            changed = list(proofs)
            changed[number] = cbor.encode([size, index, exchange(hashes, first, second)])
            yield f'hashes {first} and {second} of path {number}', changed, leaves


def with_receipt(data, number, proofs, leaves):
    """The envelope with the receipt of signature NUMBER made of other pieces, the log's signature as it was."""
    frame = decoded(data).value
    receipt = decoded(frame[3][number][1][394][0]).value
    other = cbor.encode(Tag(18, [receipt[0], {396: {-1: proofs}, -70001: leaves}, None, receipt[3]]))
    return in_place(frame, number, other)


def in_place(frame, number, receipt):
    rows = [[one[0], dict(one[1]), one[2]] for one in frame[3]]
    rows[number][1][394] = [receipt]
    return cbor.encode(Tag(98, [*frame[:3], rows]))


def swap_release(sweep, name, data, tree, signers):
    ask = sweep.questions.release
    for what, frame in swapped_frames(data):
        sweep.ask(f'{name} swapped', f'{name}: {what} swapped', lambda label: ask(label, INSTALL, cbor.encode(frame)))
    for number, one in enumerate(decoded(data).value[3]):
        for what, proofs, leaves in swapped_receipts(one[1][394][0]) if 394 in one[1] else ():
            other = with_receipt(data, number, proofs, leaves)
            sweep.ask(f'{name} swapped', f'{name}: {what} of receipt {number} swapped',
                      lambda label: ask(label, INSTALL, other), {why.BAD_RECEIPT, why.MALFORMED, why.NO_RECEIPT})
    for first, second in swaps(len(tree[8])):
        payload = cbor.encode({**tree, 8: exchange(tree[8], first, second)})
        frame = decoded(data).value
        other = cbor.encode(Tag(98, [b'', {}, Embedded(Raw(payload)), frame[3]]))
        sweep.ask(f'{name} swapped', f'{name}: components {first} and {second} swapped, as signed',
                  lambda label: ask(label, INSTALL, other), {why.BAD_SIGNATURE})
    for first, second in swaps(len(tree[7])):
        other = native.release(Builder(), {**tree, 7: exchange(tree[7], first, second)}, signers)
        sweep.ask(f'{name} swapped', f'{name}: signers {first} and {second} swapped, signed again',
                  lambda label: ask(label, INSTALL, other), {why.SIGNERS_DIFFER})


def swap_values(sweep, name, tree, signers):
    """Fields of the manifest that are of the same type exchange their values, as signed; in two components too."""
    plain = Builder()
    native.release(plain, tree, signers)
    changed = [({**tree, a: tree[b], b: tree[a]}, f'fields {a} and {b}') for a, b in itertools.combinations(tree, 2)
               if tree[a] != tree[b]]
    for first, second in swaps(len(tree[8])):
        for label in set(tree[8][first]) & set(tree[8][second]):
            rows = [dict(one) for one in tree[8]]
            rows[first][label], rows[second][label] = rows[second][label], rows[first][label]
            changed.append(({**tree, 8: rows}, f'field {label} of components {first} and {second}'))
    for other, what in changed:
        if other == tree:
            continue
        data = native.envelope(Builder(replay=plain.signatures), cbor.encode(other), signers)
        sweep.ask(f'{name} swapped', f'{name}: {what} swapped, as signed',
                  lambda label: sweep.questions.release(label, INSTALL, data), {why.BAD_SIGNATURE})


def swap_list(sweep, name, tree, signers):
    plain = Builder()
    native.trust_envelope(plain, tree, signers)
    changed = [({**tree, label: exchange(tree[label], *two)}, f'entries of field {label}')
               for label in range(3, 7) for two in swaps(len(tree[label]))]
    changed += [({**tree, 2: [tree[2][0], exchange(tree[2][1], *two)]}, 'roots') for two in swaps(len(tree[2][1]))]
    changed += [({**tree, a: tree[b], b: tree[a]}, f'fields {a} and {b}')
                for a, b in itertools.combinations(range(7), 2) if tree[a] != tree[b]]
    for first, second in swaps(len(tree[3])):
        for label in range(9):
            rows = [dict(one) for one in tree[3]]
            rows[first][label], rows[second][label] = rows[second][label], rows[first][label]
            changed.append(({**tree, 3: rows}, f'field {label} of publishers {first} and {second}'))
    for other, what in changed:
        if other == tree:
            continue
        data = native.trust_envelope(Builder(replay=plain.signatures), other, signers)
        for root_hash in {native.root_hash(tree), sha256(cbor.encode(other[2]))}:
            sweep.ask(f'{name} swapped', f'{name}: {what} swapped, as signed',
                      lambda label: sweep.questions.open_list(label, root_hash, data))
    frame = decoded(native.trust_envelope(Builder(), tree, signers))
    for what, other in swapped_frames(cbor.encode(frame)):
        if what != 'signatures':  # whose order says nothing
            sweep.ask(f'{name} swapped', f'{name}: {what} swapped', lambda label: sweep.questions.open_list(
                label, native.root_hash(tree), cbor.encode(other)))


def swap_payloads(sweep, name, data, payloads):
    for first, second in swaps(len(payloads)):
        other = native.pack(Builder(), data, exchange(payloads, first, second))
        sweep.ask(f'{name} swapped', f'{name}: payloads {first} and {second} swapped',
                  lambda label: sweep.questions.stream(label, INSTALL, other))
    other = cbor.encode(Tag(55799, [payloads[0], Embedded(Raw(data)), *payloads[1:]]))
    sweep.ask(f'{name} swapped', f'{name}: envelope and payload swapped',
              lambda label: sweep.questions.stream(label, INSTALL, other))


def controls(out):
    """The unaltered things are accepted: else nothing above would say anything."""
    questions = Questions()
    for name, _, tree, list_tree, signers in releases():
        data = native.release(Builder(), tree, signers)
        payloads = fixtures.PAYLOADS[:len(tree[8])]
        questions.open_list(f'{name}: list', native.root_hash(list_tree), fixtures.signed_list(list_tree))
        questions.release(f'{name}: install', INSTALL, data)
        questions.release(f'{name}: boot', BOOT, data)
        questions.stream(f'{name}: pack', INSTALL, native.pack(Builder(), data, payloads), 5)
    refused = [f'{label}: {answer.reason}' for label, answer in questions.answers() if answer.reason != why.ACCEPTED]
    out.ok(not refused, 'what is not altered is accepted', refused)


def releases():
    """Name, whether receipts are altered too, manifest, list, signers."""
    signers = fixtures.logged_signers()
    yield 'logged', True, fixtures.logged_set_tree(signers), fixtures.logged_list(), signers
    signers = [Signer(fixtures.maker(), [b'leaf', b'issuer'], (Logged(fixtures.log()),)), Signer(fixtures.stranger())]
    yield 'optional', True, native.manifest(signers, fixtures.components()), fixtures.usual_list(), signers
    signers = [Signer(key('rsa a', PS256)), Signer(key('rsa b', RS256))]
    yield ('rsa', False, native.manifest(signers, fixtures.components()), fixtures.usual_list(publishers=[
        native.publisher(signing_keys=[one.key for one in signers], threshold=2)]), signers)


def put_all(sweep, without=()):
    """Every mutant and swap of every subject, but for releases whose name is in WITHOUT."""
    for name, _, tree, list_tree, signers in releases():
        if name in without:
            continue
        in_force(sweep, list_tree)
        data = native.release(Builder(), tree, signers)
        payloads = fixtures.PAYLOADS[:len(tree[8])]
        if name != 'rsa' or FULL:
            sweep.encodings(release_subject(name, tree, signers))
        sweep.encodings(pack_subject(f'{name} pack', data, payloads))
        swap_release(sweep, name, data, tree, signers)
        swap_values(sweep, name, tree, signers)
        if len(payloads) > 1:
            swap_payloads(sweep, f'{name} pack', data, payloads)
    for name, tree in (('list', fixtures.logged_list()), ('usual list', fixtures.usual_list())):
        signers = [Signer(one) for one in fixtures.roots(1, 2, 3)]
        sweep.encodings(list_subject(name, tree, signers))
        swap_list(sweep, name, tree, signers)
    in_force(sweep, fixtures.usual_list(4))
    sweep.encodings(update_subject('next list', fixtures.logged_list(), fixtures.roots(1, 2)))


def main():
    out = tap.Writer()
    print(f'# HALLMARK_SEED={SEED}')
    controls(out)
    sweep = Sweep(out)
    put_all(sweep)
    sweep.report()
    out.close()


if __name__ == '__main__':
    main()
