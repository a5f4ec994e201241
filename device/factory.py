#!/usr/bin/python3
"""A device as it leaves the factory: the image of its flash and its identity, for the emulator and as a pattern for a production line.

  device/factory.py --list LIST --roots ROOTS --product PRODUCT --id ID --life development|production --firmware PACK -o FOLDER
                    [--parameters PACK] [--layout port_layout.h] [-D NAME=VALUE]... [--first-stage BUILT]

LIST        the first trust list                     ROOTS     SHA-256 of its root set, a file: 32 bytes or 64 digits
PRODUCT     `hallmark product show --json NAME`      ID        of this one device: up to 32 characters; '' for none
PACK        a release (`hallmark pack`) of one component: the bank's own, of its kind
BUILT       what device/build.py made for a board: FOLDER then is a device that device/emulate.py switches on

FOLDER gets flash.bin, from the layout's address 0 on, and identity.bin, 100 bytes (hmb_identity, device/boot/boot.h). The releases are put
into the slots as the device itself downloads them, and the first boot is tried on a copy: what the device would refuse is refused here, in
its words, with status 1 and nothing written."""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile
import uuid

import build
import layout

ID_MAX = 32


class Wrong(Exception):
    pass


def roots_of(path):
    data = pathlib.Path(path).read_bytes()
    if len(data) == 32:
        return data
    try:
        digest = bytes.fromhex(data.decode('ascii').strip())
    except ValueError:
        digest = b''
    if len(digest) != 32:
        raise Wrong(f"{path}: neither 32 bytes nor their 64 digits (hallmark trust show LIST prints the root set's SHA-256)")
    return digest


def product_of(path):
    """Vendor and class."""
    try:
        shown = json.loads(pathlib.Path(path).read_text(encoding='utf-8').splitlines()[0])
        return uuid.UUID(shown['vendor']).bytes + uuid.UUID(shown['class']).bytes
    except (ValueError, KeyError, IndexError) as fault:
        raise Wrong(f'{path}: not what "hallmark product show --json NAME" prints') from fault


def identity_of(chosen):
    """hmb_identity."""
    if len(chosen.id.encode()) > ID_MAX:
        raise Wrong(f'--id: at most {ID_MAX} bytes')
    return roots_of(chosen.roots) + product_of(chosen.product) + chosen.id.encode().ljust(ID_MAX, b'\0') + len(chosen.id.encode()).to_bytes(4, 'little')


def first_stage(built, folder, identity):
    """The board's first stage with this identity, as the emulator starts it."""
    built = pathlib.Path(built)
    if not (built / 'boot.elf').is_file():
        raise Wrong(f'{built}: device/build.py has made no boot.elf there')
    build.run(['arm-none-eabi-objcopy', '--update-section', f'.identity={identity}', built / 'boot.elf', folder / 'boot.elf'])
    (folder / 'machine').write_text(built.resolve().name + '\n', encoding='utf-8')


def make(chosen, scratch):
    """What the first boot will do; the files are in SCRATCH."""
    (scratch / 'identity.bin').write_bytes(identity_of(chosen))
    status, said = layout.run_image(chosen.layout, chosen.define, 'make', scratch / 'flash.bin', scratch / 'identity.bin', chosen.life, chosen.list,
                                    chosen.firmware, chosen.parameters or '-')
    if status != 0:
        raise (Wrong if status == 1 else layout.Failed)(said.strip())
    if chosen.first_stage:
        first_stage(chosen.first_stage, scratch, scratch / 'identity.bin')
    return said


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    for name in ('list', 'roots', 'product', 'id', 'firmware'):
        parser.add_argument(f'--{name}', required=True)
    parser.add_argument('--life', required=True, choices=('development', 'production'))
    parser.add_argument('--parameters')
    parser.add_argument('--layout', default=layout.DEFAULT)
    parser.add_argument('--first-stage')
    parser.add_argument('-o', dest='folder', required=True)
    layout.add_options(parser)
    return parser


def main():
    chosen = options().parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix='hallmark-factory.') as name:
            said = make(chosen, pathlib.Path(name))
            folder = pathlib.Path(chosen.folder)
            folder.mkdir(parents=True, exist_ok=True)
            for path in pathlib.Path(name).iterdir():
                shutil.copy(path, folder)
    except Wrong as fault:
        print(f'device/factory.py: {fault}', file=sys.stderr)
        return 1
    except (OSError, layout.Failed, build.Failed) as fault:
        print(f'device/factory.py: {fault}', file=sys.stderr)
        return 3
    print(f'{chosen.folder}: {said}', end='')
    return 0


if __name__ == '__main__':
    sys.exit(main())
