"""Single instructions left out of a program that refuses: what is needed to try it (device/skips/)."""
import copy
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import build

MACHINE = build.MACHINES['mps2-an386']
PAGE = 4096
PRIMITIVE_FILES = ('src-sha256.o', 'src-p256.o')
# Verdicts are made in these two; they are as much part of the decision as what calls them.
DECIDING = ('verify', 'verify_digest')
# Functions of their arguments alone (pure.c).
PURE = ('compress', 'verify_digest', 'multiply', 'calculate', 'add_words', 'subtract_words', 'shift_right', 'less', 'any_bit')


def missing():
    """What is not here, in words."""
    wanted = [program for program in (build.COMPILER, 'gcc', 'pkg-config') if not shutil.which(program)]
    if not wanted and subprocess.run(['pkg-config', '--exists', 'unicorn'], check=False).returncode != 0:
        wanted.append('libunicorn-dev')
    return wanted


def build_tool(folder):
    tool = pathlib.Path(folder) / 'skips'
    build.run(['gcc', '-std=c11', '-D_GNU_SOURCE', '-O3', '-fvisibility=hidden', '-Wall', '-Wextra', '-Wconversion', '-Wno-sign-conversion', '-Werror',
               *(f'-I{build.VERIFY / path}' for path in ('include', 'portable', 'src')), *sorted(HERE.glob('*.c')),
               *(build.VERIFY / 'src' / f'{name}.c' for name in ('sha256', 'verdict')), '-lunicorn', '-o', tool])
    return tool


def build_library(folder):
    made = build.Build(MACHINE, folder)
    objects = [made.compile(path) for path in (*build.verify_sources(), HERE / 'target' / 'library.c')]
    return Program(made.link(objects, HERE / 'target' / 'library.ld', made.folder / 'library.elf'))


def build_careless(folder):
    made = build.Build(MACHINE, folder)
    own = made.compile(HERE / 'target' / 'careless.c')
    return Program(made.link([own], HERE / 'target' / 'library.ld', made.folder / 'careless.elf'))


def build_first_stage(folder, machine=MACHINE):
    made = build.Build(machine, folder)
    sources = [*build.verify_sources(), *sorted((build.HERE / 'boot').glob('*.c')), build.HERE / 'model' / 'nor.c',
               *(build.PORT / f'{name}.c' for name in ('port', 'boot_start', 'boot_main', 'boot_say')), HERE / 'target' / 'hardware.c']
    return Program(made.link([made.compile(path) for path in sources], build.PORT / 'boot.ld', made.folder / 'skipped.elf'), machine)


class Program:
    """A linked program: its code, symbols, and which of its code is a primitive's."""

    def __init__(self, elf, machine=MACHINE):
        self.elf, self.machine, self.symbols = elf, machine, {}
        for line in build.run(['arm-none-eabi-nm', elf]).splitlines():
            address, name = line.split()[0], line.split()[-1]
            self.symbols[name] = int(address, 16)
        self.code = self.extract()
        self.primitives = list(self.find_primitives())

    def extract(self):
        raw = self.elf.with_suffix('.bin')
        build.run(['arm-none-eabi-objcopy', '-O', 'binary', self.elf, raw])
        return raw.read_bytes()

    def with_code(self, code):
        other = copy.copy(self)
        other.code = code
        return other

    def find_primitives(self):
        text = pathlib.Path(f'{self.elf}.map').read_text(encoding='utf-8').split('Linker script and memory map')[1]
        for name, address, size, path in re.findall(r'^ \.text\.(\S+)\s+0x(\w+)\s+0x(\w+) (\S+)$', text, re.MULTILINE):
            if path.endswith(PRIMITIVE_FILES) and name not in DECIDING:
                yield int(address, 16), int(size, 16)

    def where(self, address):
        """Function, file and line, for a person."""
        said = build.run(['arm-none-eabi-addr2line', '-f', '-s', '-e', self.elf, f'{address:#x}']).split('\n')
        return f'{address:#x} in {said[0]} ({said[1]})'


class Job:
    """The file that device/skips/job.h describes."""

    def __init__(self, program, folder, name):
        self.program, self.folder, self.name, self.lines = program, pathlib.Path(folder), name, []
        self.memory('code', program.machine.rom, program.code.ljust(-len(program.code) % PAGE + len(program.code), b'\xff'), 'code')
        stack, reset = (int.from_bytes(program.code[at:at + 4], 'little') for at in (0, 4))
        self.add('start', reset & ~1, stack)
        self.add('stack', program.symbols['bss_end'], stack - program.symbols['bss_end'])
        for one in program.primitives:
            self.add('primitive', *one)
        for function in PURE:
            if function in program.symbols:
                self.lines.append(f'pure {program.symbols[function]:x} {function}')

    def add(self, kind, *numbers):
        self.lines.append(' '.join([kind, *(f'{number:x}' for number in numbers)]))

    def memory(self, name, address, content, access):
        """CONTENT: bytes, or the size of zeros."""
        size, source = (content, '-') if isinstance(content, int) else (len(content), self.folder / f'{self.name}-{name}')
        if not isinstance(content, int):
            source.write_bytes(content)
        self.lines.append(f'memory {address:x} {size:x} {access} {source}')

    def write(self):
        path = self.folder / f'{self.name}.job'
        path.write_text('\n'.join(self.lines) + '\n', encoding='utf-8')
        return path


class Result:
    """What the tool prints."""

    def __init__(self, text):
        self.found, self.counts, self.clean, self.candidates, self.compared = [], {}, None, 0, 0
        for words in (line.split() for line in text.splitlines()):
            if words[0] == 'clean':
                self.clean, self.candidates = words[1], int(words[2])
            elif words[0] == 'compared':
                self.compared = int(words[1])
            elif words[0] == 'found':
                self.found.append((words[1], int(words[2], 16), int(words[3]), int(words[4], 16)))
            else:
                self.counts[words[0]] = int(words[1])

    @property
    def tried(self):
        return sum(self.counts.values())


def run(tool, job, sample=None, seed=0, beside=None):
    """SAMPLE: about how many are tried; None: all. BESIDE: instructions for which the sample is also run in unicorn."""
    words = [tool, job] if sample is None else [tool, job, sample, seed]
    return Result(build.run(['nice', *words, *([] if beside is None else [beside])]))
