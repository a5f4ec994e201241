#!/usr/bin/python3
"""A product's key is followed by another while everybody signs: no signature fails, through the interface or by the command
line elsewhere, and what was signed by a key before verifies when that is stopped. HALLMARK_FULL=1: twenty times instead of four."""
import http.client
import json
import multiprocessing
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time

import ctypes

import lab
import served

CLIENTS, ROTATIONS = 3, 20 if lab.FULL else 4
# Between two rotations, seconds: each key signs some, and is stopped while others that began under it go on.
PAUSE = 0.4


class Signers:
    """Clients over HTTPS, each in a process; they say how many they signed, and what went wrong."""

    def __init__(self, place):
        fork = multiprocessing.get_context('fork')
        self.stopped, self.said = fork.Event(), fork.SimpleQueue()
        self.processes = [fork.Process(target=self.run, args=(place,), daemon=True) for _ in range(CLIENTS)]
        for process in self.processes:
            process.start()

    def run(self, place):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        client, signed, wrong = served.Client(place.port, place.issuer.token(), place.folder / 'tls.pem'), 0, []
        while not self.stopped.is_set():
            try:
                signed += len(client.sign([f'{os.getpid()} {signed + j}'.encode() for j in range(4)]))
            except (served.Refused, OSError, http.client.HTTPException) as error:
                wrong.append(f'{type(error).__name__} {error}')
                break
        self.said.put((signed, wrong))

    def result(self):
        self.stopped.set()
        results = [self.said.get() for _ in self.processes]
        for process in self.processes:
            process.join()
        return sum(signed for signed, _ in results), [sentence for _, wrong in results for sentence in wrong]


class CommandLine:
    """hallmark sign over HTTPS, forty files at once, again and again; and the same on the server's own machine."""

    def __init__(self, place, remote):
        self.place, self.remote, self.ended, self.runs, self.wrong = place, remote, False, 0, []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended:
            folder = pathlib.Path(self.place.work) / f'{"far" if self.remote else "near"}-{self.runs}'
            folder.mkdir()
            files = [folder / f'{i}.bin' for i in range(40)]
            for file in files:
                file.write_bytes(os.urandom(50))
            environment = {**os.environ, 'HALLMARK_CA': str(self.place.folder / 'tls.pem'), 'HALLMARK_ID_TOKEN': self.place.issuer.token()}
            office = f'https://127.0.0.1:{self.place.port}' if self.remote else str(self.place.office)
            done = self.place.run('--office', office, 'sign', '--product', 'pump', *map(str, files), environment=environment)
            if done.status != 0:
                self.wrong.append(str(done))
            self.runs += 1

    def result(self):
        self.ended = True
        self.thread.join()
        return self.runs, self.wrong


def signing_keys(place):
    listed = place.must('key', 'list', '--product', 'pump', '--json')
    return [key['key'] for key in map(json.loads, listed.out.splitlines()) if key['role'] == 'signing']


def rotate(place):
    """Another key; all before it are stopped a little later."""
    place.must('key', 'rotate', '--product', 'pump')
    keys = signing_keys(place)
    time.sleep(PAUSE)
    place.officers('key', 'deactivate', keys[-2])
    time.sleep(PAUSE)
    return keys


def main():
    out = lab.tap.Writer()
    place = served.Served(tempfile.mkdtemp(prefix='hallmark-faults.'))
    try:
        place.found()
        place.officers('grant', 'add', 'desk', 'key-officer', '--product', 'pump')
        place.serve()
        signers, far, near = Signers(place), CommandLine(place, True), CommandLine(place, False)
        for _ in range(ROTATIONS):
            keys = rotate(place)
        signed, wrong = signers.result()
        (far_runs, far_wrong), (near_runs, near_wrong) = far.result(), near.result()
        print(f'# {len(keys)} keys, one after another; {signed} signatures over HTTPS, {far_runs} commands elsewhere, {near_runs} here')
        out.ok(not wrong and signed > 100, 'no signature over HTTPS failed', wrong)
        out.ok(not far_wrong and far_runs > ROTATIONS, 'no command elsewhere failed', far_wrong)
        out.ok(not near_wrong and near_runs > ROTATIONS, 'no command on the machine failed', near_wrong)
        out.ok(len(keys) == ROTATIONS + 1, 'each time there was another key', keys)
        files = [str(file) for name in ('far-0', f'far-{far_runs - 1}', 'near-0', f'near-{near_runs - 1}')
                 for file in sorted((pathlib.Path(place.work) / name).glob('*.bin'))]
        verified = place.run('verify', '--trust', str(place.office / 'trust.pem'), '--product', 'pump', *files)
        out.ok(verified.status == 0, 'what the first and the last key signed verifies', [str(verified)])
        place.stop()
        whole = place.check_log()
        out.ok(not whole, 'P9: and the log is good', whole)
    finally:
        served.remove(place)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
