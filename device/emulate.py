#!/usr/bin/python3
"""Switches a device on, in QEMU: one that device/factory.py made with --first-stage.

  device/emulate.py FOLDER [ORDER] [--cut N]

ORDER is what the example application then finds to do: firmware=PACK or limits=PACK (downloads and tries it), list=LIST, production (asks
to leave development). Files are named as in FOLDER, or by a path and are then copied there. With --cut power fails in the N-th operation of
the flash; switch it on again to see what is left. Ends when nothing is left to do: status 0, 8 if nothing was started, 9 if power failed, 3 if
there is no device."""
import argparse
import pathlib
import shutil
import sys

import build
import emulator


def order_of(folder, word):
    """ORDER with its file in FOLDER."""
    name, equals, path = word.partition('=')
    if equals and pathlib.Path(path).is_file() and pathlib.Path(path).resolve().parent != folder.resolve():
        shutil.copy(path, folder)
        return f'{name}={pathlib.Path(path).name}'
    if equals and not (folder / path).is_file():
        raise FileNotFoundError(f'{path}: no such file')
    return word


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', metavar='FOLDER')
    parser.add_argument('order', nargs='?', metavar='ORDER')
    parser.add_argument('--cut', type=int, default=0, metavar='N')
    chosen = parser.parse_args()
    folder = pathlib.Path(chosen.folder)
    if build.missing() or not (folder / 'boot.elf').is_file():
        why = f'needs {", ".join(build.missing())}: tools/setup.sh device' if build.missing() else f'{folder} has no boot.elf: device/factory.py --first-stage'
        print(f'device/emulate.py: {why}', file=sys.stderr)
        return 3
    try:
        orders = [order_of(folder, chosen.order)] if chosen.order else []
    except OSError as fault:
        print(f'device/emulate.py: {fault}', file=sys.stderr)
        return 3
    device = emulator.Device.existing(folder, (folder / 'machine').read_text(encoding='utf-8').strip())
    status, lines = device.power_on(*orders, cut=chosen.cut, seed=chosen.cut)
    print('\n'.join(lines))
    return status


if __name__ == '__main__':
    sys.exit(main())
