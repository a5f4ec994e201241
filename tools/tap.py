"""What test programs print: TAP lines (cmocka's, our stories' and scripts'), or a closing 'N passed, N failed'.

read() counts such output; Writer prints it."""
import re
import signal
import sys

# cmocka numbers its lines, writes '# SKIP' instead of '-', and may stand behind what the test itself printed.
NUMBERED = re.compile(r'(?P<no>not )?ok \d+ (?P<sep>-|# SKIP) (?P<what>.*)$')
PLAIN = re.compile(r'^(?P<no>not )?ok (?P<sep>-) (?P<what>.*)$')
PLAN = re.compile(r'^1\.\.(\d+)\b')
CLOSING = re.compile(r'^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$')
DETAIL_LINES = 30


class Report:
    """What one program did: passed (a count), failed and skipped (sentences with their reasons)."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.seconds = 0.0
        self.log = None

    def fail(self, sentence, details=()):
        self.failed.append((sentence, list(details)[:DETAIL_LINES]))

    @property
    def ran(self):
        return self.passed + len(self.failed) + len(self.skipped)


def read(report, output, status, needs_plan=True):
    """Counts OUTPUT into REPORT. STATUS is the exit status, negative for a signal, None for a timeout."""
    planned, closing, details = [], None, None
    for line in output.splitlines():
        if plan := PLAN.match(line):
            planned.append(int(plan[1]))
        elif found := NUMBERED.search(line) or PLAIN.match(line):
            details = count(report, found)
        elif line.startswith('#') and details is not None:
            details.append(line[1:].strip())
        closing = CLOSING.match(line) or closing
    if closing and not report.ran:
        report.passed = int(closing[1])
        for _ in range(int(closing[2])):
            report.fail('see its log')
        report.skipped += ['see its log'] * int(closing[3] or 0)
    judge(report, output, status, sum(planned), bool(planned) or not needs_plan)


def count(report, found):
    what, _, why = found['what'].partition(' # SKIP ')
    if found['sep'] == '# SKIP' or why:
        report.skipped.append(f'{what}: {why}' if why else what)
        return None
    if not found['no']:
        report.passed += 1
        return None
    report.fail(what)
    return report.failed[-1][1]


def judge(report, output, status, planned, plan_is_there):
    """The ways in which a program fails without a 'not ok': it dies, ends early, or tests nothing."""
    tail = output.splitlines()[-DETAIL_LINES:]
    if status is None:
        report.fail('ran out of time', tail)
    elif status < 0:
        report.fail(f'killed by {signal.Signals(-status).name}', tail)
    elif status and not report.failed:
        report.fail(f'exited with {status} though no test failed', tail)
    elif not report.ran:
        report.fail('ran no test', tail)
    elif not plan_is_there:
        report.fail('ended without its plan (1..N): not all of it may have run', tail)
    elif planned and planned != report.ran:
        report.fail(f'planned {planned} tests and ran {report.ran}', tail)


class Writer:
    """For a test that is written in Python: one line a sentence, then the plan and the exit status."""

    def __init__(self):
        self.count = 0
        self.failures = 0

    def ok(self, holds, sentence, details=()):
        self.count += 1
        self.failures += not holds
        print(('ok' if holds else 'not ok') + f' {self.count} - {sentence}')
        for line in () if holds else details:
            print(f'# {line}')

    def skip(self, sentence, why):
        self.count += 1
        print(f'ok {self.count} - {sentence} # SKIP {why}')

    def close(self):
        print(f'1..{self.count}')
        sys.exit(1 if self.failures or not self.count else 0)
