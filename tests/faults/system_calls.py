#!/usr/bin/python3
"""P1, P5, P9: signing five files, one system call of one process goes wrong; then the office and the files are judged.

Every call of the front, the core and the parser is a point: the process is killed before it, or it fails with EIO, and where
it takes room on the disk, with ENOSPC. Between two calls that change nothing outside the process a kill makes no difference,
so the kills are before those that do. HALLMARK_FULL=1 tries all points; otherwise HALLMARK_SEED chooses."""
import collections
import errno
import os
import sys

import lab

ROLES = ('front', 'core', 'parser')
# Their failure is not one the kernel can make, or says nothing: a close closes, a wait waits.
NEVER_FAIL = set('''exit exit_group rt_sigreturn rt_sigprocmask rt_sigaction futex set_robust_list rseq arch_prctl brk close
    shutdown set_tid_address getpid gettid getuid geteuid getgid getegid clock_gettime wait4 munmap sched_yield execve'''.split())
TAKE_ROOM = set('write writev pwrite64 pwritev ftruncate fallocate openat open mkdir mkdirat link linkat rename renameat '
                'renameat2 fsync fdatasync'.split())
CHANGE = TAKE_ROOM | set('sendmsg sendto unlink unlinkat rmdir shutdown fchmod fchown clone fork exit_group close'.split())
MEMORY = {'mmap', 'mprotect', 'mremap', 'mlock', 'clone', 'fork'}
SAMPLE = 70


def inject(place, role, call, at, action):
    report = f'{place.folder}/report'
    outcome = place.sign(before=[str(lab.HELPERS / 'inject'), str(role), str(call), str(at), str(action), report])
    with open(report, encoding='ascii') as file:
        lines = file.read().splitlines()
    counts = {(int(r), int(c)): int(n) for r, c, n in (line.split() for line in lines if line != 'hit')}
    return outcome, 'hit' in lines, counts


def points_of(counts, names):
    for (role, call), count in sorted(counts.items()):
        name = names.get(call, str(call))
        actions = []
        if name in CHANGE:
            actions.append(0)
        if name not in NEVER_FAIL:
            actions.append(errno.ENOMEM if name in MEMORY else errno.EIO)
        if name in TAKE_ROOM:
            actions.append(errno.ENOSPC)
        for action in actions:
            for at in range(1, count + 1):
                yield role, call, name, at, action


def attempt(place, point):
    role, call, _, at, action = point
    outcome, hit, _ = inject(place, role, call, at, action)
    return outcome, hit, place.judge(outcome) if hit else []


def describe(point):
    role, _, name, at, action = point
    return f'{ROLES[role]}, {name} number {at}, {errno.errorcode[action] if action else "killed"}'


def show(points, results):
    """What each kind of fault led to, and all that was wrong."""
    table = collections.defaultdict(collections.Counter)
    sentences = collections.Counter()
    for point, (outcome, hit, _) in zip(points, results):
        fault = errno.errorcode[point[4]] if point[4] else 'kill'
        table[(ROLES[point[0]], point[2], fault)][str(outcome.status) if hit else 'not reached'] += 1
        sentences.update(outcome.err.splitlines())
    for row, statuses in sorted(table.items()):
        print('# %-7s %-14s %-7s' % row, ', '.join(f'{n} × status {status}' for status, n in sorted(statuses.items())))
    if os.environ.get('HALLMARK_SENTENCES'):
        for sentence, n in sentences.most_common():
            print(f'# {n:5d} {sentence}')


def main():
    out = lab.tap.Writer()
    if not (lab.HELPERS / 'inject').exists():
        out.skip('one system call goes wrong', 'the injector is for x86-64, without sanitizers')
        out.close()
    names = {number: name for name, number in lab.calls().items()}
    with lab.Pool() as pool:
        place = pool.lab
        place.put_back()
        outcome, _, counts = inject(place, 0, 0, 0, 0)
        out.ok(outcome.status == 0 and not place.judge(outcome), 'without a fault the files are signed', [str(outcome)])
        possible = list(points_of(counts, names))
        points = lab.sample(possible, SAMPLE)
        results = pool.all_of(points, attempt)
    show(points, results)
    hits = sum(hit for _, hit, _ in results)
    print(f'# {len(points)} points tried of {len(possible)}, {hits} reached, seed {lab.SEED}')
    out.ok(hits > 0.9 * len(points), 'the points are reached')
    for kind, sentence in ((True, 'P1 P9: a kill before any system call leaves a good log and whole files, nothing temporary'),
                           (False, 'P1 P5 P9: a failing system call is said in a line, and leaves a good log and whole files')):
        wrong = [f'{describe(point)}: {what}' for point, (_, _, wrongs) in zip(points, results) for what in wrongs
                 if kind == (point[4] == 0)]
        out.ok(not wrong, sentence, wrong)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
