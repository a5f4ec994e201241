#!/usr/bin/python3
"""Size, stack and instructions of the device verifier's parts on emulated Cortex-M processors.

    bench/device/device.py [--flags FLAGS] [ROW]...       a table of all rows, or of those named

A row is row_NAME.c beside this file, linked with the sources of verify/ that it is given in ROWS. Size is code and constants of all
that the linker keeps, including what the compiler's own library supplies, without the row and without memcpy, memset and
memcmp. Stack is painted and looked at afterwards. Instructions are those that QEMU executes."""
import argparse
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
VERIFY = HERE.parents[1] / 'verify'
VECTORS = HERE.parents[1] / 'tests' / 'vectors' / 'native'
COMPILER = 'arm-none-eabi-gcc'
QEMU = 'qemu-system-arm'
BOARDS = {'M4': ('cortex-m4', 'mps2-an386'), 'M3': ('cortex-m3', 'mps2-an385')}
FLAGS = ['-std=c11', '-mthumb', '-Os', '-ffreestanding', '-ffunction-sections', '-fdata-sections', '-Wall', '-Wextra', '-Werror']
UMAAL = ('M4',)  # M3 has no such instruction


NONE = float('inf')


@dataclass(frozen=True)
class Bar:
    """What DESIGN asks of a row at most."""
    size: float = NONE
    stack: float = NONE
    instructions: float = NONE


@dataclass(frozen=True)
class Part:
    """A row: its file row_NAME.c, the sources under verify/src/, what it is called and what it counts; the folder that supplies
    muladd.h, and the boards it runs on."""
    row: str
    sources: tuple
    title: str
    unit: str
    bar: Bar = Bar()
    arithmetic: str = 'portable'
    boards: tuple = tuple(BOARDS)
    algorithms: str = ''  # the product's table, where the row asks for one


P256 = ('p256.c', 'verdict.c')
P384 = ('p384.c', 'verdict.c')
LMS = ('lms.c', 'sha256.c', 'verdict.c')
RSA = ('rsa.c', 'sha256.c', 'verdict.c')
ALL = tuple((VERIFY / 'files.txt').read_text(encoding='utf-8').split())
ED25519 = ('ed25519.c', 'sha512.c', 'verdict.c')

PARTS = (
    Part('sha256', ('sha256.c',), 'SHA-256', 'byte', Bar(1126, NONE, 71)),
    Part('sha512', ('sha512.c',), 'SHA-512', 'byte'),
    Part('p256', P256, 'P-256', 'signature', Bar(4096, 1638, 3_500_000)),
    Part('p256', P256, 'P-256 with UMAAL', 'signature', Bar(4096, 1638, 2_600_000), 'arm', UMAAL),
    Part('p384', P384, 'P-384', 'signature'),
    Part('p384', P384, 'P-384 with UMAAL', 'signature', Bar(), 'arm', UMAAL),
    Part('ed25519', ED25519, 'Ed25519 with SHA-512', 'signature', Bar(6144, NONE, 1_300_000)),
    Part('lms', LMS, 'HSS/LMS H10/W8 with SHA-256', 'signature', Bar(1536 + 940)),
    Part('lms192', LMS, 'HSS/LMS N24 with SHA-256', 'signature'),
    Part('ps256', RSA, 'PS256 with SHA-256, 2048 bits', 'signature'),
    Part('ps256_3072', RSA, 'PS256 with SHA-256, 3072 bits', 'signature'),
    Part('ps256_4096', RSA, 'PS256 with SHA-256, 4096 bits', 'signature'),
    Part('rs256', RSA, 'RS256 with SHA-256', 'signature'),
    Part('all', ALL, 'all in, P-256', 'decision', Bar(10240, 2048)),
    Part('all', ALL, 'all in, P-256 with UMAAL', 'decision', Bar(10240, 2048), 'arm', UMAAL),
    Part('all', ALL, 'all in, P-256 and Ed25519', 'decision', algorithms='&hmv_esp256, &hmv_ed25519'),
    Part('all', ALL, 'all in, P-256 and P-384', 'decision', algorithms='&hmv_esp256, &hmv_esp384'),
    Part('all', ALL, 'all in, P-256 and RSA', 'decision', algorithms='&hmv_esp256, &hmv_ps256, &hmv_rs256'),
    Part('all', ALL, 'all in, P-256 and HSS-LMS', 'decision', algorithms='&hmv_esp256, &hmv_hss_lms'),
    Part('all', ALL, 'all in, every algorithm', 'decision',
         algorithms='&hmv_esp256, &hmv_esp384, &hmv_ed25519, &hmv_ps256, &hmv_rs256, &hmv_hss_lms'),
)


@dataclass(frozen=True)
class Figures:
    size: int
    stack: int
    instructions: float  # per unit of the row

    def within(self, bar):
        return self.size <= bar.size and self.stack <= bar.stack and self.instructions <= bar.instructions

    def number(self):
        """Instructions for a reader."""
        return f'{self.instructions:,.1f}' if self.instructions < 1000 else f'{self.instructions:,.0f}'


class Failed(Exception):
    pass


def available():
    return all(shutil.which(program) for program in (COMPILER, QEMU))


def run(words, **options):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    except subprocess.TimeoutExpired as fault:
        raise Failed(f'{words[0]}: no end after {fault.timeout} seconds') from fault
    if done.returncode != 0:
        raise Failed(f'{words[0]}: {done.stdout.strip()}')
    return done.stdout


def build(part, board, folder, flags=()):
    """The linked program. The bench's own objects are named bench_*, by which device.ld tells them from what is measured."""
    processor = [f'-mcpu={BOARDS[board][0]}', f'-DVECTORS="{VECTORS}"']
    if part.algorithms:
        processor.append(f'-DALGORITHMS={part.algorithms}')
    objects = []
    own = [HERE / 'start.c', HERE / 'library.c', HERE / f'row_{part.row}.c']
    for source in [*own, *(VERIFY / 'src' / name for name in part.sources)]:
        name = f'{folder}/{"bench_" if source.parent == HERE else ""}{source.stem}.o'
        run([COMPILER, *FLAGS, *flags, *processor, '-I', str(VERIFY / 'include'), '-I', str(VERIFY / part.arithmetic),
             '-I', str(VERIFY / 'src'), '-c', str(source), '-o', name])
        objects.append(name)
    program = f'{folder}/program.elf'
    run([COMPILER, *processor, '-mthumb', '-nostdlib', '-Wl,--gc-sections', '-Wl,--no-warn-rwx-segments', '-T',
         str(HERE / 'device.ld'), *objects, '-lgcc', '-o', program])
    return program


def size_of(program):
    for line in run(['arm-none-eabi-size', '-A', program]).splitlines():
        words = line.split()
        if words and words[0] == '.measured':
            return int(words[1])
    raise Failed(f'{program} has no section .measured')


def measure(part, board, flags=()):
    with tempfile.TemporaryDirectory() as folder:
        program = build(part, board, folder, flags)
        words = run([QEMU, '-M', BOARDS[board][1], '-icount', 'shift=0,sleep=off', '-nographic', '-monitor', 'none', '-serial',
                     'none', '-semihosting-config', 'enable=on,target=native', '-kernel', program],
                    stdin=subprocess.DEVNULL, timeout=120).split()
        if len(words) != 3:
            raise Failed(f'{part.title} on {board}: {" ".join(words) or "no answer"}')
        instructions, stack, units = map(int, words)
        return Figures(size_of(program), stack, instructions / units)


def measure_all(names=(), flags=()):
    """(part, board, figures) of every row, or of the rows named."""
    for part in PARTS:
        if not names or part.row in names:
            for board in part.boards:
                yield part, board, measure(part, board, flags)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--flags', default='', help='further flags for the compiler')
    parser.add_argument('row', nargs='*', choices=[*sorted({part.row for part in PARTS}), []])
    chosen = parser.parse_args()
    if not available():
        print(f'device.py: needs {COMPILER} and {QEMU}: tools/setup.sh bench', file=sys.stderr)
        return 3
    print(f'{"":44} {"bytes":>7} {"stack":>6} {"instructions":>13}')
    try:
        for part, board, figures in measure_all(chosen.row, shlex.split(chosen.flags)):
            name = f'{part.title}, {part.unit}, {board}'
            print(f'{name:44} {figures.size:7,} {figures.stack:6,} {figures.number():>13}'
                  f'{"" if figures.within(part.bar) else "  bar missed"}', flush=True)
    except Failed as fault:
        print(f'device.py: {fault}', file=sys.stderr)
        return 3
    return 0


if __name__ == '__main__':
    sys.exit(main())
