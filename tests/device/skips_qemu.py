#!/usr/bin/python3
"""One instruction is skipped on the way to a refusal, in QEMU itself: the first stage as it is built for both boards, its flash and its
memory protection. What tests/device/skips.py does to all instructions in an emulator of its own, this does to a few, chosen by HALLMARK_SEED;
to more with HALLMARK_FULL=1."""
import os
import pathlib
import random
import re
import socket
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device'), str(ROOT / 'device' / 'skips')]
import build
import emulator
import images
import refusals
import skips
import stub
import tap

FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
CASES, SAMPLE, TIMES = 4, (20 if FULL else 3), 20
IMAGE = 0x10000  # behind the start of RAM; its vector table leads to 8 bytes behind its start
INSTRUCTION = re.compile(r'^\s*([0-9a-f]+):\s+([0-9a-f]{4})( [0-9a-f]{4})?\s', re.MULTILINE)
DECIDING = re.compile(r'^[0-9a-f]+ <(hmb_\w+|hmv_\w+|boot_main|begin|decide|judge\w*|verify\w*)>:$')


def instructions(elf):
    """(address, size) of each in a function that takes part in the decision."""
    for function in build.run(['arm-none-eabi-objdump', '-d', elf]).split('\n\n'):
        if DECIDING.match(function.lstrip('\n').split('\n')[0]):
            for address, _, second in INSTRUCTION.findall(function):
                yield int(address, 16), 4 if second else 2


def device(folder, machine, built, case):
    """With what skips.flash puts into it."""
    made = emulator.Device.existing(folder, machine)
    made.folder.mkdir(parents=True)
    made.identify(built, images.identity(case.roots))
    made.flash.write_bytes(skips.flash(case))
    return made


def entry(machine):
    return build.MACHINES[machine].ram + IMAGE + 8


def run(made, address=None, size=0, times=0):
    """What comes of it: 'refused', 'started', 'hung', or None if the instruction is not executed so often."""
    with stub.Stub(made) as processor:
        processor.stop_at(entry(made.machine))
        if address is not None:
            processor.stop_at(address)
            for _ in range(times + 1):
                if processor.go_on() is not None:
                    return None
                if processor.pc != address:
                    return 'started'
            processor.leave_out(size)
            processor.stop_at(address, False)
        try:
            ended = processor.go_on()
        except (socket.timeout, stub.Lost):
            return 'hung'
        return 'started' if ended is None else 'refused' if ended == emulator.NOTHING_TO_START else f'status {ended}'


def sample(chance, made, candidates, count):
    """{outcome: how often}, over COUNT instructions that are executed."""
    outcomes, found = {}, []
    flash = made.flash.read_bytes()
    while sum(outcomes.values()) < count:
        (address, size), times = chance.choice(candidates), chance.choice((0, 0, 1, chance.randrange(TIMES)))
        made.flash.write_bytes(flash)
        outcome = run(made, address, size, times)
        if outcome is not None:
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if outcome == 'started':
            found.append(f'{address:#x}, time {times}')
    return outcomes, found


def test_machine(out, machine, folder, chance):
    built = build.build(folder, machine)
    candidates = list(instructions(built / 'boot.elf'))
    refusals.ENTRY = entry(machine) - 8
    good = device(folder / 'good', machine, built, refusals.good())
    out.ok(run(good) == 'started', f'{machine} starts what is good')
    named = chance.sample(sorted(refusals.refusals().items()), CASES)
    for number, (name, case) in enumerate(named):
        made = device(folder / f'refused-{number}', machine, built, case)
        outcomes, found = sample(chance, made, candidates, SAMPLE)
        said = ', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))
        out.ok(not found, f'{machine}, {name}: {sum(outcomes.values())} instructions skipped: {said}', found)


def main():
    out, chance = tap.Writer(), random.Random(SEED)
    if build.missing():
        out.skip('no skipped instruction starts a refused image in QEMU', f'{", ".join(build.missing())} not here (tools/setup.sh device)')
        out.close()
    print(f'# HALLMARK_SEED={SEED}')
    with tempfile.TemporaryDirectory(prefix='hallmark-skips.') as folder:
        for machine in build.MACHINES:
            test_machine(out, machine, pathlib.Path(folder) / machine, chance)
    out.close()


if __name__ == '__main__':
    main()
