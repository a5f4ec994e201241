"""Releases that a device must refuse, each for one reason, with the device and the trust list that refuse it."""
import dataclasses
import hashlib
import struct

import cbor
import images
import native
from images import FIRST, LOG, NEW_ROOTS, OLD_ROOTS, SECOND, STRANGER
from keys import sha256
from native import Builder

PRODUCTION_LIFE = 0xA55AC33C
INSTALL, BOOT = 0x6996A55A, 0x96695AA5
ENTRY = 0x20010000  # where the firmware runs; device/port/mps2/hardware.h


def image(version, size=300):
    """A vector table that leads into the image, so that a device which starts it goes on in it."""
    return struct.pack('<II', ENTRY + size, ENTRY + 9) + images.payload(version, size - 8)


def trust(roots=tuple(OLD_ROOTS), signed_by=None, revoked=(), threshold=1, minimums=(), state=1):
    """The envelope and the hash of its roots."""
    maker = native.publisher(signing_keys=[FIRST, SECOND], receipts=True, threshold=threshold, state=state)
    tree = native.trust_list(1, roots, 2, [maker], [[one.kid, []] for one in revoked], minimums, [(native.MAKER, LOG)])
    return native.trust_envelope(Builder(), tree, signed_by or roots[:2]), native.root_hash(tree)


@dataclasses.dataclass
class Case:
    """What lies in a device, and what it remembers."""
    pack: bytes
    envelope: bytes
    roots: bytes
    life: int = PRODUCTION_LIFE
    act: int = INSTALL
    sequence: int = 0
    counter: int = 0
    library: bool = True  # the library alone refuses it, not only the first stage
    pinned: bytes = b''   # of a confirmed release: the manifest that the state names, if it is not this one

    @property
    def parts(self):
        return cbor.decode(self.pack).value


def made(trusted=None, wear=None, **options):
    """A release that is right but for OPTIONS (images.firmware) on a device that is right but for WEAR."""
    envelope, _ = trusted or trust()
    data = image('2.0.0')
    fields = {'version': '2.0.0', 'sequence': 20, 'security_version': 2, 'data': data, **options}
    return Case(images.firmware(**fields), envelope, trust()[1], **(wear or {}))


def bent(case, part, place):
    """One bit of the envelope (part 0) or of the payload (part 1)."""
    parts = list(case.parts)
    parts[part] = images.flipped(parts[part], place)
    return dataclasses.replace(case, pack=native.pack(Builder(), parts[0], [parts[1]]))


def bent_list(case):
    return dataclasses.replace(case, envelope=images.flipped(case.envelope, -1))


def good():
    return made()


def refusals():
    """Name: Case."""
    boot = {'act': BOOT, 'sequence': 20, 'counter': 2}
    return {
        'a flipped bit of the payload': bent(made(), 1, -1),
        'a flipped bit of the manifest': bent(made(), 0, made().parts[0].index(b'2.0.0')),
        'a flipped bit of the signature': bent(made(), 0, -1),
        'a key that nobody knows': made(by=STRANGER),
        'a revoked key': made(trust(revoked=[FIRST])),
        'an old sequence number': made(wear={'sequence': 20}),
        'an old security version': made(wear={'counter': 3}),
        "below the trust list's minimum": made(trust(minimums=[[native.MAKER, 'main', 3]])),
        'another class': made(product_class=native.OTHER_CLASS),
        'a missing receipt': made(logged=False),
        'a development release in production': made(purpose=native.DEVELOPMENT),
        'too few signatures': made(trust(threshold=2)),
        'a retired publisher': made(trust(state=2)),
        'an exception for another device': made(fields={11: b'device-0002'}),
        'a trust list by other roots': made(trust(roots=tuple(NEW_ROOTS))),
        'a trust list with a flipped bit': bent_list(made()),
        'confirmed, a flipped bit of the payload': bent(made(wear=boot), 1, -1),
        'confirmed, a revoked key': made(trust(revoked=[FIRST]), boot),
        'confirmed, an old security version': made(wear={**boot, 'counter': 3}),
        'of another component': made(wear={'library': False}, component='other'),
        'confirmed, another release than that': made(wear={**boot, 'library': False, 'pinned': sha256(b'another')}),
    }


# ---- a device in flash (device/boot/state.h) ----

def counter_entry(case):
    if case.sequence == 0 and case.counter == 0:
        return bytes(64)
    return native.MAKER + b'main'.ljust(32, b'\0') + struct.pack('<QQ', case.sequence, case.counter)


def bank_state(active, trial, manifest=bytes(32)):
    return struct.pack('<II', active, trial) + manifest + manifest + bytes(32) + images.list_state(images.NONE, 0)


def manifest_hash(case):
    return case.pinned or sha256(cbor.decode(case.parts[0]).value[2])


def state(case):
    """The state's snapshot: the release in both slots of the firmware, on trial in the first or confirmed there."""
    confirmed = case.act == BOOT
    body = struct.pack('<IIQ', 0x54534D48, images.STATE_SIZE, 1) + struct.pack('<IIII', case.life, 0, images.ATTEMPTS, 0)
    body += images.list_state(0, 1, digest=hashlib.sha256(case.envelope).digest())
    body += bank_state(0, images.NONE, manifest_hash(case)) if confirmed else bank_state(images.NONE, 0)
    body += bank_state(images.NONE, images.NONE) + counter_entry(case) + bytes(5 * 64)
    return images.in_both_blocks(body + hashlib.sha256(body).digest()[:16])
