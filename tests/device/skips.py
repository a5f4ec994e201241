#!/usr/bin/python3
"""One instruction is skipped on the way to a refusal: it is still a refusal. Of the verifier alone, and of the whole first stage
from reset to the jump; every instruction outside SHA-256 and P-256 each time it is executed, and inside them the first, the middle and
the last execution of each. Everything on the Cortex-M4; of the Cortex-M33's first stage a sample.

  skips.py [--sample N | --all] [TEXT]       of cases in whose name TEXT stands ("first stage of mps2-an386"): N of each, or all

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
RAM, PAGE = jobs.MACHINE.ram, 0x1000
INPUT = RAM + 0x10000
# In the RAM, as device/port/mps2/hardware.h has it, and what it calls FIRMWARE_SIZE.
IMAGE, IMAGE_SIZE, PARAMETERS, HARDWARE, FLASH = 0x10000, 0x48000, 0xC0000, 0xD0000, 0x100000
# Registers: of the UART, the watchdog, the processor.
REGISTERS = {'mps2-an386': (0x40004000, 0x40008000, 0xE000E000), 'mps2-an505': (0x50200000, 0x50081000, 0xE000E000)}
OTHER = build.MACHINES['mps2-an505']
OTHER_SAMPLE = 40000 if FULL else 3000
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
    job, content, ram = jobs.Job(program, folder, name), flash(case), program.machine.ram
    job.memory('ram', ram, IMAGE, 'write')
    job.memory('image', ram + IMAGE, PAGE, 'write')
    job.memory('rest', ram + IMAGE + PAGE, IMAGE_SIZE - PAGE, 'read')
    job.memory('parameters', ram + PARAMETERS, PAGE, 'write')
    job.memory('hardware', ram + HARDWARE, PAGE, 'write')
    job.memory('written', ram + FLASH, content[:BOOT_WRITES], 'write')
    job.memory('flash', ram + FLASH + BOOT_WRITES, content[BOOT_WRITES:], 'read')
    for number, address in enumerate(REGISTERS[program.machine.name]):
        job.memory(f'registers-{number}', address, PAGE, 'write')
    for name_of_stop in ('semihost_exit', 'fault'):
        job.add('stop', program.symbols[name_of_stop])
    job.add('closed', 0xE000ED94, 5)  # port.c: close_memory
    job.add('image', ram + IMAGE, IMAGE_SIZE)
    job.add('lasting', ram + FLASH, BOOT_WRITES)
    return job.write()


# Where a program goes astray to is its surroundings' affair: the first stage's port lets nothing be executed in RAM.
ANSWERED, STARTED = ('accepted', 'unknown'), ('accepted', 'later', 'astray', 'unknown')


class Tests:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.tool = jobs.build_tool(folder)
        self.out, self.waiting, self.tried = tap.Writer(), [], 0

    def add(self, program, job, what, bad, sample):
        """BAD: the outcomes that must not be. SAMPLE: as for jobs.run."""
        self.waiting.append((program, job, what, bad, sample))

    def run_all(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            waiting = [(program, what, bad, pool.submit(jobs.run, self.tool, job, sample, SEED))
                       for program, job, what, bad, sample in self.waiting]
            for program, what, bad, answer in waiting:
                self.report(program, what, bad, answer.result())

    def report(self, program, what, bad, result):
        result.found = [one for one in result.found if one[0] in bad]
        self.tried += result.tried
        counts = ', '.join(f'{count} {name}' for name, count in result.counts.items() if count)
        good = result.clean == 'refused' and result.tried > 0 and not result.found
        found = [f'{kind}: {program.where(at)}, time {time}; ended at {end:#x}' for kind, at, time, end in result.found]
        self.out.ok(good, f'{what}: refused; {result.tried} of {result.candidates} instructions skipped: {counts}', found)


def controls(tests, careless, library, stages):
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
    for stage in stages:
        refusals.ENTRY = stage.machine.ram + IMAGE
        result = jobs.run(tests.tool, first_stage_job(stage, refusals.good(), tests.folder, 'good-stage'), 1)
        tests.out.ok(result.clean == 'accepted', f'the first stage starts what is good ({stage.machine.name})', [str(vars(result))])


def beside_unicorn(tests):
    """The processor of device/skips/, and that a trial which was cut short would have ended so: of two of the jobs that are waiting."""
    for _, job, what, *_ in tests.waiting[::max(1, len(tests.waiting) // 2)][:2]:
        result = jobs.run(tests.tool, job, BESIDE, SEED, LONGEST)
        tests.out.ok(result.compared > 0, f'{what}: its own run from its beginning and {result.compared} trials to their end are the same in unicorn')


def answer_of(name):
    return ANSWERS[0] if 'trust list with' in name or 'trust list by' in name else ANSWERS[2] if 'payload' in name else ANSWERS[1]


def cases(text):
    """All, if TEXT chooses among them (by the whole name, that of what is tried included); a few otherwise."""
    named = list(refusals.refusals().items())
    return named if text or CASES is None else random.Random(SEED).sample(named, CASES)


def add_first_stage(tests, stage, text, sample):
    """Images are made for the machine that they run on."""
    refusals.ENTRY = stage.machine.ram + IMAGE
    for number, (name, case) in enumerate(cases(text)):
        what = f'the first stage of {stage.machine.name}, {name}'
        if text in what:
            tests.add(stage, first_stage_job(stage, case, tests.folder, f'{stage.machine.name}-{number}'), what, STARTED, sample)


def run(folder, chosen):
    tests, sample = Tests(folder), None if chosen.all else chosen.sample
    library, stages = jobs.build_library(folder), [jobs.build_first_stage(folder, machine) for machine in (jobs.MACHINE, OTHER)]
    controls(tests, jobs.build_careless(folder), library, stages)
    for number, (name, case) in enumerate(cases(chosen.text)):
        what = f'the verifier, {name}'
        if case.library and chosen.text in what:
            tests.add(library, library_job(library, case, folder, f'library-{number}', answer_of(name)), what, ANSWERED, sample)
    add_first_stage(tests, stages[0], chosen.text, sample)
    add_first_stage(tests, stages[1], chosen.text, None if chosen.all else min(sample or OTHER_SAMPLE, OTHER_SAMPLE))
    tests.out.ok(bool(tests.waiting), f'there are cases to try{": " + chosen.text if chosen.text else ""}')
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
