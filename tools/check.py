#!/usr/bin/python3
"""Builds Hallmark and runs its tests; the last line is 'N passed, N failed' (', N skipped' if some were).

  tools/check.py [--build FOLDER] [SECTION]...

Sections, in the order they run: build house unit stories oracles native device faults clang sanitizers fuzz. All of them unless named.
HALLMARK_FULL=1 runs the long sweeps whole; otherwise tests sample them with HALLMARK_SEED, which is printed.
Logs are in build/check/. Status 0: something ran and nothing failed."""
import argparse
import concurrent.futures
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import builds
import tap

ROOT = builds.ROOT
LOGS = ROOT / 'build' / 'check'
FULL = os.environ.get('HALLMARK_FULL') == '1'
WORKERS = min(4, os.cpu_count() or 1)
SANITIZER = 'detect_leaks=1:strict_string_checks=1'
# What the compilers, the linker, Meson and ninja put before the reason.
ERROR = re.compile(r'error: |ERROR: |undefined reference|^FAILED: |multiple definition')
LIMIT = 7200 if FULL else 600
# What takes longest, most of it waiting, begins before its neighbours.
FIRST = {'server_overload.py'}


def environment(folder):
    """What every test program gets: where the programs are, no office or home of the person who runs it."""
    home = LOGS / 'home'
    home.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != 'HALLMARK_OFFICE'}
    return {
        **inherited,
        'HALLMARK': str(ROOT / folder / 'app' / 'hallmark' / 'hallmark'),
        'HALLMARK_BUILD': str(ROOT / folder),
        'HOME': str(home),
        'LC_ALL': 'C.UTF-8',
        'TZ': 'UTC',
        'CMOCKA_MESSAGE_OUTPUT': 'TAP',
        'ASAN_OPTIONS': SANITIZER,
        'LSAN_OPTIONS': f'print_suppressions=0:suppressions={ROOT / "tests" / "leaks-of-others.txt"}',
        'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
    }


class Check:
    def __init__(self):
        self.reports = []

    def section(self, title):
        print(f'\n{title}', flush=True)

    def add(self, report):
        """Takes a report in, with the one line that a person sees of it."""
        self.reports.append(report)
        parts = [f'{report.passed} passed']
        if report.failed:
            parts.append(f'{len(report.failed)} failed')
        if report.skipped:
            parts.append(f'{len(report.skipped)} skipped')
        mark = 'FAIL' if report.failed else 'ok  '
        print(f'  {mark} {report.name:<44} {", ".join(parts):<28} {report.seconds:6.1f} s', flush=True)

    def program(self, name, command, folder, needs_plan=True, cwd=ROOT, extra=None):
        report = tap.Report(name)
        report.log = LOGS / (name.replace('/', '-').replace(' ', '-') + '.log')
        begun = time.monotonic()
        output, status = run(command, {**environment(folder), **(extra or {})}, cwd)
        report.seconds = time.monotonic() - begun
        report.log.write_text(output, encoding='utf-8')
        tap.read(report, output, status, needs_plan)
        return report

    def all_of(self, jobs):
        """Runs jobs (keyword arguments of program) a few at a time, and shows each as it ends."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for done in concurrent.futures.as_completed([pool.submit(self.program, **job) for job in jobs]):
                self.add(done.result())

    def builds(self, folder, sentence):
        report = tap.Report(sentence)
        report.log = LOGS / f'{folder}.log'
        begun = time.monotonic()
        with open(report.log, 'w', encoding='utf-8') as log:
            good = builds.make(folder, log)
        report.seconds = time.monotonic() - begun
        if good:
            report.passed = 1
        else:
            text = report.log.read_text(encoding='utf-8', errors='replace').splitlines()
            errors = [line for line in text if ERROR.search(line)]
            report.fail(f'{folder} does not build', errors or text[-tap.DETAIL_LINES:])
        self.add(report)
        return good

    def close(self):
        """Says what failed and where to look, then the counts. Returns the exit status."""
        failed = [report for report in self.reports if report.failed]
        if failed:
            print('\nWhat failed')
        for report in failed:
            for sentence, details in report.failed:
                print(f'  {report.name}: {sentence}')
                for line in details:
                    print(f'      {line}')
            print(f'    its output: {report.log.relative_to(ROOT)}')
        show_skips(self.reports)
        passes = sum(report.passed for report in self.reports)
        failures = sum(len(report.failed) for report in self.reports)
        skips = sum(len(report.skipped) for report in self.reports)
        line = f'{passes} passed, {failures} failed' + (f', {skips} skipped' if skips else '')
        (LOGS / 'result').write_text(line + '\n', encoding='utf-8')
        print(f'\n{line}', flush=True)
        return 0 if passes and not failures else 1


def show_skips(reports):
    if any(report.skipped for report in reports):
        print('\nWhat was skipped')
    for report in reports:
        for sentence in report.skipped:
            print(f'  {report.name}: {sentence}')


running = set()


def stop(*_):
    """Whoever ends the runner ends the programs that it started."""
    for group in list(running):
        os.killpg(group, signal.SIGKILL)
    os._exit(1)


def run(command, env, cwd):
    """Runs COMMAND in a session of its own, so that what it leaves behind at a timeout ends with it."""
    process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    running.add(process.pid)
    try:
        output, _ = process.communicate(timeout=LIMIT)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    running.discard(process.pid)
    return output.decode('utf-8', 'replace'), status


def programs_in(folder):
    """The programs in a folder of tests: files that begin with '#!'. Others beside them are helpers."""
    for path in sorted((ROOT / folder).glob('*'), key=lambda path: (path.name not in FIRST, path)):
        if path.is_file():
            with open(path, 'rb') as file:
                first = file.readline()
            if first.startswith(b'#!'):
                yield path, [*first[2:].decode().split(), str(path)]


def scripts(folder_of_tests, folder, needs_plan=True, prefix=''):
    return [dict(name=prefix + str(path.relative_to(ROOT / 'tests').with_suffix('')), command=command, folder=folder,
                 needs_plan=needs_plan) for path, command in programs_in(folder_of_tests)]


def unit_tests(folder, prefix='unit/'):
    listing = subprocess.run(['meson', 'introspect', '--tests', str(ROOT / folder)], stdout=subprocess.PIPE, check=True)
    for test in json.loads(listing.stdout):
        suite = test['suite'][0].split(':')[-1]
        extra = dict(test['env'])
        if suite == 'keys':
            # Tokens are built without frame pointers: only the slow unwinder sees that a leak is theirs.
            extra['ASAN_OPTIONS'] = SANITIZER + ':fast_unwind_on_malloc=0'
        yield dict(name=f'{prefix}{suite}/{test["name"]}', command=test['cmd'], folder=folder,
                   cwd=test['workdir'] or ROOT, extra=extra)


def one_of_each_size(tests):
    """Of tests that are built for several sizes of flash (NAME_2, NAME_4, ...) one by HALLMARK_SEED: the compiler's own
    runs of them are whole."""
    families = {}
    for test in tests:
        families.setdefault(re.sub(r'_\d+$', '', test['name']), []).append(test)
    chance = random.Random(int(os.environ['HALLMARK_SEED']))
    for family in families.values():
        yield from family if FULL else [chance.choice(family)]


def fuzz_targets():
    """Every target once over its corpus; with HALLMARK_FULL a minute each on top."""
    for source in sorted((ROOT / 'tests' / 'fuzz').glob('fuzz_*.c')):
        target = source.stem
        yield dict(name=f'fuzz/{target[5:]}', folder='build-fuzz', needs_plan=False,
                   command=[str(ROOT / 'tools' / 'fuzz.py'), '--built', '--seconds', '60' if FULL else '0', target[5:]])


def run_sections(check, wanted, folder):
    ready = True
    if 'build' in wanted:
        check.section('Build')
        ready = check.builds(folder, f'{builds.CONFIGURATIONS[folder][0]}: everything, no warning')
    if 'house' in wanted and ready:
        check.section('House rules')
        check.all_of(scripts('tests/house', folder) + scripts('tests/layers', folder))
    if 'unit' in wanted and ready:
        check.section('Unit tests')
        check.all_of(unit_tests(folder))
    for section, needs_plan in (('stories', True), ('oracles', False), ('native', False), ('device', False), ('faults', False)):
        if section in wanted and ready:
            check.section(section.capitalize())
            check.all_of(scripts(f'tests/{section}', folder, needs_plan))
    if 'clang' in wanted:
        check.section('Second compiler')
        check.builds('build-clang', 'clang: everything, no warning')
    if wanted & {'sanitizers', 'fuzz'}:
        check.section('AddressSanitizer, UndefinedBehaviorSanitizer, fuzz targets')
        if check.builds('build-fuzz', 'clang: sanitizers and fuzz targets'):
            check.all_of([*(one_of_each_size(unit_tests('build-fuzz', 'sanitized/')) if 'sanitizers' in wanted else []),
                          *(scripts('tests/native', 'build-fuzz', prefix='sanitized/') if 'sanitizers' in wanted else []),
                          *(fuzz_targets() if 'fuzz' in wanted else [])])


SECTIONS = ('build', 'house', 'unit', 'stories', 'oracles', 'native', 'device', 'faults', 'clang', 'sanitizers', 'fuzz')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', default='build', choices=sorted(builds.CONFIGURATIONS))
    parser.add_argument('section', nargs='*', metavar='SECTION', choices=[*SECTIONS, []])
    arguments = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, stop)
    os.environ.setdefault('HALLMARK_SEED', str(random.randrange(1 << 32)))
    print(f'The long sweeps are {"run whole" if FULL else "sampled"}: HALLMARK_SEED={os.environ["HALLMARK_SEED"]}')
    check = Check()
    run_sections(check, set(arguments.section or SECTIONS), arguments.build)
    return check.close()


if __name__ == '__main__':
    sys.exit(main())
