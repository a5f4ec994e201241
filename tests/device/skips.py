#!/usr/bin/python3
"""One instruction is skipped on the way to a refusal: it is still a refusal. Of the verifier alone, and of the whole first stage
from reset to the jump; every instruction outside SHA-256 and P-256 each time it is executed, and inside them the first, the middle and
the last execution of each.

  skips.py [--sample N | --all] [TEXT]       of cases whose name has TEXT in it: N of each, or all

Tried is a sample by HALLMARK_SEED: some of a few cases; with HALLMARK_FULL=1 everything, of every case. What a skip leaves in the flash is
booted once more."""
import argparse
import concurrent.futures
import os
import pathlib
import random
import struct
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device'), str(ROOT / 'device' / 'skips')]
import build
import emulator
import images
import native
import refusals
import jobs
import tap

FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
CASES, SAMPLE = (None, None) if FULL else (5, 3000)
BESIDE, LONGEST = (400, 3000000) if FULL else (60, 300000)
WORKERS = min(2, os.cpu_count() or 1)
RAM, PAGE = 0x20000000, 0x1000
INPUT = RAM + 0x10000
IMAGE = 0x48000  # device/port/mps2/hardware.h: FIRMWARE_SIZE
FLASH, HARDWARE, PARAMETERS = RAM + 0x100000, RAM + 0xD0000, RAM + 0xC0000
BOOT_WRITES = 0x5000  # state, records and mailbox; all else in the flash the first stage only reads


def pages(data):
    return data.ljust(-len(data) % PAGE + len(data), b'\xff')


def library_input(case):
    """device/skips/target/library.c: input."""
    files = (case.envelope, *case.parts)
    at, places = INPUT + 0x100, []
    for data in files:
        places.append((at, len(data)))
        at += len(data)
    head = struct.pack('<IIQQ', case.act, images.DEVELOPMENT & 0, case.sequence, case.counter) + case.roots + native.VENDOR + native.CLASS
    head += b''.join(struct.pack('<II', *place) for place in places)
    return pages(head.ljust(0x100, b'\0') + b''.join(files))


ANSWERS = ('answer_list', 'answer_release', 'answer_payload')


def library_job(program, case, folder, name, answer):
    """ANSWER: the one that must not be an accepting one."""
    job = jobs.Job(program, folder, name)
    job.memory('ram', RAM, 0x10000, 'write')
    job.memory('input', INPUT, library_input(case), 'read')
    job.add('stop', program.symbols['stopped'])
    job.add('answer', program.symbols[answer])
    return job.write()


def flash(case):
    data = bytearray(b'\xff' * emulator.FLASH_SIZE)
    put = emulator.Device.put
    put(data, emulator.STATE, refusals.state(case))
    put(data, emulator.LIST, images.list_area(case.envelope))
    for slot in (0, 1):
        for offset, piece in images.slot(case.pack):
            put(data, emulator.FIRMWARE + slot * emulator.FIRMWARE_SLOT + offset, piece)
    return bytes(data)


def first_stage_job(program, case, folder, name):
    code = bytearray(program.code.ljust(0x10000, b'\xff'))
    code[0xFF00:0xFF00 + len(images.identity(case.roots))] = images.identity(case.roots)
    program = program.with_code(bytes(code))
    job, content = jobs.Job(program, folder, name), flash(case)
    job.memory('ram', RAM, 0x10000, 'write')
    job.memory('image', RAM + 0x10000, PAGE, 'write')
    job.memory('rest', RAM + 0x11000, IMAGE - PAGE, 'read')
    job.memory('parameters', PARAMETERS, PAGE, 'write')
    job.memory('hardware', HARDWARE, PAGE, 'write')
    job.memory('written', FLASH, content[:BOOT_WRITES], 'write')
    job.memory('flash', FLASH + BOOT_WRITES, content[BOOT_WRITES:], 'read')
    for number, address in enumerate((0x40004000, 0x40008000, 0xE000E000)):
        job.memory(f'registers-{number}', address, PAGE, 'write')
    for name_of_stop in ('semihost_exit', 'fault'):
        job.add('stop', program.symbols[name_of_stop])
    job.add('closed', 0xE000ED94, 5)  # port.c: close_memory
    job.add('image', RAM + 0x10000, IMAGE)
    job.add('lasting', FLASH, BOOT_WRITES)
    return job.write()


# Where a program goes astray to is its surroundings' affair: the first stage's port lets nothing be executed in RAM.
ANSWERED, STARTED = ('accepted', 'unknown'), ('accepted', 'later', 'astray', 'unknown')


class Tests:
    def __init__(self, folder, sample):
        self.folder, self.sample = pathlib.Path(folder), sample
        self.tool = jobs.build_tool(folder)
        self.out, self.waiting, self.tried = tap.Writer(), [], 0

    def add(self, program, job, what, bad):
        """BAD: the outcomes that must not be."""
        self.waiting.append((program, job, what, bad))

    def run_all(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            waiting = [(program, what, bad, pool.submit(jobs.run, self.tool, job, self.sample, SEED))
                       for program, job, what, bad in self.waiting]
            for program, what, bad, answer in waiting:
                self.report(program, what, bad, answer.result())

    def report(self, program, what, bad, result):
        result.found = [one for one in result.found if one[0] in bad]
        self.tried += result.tried
        counts = ', '.join(f'{count} {name}' for name, count in result.counts.items() if count)
        good = result.clean == 'refused' and result.tried > 0 and not result.found
        found = [f'{kind}: {program.where(at)}, time {time}; ended at {end:#x}' for kind, at, time, end in result.found]
        self.out.ok(good, f'{what}: refused; {result.tried} of {result.candidates} instructions skipped: {counts}', found)


def controls(tests, careless, library, stage):
    """A tool that finds nothing anywhere would find nothing here."""
    job = jobs.Job(careless, tests.folder, 'careless')
    job.memory('ram', RAM, 0x10000, 'write')
    job.add('stop', careless.symbols['stopped'])
    job.add('answer', careless.symbols['answer_release'])
    result = jobs.run(tests.tool, job.write())
    tests.out.ok(result.clean == 'refused' and result.counts['accepted'] > 1, 'a careless comparison is caught', [str(vars(result))])
    for what, answer in (('accepts', answer) for answer in ANSWERS):
        result = jobs.run(tests.tool, library_job(library, refusals.good(), tests.folder, 'good', answer), 1)
        tests.out.ok(result.clean == 'accepted', f'the library {what} what is good ({answer})', [str(vars(result))])
    result = jobs.run(tests.tool, first_stage_job(stage, refusals.good(), tests.folder, 'good-stage'), 1)
    tests.out.ok(result.clean == 'accepted', 'the first stage starts what is good', [str(vars(result))])


def beside_unicorn(tests):
    """The processor of device/skips/, and that a trial which was cut short would have ended so: of two of the jobs that are waiting."""
    for _, job, what, _ in tests.waiting[:2]:
        result = jobs.run(tests.tool, job, BESIDE, SEED, LONGEST)
        tests.out.ok(result.compared > 0, f'{what}: its own run from its beginning and {result.compared} trials to their end are the same in unicorn')


def answer_of(name):
    return ANSWERS[0] if 'trust list with' in name or 'trust list by' in name else ANSWERS[2] if 'payload' in name else ANSWERS[1]


def cases(text):
    named = [(name, case) for name, case in refusals.refusals().items() if text in name]
    return named if text or CASES is None else random.Random(SEED).sample(named, CASES)


def run(folder, chosen):
    tests = Tests(folder, None if chosen.all else chosen.sample)
    library, stage = jobs.build_library(folder), jobs.build_first_stage(folder)
    controls(tests, jobs.build_careless(folder), library, stage)
    for number, (name, case) in enumerate(cases(chosen.text)):
        if case.library:
            tests.add(library, library_job(library, case, folder, f'library-{number}', answer_of(name)), f'the verifier, {name}', ANSWERED)
        tests.add(stage, first_stage_job(stage, case, folder, f'stage-{number}'), f'the first stage, {name}', STARTED)
    beside_unicorn(tests)
    tests.run_all()
    print(f'# {tests.tried} instructions skipped, one in each trial (HALLMARK_SEED={SEED})')
    tests.out.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sample', type=int, default=SAMPLE)
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--keep', help='a folder for what is built')
    parser.add_argument('text', nargs='?', default='')
    chosen = parser.parse_args()
    if jobs.missing():
        out = tap.Writer()
        out.skip('no skipped instruction starts a refused image', f'{", ".join(jobs.missing())} not here (tools/setup.sh device)')
        out.close()
    if chosen.keep:
        return run(chosen.keep, chosen)
    with tempfile.TemporaryDirectory(prefix='hallmark-skips.') as folder:
        return run(folder, chosen)


if __name__ == '__main__':
    main()
