"""An office, files to sign, and what must hold whatever happened while they were signed.

A Lab is a folder with one office and one set of files, put back as they were before every try. try_to_sign() runs the
command; judge() returns what is wrong afterwards, as sentences: an empty list is what every fault must leave (P1, P5, P9)."""
import concurrent.futures
import ctypes
import json
import multiprocessing
import os
import pathlib
import re
import random
import shutil
import subprocess
import sys
import time
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap  # noqa: F401  (the programs beside this one write with it)

BUILD = pathlib.Path(os.environ.get('HALLMARK_BUILD', ROOT / 'build'))
HALLMARK = os.environ.get('HALLMARK', str(BUILD / 'app' / 'hallmark' / 'hallmark'))
HELPERS = BUILD / 'tests' / 'faults'
FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
WORKERS = min(4, os.cpu_count() or 1)
# A try that takes longer hangs.
TOO_LONG = 60

# What is signed: in place and beside, for the first time and again, files and a folder.
OPERANDS = ('fresh.bin', 'stale.bin', 'fresh.efi', 'other.efi', 'recipes')
INPUTS = ('fresh.bin', 'stale.bin', 'recipes/paste.txt', 'recipes/soup.txt')
OUTPUTS = {'fresh.bin': ['fresh.bin.p7s'], 'stale.bin': ['stale.bin.p7s'], 'fresh.efi': ['fresh.efi'],
           'other.efi': ['other.efi'], 'recipes': ['recipes/SHA256SUMS', 'recipes/SHA256SUMS.p7s']}
EFI = sorted(pathlib.Path('/usr/lib/systemd/boot/efi').glob('systemd-boot*.efi'))


PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """What outlives a command (its core for a moment, the process that publishes later) becomes a child of this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    try:
        return [int(word) for word in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text('ascii').split()]
    except OSError:
        return []


def settle():
    """Ends all that is left of earlier commands, as a machine does that goes down."""
    while family := children(os.getpid()):
        for pid in family:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def come_to_rest():
    """Waits for what a command left behind on purpose (a checkpoint that is due within a second) to end by itself."""
    deadline = time.monotonic() + 30
    while children(os.getpid()) and time.monotonic() < deadline:
        for pid in children(os.getpid()):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


class Outcome:
    """What a command did: its status (negative or above 128 for a signal, None if it hung) and what it printed."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f'status {self.status}: {self.err.strip() or self.out.strip()}'


class Lab:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.office, self.work, self.kept = self.folder / 'office', self.folder / 'work', self.folder / 'kept'
        self.environment = {**os.environ, 'HALLMARK_OFFICE': str(self.office), 'HOME': str(self.folder)}
        self.old = {}

    def run(self, *arguments, before=(), environment=None):
        """One command of Hallmark, to the end of all its processes: the core holds standard error as long as it lives."""
        process = self.start(*arguments, before=before, environment=environment)
        return self.finish(process)

    def start(self, *arguments, before=(), environment=None):
        return subprocess.Popen([*before, HALLMARK, *arguments], cwd=self.work, env={**self.environment, **(environment or {})},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True)

    def finish(self, process):
        try:
            out, err = process.communicate(timeout=TOO_LONG)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            out, err = process.communicate()
            return Outcome(None, out.decode('utf-8', 'replace'), err.decode('utf-8', 'replace'))
        return Outcome(process.returncode, out.decode('utf-8', 'replace'), err.decode('utf-8', 'replace'))

    def must(self, *arguments):
        outcome = self.run(*arguments)
        if outcome.status != 0:
            raise RuntimeError(f'{" ".join(arguments)}: {outcome}')
        return outcome

    def found(self):
        """Makes the office and the files, and signs those that were signed before."""
        self.work.mkdir(parents=True)
        (self.work / 'recipes').mkdir()
        for name in ('fresh.bin', 'stale.bin'):
            (self.work / name).write_bytes(os.urandom(5000))
        for name in ('fresh.efi', 'other.efi'):
            shutil.copy(EFI[0], self.work / name)
        for name in ('paste', 'soup'):
            (self.work / 'recipes' / f'{name}.txt').write_text(f'{name}: 3 minutes\n', encoding='utf-8')
        self.must('init', '--org', 'Fault Lab')
        for product in ('pump', 'gate'):
            self.must('product', 'add', product)
        self.must('sign', '--product', 'gate', 'other.efi')
        self.must('sign', '--product', 'pump', 'stale.bin', 'recipes')
        with open(self.work / 'stale.bin', 'ab') as file:
            file.write(b'changed')
        (self.work / 'recipes' / 'soup.txt').write_text('soup: 5 minutes\n', encoding='utf-8')
        # One signature with each key there will be: what is tried is signing, not the making of keys.
        shutil.copytree(self.work, self.folder / 'aside', symlinks=True)
        self.must('sign', '--product', 'pump', '--replace', *OPERANDS)
        shutil.rmtree(self.work)
        (self.folder / 'aside').rename(self.work)
        come_to_rest()
        self.keep()

    def keep(self):
        shutil.rmtree(self.kept, ignore_errors=True)
        self.kept.mkdir()
        for part in (self.office, self.work):
            shutil.copytree(part, self.kept / part.name, symlinks=True)
        self.old = {path: self.bytes_of(path) for path in [*INPUTS, *(o for outputs in OUTPUTS.values() for o in outputs)]}

    def put_back(self):
        settle()
        for part in (self.office, self.work):
            shutil.rmtree(part)
            shutil.copytree(self.kept / part.name, part, symlinks=True)

    def twin(self, folder):
        """Another lab with the same office; the token notices that it was moved when it is first used."""
        other = type(self)(folder)
        shutil.copytree(self.kept, other.folder, symlinks=True, dirs_exist_ok=True)
        other.must('key', 'generate', '--product', 'pump')
        come_to_rest()  # what is published while it is copied would be half of it
        other.keep()
        return other

    def bytes_of(self, path):
        file = self.work / path
        return file.read_bytes() if file.exists() else None

    def sign(self, before=(), environment=None):
        return self.run('sign', '--product', 'pump', '--release', '1.0', '--replace', *OPERANDS, before=before,
                        environment=environment)

    def verified(self):
        """Which operands verify as signed for the product, by name."""
        lines = self.run('verify', '--json', '--product', 'pump', *OPERANDS).out.splitlines()
        return {entry['file'] for entry in map(json.loads, lines) if entry['status'] == 'verified'}

    # What must hold.

    def judge(self, outcome):
        settle()
        wrong = [*self.judge_office(), *self.judge_files(outcome), *self.judge_line(outcome)]
        again = self.sign()
        come_to_rest()
        wrong += self.judge_log_folder()
        if again.status != 0:
            wrong.append(f'signing again afterwards: {again}')
        elif not set(OPERANDS) <= self.verified():
            wrong.append('not all verifies after signing again')
        return wrong

    def token_is_gone(self):
        """Does SoftHSM's own tool, with none of our code in it, find no token any more where there was one?"""
        listing = subprocess.run(['softhsm2-util', '--show-slots'], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                 env={**self.environment, 'SOFTHSM2_CONF': str(self.office / 'token' / 'softhsm2.conf')},
                                 check=False)
        return listing.returncode == 0 and not re.search(r'Initialized: +yes', listing.stdout)

    def judge_office(self):
        check = self.run('log', 'check')
        come_to_rest()
        wrong = [] if check.status == 0 else [f'log check: {check}']
        for path in self.folder.rglob('*'):
            if (path.name.startswith('.') or path.name.endswith('-journal')) and self.office / 'log' not in path.parents:
                wrong.append(f'left behind: {path.relative_to(self.folder)}')
        return wrong

    def judge_log_folder(self):
        """What an interrupted publication left is overwritten by the next one."""
        return [f'left behind in the log: {path.name}' for path in (self.office / 'log').rglob('.*')]

    def judge_files(self, outcome):
        wrong = [f'{path} was changed' for path in INPUTS if self.bytes_of(path) != self.old[path]]
        verified = self.verified()
        for operand in OPERANDS:
            new = [path for path in OUTPUTS[operand] if self.bytes_of(path) != self.old[path]]
            # Two files cannot be replaced in one step: between a new catalogue and its signature the folder is refused.
            half = new == ['recipes/SHA256SUMS'] and outcome.status != 0
            if new and operand not in verified and not half:
                wrong.append(f'{operand}: neither as it was nor signed')
            if outcome.status == 0 and operand not in verified:
                wrong.append(f'{operand}: said to be signed, and is not')
        if verified:
            logged = self.run('log', 'check', *sorted(verified))
            if logged.status != 0:
                wrong.append(f'a signature was released without intent and outcome: {logged}')
        return wrong

    def judge_line(self, outcome):
        """A failure says in whole lines what is wrong; success and failure are the only two things there are."""
        if outcome.status == 0 or outcome.status in (-9, 137):
            return []
        if outcome.status is None:
            return ['hangs']
        if outcome.status != 3:
            return [f'status {outcome.status} instead of 3: {outcome.err.strip()}']
        lines = outcome.err.splitlines()
        if not any(line.startswith('hallmark: ') for line in lines) or not outcome.err.endswith('\n'):
            return [f'status 3 without a clear line: {outcome.err!r}']
        return []


class Pool:
    """A lab (of this KIND) for each processor, each used by a process of its own."""

    def __init__(self, kind=Lab):
        self.folder = tempfile.mkdtemp(prefix='hallmark-faults.')
        adopt_orphans()
        self.lab = kind(f'{self.folder}/0')
        self.lab.folder.mkdir()
        self.lab.found()
        settle()
        self.twins = [self.lab.twin(f'{self.folder}/{i + 1}') for i in range(WORKERS)]
        settle()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        settle()
        shutil.rmtree(self.folder, ignore_errors=True)

    def all_of(self, points, attempt):
        """ATTEMPT(lab, point) for each point. Returns the results in the order of the points."""
        fork = multiprocessing.get_context('fork')
        labs = fork.Queue()
        for twin in self.twins:
            labs.put(twin)
        with concurrent.futures.ProcessPoolExecutor(WORKERS, fork, begin_work, (labs,)) as executor:
            return list(executor.map(work, [attempt] * len(points), points))


def begin_work(labs):
    global own_lab
    adopt_orphans()
    own_lab = labs.get()


def work(attempt, point):
    own_lab.put_back()
    return attempt(own_lab, point)


def sample(points, most, most_of_full=None):
    """As many of them as MOST, chosen by the seed; in a full run all of them, or MOST_OF_FULL."""
    points = list(points)
    if FULL:
        most = most_of_full or len(points)
    return points if len(points) <= most else random.Random(SEED).sample(points, most)


def calls():
    """The numbers of the system calls by name."""
    numbers = {}
    for path in ('/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'):
        if os.path.exists(path):
            with open(path, encoding='ascii') as header:
                for line in header:
                    words = line.split()
                    if len(words) == 3 and words[1].startswith('__NR_'):
                        numbers[words[1][5:]] = int(words[2])
    return numbers
