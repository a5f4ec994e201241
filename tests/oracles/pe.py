#!/usr/bin/python3
"""EFI and Windows programs that others built, against osslsigncode and sbverify: both ways, several signatures, spoilt
copies. Debian has osslsigncode 2.5 to 2.9: what such an old one lacks is printed as a skip."""
import pathlib
import re
import shutil
import struct
import subprocess

from oracle import FULL, Stranger, Test, flipped, hallmark_sign, hallmark_verify, make_office, run

PACKAGES = ('systemd-boot-efi', 'shim-unsigned', 'grub-efi-amd64-bin', 'grub-efi-ia32-bin', 'python3-distlib', 'efitools')
ENOUGH = 10
EFI_SUBSYSTEMS = range(10, 14)


class Image:
    """The few fields of a PE header that the tests spoil (PE format, 'Optional Header')."""

    def __init__(self, path):
        self.content = path.read_bytes()
        self.header = struct.unpack_from('<I', self.content, 0x3c)[0]
        self.optional = self.header + 24
        wide = struct.unpack_from('<H', self.content, self.optional)[0] == 0x20b
        self.directory = self.optional + (112 if wide else 96) + 4 * 8
        self.efi = struct.unpack_from('<H', self.content, self.optional + 68)[0] in EFI_SUBSYSTEMS
        self.table, self.table_size = struct.unpack_from('<II', self.content, self.directory)

    def section_middle(self):
        """An offset in the middle of the first section that has content."""
        count, optional_size = struct.unpack_from('<H', self.content, self.header + 6)[0], struct.unpack_from(
            '<H', self.content, self.header + 20)[0]
        for number in range(count):
            size, start = struct.unpack_from('<II', self.content, self.optional + optional_size + 40 * number + 16)
            if size:
                return start + size // 2
        raise ValueError('no section has content')


def real_files():
    """One of each content, by name, out of Debian's packages."""
    found = {}
    for package in PACKAGES:
        listed = subprocess.run(['dpkg', '-L', package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        for name in listed.stdout.decode().splitlines():
            if re.search(r'\.(efi|exe|stub|signed)$', name, re.IGNORECASE):
                with open(name, 'rb') as file:
                    content = file.read()
                if content[:2] == b'MZ':
                    found.setdefault(content, name)
    return sorted(found.values())


def osslsigncode(path, roots):
    return run('osslsigncode', 'verify', '-CAfile', roots, '-in', path)


def sbverify(path, certificate):
    return run('sbverify', '--cert', certificate, path)


def others(image):
    """The tools that judge this kind of file, with their names: sbverify knows EFI only."""
    tools = {'osslsigncode': osslsigncode}
    if image.efi:
        tools['sbverify'] = sbverify
    return tools


def spoil(test, path, to):
    """Copies of a signed file that nobody may accept: what was done, and the file."""
    image = Image(path)
    yield 'a changed byte of code', flipped(path, to, image.section_middle())
    yield 'a changed entry point', flipped(path, to, image.optional + 16)
    yield 'a changed byte of the signature', flipped(path, to, image.table + 8 + image.table_size // 2)
    to.write_bytes(image.content[:-8])
    yield 'its last 8 bytes cut off', to
    to.write_bytes(image.content[:image.table])
    yield 'its signature cut off', to
    bigger = bytearray(image.content)
    struct.pack_into('<I', bigger, image.directory + 4, image.table_size + 4096)
    to.write_bytes(bigger)
    yield 'a certificate table that leads past its end', to
    moved = bytearray(image.content)
    struct.pack_into('<II', moved, image.directory, 0, 0)
    to.write_bytes(moved)
    yield 'no certificate table in its header', to
    to.write_bytes(image.content[:image.table] + bytes(8) + image.content[image.table:])
    yield 'bytes put before the signature', to
    to.write_bytes(image.content + test.random.randbytes(8))
    yield 'bytes put behind the signature', to


def check_ours(test, roots, source, path):
    shutil.copy(source, path)
    name, size = path.name, path.stat().st_size
    done = hallmark_sign('driver', path)
    if not test.accepts(f'{name}: signed', done):
        return False
    image = Image(path)
    test.accepts(f'{name}: hallmark accepts it', hallmark_verify(roots, path))
    for tool, verify in others(image).items():
        test.accepts(f'{name}: {tool} accepts it', verify(path, roots))
    test.ok(path.stat().st_size < size + 16384, f'{name}: it grew by a signature only', [f'{size} to {path.stat().st_size}'])
    before = path.read_bytes()
    test.accepts(f'{name}: signing it again succeeds', hallmark_sign('driver', path))
    test.ok(path.read_bytes() == before, f'{name}: and changes nothing')
    return True


def check_spoilt(test, roots, path):
    spoilt = path.with_name('spoilt-' + path.name)
    for what, copy in spoil(test, path, spoilt):
        test.refuses(f'{path.name}: hallmark refuses {what}', hallmark_verify(roots, copy))
        for tool, verify in others(Image(path)).items():
            test.rejects(f'{path.name}: {tool} refuses {what}', verify(copy, roots))
    spoilt.unlink()


def sign_theirs(stranger, image, source, to):
    if image.efi:
        return run('sbsign', '--key', stranger.key, '--cert', stranger.certificate, '--output', to, source)
    to.unlink(missing_ok=True)
    return run('osslsigncode', 'sign', '-h', 'sha256', '-certs', stranger.certificate, '-key', stranger.key, '-in', source,
               '-out', to)


def check_theirs(test, roots, stranger, source, path):
    """Signed by the peer first: accepted under its root only, refused when spoilt, and a signature of ours put beside."""
    name, image = path.name, Image(source)
    peer = 'sbsign' if image.efi else 'osslsigncode'
    if not test.accepts(f'{name}: {peer} signs it', sign_theirs(stranger, image, source, path)):
        return
    test.accepts(f"{name}: hallmark accepts {peer}'s signature", hallmark_verify(stranger.root, path))
    test.refuses(f'{name}: hallmark refuses it under our roots', hallmark_verify(roots, path))
    flipped(path, spoilt := path.with_name('spoilt-' + name), image.section_middle())
    test.refuses(f'{name}: hallmark refuses it with a changed byte', hallmark_verify(stranger.root, spoilt))
    check_beside(test, roots, stranger, path, image)


def check_beside(test, roots, stranger, path, image):
    name = path.name
    if not test.accepts(f'{name}: ours is put beside theirs', hallmark_sign('driver', path)):
        return
    both = path.with_name('both.pem')
    both.write_bytes(roots.read_bytes() + stranger.root.read_bytes())
    test.accepts(f'{name}: hallmark accepts both', hallmark_verify(both, path))
    if image.efi:
        test.accepts(f'{name}: sbverify accepts it by our root', sbverify(path, roots))
        test.accepts(f'{name}: sbverify accepts it by their certificate', sbverify(path, stranger.certificate))
    else:
        done = osslsigncode(path, both)
        test.accepts(f'{name}: osslsigncode accepts both', done)


def check_small_crasher(test, roots):
    """A PE of 1 KiB whose header offset points outside: sbverify 0.9.4 crashes on it."""
    path = test.folder / 'outside.efi'
    content = bytearray(1024)
    content[:2] = b'MZ'
    struct.pack_into('<I', content, 0x3c, 0x7ffffff0)
    path.write_bytes(content)
    test.refuses('a header that lies outside its file: hallmark refuses it', hallmark_verify(roots, path))
    done = sbverify(path, roots)
    if done.status is not None and done.status < 0:
        test.skip('a header that lies outside its file: sbverify refuses it', f'it crashes with signal {-done.status}')
    else:
        test.rejects('a header that lies outside its file: sbverify refuses it', done)


def main():
    with Test('EFI and Windows programs against osslsigncode and sbverify') as test:
        if not test.needs('openssl', 'osslsigncode', 'sbverify', 'sbsign'):
            return
        print('# ' + run('osslsigncode', '--version').text.splitlines()[0] + ', ' + run('sbverify', '--version').text.strip())
        sources = real_files()
        test.ok(len(sources) >= ENOUGH, f'{len(sources)} different programs, at least {ENOUGH}', sources)
        roots = make_office(test, ('driver',))
        if not roots:
            return
        stranger = Stranger(test.folder, 'peer')

        for number, source in enumerate(map(pathlib.Path, sources)):
            path = test.folder / source.name
            good = check_ours(test, roots, source, path)
            # Every program is signed; spoiling each in nine ways is for the long run.
            if good and (FULL or number % 4 == 0):
                check_spoilt(test, roots, path)
            path.unlink(missing_ok=True)
            check_theirs(test, roots, stranger, source, path)
            path.unlink(missing_ok=True)
        check_small_crasher(test, roots)


main()
