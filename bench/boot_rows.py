"""The rows of the report about the reference bootloader of device/, in the emulator."""
import os
import pathlib
import re
import struct
import sys
import tempfile

from measure import Failed
from report import Row

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, os.path.join(ROOT, 'device'))
import build
import emulator
import images

IMAGE = 256 * 1024
NANOSECONDS_PER_TICK = {'mps2-an386': 40, 'mps2-an505': 50}
PEERS = 'published: MCUboot 16–19 KB, wolfBoot 18.9 KB, neither with trust lists, receipts or a journal'


def sections(program):
    found = re.findall(r'^(\.\S+)\s+(\d+)', build.run(['arm-none-eabi-size', '-A', program]), re.MULTILINE)
    return {name: int(size) for name, size in found}


def figures(device):
    ticks, stack, operations, erases = struct.unpack('<4I', (device.folder / 'figures.bin').read_bytes())
    return ticks, stack, operations - erases, erases


def power_on(device, *orders):
    status, lines = device.power_on('figures', *orders)
    if status != emulator.DONE:
        raise Failed(f'the emulated device ended with {status}: {" ".join(lines[-3:])}')
    return figures(device)


def measure(machine, folder):
    built = build.build(folder, machine)
    padded = {name: (built / f'app-{name}.bin').read_bytes().ljust(IMAGE, b'\0') for name in ('2.0.0', '2.1.0')}
    lists, roots = images.lists()
    first = images.firmware('2.0.0', 20, 2, padded['2.0.0'])
    second = images.firmware('2.1.0', 30, 3, padded['2.1.0'])
    device = emulator.Device(folder / 'device', machine, built, images.identity(roots), lists['list-1'], first)
    device.put_files({'second.pack': second})
    power_on(device)
    ticks, stack, _, _ = power_on(device)
    _, _, programmed, erases = power_on(device, 'firmware=second.pack')
    return sections(built / 'boot.elf'), ticks * NANOSECONDS_PER_TICK[machine], stack, programmed, erases


def rows_of(machine, folder):
    size, instructions, stack, programmed, erases = measure(machine, folder)
    code = size['.text'] + size['.vectors'] + size['.identity']
    content = IMAGE // 16
    return [
        Row(f'first stage, {machine}: size', 'Code and constants of all of it with its port, without the console\'s sentences and the model of the flash.',
            f'{code:,} bytes; the console has {size[".console"]:,} more', f'none; {PEERS}'),
        Row(f'first stage, {machine}: RAM', 'Variables, among them two trust lists and an envelope of 8 KiB each; and the deepest stack.',
            f'{size[".bss"]:,} bytes and {stack:,} of stack', 'none'),
        Row(f'first stage, {machine}: reset to application', 'Instructions for a confirmed image of 256 KiB: the state, the trust list by two of three roots, '
            'the envelope with receipt, the payload copied and hashed.', f'{instructions:,} instructions', 'none'),
        Row(f'first stage, {machine}: an update of 256 KiB', 'Units of 16 bytes programmed and blocks of 4 KiB erased by download, trial, confirmation and three boot records. '
            'Nothing is swapped: peers that swap program every block of both images once more, or twice.',
            f'{programmed:,} units, {programmed - content:,} more than the image has; {erases:,} erases', 'none')]


def boot_rows():
    if build.missing():
        return [Row('the reference bootloader', f'needs {" and ".join(build.missing())}.', 'not measured', 'none')]
    rows = []
    try:
        for machine in build.MACHINES:
            with tempfile.TemporaryDirectory() as folder:
                rows += rows_of(machine, pathlib.Path(folder))
    except build.Failed as fault:
        raise Failed(str(fault)) from fault
    return rows


if __name__ == '__main__':
    for row in boot_rows():
        print(f'{row.what}: {row.measured}')
