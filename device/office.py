"""What the stories install, made by a real office: its command line signs, packs and keeps the trust list."""
import json
import os
import pathlib
import re
import subprocess
import uuid

import images

HALLMARK = pathlib.Path(os.environ.get('HALLMARK', pathlib.Path(__file__).resolve().parents[1] / 'build' / 'hallmark'))


class Failed(Exception):
    pass


class Office:
    """An office in FOLDER/NAME, whose work lies in FOLDER."""

    def __init__(self, folder, name, organization):
        self.folder, self.name = pathlib.Path(folder), name
        self.run('init', '--org', organization, self.folder / name)

    def run(self, *words):
        environment = {**os.environ, 'HALLMARK_OFFICE': str(self.folder / self.name), 'HOME': str(self.folder)}
        done = subprocess.run([HALLMARK, *map(str, words)], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f'hallmark {" ".join(map(str, words))}: {done.stdout.strip()}')
        return done.stdout

    def root(self):
        """Its root key of the trust list: (file, kid)."""
        self.run('trust', 'key', '-o', f'{self.name}.key')
        return f'{self.name}.key', self.run('trust', 'key').split()[0]

    def kid(self):
        """Of its first product's ES256 key."""
        keys = map(json.loads, self.run('key', 'list', '--json').splitlines())
        return next(key['kid'] for key in keys if key['role'] == 'signing' and key['algorithm'] == 'es256')

    def pack(self, name, version, sequence, payload, *more, component='main', security=2, product='pump'):
        """A release as FOLDER/NAME.pack."""
        (self.folder / f'{name}.bin').write_bytes(payload)
        self.run('sign', '--format', 'native', '--product', product, '--release', version, '--sequence', sequence, '--no-chain',
                 '--component', f'{component}={name}.bin,security-version={security}'
                 + (',kind=parameters' if component == 'limits' else ''), *more, '-o', f'{name}.cose')
        self.run('pack', f'{name}.cose', f'{name}.bin', '-o', f'{name}.pack')

    def sign_list(self, name, *old):
        self.run('trust', 'update', name, '--sign', *(['--old', old[0]] if old else []))


def make_lists(maker, successor, custodian):
    """list-1 by maker and custodian; list-2 by custodian and successor: the maker's key is revoked, the successor's is there."""
    (maker_key, maker_root), (custodian_key, _), (successor_key, _) = maker.root(), custodian.root(), successor.root()
    maker.run('trust', 'publisher', '--product', 'pump', '-o', 'maker.publisher')
    successor.run('key', 'generate', '--product', 'pump', '--algorithm', 'es256')
    successor.run('trust', 'publisher', '--product', 'pump', '-o', 'successor.publisher')
    maker.run('trust', 'update', '--new', maker_key, custodian_key, '--threshold', 2, '--add-publisher', 'maker.publisher', '--publisher',
              'Pump Works', '--require-receipts', 'yes', '-o', 'list-1.list')
    for one in (maker, custodian):
        one.sign_list('list-1.list')
    maker.run('trust', 'update', 'list-1.list', '-o', 'list-2.list', '--remove-root', maker_root, '--add-root', successor_key,
              '--add-publisher', 'successor.publisher', '--revoke-key', maker.kid())
    for one in (successor, custodian, maker):
        one.sign_list('list-2.list', 'list-1.list')


def identity(maker):
    shown = maker.run('trust', 'show', 'list-1.list')
    roots = bytes.fromhex(re.search(r'SHA-256 of the root set: ([0-9a-f]{64})', shown)[1])
    product = json.loads(maker.run('product', 'show', 'pump', '--json').splitlines()[0])
    return images.identity(roots, uuid.UUID(product['vendor']).bytes, uuid.UUID(product['class']).bytes)


def make(folder, applications):
    """All releases and lists of the stories, in FOLDER; the device's identity. APPLICATIONS: payload by version."""
    maker = Office(folder, 'maker', 'Pump Works')
    maker.run('product', 'add', 'pump')
    maker.run('product', 'add', 'valve')
    maker.run('key', 'generate', '--product', 'pump', '--algorithm', 'es256')
    successor = Office(folder, 'successor', 'Pump Works')
    successor.run('product', 'add', 'pump')
    custodian = Office(folder, 'custodian', 'Custodian')
    make_lists(maker, successor, custodian)
    maker.pack('v1', '1.9.0', 19, applications['1.9.0'], security=1)
    maker.pack('v2', '2.0.0', 20, applications['2.0.0'])
    maker.pack('changed', '2.0.1', 21, applications['2.1.0'])
    maker.pack('unlogged', '2.0.2', 22, applications['2.1.0'], '--no-receipt')
    maker.pack('other-product', '2.0.3', 23, applications['2.1.0'], product='valve')
    maker.pack('crash', '2.0.5', 25, applications['crash'])
    maker.pack('revoked', '2.1.0', 30, applications['2.1.0'], security=3)
    maker.pack('limits', 'A', 1, b'at most 5 ml/h\n', component='limits')
    maker.pack('limits-b', 'B', 2, b'at most 8 ml/h\n', component='limits')
    maker.pack('limits-changed', 'C', 3, b'at most 9 ml/h\n', component='limits')
    successor.pack('v21', '2.1.0', 31, applications['2.1.0'], security=3)
    successor.pack('limits-d', 'D', 31, b'at most 7 ml/h\n', component='limits')
    successor.pack('low', '2.1.1', 32, applications['2.0.0'], security=2)
    successor.pack('back', '2.0.0 again', 33, applications['2.0.0'], '--device', images.DEVICE.decode(), security=2)
    for name in ('changed', 'limits-changed'):
        path = pathlib.Path(folder) / f'{name}.pack'
        path.write_bytes(images.flipped(path.read_bytes(), -5))
    return identity(maker)
