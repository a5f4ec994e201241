"""Running things and comparing them. What is compared takes turns (A B A B ...), so that whatever else the machine does
strikes both; the ratio is taken within each pair, and the median of the ratios is what counts."""
import ctypes
import itertools
import os
import pathlib
import statistics
import subprocess
import time
from dataclasses import dataclass, field

PR_SET_CHILD_SUBREAPER = 36
QUIET = 1.2  # seconds, longer than checkpoints are apart
NEW = '{new}'
serial_numbers = itertools.count()


class Failed(Exception):
    """A command that should have succeeded did not: its figures mean nothing."""


@dataclass
class Cost:
    wall: float  # seconds
    processor: float  # seconds, of all processes together
    peak: float  # MiB, of the largest process


@dataclass
class Command:
    """What to run, what to do before each run (not measured), and the environment it needs. NEW in a word stands for a path
    that is another one in every run, in the folder FRESH."""
    words: list
    before: object = None
    environment: dict = None
    folder: str = None
    input: str = None
    fresh: str = None

    def words_now(self):
        path = os.path.join(self.fresh, str(next(serial_numbers))) if self.fresh else ''
        return [word.replace(NEW, path) for word in self.words], path


@dataclass
class Ratio:
    """How A compares with B over pairs of runs."""
    median: float
    least: float
    most: float

    def __str__(self):
        return f'{self.median:.2f} × ({self.least:.2f}–{self.most:.2f})'


@dataclass
class Comparison:
    costs: list = field(default_factory=list)  # one list of Cost per command

    def median(self, which, kind='processor'):
        return statistics.median(getattr(cost, kind) for cost in self.costs[which])

    def peak(self, which):
        return max(cost.peak for cost in self.costs[which])

    def ratio(self, a, b, kind='processor'):
        ratios = [getattr(x, kind) / getattr(y, kind) for x, y in zip(self.costs[a], self.costs[b])]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def adopt_orphans():
    """What a command leaves running becomes a child of ours, so that its cost is not lost."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'prctl')


def children():
    with open(f'/proc/self/task/{os.getpid()}/children', encoding='ascii') as file:
        return set(file.read().split())


def wait_for(pid):
    """The processor time that an adopted process has used by its end."""
    _, _, usage = os.wait4(int(pid), 0)
    return usage.ru_utime + usage.ru_stime


class Spender:
    """Runs commands through bench/spend, which counts every process and adds nothing of its own."""

    def __init__(self, spend):
        self.spend = spend
        adopt_orphans()

    def run(self, command, alone=False):
        """One run. ALONE: with what it leaves running, to the end of that."""
        words, path = command.words_now()
        if command.before:
            command.before(path)
        words = [self.spend, *(['--wait'] if alone else []), *words]
        done = subprocess.run(words, capture_output=True, text=True, env=command.environment, cwd=command.folder,
                              input=command.input or '', check=False)
        if done.returncode != 0:
            raise Failed(f'spend: {done.stderr}')
        wall, processor, peak, status = (int(word) for word in done.stdout.split())
        if status != 0:
            raise Failed(f'{" ".join(words[1:5])} ...: exit status {status}\n{done.stderr}')
        return Cost(wall / 1e6, processor / 1e6, peak / 1024)

    def compare(self, commands, rounds):
        """One round to warm up, then so many rounds of every command in turn. What a command's runs leave running is waited
        for in the end, and its processor time is shared out among these runs."""
        costs, left = [[] for _ in commands], [set() for _ in commands]
        for _ in range(rounds + 1):
            for which, command in enumerate(commands):
                before = children()
                costs[which].append(self.run(command))
                left[which] |= children() - before
        for which, pids in enumerate(left):
            share = sum(wait_for(pid) for pid in pids) / (rounds + 1)
            for cost in costs[which]:
                cost.processor += share
        return Comparison([runs[1:] for runs in costs])

    def alone(self, command, rounds):
        """Median processor time of runs so far apart that they share nothing."""
        times = []
        for _ in range(rounds):
            time.sleep(QUIET)
            times.append(self.run(command, alone=True).processor)
        return statistics.median(times)


def figures(words):
    """What a bench program prints: lines of name, value, unit."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f'{words[0]}: {done.stderr}')
    return {name: float(value) for name, value, *_ in (line.split() for line in done.stdout.splitlines())}


def processor(pids):
    """Seconds that they have used so far."""
    ticks = 0
    for pid in pids:
        words = pathlib.Path(f'/proc/{pid}/stat').read_text('ascii').rsplit(')', 1)[1].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf('SC_CLK_TCK')
