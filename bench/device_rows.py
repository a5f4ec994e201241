"""The rows of the report about the device verifier, on emulated Cortex-M processors: bench/device/."""
import math
import os
import sys

from measure import Failed
from report import Row

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'device'))
import device

EXPLANATION = ('{board} in QEMU, compiled with -Os. Bytes are code and constants, all that the linker keeps but memcpy, memset and memcmp; '
               'stack is painted and looked at afterwards; instructions are those that QEMU executes, per {unit}.')


def bar_text(bar):
    """What is asked, and nothing about what is not."""
    parts = [f'≤ {math.floor(value):,} {name}' for value, name in
             ((bar.size, 'bytes'), (bar.stack, 'stack'), (bar.instructions, 'instructions')) if value != device.NONE]
    return ', '.join(parts) or 'none'


def device_rows():
    if not device.available():
        return [Row('the device verifier', f'needs {device.COMPILER} and {device.QEMU}, which are not here.', 'not measured', 'none')]
    rows = []
    try:
        for part, board, figures in device.measure_all():
            rows.append(Row(f'{part.title}, {board}', EXPLANATION.format(board=board, unit=part.unit),
                            f'{figures.size:,} bytes, {figures.stack:,} of stack, {figures.number()} instructions per {part.unit}',
                            bar_text(part.bar), None if part.bar == device.Bar() else figures.within(part.bar)))
    except device.Failed as fault:
        raise Failed(str(fault)) from fault
    return rows
