"""strace on a process that runs already: what it calls, and an end before one of those calls."""
import collections
import os
import re
import shutil
import subprocess

import system_calls

CALL = re.compile(r'^(\w+)\(')


def usable():
    """It takes strace, and root to trace what is not our child."""
    return bool(shutil.which('strace')) and os.getuid() == 0


class Tracer:
    """strace on a running process, as soon as it sees everything."""

    def __init__(self, pid, report, *options):
        self.process = subprocess.Popen(['strace', '-p', str(pid), '-o', report, *options], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.attached = b'attached' in self.process.stderr.readline()

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()


def kill_before(pid, name, at):
    """A tracer under which the process ends before its system call NAME number AT."""
    return Tracer(pid, '/dev/null', '-e', f'inject={name}:error=EIO:signal=KILL:when={at}')


def points_in(report):
    """The calls in what a Tracer reported that change something outside of the process: name and number."""
    with open(report, encoding='utf-8', errors='replace') as file:
        counts = collections.Counter(match[1] for line in file if (match := CALL.match(line)))
    return [(name, at) for name, count in sorted(counts.items()) if name in system_calls.CHANGE for at in range(1, count + 1)]
