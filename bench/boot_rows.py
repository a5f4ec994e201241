"""The chapter of the report about the reference bootloader of device/, in the emulator."""
import os
import pathlib
import re
import struct
import sys
import tempfile
from dataclasses import dataclass

from measure import Failed
from report import Chapter, Row

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, os.path.join(ROOT, 'device'))
import build
import emulator
import images

IMAGE = 256 * 1024
NANOSECONDS_PER_TICK = {'mps2-an386': 40, 'mps2-an505': 50}
PEERS = 'published: MCUboot 16–19 KB, wolfBoot 18.9 KB, neither with trust lists, receipts or a journal'

REMARKS = """
- **size**: Code and constants of all of it with its port, without the console's sentences and the model of the flash.
- **RAM**: Variables, among them two trust lists and an envelope of 16 KiB each, as large as the format allows; and the deepest stack.
- **reset to application**: Instructions for a confirmed image of 256 KiB: the state, the trust list by two of three roots, the envelope with receipt, the payload copied and hashed.
- **an update of 256 KiB**: Units of 16 bytes programmed and blocks of 4 KiB erased by download, trial, confirmation and three boot records. Nothing is swapped: peers that swap program every block of both images once more, or twice.
"""


@dataclass(frozen=True)
class Stage:
    machine: str
    code: int
    console: int
    variables: int
    stack: int
    instructions: int
    programmed: int
    erases: int


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
    size = sections(built / 'boot.elf')
    return Stage(machine, size['.text'] + size['.vectors'] + size['.identity'], size['.console'], size['.bss'], stack,
                 ticks * NANOSECONDS_PER_TICK[machine], programmed, erases)


def rows_of(stage):
    content = IMAGE // 16
    name = f'first stage, {stage.machine}'
    return [Row(f'{name}: size', '', f'{stage.code:,} bytes; the console has {stage.console:,} more', f'none; {PEERS}'),
            Row(f'{name}: RAM', '', f'{stage.variables:,} bytes and {stage.stack:,} of stack', 'none'),
            Row(f'{name}: reset to application', '', f'{stage.instructions:,} instructions', 'none'),
            Row(f'{name}: an update of 256 KiB', '',
                f'{stage.programmed:,} units, {stage.programmed - content:,} more than the image has; {stage.erases:,} erases', 'none')]


def measure_boot():
    """A Stage for each machine; nothing where the tools are missing."""
    if build.missing():
        return []
    stages = []
    try:
        for machine in build.MACHINES:
            with tempfile.TemporaryDirectory() as folder:
                stages.append(measure(machine, pathlib.Path(folder)))
    except build.Failed as fault:
        raise Failed(str(fault)) from fault
    return stages


def boot_chapter(stages):
    if not stages:
        return Chapter('Secure boot', [Row('the reference bootloader', f'needs {" and ".join(build.missing())}.', 'not measured', 'none')])
    return Chapter('Secure boot', [row for stage in stages for row in rows_of(stage)], REMARKS)


if __name__ == '__main__':
    for each in boot_chapter(measure_boot()).rows:
        print(f'{each.what}: {each.measured}')
