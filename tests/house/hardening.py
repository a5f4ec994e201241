#!/usr/bin/python3
"""How build/hallmark is linked: position-independent, relocations read-only, nothing writable and executable, canaries,
fortified calls; and which libraries it may load, because each costs start-up time (DESIGN section 3)."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

# The dynamic linker itself is named where thread-local storage is used, and loaded anyway.
MAY_LOAD = re.compile(r'^(libcrypto|libsqlite3|libc|libdl|libm|ld-linux[a-z0-9_-]*)\.so(\.\d+)*$')

# A program that has none of it, so that the test is seen to fail.
SOFT_SOURCE = 'int main(int argc, char **argv) { return argc + (argv == 0); }\n'
SOFT_FLAGS = ['-O0', '-no-pie', '-fno-pie', '-fno-stack-protector', '-U_FORTIFY_SOURCE', '-fcf-protection=none',
              '-Wl,-z,norelro', '-Wl,-z,lazy', '-Wl,-z,execstack', '-Wl,-rpath,/tmp', '-Wl,--no-as-needed', '-lcmocka']


def readelf(option, program):
    run = subprocess.run(['readelf', '--wide', option, str(program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         check=False)
    return run.stdout.decode('utf-8', 'replace')


def segment_flags(headers):
    """The flags (R, W, E) of each program header, by type."""
    return re.findall(r'^\s+(\w+)\s+0x\S+\s+0x\S+\s+0x\S+\s+0x\S+\s+0x\S+\s+([R ][W ][E ])', headers, re.MULTILINE)


def properties(program):
    header, segments = readelf('--file-header', program), readelf('--segments', program)
    dynamic, symbols = readelf('--dynamic', program), readelf('--dyn-syms', program)
    flags = segment_flags(segments)
    return {
        'is position-independent': 'DYN (' in header and re.search(r'FLAGS_1.*\bPIE\b', dynamic) is not None,
        'has read-only relocations': 'GNU_RELRO' in segments,
        'binds all names at start': 'BIND_NOW' in dynamic or re.search(r'FLAGS_1.*\bNOW\b', dynamic) is not None,
        'has no segment that is writable and executable': bool(flags) and all('W' not in bits or 'E' not in bits
                                                                             for _, bits in flags),
        'has no executable stack': any(kind == 'GNU_STACK' and 'E' not in bits for kind, bits in flags),
        'has stack canaries': '__stack_chk_fail' in symbols,
        'has fortified calls': re.search(r'\b__\w+_chk\b', symbols) is not None,
        'has no search path of its own for libraries': bool(dynamic) and 'RPATH' not in dynamic and 'RUNPATH' not in dynamic,
    }


def needed(program):
    return re.findall(r'\(NEEDED\).*\[(.+?)\]', readelf('--dynamic', program))


def check_the_checker(out):
    with tempfile.TemporaryDirectory() as scratch:
        source, program = pathlib.Path(scratch, 'soft.c'), pathlib.Path(scratch, 'soft')
        source.write_text(SOFT_SOURCE, encoding='utf-8')
        subprocess.run(['gcc', str(source), '-o', str(program), *SOFT_FLAGS], check=True)
        held = sorted(sentence for sentence, holds in properties(program).items() if holds)
        out.ok(not held, 'a program built without hardening is seen to lack every part of it', held)
        out.ok('libcmocka.so.0' in needed(program) and not MAY_LOAD.match('libcmocka.so.0'), 'a library too many is noticed')


def main():
    out = tap.Writer()
    program = pathlib.Path(os.environ.get('HALLMARK', ROOT / 'build' / 'app' / 'hallmark' / 'hallmark'))
    out.ok(program.is_file(), 'the build makes build/hallmark')
    for sentence, holds in properties(program).items():
        out.ok(holds, f'hallmark {sentence}')
    libraries = needed(program)
    extra = [library for library in libraries if not MAY_LOAD.match(library)]
    out.ok(libraries and not extra, 'hallmark loads only the libraries its start-up has time for', extra)
    check_the_checker(out)
    out.close()


main()
