#!/usr/bin/python3
"""P1, P5: signing and verifying while one allocation fails, in the front, the core or the parser.

HALLMARK_SEED chooses among those of our program (SQLite, which is linked in, with it) and, apart, among those of the libraries
(libcrypto, the token's module: tens of thousands); HALLMARK_FULL=1 tries all of ours and some thousands of theirs. A library that dies of it takes its process along: then the front
says so, which is counted, and everything else must hold all the same. SoftHSM that has no memory while it writes its token's
own file leaves that file destroyed (docs/security-officer.md tells what helps): where its own tool then finds no token,
signing again is not asked for, and that is counted too."""
import collections
import os
import struct
import sys

import lab

ROLES = ('front', 'core', 'parser')
LAYOUT = '10Q'
SAMPLE = {'core': 20, 'ours': 30, 'libraries': 25}
# Fifty thousand would take hours.
LIBRARIES_IN_FULL = 4000
DIED = ('ended unexpectedly', 'died of signal', 'was it killed', "core has ended")


def arm(place, role, others, at):
    with open(f'{place.folder}/allocations', 'wb') as file:
        file.write(struct.pack(LAYOUT, role, others, at, *[0] * 7))
    return {'LD_PRELOAD': str(lab.HELPERS / 'fail_malloc.so'), 'HALLMARK_ALLOCATIONS': f'{place.folder}/allocations'}


def counted(place):
    with open(f'{place.folder}/allocations', 'rb') as file:
        words = struct.unpack(LAYOUT, file.read())
    return words[3] != 0, {(role, others): words[4 + 2 * role + others] for role in range(3) for others in range(2)}


def sign(place, role, others, at):
    return place.sign(environment=arm(place, role, others, at))


def verify(place, role, others, at):
    """In a verification the first child is the first parser. What is verified: one file that is good, one that is not."""
    return place.run('verify', 'other.efi', 'stale.bin', environment=arm(place, role, others, at))


def verify_alone(place, role, others, at):
    """One file is read by the command's own process, which has gone into the sandbox."""
    return place.run('verify', 'stale.bin', environment=arm(place, role, others, at))


def judge_verification(outcome):
    if outcome.status is None or outcome.status < 0:
        return [f'{outcome}']
    if 'stale.bin: verified' in outcome.out:
        return ['a changed file was accepted']
    # The changed file's refusal weighs more than what could not be done; without it the failure must show.
    if outcome.status not in (1, 3) or not outcome.err.startswith('hallmark: '):
        return [f'neither refused nor could not: {outcome}']
    return []


class Result:
    def __init__(self, outcome, hit, wrong, token_gone):
        self.outcome, self.hit, self.wrong, self.token_gone = outcome, hit, wrong, token_gone


def without_signing_again(wrong):
    return [what for what in wrong if not what.startswith('signing again afterwards')]


def attempt(place, point):
    command, role, others, at = point
    outcome = command(place, role, others, at)
    hit, _ = counted(place)
    wrong, token_gone = [], False
    if hit and command is sign:
        wrong = place.judge(outcome)
    elif hit:
        wrong = judge_verification(outcome)
    if outcome.status is not None and (outcome.status < 0 or outcome.status > 128):
        wrong.append(f'the front dies: {outcome}')
    if not others and any(word in outcome.err for word in DIED[:2]):
        wrong.append(f'a process of ours dies of an allocation of ours: {outcome}')
    if others and wrong != without_signing_again(wrong) and place.token_is_gone():
        wrong, token_gone = without_signing_again(wrong), True
    return Result(outcome, hit, wrong, token_gone)


def describe(point):
    command, role, others, at = point
    return f'{command.__name__}: {ROLES[role]}, allocation {at} of {"a library" if others else "ours"}'


def points_of(pool, command, roles):
    place = pool.lab
    place.put_back()
    command(place, 0, 0, 0)
    _, counts = counted(place)
    own = [(command, role, 0, at) for role in roles for at in range(1, counts[role, 0] + 1)]
    libraries = [(command, role, 1, at) for role in roles for at in range(1, counts[role, 1] + 1)]
    return own, libraries


def main():
    out = lab.tap.Writer()
    if not (lab.HELPERS / 'fail_malloc.so').exists():
        out.skip('one allocation fails', 'the library that makes it fail was not built')
        out.close()
    with lab.Pool() as pool:
        own, libraries = points_of(pool, sign, range(3))
        for command, roles in ((verify, range(2)), (verify_alone, range(1))):
            more_own, more_libraries = points_of(pool, command, roles)
            own += more_own
            libraries += more_libraries
        # SQLite makes most of the core's.
        core = [point for point in own if point[0] is sign and point[1] == 1]
        points = [*lab.sample(core, SAMPLE['core']), *lab.sample([point for point in own if point[0] is not sign or point[1] != 1], SAMPLE['ours']),
                  *lab.sample(libraries, SAMPLE['libraries'], LIBRARIES_IN_FULL)]
        results = pool.all_of(points, attempt)
    table = collections.defaultdict(collections.Counter)
    died = 0
    for point, result in zip(points, results):
        row = (point[0].__name__, ROLES[point[1]], 'libraries' if point[2] else 'ours')
        table[row][str(result.outcome.status) if result.hit else 'not reached'] += 1
        died += bool(point[2] and any(word in result.outcome.err for word in DIED))
    for row, statuses in sorted(table.items()):
        print('# %-7s %-7s %-10s' % row, ', '.join(f'{n} × status {status}' for status, n in sorted(statuses.items())))
    if os.environ.get('HALLMARK_SENTENCES'):
        for sentence, n in collections.Counter(line for result in results for line in result.outcome.err.splitlines()).most_common():
            print(f'# {n:5d} {sentence}')
    hits, gone = sum(result.hit for result in results), sum(result.token_gone for result in results)
    print(f'# {len(points)} allocations tried of {len(own) + len(libraries)} ({len(own)} ours), {hits} reached, '
          f'{died} times a process ended by it, {gone} times SoftHSM destroyed its own token, seed {lab.SEED}')
    out.ok(len(own) > 50 and hits > 0.9 * len(points), 'the allocations are reached')
    for others, whose in enumerate(('ours', 'a library')):
        wrong = [f'{describe(point)}: {what}' for point, result in zip(points, results) for what in result.wrong
                 if point[2] == others]
        out.ok(not wrong, f'P1 P5: an allocation of {whose} that fails releases and accepts nothing, and is said in a line', wrong)
    out.close()


if __name__ == '__main__':
    sys.exit(main())
