#!/usr/bin/python3
"""Measure Hallmark against its bars and its peers, and write bench/RESULTS.md: `make bench`.

    bench/run.py [--quick] [--build FOLDER] [--output FILE] [--work FOLDER]

--quick takes a minute or two instead of many: few rounds, smaller files and logs. A missed bar is printed as missed; only
a command that fails is a failure of this program."""
import argparse
import os
import subprocess
import sys
import tempfile

import report
import rows
from boot_rows import boot_rows
from device_rows import device_rows
from measure import Failed, Spender, figures

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ('spend', 'hash_bench', 'keys_bench', 'tlog_bench', 'store_bench')


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--quick', action='store_true', help='few rounds, small files and logs')
    parser.add_argument('--build', default=os.path.join(HERE, '..', 'build'), help='the build folder (build)')
    parser.add_argument('--output', default=os.path.join(HERE, 'RESULTS.md'), help='where the report goes')
    parser.add_argument('--work', default='/var/tmp', help='where the samples lie, 3 GiB of them (/var/tmp)')
    return parser.parse_args()


def measure(bench):
    say('the key layer')
    keys = figures([bench.tool('keys_bench')])
    say('one program')
    sections = [('One program of 100 KB', rows.one_program(bench))]
    say('large files')
    sections.append(('Large files', rows.large_files(bench)))
    say('many files')
    many = rows.small_files(bench, keys['keys_bare_processor_1'] / 1e6) + rows.medium_files(bench)
    sections += [('Many files', many), ('Keys', rows.key_layer(keys))]
    say('the log')
    sections.append(('Log', rows.log_and_store(bench)))
    say('the device verifier')
    sections.append(('Device verifier', device_rows()))
    sections.append(('Secure boot', boot_rows()))
    return sections


def say(what):
    print(f'bench: {what} ...', file=sys.stderr, flush=True)


def main():
    chosen = options()
    build = os.path.realpath(chosen.build)
    programs = [os.path.join('bench', name) for name in PROGRAMS] + ['app/hallmark/hallmark']
    if subprocess.run(['ninja', '-C', build, '--quiet', *programs], stdout=subprocess.DEVNULL, check=False).returncode != 0:
        return 3
    load_before = os.getloadavg()
    try:
        with tempfile.TemporaryDirectory(prefix='hallmark-bench-', dir=chosen.work) as folder:
            spender = Spender(os.path.join(build, 'bench', 'spend'))
            bench = rows.Bench(os.path.join(build, 'app', 'hallmark', 'hallmark'), os.path.join(build, 'bench'), spender,
                               folder, chosen.quick)
            sections = measure(bench)
    except (Failed, OSError, RuntimeError) as fault:
        print(f'bench: {fault}', file=sys.stderr)
        return 3
    report.write(chosen.output, sections, load_before, chosen.quick)
    missed = [row.what for _, group in sections for row in group if row.met is False]
    print(f'bench: {chosen.output} written; bars missed: {", ".join(missed) or "none"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
