"""Running things and comparing them. What is compared takes turns (A B A B ...), so that whatever else the machine does
strikes both; the ratio is taken within each pair, and the median of the ratios is what counts."""
import statistics
import subprocess
from dataclasses import dataclass, field


class Failed(Exception):
    """A command that should have succeeded did not: its figures mean nothing."""


@dataclass
class Cost:
    wall: float  # seconds
    processor: float  # seconds, of all processes together
    peak: float  # MiB, of the largest process


@dataclass
class Command:
    """What to run, what to do before each run (not measured), and the environment it needs."""
    words: list
    before: object = None
    environment: dict = None
    folder: str = None
    input: str = None


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


class Spender:
    """Runs commands through bench/spend, which counts every process and adds nothing of its own."""

    def __init__(self, spend):
        self.spend = spend

    def run(self, command):
        if command.before:
            command.before()
        done = subprocess.run([self.spend, *command.words], capture_output=True, text=True, env=command.environment,
                              cwd=command.folder, input=command.input or '')
        if done.returncode != 0:
            raise Failed(f'spend: {done.stderr}')
        wall, processor, peak, status, escaped = (int(word) for word in done.stdout.split())
        if status != 0:
            raise Failed(f'{" ".join(command.words[:4])} ...: exit status {status}\n{done.stderr}')
        if escaped:
            raise Failed(f'{" ".join(command.words[:4])} ...: {escaped} processes outlived it')
        return Cost(wall / 1e6, processor / 1e6, peak / 1024)

    def compare(self, commands, rounds):
        """One round to warm up, then so many rounds of every command in turn."""
        result = Comparison([[] for _ in commands])
        for number in range(rounds + 1):
            for costs, command in zip(result.costs, commands):
                cost = self.run(command)
                if number:
                    costs.append(cost)
        return result


def figures(words):
    """What a bench program prints: lines of name, value, unit."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f'{words[0]}: {done.stderr}')
    return {name: float(value) for name, value, *_ in (line.split() for line in done.stdout.splitlines())}
