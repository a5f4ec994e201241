#!/usr/bin/python3
"""docs/manifest-examples.md: an envelope, its trust list and its pack, byte for byte, with the keys that made them.

  examples.py            compares the page with the fixtures, byte for byte
  examples.py --write    writes the page

The bytes are those of tests/vectors/native, which this generator made too and the device verifier accepts."""
import pathlib
import sys

import cbor
import fixtures
import keys
import native

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'manifest-examples.md'
FIXTURES = ROOT / 'tests' / 'vectors' / 'native'
WIDTH = 16  # bytes in a line

COSE_KEY = {'name': 'COSE_Key', 1: 'kty', 2: 'kid', 3: 'alg', -1: 'crv', -2: 'x', -3: 'y'}
COMPONENT = {'name': 'component', 0: 'id', 1: 'kind', 2: 'size, bytes',
             3: {'name': 'digest', 'items': ['algorithm (-16: SHA-256)', 'value']}, 4: 'version', 5: 'security version', 6: 'destination',
             -1: 'note: file name'}
MANIFEST = {'name': 'manifest', 0: 'format version', 1: 'publisher', 2: 'vendor', 3: 'class', 4: 'release version',
            5: 'sequence number', 6: 'purpose (1: production)', 7: {'name': 'signers', 'each': 'kid'},
            8: {'name': 'components', 'each': COMPONENT}}
ROOTS = {'name': 'root-set', 'items': ['threshold', {'name': 'roots', 'each': COSE_KEY}]}
PUBLISHER = {'name': 'publisher', 0: 'id', 1: 'name', 2: 'state (1: active)', 3: {'name': 'classes', 'each': 'class'},
             4: 'kinds, a bit each', 5: 'purposes, a bit each', 6: {'name': 'keys', 'each': COSE_KEY}, 7: 'threshold', 8: 'receipts?'}
LIST = {'name': 'trust list', 0: 'format version', 1: 'version of the list', 2: ROOTS,
        3: {'name': 'publishers', 'each': PUBLISHER}, 4: {'name': 'revoked', 'each': 'revoked'},
        5: {'name': 'minimums', 'each': 'minimum'},
        6: {'name': 'logs', 'each': {'name': 'log', 'items': ['office', COSE_KEY]}}}
SIGNATURE = {'name': 'COSE_Signature', 'items': [
    {'name': 'protected', 'inside': {'name': 'headers', 1: 'alg (-9: ESP256)'}}, {'name': 'unprotected', 4: 'kid'}, 'signature value: r, s']}


def envelope_of(payload):
    return {'name': 'COSE_Sign, tag 98', 'items': ['protected: none', {'name': 'unprotected: none'},
                                                   {'name': 'payload', 'inside': payload},
                                                   {'name': 'signatures', 'each': SIGNATURE}]}


PACK = {'name': 'packed stream', 'items': [{'name': 'envelope (as above)', 'whole': True}, 'payload']}


def head_at(data, at):
    """(major type, argument, bytes of the head)"""
    first = data[at]
    info = first & 31
    extra = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    return first >> 5, int.from_bytes(data[at + 1:at + 1 + extra], 'big') if extra else info, 1 + extra


def part(schema, key):
    if isinstance(schema, dict):
        return schema.get(key, schema.get('each', ''))
    return ''


def name_of(schema):
    return schema['name'] if isinstance(schema, dict) else schema


class Dump:
    """Lines of "offset  bytes  meaning", an item a line; what is long goes on below."""

    def __init__(self, data):
        self.data, self.lines = data, []

    def line(self, at, size, depth, meaning):
        pieces = [self.data[at + i:at + min(i + WIDTH, size)].hex() for i in range(0, size, WIDTH)]
        self.lines.append(f'{at:04x}  {pieces[0]:<{2 * WIDTH}}  {"  " * depth}{meaning}'.rstrip())
        self.lines += [f'      {piece}' for piece in pieces[1:]]

    def item(self, at, schema, depth=0, label=''):
        """Where the item ends."""
        major, argument, size = head_at(self.data, at)
        meaning = label + name_of(schema)
        if major == cbor.TAG:
            self.line(at, size, depth, f'{meaning}')
            return self.item(at + size, {**schema, 'name': 'array'}, depth)
        if major in (cbor.BYTES, cbor.TEXT):
            return self.string(at, size, argument, schema, depth, meaning)
        self.line(at, size, depth, meaning + self.value(major, argument))
        end = at + size
        if major == cbor.ARRAY:
            items = schema.get('items') if isinstance(schema, dict) else None
            for number in range(argument):
                inner = (items[min(number, len(items) - 1)]) if items else part(schema, number)
                end = self.item(end, inner, depth + 1)
        elif major == cbor.MAP:
            for _ in range(argument):
                key_major, key, key_size = head_at(self.data, end)
                key = key if key_major == cbor.UINT else -1 - key
                self.line(end, key_size, depth + 1, f'{key} =>')
                end = self.item(end + key_size, part(schema, key), depth + 2)
        return end

    def value(self, major, argument):
        return {cbor.UINT: f' = {argument}', cbor.NEGATIVE: f' = {-1 - argument}', cbor.SIMPLE: f' = {argument == 21}'.lower()}.get(major, '')

    def string(self, at, size, length, schema, depth, meaning):
        end = at + size + length
        inside = schema.get('inside') if isinstance(schema, dict) else None
        if inside:
            self.line(at, size, depth, f'{meaning}: {length} bytes that hold')
            self.item(at + size, inside, depth + 1)
        elif isinstance(schema, dict) and schema.get('whole'):
            self.line(at, size, depth, f'{meaning}: {length} bytes')
        elif self.data[at] >> 5 == cbor.TEXT:
            self.line(at, size + length, depth, f'{meaning} "{self.data[at + size:end].decode()}"')
        else:
            self.line(at, size, depth, f'{meaning}: {length} bytes')
            if length:
                self.line(at + size, length, depth, '')
        return end


def dump(data, schema):
    lines = Dump(data)
    end = lines.item(0, schema)
    assert end == len(data), 'the page leaves bytes out'
    return '```\n' + '\n'.join(lines.lines) + '\n```\n'


def private_of(key):
    """What it is, and its private key."""
    if isinstance(key, keys.EcKey):
        return 'P-256', key.number(key.secret)
    return 'Ed25519', keys.bytes_of(f'{key.name} ed25519'.encode(), 32)


def keys_table():
    lines = ['| key | of | private key | kid |', '|---|---|---|---|']
    named = [('the publisher', fixtures.maker()), *((f'root {number}', fixtures.root(number)) for number in (1, 2, 3))]
    for what, key in named:
        kind, private = private_of(key)
        lines.append(f'| {what} | {kind} | `{private.hex()}` | `{key.kid.hex()}` |')
    return '\n'.join(lines) + '\n'


def page():
    plain = {kind: (FIXTURES / f'plain.{kind}').read_bytes() for kind in ('envelope', 'list', 'pack', 'roots')}
    envelope, trust_list = envelope_of(MANIFEST), envelope_of(LIST)
    manifest = cbor.decode(plain['envelope'])
    payload = manifest.value[2]
    protected = manifest.value[3][0][0]
    sig_structure = cbor.encode(['Signature', b'', protected, native.MANIFEST, payload])
    return f'''# The native format, byte for byte

<!-- Written by tests/native/examples.py; a test compares. -->

One release of one component, signed with P-256, the trust list under which a device takes it, and the packed stream: the files
`plain.*` of tests/vectors/native. docs/manifest.md defines what stands here. The keys are for this page and for tests: everybody
has them. ECDSA nonces are RFC 6979's, so the signatures can be made again.

{keys_table()}
## The envelope

{dump(plain['envelope'], envelope)}
What is signed (Sig_structure, RFC 9052 section 4.4):

```
{chr(10).join(sig_structure.hex()[i:i + 96] for i in range(0, len(sig_structure.hex()), 96))}
```

## The trust list

SHA-256 of its root-set, which the device holds where nobody can write: `{plain['roots'].hex()}`.

{dump(plain['list'], trust_list)}
## The packed stream

The first {len(plain['pack'])} bytes are all of it; the envelope inside is the one above.

{dump_pack(plain['pack'])}'''


def dump_pack(data):
    lines = Dump(data)
    lines.line(0, 3, 0, 'self-described CBOR, tag 55799')
    lines.line(3, 1, 0, 'array of 2')
    _, length, size = head_at(data, 4)
    lines.line(4, size, 1, f'envelope: {length} bytes')
    lines.lines.append('      (the envelope, as above)')
    at = 4 + size + length
    _, length, size = head_at(data, at)
    lines.line(at, size, 1, f'payload: {length} bytes')
    lines.line(at + size, length, 1, '')
    return '```\n' + '\n'.join(lines.lines) + '\n```\n'


def main():
    text = page()
    if '--write' in sys.argv:
        PAGE.write_text(text, encoding='utf-8')
        return 0
    same = PAGE.is_file() and PAGE.read_text(encoding='utf-8') == text
    print('1..1')
    print(f'{"ok" if same else "not ok"} - docs/manifest-examples.md shows the fixtures as they are (tests/native/examples.py --write)')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main())
