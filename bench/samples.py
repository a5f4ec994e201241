"""What is signed and verified, and with which keys: an office, the peers' view of the very same keys, and files."""
import json
import os
import re
import shutil
import struct
import subprocess

MODULES = ('/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
           '/usr/lib64/pkcs11/libsofthsm2.so')
LAUNCHERS = ('/usr/lib/python3/dist-packages/distlib/t64.exe',)
EFI = ('/usr/lib/systemd/boot/efi/systemd-bootx64.efi',)
PRODUCT = 'bench'


def first_that_exists(paths):
    return next((path for path in paths if os.path.exists(path)), None)


def run(*words, environment=None):
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(words)}: {done.stderr or done.stdout}')
    return done.stdout


class Office:
    """An office of ours with one product, and a copy of its token that a PKCS#11 engine can use."""

    def __init__(self, hallmark, folder, sample):
        self.hallmark, self.folder = hallmark, folder
        self.path = os.path.join(folder, 'office')
        run(hallmark, 'init', self.path)
        self.ask('product', 'add', PRODUCT)
        for algorithm in ('es256', 'rsa3072'):
            self.ask('key', 'generate', '--product', PRODUCT, '--algorithm', algorithm)
        self.ask('sign', '--product', PRODUCT, '-o', os.path.join(folder, 'first.exe'), sample)
        self.trust = os.path.join(folder, 'trust.pem')
        self.ask('trust', 'export', '-o', self.trust)
        self.chain = os.path.join(folder, 'chain.pem')
        self.ask('cert', 'export', '--product', PRODUCT, '--algorithm', 'es256', '-o', self.chain)

    def ask(self, *words):
        return run(self.hallmark, '--office', self.path, *words)

    def key_id(self, algorithm, use):
        for line in self.ask('key', 'list', '--json').splitlines():
            key = json.loads(line)
            if (key['algorithm'], key['role']) == (algorithm, use):
                return key['key']
        raise RuntimeError(f'the office has no {algorithm} key for {use}')

    def peer_token(self):
        """The environment and the URI with which a peer uses the office's own P-256 key."""
        copy = os.path.join(self.folder, 'peer-token')
        shutil.copytree(os.path.join(self.path, 'token'), copy)
        configuration = os.path.join(copy, 'softhsm2.conf')
        with open(configuration, encoding='ascii') as file:
            text = file.read()
        with open(configuration, 'w', encoding='ascii') as file:
            file.write(re.sub(r'(?m)^directories.tokendir.*$', f'directories.tokendir = {copy}/tokens', text))
        environment = dict(os.environ, SOFTHSM2_CONF=configuration)
        with open(os.path.join(copy, 'pin'), encoding='ascii') as file:
            pin = file.read().strip()
        # libp11's engine 0.4.12 cannot list a token that holds an Ed25519 key.
        for kind in ('privkey', 'pubkey'):
            run('pkcs11-tool', '--module', first_that_exists(MODULES), '--login', '--pin', pin, '-b', '-y', kind, '-d',
                self.key_id('ed25519', 'log'), environment=environment)
        octets = re.sub('(..)', r'%\1', self.key_id('es256', 'signing'))
        return environment, f'pkcs11:id={octets};type=private;pin-value={pin}'


def key_in_file(folder):
    """An RSA key and its certificate in files: for peers that sign with nothing else."""
    key, certificate = os.path.join(folder, 'peer.key'), os.path.join(folder, 'peer.pem')
    run('openssl', 'req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-keyout', key, '-out', certificate, '-days', '30',
        '-subj', '/CN=bench', '-addext', 'extendedKeyUsage=codeSigning')
    return key, certificate


def write_filled(path, size):
    """A file that no file system stores in less, and that is in the page cache afterwards."""
    block = os.urandom(1 << 20)
    with open(path, 'wb') as file:
        for at in range(0, size, len(block)):
            file.write(block[:size - at])


def write_many(folder, count, size):
    os.makedirs(folder)
    names = []
    for number in range(count):
        name = f'f{number:05}'
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(os.urandom(size))
        names.append(name)
    return names


def write_pe(path, section_len):
    """A Windows program (PE32+, console) of one section, as large as wanted (PE format, revision 11)."""
    header_len, alignment = 0x400, 0x200
    assert section_len % alignment == 0
    dos = b'MZ' + bytes(58) + struct.pack('<I', 0x40)
    coff = struct.pack('<4sHHIIIHH', b'PE\0\0', 0x8664, 1, 0, 0, 0, 240, 0x22)
    image_len = 0x1000 + (section_len + 0xfff) // 0x1000 * 0x1000
    optional = struct.pack('<HBBIIIII', 0x20b, 14, 0, section_len, 0, 0, 0x1000, 0x1000)
    optional += struct.pack('<QIIHHHHHHIIIIHHQQQQII', 0x140000000, 0x1000, alignment, 6, 0, 0, 0, 6, 0, 0, image_len,
                            header_len, 0, 3, 0x160, 1 << 20, 0x1000, 1 << 20, 0x1000, 0, 16)
    optional += bytes(16 * 8)
    section = struct.pack('<8sIIIIIIHHI', b'.text', section_len, 0x1000, section_len, header_len, 0, 0, 0, 0, 0x60000020)
    headers = dos + coff + optional + section
    block = os.urandom(1 << 20)
    with open(path, 'wb') as file:
        file.write(headers + bytes(header_len - len(headers)))
        for at in range(0, section_len, len(block)):
            file.write(block[:section_len - at])
