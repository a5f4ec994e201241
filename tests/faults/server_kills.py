#!/usr/bin/python3
"""P1, P9: kill -9 of any process of a server that clients sign through, over HTTPS and on its machine, at random moments.

It comes back by itself (only after the supervisor it is started again, as a service manager does). Every signature that a
client was given is in the log with its intent, the log goes on from where it was, and no client hangs. 25 times, or
HALLMARK_KILLS times, or with HALLMARK_FULL=1 a thousand times."""
import collections
import ctypes
import http.client
import multiprocessing
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import lab
import served

ROLES = ('core', 'front', 'tokens', 'supervisor')
KILLS = int(os.environ.get('HALLMARK_KILLS', 1000 if lab.FULL else 25))
REMOTE, LOCAL = 3, 1
# Each of them opens a new session after so many signatures.
SESSION = 8
SECONDS_TO_RECOVER = 30
# What a client may be told while a process is gone: it asks again. 401: its session went with the process.
MEANWHILE = {401, 429, 503}
PR_SET_PDEATHSIG = 1


class Load:
    """Clients, each a process, that sign until they are told to stop. What they are given lies in a folder of each."""

    def __init__(self, place):
        fork = multiprocessing.get_context('fork')
        self.place, self.stopped = place, fork.Event()
        self.signed = fork.Array('d', REMOTE + LOCAL)  # when each was given its last signature
        self.counts = fork.Array('L', REMOTE + LOCAL)
        self.wrong = fork.Queue()
        self.folders = [place.folder / f'client-{i}' for i in range(REMOTE + LOCAL)]
        for folder in self.folders:
            folder.mkdir()
        self.processes = [fork.Process(target=self.run, args=(i,), daemon=True) for i in range(REMOTE + LOCAL)]
        for process in self.processes:
            process.start()

    def run(self, i):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        chance = random.Random(f'{lab.SEED} {i}')
        one = self.remote(i) if i < REMOTE else self.local(i)
        while not self.stopped.is_set():
            next(one)
            time.sleep(chance.uniform(0.002, 0.03))

    def given(self, i, name, content, signature):
        folder = self.folders[i]
        (folder / 'new').write_bytes(content)
        (folder / f'{name}.p7s').write_bytes(signature)
        (folder / 'new').rename(folder / name)
        with self.counts.get_lock():
            self.counts[i] += 1
        self.signed[i] = time.monotonic()

    def remote(self, i):
        client, number = None, 0
        while True:
            content = f'{i} {number} {os.urandom(8).hex()}\n'.encode()
            begun = time.monotonic()
            try:
                if not client or number % SESSION == 0:
                    if client:
                        client.close()
                    client = served.Client(self.place.port, self.place.issuer.token(), self.place.folder / 'tls.pem')
                self.given(i, f'{number}.bin', content, client.sign([content])[0])
                number += 1
            except served.Refused as error:
                if error.status not in MEANWHILE:
                    self.wrong.put(f'client {i}: {error}')
                client = None
            except TimeoutError:
                self.wrong.put(f'client {i} hangs: no answer in {time.monotonic() - begun:.0f} s')
                client = None
            except (OSError, http.client.HTTPException):
                client = None
            yield

    def local(self, i):
        """Files that the command line signs; 0: it says that they are, 3: the office was not there."""
        folder, number = self.folders[i], 0
        environment = {**self.place.environment}
        while True:
            name = f'{number}.bin'
            (folder / 'try').mkdir(exist_ok=True)
            (folder / 'try' / name).write_bytes(f'{i} {number} {os.urandom(8).hex()}\n'.encode())
            try:
                done = subprocess.run([lab.HALLMARK, 'sign', '--product', 'pump', name], cwd=folder / 'try', env=environment,
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=lab.TOO_LONG, check=False)
                if done.returncode == 0:
                    self.given(i, name, (folder / 'try' / name).read_bytes(), (folder / 'try' / f'{name}.p7s').read_bytes())
                elif done.returncode != 3:
                    self.wrong.put(f'the command line: status {done.returncode}: {done.stderr.decode("utf-8", "replace")}')
            except subprocess.TimeoutExpired:
                self.wrong.put('the command line hangs')
            number += 1
            yield

    def take(self):
        """The files whose signatures were given since they were last taken."""
        return [path for folder in self.folders for path in folder.glob('*.bin')]

    def all_signed_since(self, moment):
        return all(when > moment for when in self.signed)

    def first_since(self, moment):
        return min((when for when in self.signed[:REMOTE] if when > moment), default=None)

    def stop(self):
        self.stopped.set()
        for process in self.processes:
            process.join(2 * lab.TOO_LONG)
        wrong = [f'client {i} does not end' for i, process in enumerate(self.processes) if process.is_alive()]
        while not self.wrong.empty():
            wrong.append(self.wrong.get())
        return wrong


def kill_one(place, role):
    """Kills it; returns when, or None if it was not there."""
    pid = place.processes().get(role)
    if not pid:
        return None
    moment = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    if role == 'supervisor':
        place.server.wait()
        place.serve()
    return moment


def recover(load, moment):
    """Seconds until the first signature, and until every client had one again; None: not in time."""
    while time.monotonic() - moment < SECONDS_TO_RECOVER:
        if load.all_signed_since(moment):
            return load.first_since(moment) - moment, max(load.signed) - moment
        time.sleep(0.002)
    return None


def judge(place, load):
    """Every signature that was given is in the log; what was seen of it stays. Checked files are removed."""
    taken = load.take()
    wrong = []
    for i in range(0, len(taken), 200):
        check = place.run('log', 'check', *map(str, taken[i:i + 200]))
        if check.status != 0:
            wrong.append(f'a signature was given without intent and outcome: {check}')
    follow = place.run('log', 'monitor', str(place.office / 'log'), '--trust', str(place.office / 'trust.pem'), '--state', 'head')
    if follow.status != 0:
        wrong.append(f'log monitor: {follow}')
    for path in taken:
        path.unlink()
        pathlib.Path(f'{path}.p7s').unlink()
    return wrong


def one_kill(place, load, chance, table, times):
    """Returns what is wrong afterwards, as sentences."""
    role = chance.choice(ROLES)
    time.sleep(chance.uniform(0, 0.25))
    moment = kill_one(place, role)
    table[role, moment is not None] += 1
    if moment is None:
        return []
    took = recover(load, moment)
    if took is None:
        return [f'after the {role} was killed not all clients sign again within {SECONDS_TO_RECOVER} s']
    times[role].append(took)
    return judge(place, load)


def show(table, times, load):
    for role in ROLES:
        first, every = zip(*times[role]) if times[role] else ((), ())
        if first:
            print(f'# {role:10s} {table[role, True]} killed; to the first signature {statistics.median(first) * 1000:.0f} ms median, '
                  f'{max(first) * 1000:.0f} worst; until every client had one {statistics.median(every) * 1000:.0f} median, '
                  f'{max(every) * 1000:.0f} worst')
    print(f'# {sum(table.values())} kills, {sum(load.counts)} signatures given, {sum(load.counts[REMOTE:])} of them on the '
          f'server\'s machine, seed {lab.SEED}')


def main():
    out = lab.tap.Writer()
    chance = random.Random(lab.SEED)
    table, times = collections.Counter(), collections.defaultdict(list)
    place = served.Served(tempfile.mkdtemp(prefix='hallmark-faults.'))
    wrong = []
    try:
        place.found()
        place.serve()
        load = Load(place)
        out.ok(recover(load, time.monotonic()) is not None, 'clients sign through the server', load.wrong.empty() and [])
        for _ in range(KILLS):
            wrong += one_kill(place, load, chance, table, times)
        hung = load.stop()
        wrong += judge(place, load)
        whole = place.check_log()
        place.stop()
        whole += place.check_log()
        show(table, times, load)
    finally:
        served.remove(place)
    hits = sum(n for (_, hit), n in table.items() if hit)
    out.ok(hits > 0.9 * KILLS, 'the processes are killed while they work')
    out.ok(not hung, 'no client hangs, and none is told anything but to ask again', hung)
    out.ok(not wrong, 'P1 P9: after kill -9 of any process every signature that was given is logged, and the log goes on', wrong)
    out.ok(not whole, 'P9: the whole log is good in the end, served and not', whole)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
