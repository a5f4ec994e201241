"""The chapter of the report about the device verifier, on emulated Cortex-M processors: bench/device/."""
import math
import os
import sys

from measure import Failed
from report import Chapter, Row

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'device'))
import device

REMARKS = """
M4 and M3 are Cortex-M processors in QEMU; everything is compiled with -Os. Bytes are code and constants, all that the linker keeps
but memcpy, memset and memcmp. Stack is painted and looked at afterwards. Instructions are those that QEMU executes, per byte
hashed, per signature, or per decision about a whole envelope.
"""

# Figures of others, for the same processor: what, whose, bytes, stack, instructions, where they come from.
TRIED = 'FACTS: M4, -Os, gcc 12.2, QEMU 7.2'
BOOTLOADERS = 'DESIGN §8: as whole bootloaders'
UNKNOWN = 'not known'
PEERS = (
    ('SHA-256', 'TinyCrypt', '1.1 KB', UNKNOWN, '71 per byte', TRIED),
    ('P-256', 'TinyCrypt', '3.6 KB', '0.9 KB', '14.4 M', TRIED),
    ('Ed25519 with SHA-512', 'fiat-crypto', '14.7 KB', '3.6 KB', '1.30 M', TRIED),
    ('HSS/LMS H10/W8 with SHA-256', 'trial implementation', '1.4 KB', UNKNOWN, '23.4 M', TRIED),
    ('whole first stage', 'MCUboot', '16–19 KB', UNKNOWN, UNKNOWN, BOOTLOADERS),
    ('whole first stage', 'wolfBoot', '18.9 KB', UNKNOWN, UNKNOWN, BOOTLOADERS),
)
COMPARISON = """
### By algorithm and set of algorithms, beside others

| what | whose | bytes | stack | instructions | source |
|---|---|---|---|---|---|
{lines}

The sets are the verifier with everything in but the bootloader: CBOR, COSE, manifest, trust list, receipts. The whole first stage is
our reference bootloader on M4 (mps2-an386), with trust lists, receipts and a journal, which neither peer has; its instructions
are from reset to the application, 256 KiB of it. Others' figures were not measured in this run, and what their source does not
give is *not known*. MCUboot and wolfBoot vary with what is built in.
"""


def bar_text(bar):
    """What is asked, and nothing about what is not."""
    parts = [f'≤ {math.floor(value):,} {name}' for value, name in
             ((bar.size, 'bytes'), (bar.stack, 'stack'), (bar.instructions, 'instructions')) if value != device.NONE]
    return ', '.join(parts) or 'none'


def measure_device():
    """(part, board, figures) of every part; nothing where the tools are missing."""
    try:
        return list(device.measure_all()) if device.available() else []
    except device.Failed as fault:
        raise Failed(str(fault)) from fault


def row_of(part, board, figures):
    measured = f'{figures.size:,} bytes, {figures.stack:,} of stack, {figures.number()} instructions per {part.unit}'
    return Row(f'{part.title}, {board}', '', measured, bar_text(part.bar),
               None if part.bar == device.Bar() else figures.within(part.bar))


def device_chapter(measured, table):
    if not measured:
        missing = Row('the device verifier', f'needs {device.COMPILER} and {device.QEMU}, which are not here.', 'not measured', 'none')
        return Chapter('Device verifier', [missing])
    return Chapter('Device verifier', [row_of(*entry) for entry in measured], REMARKS + table)


def line(what, whose, size, stack, instructions, source):
    return f'| {what} | {whose} | {size} | {stack} | {instructions} | {source} |'


def peers_of(what):
    return [line(*peer) for peer in PEERS if peer[0] == what]


def comparison(measured, stages):
    """Markdown: ours on M4, and behind each the peers' figures for the same. STAGES as boot_rows.measure_boot answers."""
    lines = []
    for part, board, figures in measured:
        if board == 'M4':
            per = ' per byte' if part.unit == 'byte' else ''
            lines.append(line(part.title, 'Hallmark', f'{figures.size:,}', f'{figures.stack:,}', figures.number() + per, 'this run'))
            lines += peers_of(part.title)
    for stage in stages:
        if stage.machine == 'mps2-an386':
            lines.append(line('whole first stage', 'Hallmark', f'{stage.code:,}', f'{stage.stack:,}', f'{stage.instructions:,}', 'this run'))
    return COMPARISON.format(lines='\n'.join(lines + peers_of('whole first stage')))
