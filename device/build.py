#!/usr/bin/python3
"""Builds the first stage and the example application for the emulated boards.

  device/build.py FOLDER [MACHINE]...                            all boards, unless some are named
  device/build.py FOLDER [MACHINE]... --app main.c --version V   another application in the example's place: app-V.bin

In FOLDER/MACHINE: boot.elf (with symbols; its identity is empty), app-VERSION.bin, app-crash.bin. What is compiled is listed in
verify/files.txt, device/boot/files.txt, device/app/files.txt and port/mps2/boot.txt, app.txt; with an application of its own, so is a port."""
import argparse
import pathlib
import shutil
import subprocess
import sys
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
VERIFY = HERE.parent / 'verify'
PORT = HERE / 'port' / 'mps2'
COMPILER, QEMU = 'arm-none-eabi-gcc', 'qemu-system-arm'
FLAGS = ['-std=c11', '-mthumb', '-Os', '-g', '-ffreestanding', '-ffunction-sections', '-fdata-sections', '-Wall', '-Wextra', '-Wshadow',
         '-Wconversion', '-Wno-sign-conversion', '-Wundef', '-Wcast-qual', '-Wstrict-prototypes', '-Wvla', '-Werror']
VERSIONS = ('1.9.0', '2.0.0', '2.1.0')


@dataclass(frozen=True)
class Machine:
    name: str
    processor: str
    rom: int
    ram: int
    header: str
    arithmetic: str = 'arm'  # both have UMAAL


MACHINES = {machine.name: machine for machine in (
    Machine('mps2-an386', 'cortex-m4', 0x00000000, 0x20000000, 'machine_an386.h'),
    Machine('mps2-an505', 'cortex-m33', 0x10000000, 0x38000000, 'machine_an505.h'))}


class Failed(Exception):
    pass


def missing():
    """The programs that are not here."""
    return [program for program in (COMPILER, QEMU) if not shutil.which(program)]


def run(words, **options):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f'{words[0]}: {done.stdout.strip()}')
    return done.stdout


def verify_sources():
    return [VERIFY / 'src' / name for name in (VERIFY / 'files.txt').read_text(encoding='utf-8').split()]


def listed(folder, name):
    return [folder / line for line in (folder / name).read_text(encoding='utf-8').split()]


class Build:
    def __init__(self, machine, folder):
        self.machine, self.folder = machine, pathlib.Path(folder) / machine.name
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(PORT / machine.header, self.folder / 'machine.h')

    def compile(self, source, extra=(), suffix=''):
        target = self.folder / f'{source.parent.name}-{source.stem}{suffix}.o'
        includes = [VERIFY / 'include', VERIFY / self.machine.arithmetic, HERE / 'boot', HERE / 'app', HERE / 'model', PORT, self.folder]
        run([COMPILER, *FLAGS, f'-mcpu={self.machine.processor}', *extra, *(f'-I{path}' for path in includes), '-c', source, '-o', target])
        return target

    def link(self, objects, script, target):
        run([COMPILER, '-mthumb', f'-mcpu={self.machine.processor}', '-nostartfiles', '-Wl,--gc-sections', '-Wl,--no-warn-rwx-segments',
             f'-Wl,--defsym=ROM={self.machine.rom:#x},--defsym=RAM={self.machine.ram:#x}', '-T', PORT / script, *objects, '-lc', '-lgcc',
             '-Wl,-Map', f'{target}.map', '-o', target])
        return target

    def common(self):
        """What the first stage and the application share."""
        sources = [*verify_sources(), *listed(HERE / 'boot', 'files.txt'), HERE / 'model' / 'nor.c',
                   *(source for source in listed(PORT, 'boot.txt') if source in listed(PORT, 'app.txt'))]
        return [self.compile(source) for source in sources]

    def application(self, common, name, source, version):
        own = self.compile(PORT / source, [f'-DAPP_VERSION="{version}"'], f'-{name}')
        start = self.compile(PORT / 'app_start.c')
        library = [self.compile(path) for path in listed(HERE / 'app', 'files.txt')]
        elf = self.link([start, own, *library, *common], 'app.ld', self.folder / f'app-{name}.elf')
        run(['arm-none-eabi-objcopy', '-O', 'binary', '-j', '.image', elf, self.folder / f'app-{name}.bin'])

    def everything(self, app=None, version=None):
        common = self.common()
        own = [self.compile(source) for source in listed(PORT, 'boot.txt') if source not in listed(PORT, 'app.txt')]
        self.link([*own, *common], 'boot.ld', self.folder / 'boot.elf')
        if app:
            self.application(common, version, app.resolve(), version)
            return self.folder
        for version in VERSIONS:
            self.application(common, version, 'app_main.c', version)
        self.application(common, 'crash', 'app_crash.c', '2.0.5')
        return self.folder


def build(folder, machine, **options):
    return Build(MACHINES[machine], folder).everything(**options)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', metavar='FOLDER')
    parser.add_argument('machine', nargs='*', metavar='MACHINE', help=', '.join(MACHINES))
    parser.add_argument('--app', type=pathlib.Path, metavar='main.c', help='the application: app_main of its own, with the library of device/app')
    parser.add_argument('--version', metavar='V', help='what APP_VERSION is for it')
    return parser


def main():
    parser = options()
    chosen = parser.parse_args()
    unknown = [name for name in chosen.machine if name not in MACHINES]
    if unknown:
        parser.error(f'{unknown[0]}: no such machine; there are {", ".join(MACHINES)}')
    if (chosen.app is None) != (chosen.version is None):
        parser.error('--app and --version go together')
    if missing():
        print(f'device/build.py: {", ".join(missing())} not found: tools/setup.sh device', file=sys.stderr)
        return 3
    try:
        for machine in chosen.machine or MACHINES:
            folder = build(chosen.folder, machine, app=chosen.app, version=chosen.version)
            print(run(['arm-none-eabi-size', folder / 'boot.elf', *sorted(folder.glob('app-*.elf'))]), end='')
    except Failed as fault:
        print(f'device/build.py: {fault}', file=sys.stderr)
        return 3
    return 0


if __name__ == '__main__':
    sys.exit(main())
