#!/usr/bin/python3
"""Runs the fuzz targets, two at a time, and says what ran and what was found.

  tools/fuzz.py [--seconds N] [--built] [NAME]...

--seconds 0 runs each target once over its committed corpus (a regression test). What is found, and the corpus as it grows,
lands in build-fuzz/finds/NAME; nothing is written to the tree. Prints one 'ok - ' or 'not ok - ' line for each target."""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

import builds

TARGETS = builds.ROOT / 'tests' / 'fuzz'
FUZZ = builds.ROOT / 'build-fuzz'
INPUT_LIMIT_SECONDS = 10
MEMORY_LIMIT_MIB = 1024


def fuzz(name, seconds):
    """One target. Returns (went well, the sentence, details)."""
    corpus = TARGETS / 'corpus' / name
    inputs = sum(1 for path in corpus.rglob('*') if path.is_file()) if corpus.is_dir() else 0
    if not inputs:
        return False, f'{name}: its corpus in tests/fuzz/corpus/{name} is empty', ''
    finds = FUZZ / 'finds' / name
    grown = FUZZ / 'corpus' / name
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    grown.mkdir(parents=True, exist_ok=True)
    command = [str(FUZZ / 'tests' / 'fuzz' / f'fuzz_{name}'), f'-artifact_prefix={finds}/', '-print_final_stats=1',
               f'-timeout={INPUT_LIMIT_SECONDS}', f'-rss_limit_mb={MEMORY_LIMIT_MIB}']
    # The first folder is the one that libFuzzer writes to.
    command += [f'-max_total_time={seconds}', str(grown)] if seconds else ['-runs=0']
    run = subprocess.run([*command, str(corpus)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False)
    output = run.stdout.decode('utf-8', 'replace')
    executed = re.search(r'stat::number_of_executed_units:\s*(\d+)', output)
    count = int(executed[1]) if executed else 0
    found = sorted(path.relative_to(builds.ROOT) for path in set(finds.iterdir()) - before)
    sentence = f'{name}: {count} executions from {inputs} inputs'
    if run.returncode or found or count < inputs:
        return False, sentence + ''.join(f'; found {path}' for path in found), output
    return True, sentence, ''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--built', action='store_true', help='build-fuzz is up to date')
    parser.add_argument('name', nargs='*')
    arguments = parser.parse_args()
    if not arguments.built and not builds.make('build-fuzz', sys.stderr):
        return 1
    names = [name.removeprefix('fuzz_') for name in arguments.name]
    names = names or sorted(source.stem[5:] for source in TARGETS.glob('fuzz_*.c'))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        for good, sentence, output in pool.map(lambda name: fuzz(name, arguments.seconds), names):
            failed += not good
            print(('ok - ' if good else 'not ok - ') + sentence, flush=True)
            for line in output.splitlines()[-40:]:
                print('# ' + line)
    print(f'{len(names) - failed} passed, {failed} failed')
    return 1 if failed or not names else 0


if __name__ == '__main__':
    sys.exit(main())
