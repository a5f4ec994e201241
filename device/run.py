#!/usr/bin/python3
"""The device side's stories, told by the devices themselves in an emulator: make device

  device/run.py [--brief] [--cuts N] [MACHINE]...

A real office signs what is installed. Its keys are in software, so it signs for development; where a device in production is needed, the
independent generator of tests/native/ plays an office with an HSM. What does not come out as told ends the run with status 1."""
import argparse
import os
import pathlib
import random
import struct
import sys
import tempfile
import textwrap

import build
import emulator
import images
import office
from emulator import Device

SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
COLOUR = sys.stdout.isatty() and 'NO_COLOR' not in os.environ
WIDTH = 118


class Wrong(Exception):
    pass


def paint(code, text):
    return f'\033[{code}m{text}\033[0m' if COLOUR else text


def chapter(text):
    print(f'\n{paint(1, text)}\n', flush=True)


def say(text):
    print(textwrap.fill(text, WIDTH, initial_indent='  ', subsequent_indent='  '), flush=True)


brief = False
TELLING = ('refused', 'will not', 'nothing to start', 'on trial', 'the list before', 'watchdog')  # what a brief story still shows


def telling(lines):
    """Of one power on: what is telling, each line once, and which firmware ran last."""
    kept = [line for line in lines if any(word in line for word in TELLING) and not line.startswith('  asked to confirm')]
    if any(line.startswith('  refused ') for line in kept):
        kept = [line for line in kept if not line.startswith('  asked to try')]
    return list(dict.fromkeys(kept)) + [line for line in lines if line.startswith('  firmware ')][-1:]


def show(lines):
    for line in telling(lines) if brief else lines:
        refused = 'refused' in line or 'will not' in line or 'nothing to start' in line
        text = textwrap.fill(line, WIDTH, initial_indent='    ', subsequent_indent='          ')
        print(paint(31, text) if refused else paint(2, text), flush=True)


def expect(device, orders, *wanted, status=emulator.DONE, never=()):
    """Power on; what the console says must have each of WANTED in a line."""
    ended, lines = device.power_on(*orders)
    show(lines)
    if ended != status:
        raise Wrong(f'the emulator ended with {ended} and not {status}')
    for text in wanted:
        if not any(text in line for line in lines):
            raise Wrong(f'the device does not say "{text}"')
    for text in never:
        if any(text in line for line in lines):
            raise Wrong(f'the device says "{text}"')
    return lines


# The state journal as device/boot/state.h has it: what a person with a probe would read.

def counters(device):
    """(sequence, security version) of each component, by name, of the latest snapshot; the highest of several publishers'."""
    flash, best, found = device.flash.read_bytes(), (0, b''), {}
    for block in (0, 4096):
        for place in range(4096 // images.STATE_SIZE):
            entry = flash[block + place * images.STATE_SIZE:][:images.STATE_SIZE]
            magic, size, number = struct.unpack_from('<IIQ', entry)
            if magic == 0x54534D48 and size == len(entry) and images.hashlib.sha256(entry[:-16]).digest()[:16] == entry[-16:]:
                best = max(best, (number, entry))
    for at in range(images.STATE_COUNTERS, images.STATE_SIZE - 16, 64):
        name = best[1][at + 16:at + 48].rstrip(b'\0').decode()
        if name:
            found[name] = max(found.get(name, (0, 0)), struct.unpack_from('<QQ', best[1], at + 48))
    return found


def counter_is(device, wanted):
    value = counters(device).get('main', (0, 0))[1]
    say(f'The rollback counter of the firmware is {value}.')
    if value != wanted:
        raise Wrong(f'the counter is not {wanted}')


# ---- with a real office ----

REFUSED = (
    ('A flipped bit', 'changed', 'a payload is not the one that was signed'),
    ('An older release', 'v1', 'this release or a later one was installed before'),
    ("Another product's image: each product has keys of its own, and this device's list does not have that product's", 'other-product',
     'none of its signatures is by a key'),
    ('A receipt of the log is missing, and the trust list asks for one', 'unlogged', 'asks for a receipt'),
)


def refusals(device):
    for what, name, reason in REFUSED:
        chapter(f'{what}')
        say('The application refuses while it downloads; then it is taken over, and writes the slot unverified: the first stage refuses.')
        expect(device, [f'firmware={name}.pack'], 'will not download', reason)
        expect(device, [f'force-firmware={name}.pack'], 'refused firmware in slot B', reason, 'firmware 2.0.0 from slot A')
    counter_is(device, 2)


def confirmation(device):
    chapter('Release 2.0.0, signed by the office, leaves the factory')
    say('The first stage holds the hash of the root keys. It verifies, starts the release on trial, and raises the counter when that confirms.')
    expect(device, [], 'firmware 2.0.0 from slot A', 'on trial', 'self-test passed', 'asked to confirm what is on trial: done')
    counter_is(device, 2)


def crash(device):
    chapter('An update that crashes at once')
    expect(device, ['firmware=crash.pack'], 'firmware 2.0.5 from slot B', '(the watchdog)', 'never confirmed that it is well',
           'firmware 2.0.0 from slot A')
    counter_is(device, 2)


def therapy_limits(device):
    chapter('Therapy limits are updated alone')
    expect(device, ['limits=limits.pack'], 'limits A from slot A', 'therapy limits: at most 5 ml/h')
    expect(device, ['limits=limits-b.pack'], 'limits B from slot B', 'therapy limits: at most 8 ml/h')
    chapter('Therapy limits that somebody has changed')
    expect(device, ['force-limits=limits-changed.pack'], 'refused limits in slot A', 'therapy limits: at most 8 ml/h',
           never=['therapy limits: at most 9'])


def development_only(device):
    chapter('A device that runs a development release will not leave development')
    say("The office's keys are in software, so what it signs is for development: in production that would be the end of this device.")
    expect(device, ['production'], 'asked to leave development: refused', 'firmware 2.0.0 from slot A')


def rotation(device):
    chapter('The roots rotate, and the key of the release that is running is revoked')
    say('The new list binds installs at once. What runs stays bootable under the list before, until an update satisfies the new one.')
    expect(device, ['list=list-2.list'], 'asked to take a trust list: done', 'trust list 2', 'under the list before',
           'revoked key')
    expect(device, ['force-firmware=revoked.pack'], 'refused firmware in slot B: it is signed with a revoked key', 'firmware 2.0.0')
    chapter('2.1.0 by the new key installs, boots, confirms; the counter rises')
    expect(device, ['firmware=v21.pack'], 'firmware 2.1.0 from slot B', 'self-test passed', 'asked to confirm what is on trial: done')
    counter_is(device, 3)
    expect(device, ['limits=limits-d.pack'], 'limits D from slot A', 'at most 7 ml/h')
    say('Everything that is confirmed satisfies the new list; the one before is forgotten.')
    expect(device, [], 'firmware 2.1.0 from slot B', 'limits D from slot A', never=['under the list before'])


def exception(device, built):
    chapter('Back to 2.0.0')
    say('Its security version is below the counter, so it is refused; an exception for one device brings that one back, and no other.')
    expect(device, ['force-firmware=low.pack'], 'refused firmware in slot A: its security version is lower', 'firmware 2.1.0')
    say('Another device, device-0002, is a copy of this one but for its id; it counts boots on its own. It is given the exception first.')
    twin = device.copy(device.folder.parent / 'twin')
    identity = (device.folder / 'identity').read_bytes()
    twin.identify(built, images.identity(identity[:32], identity[32:48], identity[48:64], b'device-0002'))
    expect(twin, ['force-firmware=back.pack'], 'it is an exception for another device', 'firmware 2.1.0')
    say('And now the device that it is for.')
    expect(device, ['firmware=back.pack'], 'firmware 2.0.0 again from slot A', 'asked to confirm what is on trial: done')
    counter_is(device, 3)


def damage(device):
    chapter('A bit of the confirmed release falls over in the flash')
    device.damage(emulator.FIRMWARE + images.PAYLOAD + 1000)
    expect(device, [], 'refused firmware in slot A', 'a payload is not', 'firmware 2.1.0 from slot B')
    chapter('And one of the other')
    device.damage(emulator.FIRMWARE + emulator.FIRMWARE_SLOT + images.PAYLOAD + 1000)
    expect(device, [], 'nothing to start', status=emulator.NOTHING_TO_START)


def lost_state(device):
    chapter('The state is lost: both of its copies are damaged')
    number, flash = 0, device.flash.read_bytes()
    for block in (0, 4096):
        for place in range(4096 // images.STATE_SIZE):
            if flash[block + place * images.STATE_SIZE:][:4] == b'HMST':
                device.damage(block + place * images.STATE_SIZE + 20)
                number += 1
    say(f'A bit of each of {number} snapshots.')
    expect(device, [], 'nothing to start: the device has lost its state', status=emulator.NOTHING_TO_START, never=['trust list', 'firmware'])


# ---- with the generator ----

def never_confirmed(folder, machine, built, packs, lists, roots):
    chapter('The only release there is crashes')
    device = Device(folder, machine, built, images.identity(roots), lists['list-1'], packs['crash'])
    _, lines = device.power_on(cut=900)
    show(lines)
    if not any('on trial, 1 more attempt' in line for line in lines) or not any('there is no other' in line for line in lines):
        raise Wrong('the device does not say that it goes on trying')
    if any('0 more attempts' in line or '1 more attempts' in line for line in lines):
        raise Wrong('the device counts attempts that do not count')


def generated(folder, machine, built, applications):
    lists, roots = images.lists()
    packs = images.releases({'v1': applications['1.9.0'], 'v2': applications['2.0.0'], 'v21': applications['2.1.0'],
                             'crash': applications['crash']},
                            {'limits-1': b'at most 5 ml/h\n', 'limits-2': b'at most 8 ml/h\n', 'limits-3': b'at most 9 ml/h\n'})
    device = Device(folder, machine, built, images.identity(roots), lists['list-1'], packs['v2'])
    device.put_files({**{f'{name}.pack': data for name, data in packs.items()},
                      **{f'{name}.list': data for name, data in lists.items()}})
    never_confirmed(folder.parent / 'crashing', machine, built, packs, lists, roots)
    return device


def production(device):
    chapter('A device in production (by an office with an HSM, played by the tests\' generator)')
    expect(device, [], 'asked to confirm what is on trial: done')
    expect(device, ['production'], 'asked to leave development: done', '), production, ')
    expect(device, ['force-firmware=development.pack'], 'development release for a production device', 'firmware 2.0.0')
    expect(device, ['force-firmware=other-product.pack'], 'devices of another class', 'firmware 2.0.0')


def boots_of(lines):
    """What each boot of LINES started, or None where power failed before it could say."""
    started = []
    for line in lines:
        if line.startswith('boot '):
            started.append(None)
        elif line.startswith('  firmware ') and ' from slot ' in line:
            started[-1] = line.split()[1]
        elif 'nothing to start' in line:
            started[-1] = 'nothing'
    return started


def cut_once(device, folder, cut, order):
    """Power fails in operation CUT while ORDER is carried out; then it is given again. The versions that were started."""
    trial = device.copy(folder)
    status, lines = trial.power_on(order, cut=cut, seed=cut)
    if status not in (emulator.POWER_FAILED, emulator.DONE):
        raise Wrong(f'cut {cut}: ended with {status}: {lines[-3:]}')
    again, more = trial.power_on(order)
    if again != emulator.DONE:
        raise Wrong(f'cut {cut}: afterwards it ended with {again}: {more[-3:]}')
    return status == emulator.POWER_FAILED, boots_of(lines) + boots_of(more), trial


def power_cuts(device, folder, count):
    chapter('Power fails while an update is downloaded, tried and confirmed')
    expect(device, ['list=list-2-both.list'], 'trust list 2')
    chance, failed = random.Random(SEED), 0
    for number in range(count):
        cut = chance.randrange(1, 1700)
        hit, started, trial = cut_once(device, folder / f'cut-{number % 2}', cut, 'firmware=v21.pack')
        failed += hit
        if set(started) - {'2.0.0', '2.1.0', None} or started[-1] != '2.1.0':
            raise Wrong(f'cut {cut}: started {started}')
        if counters(trial)['main'][1] != 3:
            raise Wrong(f'cut {cut}: the counter is {counters(trial)}')
    say(f'{count} points tried by chance (HALLMARK_SEED={SEED}), {failed} of them before the end: at each the old or the new release was '
        'started, and in the end the new one was confirmed. The unit tests try every point.')


def stories(machine, folder, chosen):
    chapter(f'======== {machine} ========')
    built = build.build(folder / 'built', machine)
    applications = {version: (built / f'app-{version}.bin').read_bytes() for version in (*build.VERSIONS, 'crash')}
    work = folder / machine
    work.mkdir()
    identity = office.make(work, applications)
    packs = {path.name: path.read_bytes() for path in [*work.glob('*.pack'), *work.glob('*.list')]}
    device = Device(work / 'device', machine, built, identity, packs['list-1.list'], packs['v2.pack'])
    device.put_files(packs)
    for story in (confirmation, refusals, crash, therapy_limits, development_only, rotation):
        story(device)
    exception(device, built)
    lost_state(device.copy(work / 'lost'))
    damage(device)
    other = generated(work / 'other', machine, built, applications)
    production(other)
    power_cuts(other, work, chosen.cuts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cuts', type=int, default=200 if os.environ.get('HALLMARK_FULL') == '1' else 12, metavar='N',
                        help='points of an update at which power is cut, by chance (12; 200 with HALLMARK_FULL=1)')
    parser.add_argument('--brief', action='store_true', help='of what the devices say the telling lines only')
    parser.add_argument('machine', nargs='*', metavar='MACHINE', help=f'{" or ".join(build.MACHINES)}; without one, both')
    global brief
    chosen = parser.parse_args()
    unknown = [name for name in chosen.machine if name not in build.MACHINES]
    if unknown:
        parser.error(f'{unknown[0]}: no such machine; there are {", ".join(build.MACHINES)}')
    brief = chosen.brief
    if build.missing():
        print(f'make device: needs {" and ".join(build.missing())}: on Debian, tools/setup.sh device', file=sys.stderr)
        return 3
    for machine in chosen.machine or build.MACHINES:
        try:
            with tempfile.TemporaryDirectory(prefix='hallmark-device.') as folder:
                stories(machine, pathlib.Path(folder), chosen)
        except (Wrong, build.Failed, office.Failed) as fault:
            print(f'\nmake device: {fault}', flush=True)
            return 1
    print(f'\n{paint(32, "All of it went as told.")} docs/boot.md says how to port it to hardware.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
