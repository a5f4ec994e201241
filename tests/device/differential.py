#!/usr/bin/python3
"""The same bytes get the same verdict, for the same reason, on this machine and on the emulated processors: tests/native/judge.c is
compiled for each, and every file of tests/vectors/native, whole, bent and cut, is put to all of them in one go; then the mutants of
tests/native/mutations.py, half of which are signed again.

HALLMARK_FULL=1: every byte of the small files is bent and every prefix tried, and every mutant; otherwise a sample by HALLMARK_SEED."""
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device'), str(ROOT / 'tests' / 'native')]
import build
import judge
import model
import mutations
import native
import tap
from judge import Questions

FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
VECTORS = ROOT / 'tests' / 'vectors' / 'native'
BENT, SLOW = 60, ('lms', 'rsa')  # samples of each file; sets whose algorithms are slow on a small processor
MUTANTS = 1 if FULL else 200  # one of so many
SECONDS = 7000 if FULL else 500
SHOWN = 10


def build_judge(machine, folder):
    """For the machine, with newlib's semihosting: it reads files and prints as it does here."""
    chosen = build.MACHINES[machine]
    program = pathlib.Path(folder) / f'judge-{machine}.elf'
    sources = [*build.verify_sources(), ROOT / 'tests' / 'native' / 'judge.c', ROOT / 'tests' / 'native' / 'device.c']
    memory = f'--defsym=ROM={chosen.rom:#x},--defsym=RAM={chosen.ram:#x}'
    build.run([build.COMPILER, '-std=c11', '-DPRIu64="llu"', '-mthumb', f'-mcpu={chosen.processor}', '-O2', '--specs=rdimon.specs', '-I',
               build.VERIFY / 'include', '-I', build.VERIFY / chosen.arithmetic, '-I', build.VERIFY / 'src', f'-Wl,{memory}', '-T',
               ROOT / 'tests' / 'device' / 'judge.ld', *sources, ROOT / 'tests' / 'device' / 'judge_start.c', '-o', program])
    return program


def answers_here(questions):
    done = subprocess.run([judge.JUDGE, questions], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


def answers_there(machine, program, questions):
    done = subprocess.run([build.QEMU, '-M', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config',
                           f'enable=on,target=native,arg=judge,arg={questions.name}', '-kernel', program], cwd=questions.parent,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=SECONDS)
    return done.stdout.splitlines()


def bent(data, chance):
    """DATA with one bit of a byte flipped, and cut short."""
    places = range(len(data)) if FULL else chance.sample(range(len(data)), min(BENT, len(data)))
    for place in places:
        yield f'bent at {place}', data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1:]
    for size in places if FULL else list(places)[:BENT // 4]:
        yield f'cut at {size}', data[:size]


def ask(questions, name, data, acts=('install', 'boot')):
    for act in acts:
        if name.endswith('.pack'):
            questions.stream(f'{name} {act}', act, data, 64)
        else:
            questions.release(f'{name} {act}', act, data)


def put(questions, chance):
    """Every set under its own list; everything else under the usual one; lists after one another."""
    files = {path.name: path.read_bytes() for path in sorted(VECTORS.iterdir()) if path.suffix != '.md'}
    questions.device(model.Device())
    for name in sorted(files):
        stem, _, kind = name.rpartition('.')
        if kind != 'list' or f'{stem}.roots' not in files:
            continue
        questions.open_list(name, files[f'{stem}.roots'], files[name])
        for what, data in bent(files[name], chance) if stem not in SLOW else ():
            questions.open_list(f'{name} {what}', files[f'{stem}.roots'], data)
        questions.open_list(name, files[f'{stem}.roots'], files[name])
        for other in (f'{stem}.envelope', f'{stem}.pack'):
            if other in files:
                ask(questions, other, files[other])
                for what, data in bent(files[other], chance) if stem not in SLOW else ():
                    ask(questions, f'{other} {what}'.replace('.pack', '') + pathlib.Path(other).suffix, data, ('install',))
    questions.open_list('usual.list', files['usual.roots'], files['usual.list'])
    for name, data in files.items():
        if name.endswith(('.envelope', '.pack')):
            ask(questions, name, data)
    for name, data in files.items():
        if name.endswith('.list'):
            questions.open_list('story-1.list', files['story-1.roots'], files['story-1.list'])
            questions.update(name, data)


def compare(out, judges, folder, what, questions, reasons):
    """There must be more than REASONS here, and the same of everybody."""
    path = pathlib.Path(folder) / 'questions'
    path.write_bytes(b''.join(questions.records))
    here = answers_here(path)
    found = len(set(line.split()[0] for line in here))
    out.ok(len(here) == len(questions.labels) and found > reasons, f'{what}: {len(here)} verdicts here, with {found} reasons')
    for machine, program in judges.items():
        there = answers_there(machine, program, path)
        other = [f'{label}: "{one}" here, "{two}" there' for label, one, two in zip(questions.labels, here, there) if one != two]
        out.ok(len(there) == len(here) and not other, f'{what}: {machine} gives the same {len(here)} verdicts, for the same reasons',
               [f'{len(there)} answers', *there[-3:], *other[:SHOWN]])


def main():
    out = tap.Writer()
    if build.missing():
        out.skip('the verdicts of emulated processors', f'{" and ".join(build.missing())} not here')
        out.close()
        return
    print(f'# HALLMARK_SEED={SEED}')
    with tempfile.TemporaryDirectory(prefix='hallmark-differential.') as folder:
        judges = {machine: build_judge(machine, folder) for machine in build.MACHINES}
        questions = Questions()
        put(questions, random.Random(SEED))
        compare(out, judges, folder, 'files', questions, 20)
        sweep = mutations.Sweep(out, MUTANTS, SEED)
        mutations.put_all(sweep, without=SLOW)
        compare(out, judges, folder, 'mutants', sweep.questions, 5)
    out.close()


if __name__ == '__main__':
    main()
