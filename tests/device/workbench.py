#!/usr/bin/python3
"""What a port's author and a factory work with: device/layout.py, factory.py, dump.py, emulate.py, build.py, over layouts, devices and
files that are right and that are not. What the factory makes is compared with what the tests' own generator says a device is."""
import contextlib
import hashlib
import importlib
import io
import json
import pathlib
import shutil
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device')]
import build
import emulator
import images
import layout
import native
import tap

compile_image = layout.image

LAYOUT = '''#include "layout.h"
#define PORT_ALGORITHMS &hmv_esp256
#define PORT_DIGESTS &hmv_digest_sha256
'''
# As a port wrote its addresses down for blocks of 4 KiB.
BY_HAND = LAYOUT + '''static const hmb_layout port_layout = {
    .state = 0x0000, .records = 0x2000, .mailbox = 0x4000, .list = {0x5000, 0xA000, 0xF000, 0x14000},
    .bank = {{{(const uint8_t *)"main", 4}, HMV_KIND_FIRMWARE, {0x19000, 0x5E000}, 0x40000},
             {{(const uint8_t *)"limits", 6}, HMV_KIND_PARAMETERS, {0xA3000, 0xA9000}, 0x1000}},
    .end = 0xAF000};
'''


class Bench:
    """A folder with what a factory is given, by the tests' generator."""

    def __init__(self, folder, out):
        self.folder, self.out = pathlib.Path(folder), out
        self.lists, self.roots = images.lists()
        data = images.payload('image v2')
        packs = images.releases({name: images.payload(name) for name in ('v1', 'v2', 'v21', 'crash')},
                                {name: images.payload(name, 700) for name in ('limits-1', 'limits-2', 'limits-3')})
        self.write('list', self.lists['list-1'])
        self.write('roots', self.roots)
        self.write('roots.hex', self.roots.hex().encode() + b'\n')
        self.write('product.json', json.dumps({'vendor': str(uuid.UUID(bytes=native.VENDOR)), 'class': str(uuid.UUID(bytes=native.CLASS))}).encode())
        self.write('good.pack', images.firmware('2.0.0', 20, 2, data))
        for name in ('limits-1', 'several', 'v2-flipped', 'development', 'unlogged', 'other-bank', 'limits-configuration', 'stranger'):
            self.write(f'{name}.pack', packs[name])

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def tool(self, name, *words):
        """(status, everything it said): DEVICE/NAME, as if it had been called, but what it compiles for a layout only once."""
        said = io.StringIO()
        before, sys.argv = sys.argv, [name, *map(str, words)]
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                status = importlib.import_module(name.removesuffix('.py')).main()
            except SystemExit as end:
                status = end.code or 0
        sys.argv = before
        return status, said.getvalue()

    def compiled(self, _, header, define):
        """In the place of layout.image."""
        key = hashlib.sha256(repr((pathlib.Path(header).read_bytes(), define)).encode()).hexdigest()[:16]
        target = self.folder / 'compiled' / key
        if not target.exists():
            target.mkdir(parents=True)
            try:
                compile_image(target, header, define)
            except layout.Failed:
                target.rmdir()
                raise
        return target / 'image'

    def is_said(self, sentence, wanted, text, name, *words):
        status, said = self.tool(name, *words)
        self.out.ok(status == wanted and text in said and 'Traceback' not in said, sentence, [f'status {status}', *said.splitlines()[-6:]])

    def factory(self, *words, **other):
        given = {'list': 'list', 'roots': 'roots', 'product': 'product.json', 'id': images.DEVICE.decode(), 'life': 'development',
                 'firmware': 'good.pack', **other}
        return ['factory.py', *(word for name, value in given.items() for word in (f'--{name}', value)), '-o', 'made', *words]


def layouts(bench):
    (bench.folder / 'by_hand.h').write_text(BY_HAND, encoding='utf-8')
    bench.is_said("a layout that was written by hand is the row's", 0, '0x000a3000', 'layout.py', 'by_hand.h')
    bench.is_said('with larger blocks its areas overlap', 1, 'two areas overlap', 'layout.py', '-D', 'HMB_ERASE_SIZE=8192', 'by_hand.h')
    (bench.folder / 'between.h').write_text(BY_HAND.replace('0x5E000', '0x5E800'), encoding='utf-8')
    bench.is_said('an address between blocks is found', 1, 'no multiple of the erase block', 'layout.py', 'between.h')
    (bench.folder / 'overlap.h').write_text(BY_HAND.replace('0x5E000', '0x5D000'), encoding='utf-8')
    bench.is_said('areas that overlap are found', 1, 'two areas overlap', 'layout.py', 'overlap.h')
    (bench.folder / 'outside.h').write_text(BY_HAND.replace('.end = 0xAF000', '.end = 0xAE000'), encoding='utf-8')
    bench.is_said('and what lies outside', 1, 'ends behind', 'layout.py', 'outside.h')
    bench.is_said('a unit size that there is not does not compile', 3, 'HMB_UNIT_SIZE is 4, 8, 16, 32 or 64', 'layout.py', '-D', 'HMB_UNIT_SIZE=12')
    bench.is_said('nor blocks that are no whole units', 3, 'multiple of HMB_UNIT_SIZE', 'layout.py', '-D', 'HMB_ERASE_SIZE=4100')
    bench.is_said("the unit tests run over a port's layout", 0, 'passed: tests/unit/device/test_boot.c', 'layout.py', '-D', 'HMB_UNIT_SIZE=32',
                  '--test', 'boot', 'by_hand.h')
    bench.is_said('for devices of other sizes too a factory makes images that boot', 0, 'will start firmware 2.0.0',
                  *bench.factory('-D', 'HMB_UNIT_SIZE=32', '-D', 'HMB_ERASE_SIZE=8192'))
    bench.is_said('which are read with those sizes', 0, 'release 2.0.0', 'dump.py', '-D', 'HMB_UNIT_SIZE=32', '-D', 'HMB_ERASE_SIZE=8192', 'made/flash.bin')


def same_as_generated(bench):
    """The generator's device, but for the marks of the download, which only an application reads."""
    bench.is_said('the factory makes a device', 0, 'development, trust list 1; will start firmware 2.0.0', *bench.factory())
    made = bytearray((bench.folder / 'made' / 'flash.bin').read_bytes())
    flash = bytearray(b'\xff' * emulator.FLASH_SIZE)
    put = emulator.Device.put
    for offset in (0, 4096):
        put(flash, emulator.STATE + offset, images.first_state(bench.lists['list-1']))
    put(flash, emulator.LIST, images.list_area(bench.lists['list-1']))
    for offset, data in images.slot((bench.folder / 'good.pack').read_bytes()):
        put(flash, emulator.FIRMWARE + offset, data)
    put(made, emulator.FIRMWARE + 16, b'\xff' * (4096 - 16))
    differ = [at for at in range(0, len(flash), 16) if flash[at:at + 16] != made[at:at + 16]]
    bench.out.ok(len(made) == len(flash) and not differ, "it is the generator's, byte for byte", [f'{len(made)} bytes; {[hex(at) for at in differ[:8]]}'])
    bench.out.ok((bench.folder / 'made' / 'identity.bin').read_bytes() == images.identity(bench.roots), 'and so is the identity')


def refusals(bench):
    shutil.rmtree(bench.folder / 'made')
    other = hashlib.sha256(b'other').hexdigest()
    bench.write('other.roots', other.encode())
    bench.write('short.roots', b'12')
    for sentence, text, other in (
            ('a list by other roots is refused', 'roots', {'roots': 'other.roots'}),
            ('what is no digest of roots too', '64 digits', {'roots': 'short.roots'}),
            ('a product that cannot be read', 'product show', {'product': 'list'}),
            ('an id that is too long', 'at most 32', {'id': 'x' * 33}),
            ('a development release for production', 'development release for a production device', {'firmware': 'development.pack', 'life': 'production'}),
            ('a release of several components', 'several components', {'firmware': 'several.pack'}),
            ("another bank's", 'another component', {'firmware': 'limits-1.pack'}),
            ('the wrong kind', 'another kind', {'parameters': 'limits-configuration.pack'}),
            ('a changed payload', 'not the one that was signed', {'firmware': 'v2-flipped.pack'}),
            ('a release without a receipt', 'receipt', {'firmware': 'unlogged.pack'}),
            ("a stranger's", 'key', {'firmware': 'stranger.pack'}),
            ('a list in the place of a release', 'format', {'firmware': 'list'}),
            ('a release in the place of the list', 'good.pack: ', {'list': 'good.pack'})):
        bench.is_said(sentence, 1, text, *bench.factory(**other))
    bench.is_said('a file that is not there', 3, 'nothing.pack', *bench.factory(firmware='nothing.pack'))
    bench.out.ok(not (bench.folder / 'made').exists(), 'none of that left anything')
    bench.is_said('a production release makes a device in production', 0, 'production, trust list 1', *bench.factory(life='production'))
    bench.is_said('with parameters; the digest of the roots may be digits', 0, 'will start', *bench.factory(roots='roots.hex', parameters='limits-1.pack'))


def dumps(bench):
    made = bench.folder / 'made' / 'flash.bin'
    bench.is_said('a dump tells the state, and what is on trial', 0, 'parameters: confirmed in slot none, on trial in slot A', 'dump.py', made)
    bench.is_said('and the releases', 0, 'release A, sequence 1, component limits of 700 bytes', 'dump.py', made)
    bench.write('cut.bin', made.read_bytes()[:-1])
    bench.is_said('one that is cut is not taken for a device', 1, 'not as large as the layout', 'dump.py', 'cut.bin')
    bench.write('long.bin', made.read_bytes() + b'x')
    bench.is_said('nor one that is too long', 1, 'larger', 'dump.py', 'long.bin')
    bench.write('blank.bin', b'\xff' * emulator.FLASH_SIZE)
    bench.is_said('a blank one has lost its state', 1, 'lost its state', 'dump.py', 'blank.bin')
    bench.is_said('one that is not there is not read', 3, 'cannot be read', 'dump.py', 'nothing.bin')


def emulator_and_build(bench):
    bench.is_said('build.py says what it takes', 2, 'FOLDER', 'build.py')
    bench.is_said('and which machines there are', 2, 'mps2-an386, mps2-an505', 'build.py', 'x', 'mps9')
    bench.is_said('its help is help', 0, 'usage', 'build.py', '--help')
    bench.is_said("run.py's too", 0, 'MACHINE', 'run.py', '--help')
    bench.out.ok(not (bench.folder / '--help').exists() and not (bench.folder / 'x').exists(), 'none of that left a folder')
    if build.missing():
        bench.out.skip('a device is switched on', f'{" and ".join(build.missing())} not here')
        return
    built = build.build(bench.folder / 'built', 'mps2-an386')
    bench.write('app.pack', images.firmware('2.0.0', 20, 2, (built / 'app-2.0.0.bin').read_bytes()))
    bench.is_said('a device with a first stage', 0, 'will start', *bench.factory(firmware='app.pack', **{'first-stage': built}))
    bench.is_said('is switched on', 0, 'firmware 2.0.0 from slot A', 'emulate.py', 'made')
    flash = bench.folder / 'made' / 'flash.bin'
    whole = flash.read_bytes()
    bench.is_said('its ring has what it did', 0, 'request CON1: done', 'dump.py', flash)
    for sentence, data in (('empty flash is told from a device', b''), ('so is one that is cut', whole[:-1]), ('and one that is too long', whole + b'x')):
        flash.write_bytes(data)
        bench.is_said(sentence, 3, 'another size', 'emulate.py', 'made')
    flash.unlink()
    bench.is_said('and none', 3, 'is missing', 'emulate.py', 'made')
    bench.is_said('an order names a file that is there', 3, 'no such file', 'emulate.py', 'made', 'firmware=nothing.pack')
    bench.is_said('a folder without a device is none', 3, 'no boot.elf', 'emulate.py', '.')
    links(bench)


def links(bench):
    """A first stage from which something was left out does not link, rather than being empty."""
    made = build.Build(build.MACHINES['mps2-an386'], bench.folder / 'links')
    common, main = made.common(), made.compile(build.PORT / 'boot_main.c')
    for sentence, objects, text in (
            ('a first stage without its start is not linked', [main, *common], 'no vector table'),
            ('nor one without its main program', [made.compile(build.PORT / 'boot_start.c'), *common], 'boot_main'),
            ('nor an application without its start', None, 'app_start.c is not linked')):
        try:
            made.link(objects or common, 'boot.ld' if objects else 'app.ld', made.folder / 'out.elf')
            bench.out.ok(False, sentence)
        except build.Failed as fault:
            bench.out.ok(text in str(fault), sentence, str(fault).splitlines()[-4:])


def main():
    out = tap.Writer()
    with tempfile.TemporaryDirectory(prefix='hallmark-factory-test.') as folder:
        bench = Bench(folder, out)
        layout.image = bench.compiled
        layouts(bench)
        same_as_generated(bench)
        refusals(bench)
        dumps(bench)
        emulator_and_build(bench)
    out.close()


if __name__ == '__main__':
    main()
