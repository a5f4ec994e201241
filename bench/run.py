#!/usr/bin/python3
"""Measure Hallmark against its bars and its peers, and write bench/RESULTS.md: `make bench`.

    bench/run.py [--quick | --emulated] [--build FOLDER] [--output FILE] [--work FOLDER]

--quick takes a minute or two instead of many: few rounds, smaller files and logs. --emulated measures the device side alone and
leaves the other chapters of the report as they are. A missed bar is printed as missed; only a command that fails is a failure of
this program."""
import argparse
import os
import subprocess
import sys
import tempfile

import incident_rows
import report
import rows
import search_rows
from boot_rows import boot_chapter, measure_boot
from device_rows import comparison, device_chapter, measure_device
from measure import Failed, Spender, figures
from report import Chapter

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ('spend', 'files_bench', 'hash_bench', 'keys_bench', 'tlog_bench', 'store_bench', 'server_load', 'module_load',
            'search_bench', 'log_grow')


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument('--quick', action='store_true', help='few rounds, small files and logs')
    how.add_argument('--emulated', action='store_true', help='only what runs in the emulator, into a report that is there')
    parser.add_argument('--build', default=os.path.join(HERE, '..', 'build'), help='the build folder (build)')
    parser.add_argument('--output', default=os.path.join(HERE, 'RESULTS.md'), help='where the report goes')
    parser.add_argument('--work', default='/var/tmp', help='where the samples lie, 3 GiB of them (/var/tmp)')
    return parser.parse_args()


def measure(bench):
    say('the key layer')
    keys = figures([bench.tool('keys_bench')])
    say('one program')
    chapters = [Chapter('One program of 100 KB', rows.one_program(bench))]
    say('large files')
    chapters.append(Chapter('Large files', rows.large_files(bench)))
    say('many files')
    many = rows.small_files(bench, keys['keys_bare_processor_1'] / 1e6) + rows.medium_files(bench)
    chapters += [Chapter('Many files', many), Chapter('Keys', rows.key_layer(keys))]
    say('the log')
    chapters.append(Chapter('Log', rows.log_and_store(bench)))
    say('searching the log')
    chapters.append(search_rows.search(bench))
    say('the bad day')
    chapters.append(incident_rows.incident(bench))
    say('the server')
    import server_rows  # it takes the programs of this build
    chapters.append(Chapter('A served office', server_rows.server(bench)))
    return chapters


def measure_emulated():
    say('the device verifier')
    parts = measure_device()
    say('secure boot')
    stages = measure_boot()
    return [device_chapter(parts, comparison(parts, stages)), boot_chapter(stages)]


def say(what):
    print(f'bench: {what} ...', file=sys.stderr, flush=True)


def measure_here(chosen):
    """Measures and writes the report. Returns its chapters, or nothing if the programs cannot be built."""
    if chosen.emulated:
        chapters = measure_emulated()
        report.rewrite(chosen.output, chapters)
        return chapters
    build = os.path.realpath(chosen.build)
    programs = [os.path.join('bench', name) for name in PROGRAMS] + ['app/hallmark/hallmark', 'app/hallmarkd/hallmarkd']
    os.environ['HALLMARK_BUILD'] = build
    if subprocess.run(['ninja', '-C', build, '--quiet', *programs], stdout=subprocess.DEVNULL, check=False).returncode != 0:
        return None
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix='hallmark-bench-', dir=chosen.work) as folder:
        spender = Spender(os.path.join(build, 'bench', 'spend'))
        bench = rows.Bench(os.path.join(build, 'app', 'hallmark', 'hallmark'), os.path.join(build, 'bench'), spender,
                           folder, chosen.quick)
        chapters = measure(bench)
    chapters += measure_emulated()
    report.write(chosen.output, chapters, load_before, chosen.quick)
    return chapters


def main():
    chosen = options()
    try:
        chapters = measure_here(chosen)
    except (Failed, OSError, RuntimeError) as fault:
        print(f'bench: {fault}', file=sys.stderr)
        return 3
    if chapters is None:
        return 3
    missed = [row.what for chapter in chapters for row in chapter.rows if row.met is False]
    print(f'bench: {chosen.output} written; bars missed: {", ".join(missed) or "none"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
