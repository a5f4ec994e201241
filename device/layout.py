#!/usr/bin/python3
"""A port's layout (port_layout.h), on this machine: where things lie, and whether that is possible.

  device/layout.py [-D HMB_ERASE_SIZE=8192]... [--test] [LAYOUT]

LAYOUT is a header that defines port_layout, PORT_ALGORITHMS and PORT_DIGESTS as device/port/mps2/port_layout.h does, which is taken if
none is named; -D is what the port gives to the compiler. --test runs the device's unit tests over it. Needs a C compiler, --test also
cmocka. Status 1: the layout is impossible, or a test failed."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
UNIT = ROOT / 'tests' / 'unit' / 'device'
DEFAULT = HERE / 'port' / 'mps2' / 'port_layout.h'
TESTS = ('boot', 'layout', 'list', 'download', 'power_cuts')


class Failed(Exception):
    pass


def listed(folder, names):
    return [folder / name for name in names.read_text(encoding='utf-8').split()]


def library():
    """What runs on the device, but for the port."""
    return [*listed(ROOT / 'verify' / 'src', ROOT / 'verify' / 'files.txt'), *listed(HERE / 'boot', HERE / 'boot' / 'files.txt'),
            *listed(HERE / 'app', HERE / 'app' / 'files.txt'), HERE / 'model' / 'nor.c']


def add_options(parser):
    """What every program takes that works for a layout."""
    parser.add_argument('-D', dest='define', action='append', default=[], metavar='NAME=VALUE',
                        help="the port's own, as for its compiler: HMB_UNIT_SIZE=32, HMB_ERASE_SIZE=8192")


def build(target, sources, layout, define, *extra):
    includes = [ROOT / 'verify' / 'include', ROOT / 'verify' / 'portable', HERE / 'boot', HERE / 'app', HERE / 'model', HERE / 'image']
    words = [os.environ.get('CC', 'cc'), '-std=gnu11', '-O1', *(f'-I{path}' for path in includes), *(f'-D{one}' for one in define),
             f'-DPORT_LAYOUT="{pathlib.Path(layout).resolve()}"', *map(str, sources), *extra, '-o', str(target)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        errors = dict.fromkeys(line.split('error: ', 1)[1] for line in done.stdout.splitlines() if 'error: ' in line)
        raise Failed('\n  '.join([f'{layout} does not compile:', *(errors or done.stdout.splitlines())]))
    return target


def image(folder, layout, define):
    """The program of device/image/ for that layout."""
    return build(pathlib.Path(folder) / 'image', [*library(), *sorted((HERE / 'image').glob('*.c'))], layout, define)


def run_image(layout, define, *words):
    """(status, what it printed)"""
    with tempfile.TemporaryDirectory(prefix='hallmark-image.') as folder:
        done = subprocess.run([image(folder, layout, define), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def run_tests(layout, define, names):
    """The names of those that failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix='hallmark-layout.') as folder:
        for name in names:
            sources = [*library(), UNIT / 'lab.c', UNIT / 'stories.c', UNIT / f'test_{name}.c']
            program = build(pathlib.Path(folder) / name, sources, layout, define, f'-DHALLMARK_SOURCE="{ROOT}"', '-lcmocka')
            done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            print(f'{"passed" if done.returncode == 0 else "FAILED"}: tests/unit/device/test_{name}.c', flush=True)
            if done.returncode != 0:
                print(done.stdout)
                failed.append(name)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument('--test', nargs='?', const=','.join(TESTS), metavar='NAMES', help='run the tests; NAMES: only these, of ' + ', '.join(TESTS))
    parser.add_argument('layout', nargs='?', default=DEFAULT, metavar='LAYOUT')
    chosen = parser.parse_args()
    try:
        status, said = run_image(chosen.layout, chosen.define, 'areas')
        print(said, end='', flush=True)
        if status == 0 and chosen.test:
            status = 1 if run_tests(chosen.layout, chosen.define, chosen.test.split(',')) else 0
        return status
    except (Failed, OSError) as fault:
        print(f'device/layout.py: {fault}', file=sys.stderr)
        return 3


if __name__ == '__main__':
    sys.exit(main())
