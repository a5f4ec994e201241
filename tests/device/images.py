#!/usr/bin/python3
"""What the device's tests install: releases and trust lists by the independent generator of tests/native/, for one device.

  images.py            makes tests/vectors/device/ again and compares; `images.py --write` writes it

Keys come from names and signatures are deterministic, so every run makes the same bytes."""
import hashlib
import pathlib
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'tests' / 'native')]
import cbor
import native
import tap
from keys import ESP256, key
from native import Builder, Logged, Signer

FOLDER = ROOT / 'tests' / 'vectors' / 'device'
MAIN, LIMITS = 'main', 'limits'
DEVICE = native.DEVICE

FIRST, SECOND = key('device maker 1', ESP256), key('device maker 2', ESP256)
OPERATOR, NEW_OPERATOR = key('device operator 1', ESP256), key('device operator 2', ESP256)
STRANGER, LOG = key('device stranger', ESP256), key('device log', ESP256)
ROOTS = [key(f'device root {number}', ESP256) for number in range(6)]
OLD_ROOTS, NEW_ROOTS = ROOTS[:3], ROOTS[2:5]


def payload(text, size=5000):
    """Bytes that say what they are and are not alike."""
    data, seed = text.encode().ljust(32, b'\0'), text.encode()
    while len(data) < size:
        seed = hashlib.sha256(seed).digest()
        data += seed
    return data[:size]


def signers(*keys, logged=True):
    return [Signer(one, receipts=(Logged(LOG),) if logged else ()) for one in keys]


def firmware(version, sequence, security_version, data, by=FIRST, logged=True, purpose=native.PRODUCTION, component=MAIN,
             kind=native.FIRMWARE, fields=None, **options):
    """A pack with one component of the maker's."""
    chosen = signers(by, logged=logged)
    tree = native.manifest(chosen, [native.component(component, kind, data, security_version)], sequence, purpose,
                           fields={4: version, **(fields or {})}, **options)
    return native.pack(Builder(), native.release(Builder(), tree, chosen), [data])


def several(version, sequence, data):
    """A pack with a second component."""
    chosen = signers(FIRST)
    components = [native.component(MAIN, native.FIRMWARE, data, 2), native.component('recipe', native.CONFIGURATION, b'<recipe/>', 1)]
    tree = native.manifest(chosen, components, sequence, fields={4: version})
    return native.pack(Builder(), native.release(Builder(), tree, chosen), [data, b'<recipe/>'])


def limits(version, sequence, data, by=OPERATOR, kind=native.PARAMETERS, component=LIMITS, security_version=1, fields=None):
    chosen = signers(by, logged=False)
    tree = native.manifest(chosen, [native.component(component, kind, data, security_version)], sequence,
                           publisher=native.OPERATOR, fields={4: version, **(fields or {})})
    return native.pack(Builder(), native.release(Builder(), tree, chosen), [data])


def publishers(makers, operators):
    return [native.publisher(signing_keys=makers, receipts=True),
            native.publisher(native.OPERATOR, signing_keys=operators, kinds=1 << native.PARAMETERS, purposes=1,
                             name='Hospital')]


def trust(version, roots, makers, operators, revoked=(), signed_by=None, fields=None):
    tree = native.trust_list(version, roots, 2, publishers(makers, operators), [[one.kid, []] for one in revoked],
                             logs=[(native.MAKER, LOG)], fields=fields)
    return native.trust_envelope(Builder(), tree, signed_by or roots[:2]), native.root_hash(tree)


def lists():
    """Name: envelope; and the digest of the first root set."""
    first, digest = trust(1, OLD_ROOTS, [FIRST], [OPERATOR])
    rotated = OLD_ROOTS[:2] + NEW_ROOTS[1:]
    return {
        'list-1': first,
        # The roots are others, and the maker's key is revoked; the new one is there.
        'list-2': trust(2, NEW_ROOTS, [FIRST, SECOND], [OPERATOR], [FIRST], rotated)[0],
        'list-3': trust(3, NEW_ROOTS, [FIRST, SECOND], [OPERATOR, NEW_OPERATOR], [FIRST, OPERATOR])[0],
        'list-2-both': trust(2, OLD_ROOTS, [FIRST, SECOND], [OPERATOR])[0],
        'list-2-large': trust(2, OLD_ROOTS, [FIRST, SECOND], [OPERATOR], fields={-1: bytes(15000)})[0],
        'list-2-forged': trust(2, NEW_ROOTS, [STRANGER], [OPERATOR], signed_by=NEW_ROOTS)[0],
    }, digest


def flipped(data, place):
    place %= len(data)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]


def releases(images, doses):
    """Name: pack. IMAGES and DOSES: payloads by name."""
    new = dict(by=SECOND)
    return {
        'v1': firmware('1.9.0', 19, 1, images['v1']),
        'v2': firmware('2.0.0', 20, 2, images['v2']),
        'v2-flipped': flipped(firmware('2.0.1', 21, 2, images['v2']), -100),
        'v21-old-key': firmware('2.1.0', 30, 3, images['v21']),
        'v21': firmware('2.1.0', 30, 3, images['v21'], **new),
        'crash': firmware('2.0.5', 25, 2, images['crash']),
        'development': firmware('2.2.0-dev', 40, 3, images['v21'], purpose=native.DEVELOPMENT),
        'unlogged': firmware('2.0.2', 22, 2, images['v21'], logged=False),
        'other-product': firmware('2.0.3', 23, 2, images['v21'], product_class=native.OTHER_CLASS),
        'stranger': firmware('2.0.4', 24, 2, images['v21'], by=STRANGER),
        'other-bank': firmware('2.0.6', 26, 2, images['v21'], component='other'),
        'several': several('2.0.7', 27, images['v2']),
        # By the maker, who may sign any kind. Of the large one only the beginning: more of it is never read.
        'limits-configuration': firmware('E', 5, 1, doses['limits-2'], component=LIMITS, kind=native.CONFIGURATION),
        'limits-large': firmware('F', 6, 1, payload('large', 40000), component=LIMITS, kind=native.PARAMETERS)[:1500],
        'large-envelope': firmware('2.0.8', 28, 2, images['v21'], fields={-1: bytes(15000)}),
        # Go with firmware of security version 3; asks for limits of sequence 2.
        'limits-for-3': limits('G', 7, doses['limits-3'], fields={9: [[native.MAKER, MAIN, 3, 0]]}),
        'v23-for-limits': firmware('2.3.0', 60, 3, images['v21'], fields={9: [[native.OPERATOR, LIMITS, 1, 2]]}, **new),
        'limits-development': firmware('H', 8, 1, doses['limits-2'], component=LIMITS, kind=native.PARAMETERS, purpose=native.DEVELOPMENT),
        'low': firmware('2.1.1', 31, 1, images['v1'], **new),
        'exception': firmware('2.0.0-back', 50, 2, images['v2'], fields={11: DEVICE}, **new),
        'exception-other': firmware('2.0.0-back', 51, 2, images['v2'], fields={11: b'device-0002'}, **new),
        'limits-1': limits('A', 1, doses['limits-1']),
        'limits-2': limits('B', 2, doses['limits-2']),
        'limits-flipped': flipped(limits('C', 3, doses['limits-2']), -1),
        'limits-new': limits('D', 4, doses['limits-3'], by=NEW_OPERATOR),
    }


# The device as it leaves the factory (device/boot/state.h, device/boot/boot.h): little-endian, as the processor is.

NONE, DEVELOPMENT, ATTEMPTS = 0xff, 0x5AA53CC3, 3
STATE_SIZE, STATE_COUNTERS = 880, 480
ENVELOPE, PAYLOAD = 4096, 4096 + 16384  # in a slot: device/boot/layout.h


def identity(roots, vendor=native.VENDOR, product_class=native.CLASS, device=DEVICE):
    return roots + vendor + product_class + device.ljust(32, b'\0') + struct.pack('<I', len(device))


def list_state(area, version, roots=bytes(32), digest=bytes(32)):
    return struct.pack('<IIQ32s32s', area, 0, version, roots, digest)


def first_state(envelope, version=1):
    """Development; the first list in area 0; what is in the firmware's slot 0 is to be tried."""
    body = struct.pack('<IIQ', 0x54534D48, STATE_SIZE, 1) + struct.pack('<IIII', DEVELOPMENT, 0, ATTEMPTS, 0)
    body += list_state(0, version, digest=hashlib.sha256(envelope).digest())
    for trial in (0, NONE):
        body += struct.pack('<II', NONE, trial) + bytes(64) + bytes(32) + list_state(NONE, 0)
    body += bytes(6 * 64)
    return body + hashlib.sha256(body).digest()[:16]


def in_both_blocks(snapshot):
    """As the state's journal has it."""
    return snapshot.ljust(4096, b'\xff') + snapshot


def words(first, second):
    return struct.pack('<IIII', first, second, first ^ 0xffffffff, second ^ 0xffffffff)


def list_area(envelope):
    return words(0x4C544D48, len(envelope)) + envelope


def slot(pack):
    """(offset, bytes) pieces of a slot that holds a pack: header, envelope, payload."""
    envelope, data = cbor.decode(pack).value
    return [(0, words(0x4C534D48, len(envelope))), (ENVELOPE, envelope), (PAYLOAD, data)]


def main():
    images = {name: payload(f'image {name}') for name in ('v1', 'v2', 'v21', 'crash')}
    doses = {name: payload(name, 700) for name in ('limits-1', 'limits-2', 'limits-3')}
    envelopes, roots = lists()
    files = {f'{name}.pack': data for name, data in releases(images, doses).items()}
    files |= {f'{name}.list': data for name, data in envelopes.items()}
    files |= {'identity': identity(roots), 'first-state': first_state(envelopes['list-1'])}
    if sys.argv[1:] == ['--write']:
        for name, data in files.items():
            (FOLDER / name).write_bytes(data)
        return
    out = tap.Writer()
    for name, data in files.items():
        path = FOLDER / name
        out.ok(path.exists() and path.read_bytes() == data, f'{name} is what its generator makes')
    out.close()


if __name__ == '__main__':
    main()
