#!/usr/bin/python3
"""P10: `hallmark log monitor` and the checker beside this file judge logs that others wrote: the published log of tessera, at
all its sizes, and logs made here by the specifications, whole and spoilt."""
import base64
import hashlib
import os
import pathlib
import shutil

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from oracle import HALLMARK, ROOT, Test, run

VECTORS = pathlib.Path(os.environ.get('HALLMARK_VECTORS', ROOT.parent / 'shared' / 'vectors')) / 'tlog' / 'tessera-log'
VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx'
CHECKER = ROOT / 'tests' / 'oracles' / 'tlog_checker.py'
WIDTH = 256
# Around the borders of tiles, and once into the third level.
SIZES = (0, 1, 2, 255, 256, 257, 511, 512, 700, 65535, 65536, 65793)


def monitor(log, state, vkey, *options):
    return run(HALLMARK, 'log', 'monitor', log, '--state', state, '--log-key', vkey, *options)


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


class Signer:
    """A log's key, of either type (c2sp.org/signed-note)."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        if kind == 1:
            self.key = ed25519.Ed25519PrivateKey.generate()
            public = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            self.id = sha(name.encode(), b'\n\1', public)[:4]
        else:
            self.key = ec.generate_private_key(ec.SECP256R1())
            public = self.key.public_key().public_bytes(serialization.Encoding.DER,
                                                        serialization.PublicFormat.SubjectPublicKeyInfo)
            self.id = sha(public)[:4]
        self.vkey = f'{name}+{self.id.hex()}+{base64.b64encode(bytes([kind]) + public).decode()}'

    def sign(self, text):
        signature = self.key.sign(text) if self.kind == 1 else self.key.sign(text, ec.ECDSA(hashes.SHA256()))
        return text + f'\n— {self.name} {base64.b64encode(self.id + signature).decode()}\n'.encode()


class Log:
    """A log as the specification has it, by its definitions, in a folder."""

    def __init__(self, folder, signer):
        self.folder, self.signer, self.entries, self.levels = folder, signer, [], [[]]
        folder.mkdir()

    def grow(self, size, text='entry'):
        for index in range(len(self.entries), size):
            self.entries.append(f'{text} {index}'.encode())
            self.levels[0].append(sha(b'\0', self.entries[-1]))
            level = 0
            while len(self.levels[level]) % WIDTH == 0:
                if level + 1 == len(self.levels):
                    self.levels.append([])
                self.levels[level + 1].append(fold(self.levels[level][-WIDTH:]))
                level += 1

    def publish(self, fresh, *lines):
        """Writes all tiles that have entries from FRESH on, then the checkpoint, which has LINES behind the root."""
        bundles = [len(entry).to_bytes(2, 'big') + entry for entry in self.entries]
        for level, nodes in [('entries', bundles), *enumerate(self.levels)]:
            height = WIDTH ** level if level != 'entries' else 1
            for first in range(fresh // height // WIDTH * WIDTH, len(nodes), WIDTH):
                part = nodes[first:first + WIDTH]
                self.write(f'tile/{level}/{groups(first // WIDTH)}' + (f'.p/{len(part)}' if len(part) < WIDTH else ''),
                           b''.join(part))
        root = base64.b64encode(self.root()).decode()
        text = ''.join(f'{line}\n' for line in (self.signer.name, len(self.entries), root, *lines))
        self.write('checkpoint', self.signer.sign(text.encode()))

    def write(self, path, content):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def root(self):
        return tree_hash(self.levels[0])


def groups(number):
    text = f'{number % 1000:03d}'
    while number := number // 1000:
        text = f'x{number % 1000:03d}/{text}'
    return text


def fold(nodes):
    while len(nodes) > 1:
        nodes = [sha(b'\1', nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def tree_hash(leaves):
    """RFC 9162 section 2.1.1; complete subtrees are folded, which is the same."""
    if not leaves:
        return sha(b'')
    if len(leaves) & (len(leaves) - 1) == 0:
        return fold(leaves)
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b'\1', tree_hash(leaves[:half]), tree_hash(leaves[half:]))


# The published log

def check_published(test):
    if not VECTORS.exists():
        test.skip('the published log', f'no vectors in {VECTORS} (set HALLMARK_VECTORS)')
        return
    log = test.folder / 'tessera'
    shutil.copytree(VECTORS, log)
    for size in range(16):
        shutil.copy(VECTORS / f'checkpoint.{size}', log / 'checkpoint')
        done = run('/usr/bin/python3', CHECKER, VKEY, log)
        test.ok(done.good, f'the published log of {size} entries: the checker accepts it', done.details)
    wrong = []
    for held in range(16):
        for size in range(16):
            state = test.folder / 'published.head'
            shutil.copy(VECTORS / f'checkpoint.{held}', state)
            shutil.copy(VECTORS / f'checkpoint.{size}', log / 'checkpoint')
            done = monitor(log, state, VKEY)
            expected = (0, 'good') if held <= size else (1, 'rolled back')
            kept = size if held <= size else held
            if done.status != expected[0] or expected[1] not in done.text or \
               state.read_bytes() != (VECTORS / f'checkpoint.{kept}').read_bytes():
                wrong += done.details
    test.ok(not wrong, 'all 256 pairs of heads of the published log: forward is good, backward is a rollback', wrong)
    check_every_byte(test, log)


def check_every_byte(test, log):
    """Each byte of its three files, spoilt alone."""
    shutil.copy(VECTORS / 'checkpoint.15', log / 'checkpoint')
    files = ('checkpoint', 'tile/0/000.p/15', 'tile/entries/000.p/15')
    wrong, tried = [], 0
    for name in files:
        good = (log / name).read_bytes()
        for at in range(len(good)):
            (log / name).write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            state = test.folder / 'byte.head'
            shutil.copy(VECTORS / 'checkpoint.7', state)
            done = monitor(log, state, VKEY)
            tried += 1
            if done.status != 1 or state.read_bytes() != (VECTORS / 'checkpoint.7').read_bytes():
                wrong += [f'{name}, byte {at}', *done.details]
        (log / name).write_bytes(good)
    test.ok(not wrong, f'each of {tried} bytes of the published log, spoilt alone, is an alarm', wrong)


# Logs made here

def check_made(test, kind, name):
    signer = Signer(f'example.org/{name}', kind)
    log = Log(test.folder / name, signer)
    state, size, wrong = test.folder / f'{name}.head', 0, []
    for new in SIZES:
        log.grow(new)
        log.publish(size, f'time {new}', 'a line that nobody knows')
        done = monitor(log.folder, state, signer.vkey)
        if not done.good or f'{new} entries, {new - size} of them new, root {log.root().hex()}' not in done.text:
            wrong += done.details
        size = new
    test.ok(not wrong, f'a log with a key of {name} is followed through {len(SIZES)} sizes up to {size}', wrong)
    test.ok((whole := monitor(log.folder, test.folder / f'{name}.first', signer.vkey)).good, 'and read whole at once',
            whole.details)
    fork = Log(test.folder / f'{name}-fork', signer)
    fork.grow(SIZES[-1] - 1)
    for more in (1, 2, 300):
        fork.grow(SIZES[-1] - 1 + more, 'another')
        fork.publish(0)
        done = monitor(fork.folder, state, signer.vkey)
        test.ok(done.status == 1 and 'has forked' in done.text, f'a fork that differs in the last of {size} entries, {more - 1} longer',
                done.details)
    check_dishonest(test, log, signer, state)


def check_dishonest(test, log, signer, state):
    """The log's key signs what its files do not say, or says it oddly."""
    root, size = base64.b64encode(log.root()).decode(), len(log.entries)
    other = base64.b64encode(sha(b'other')).decode()
    texts = {
        'another root for more entries': f'{signer.name}\n{size + 1}\n{other}\n',
        'another root for as many': f'{signer.name}\n{size}\n{other}\n',
        'entries that nobody can read': f'{signer.name}\n{size + 300}\n{root}\n',
        'the largest number of entries': f'{signer.name}\n{2 ** 64 - 1}\n{root}\n',
        'more entries than a number holds': f'{signer.name}\n{2 ** 64}\n{root}\n',
        'a size with a leading zero': f'{signer.name}\n0{size}\n{root}\n',
        'a negative size': f'{signer.name}\n-1\n{root}\n',
        'a root that is too short': f'{signer.name}\n{size}\n{root[:40]}\n',
        'an empty tree with a root': f'{signer.name}\n0\n{root}\n',
        'an empty log': f'{signer.name}\n0\n{base64.b64encode(sha(b"")).decode()}\n',
        'another origin': f'example.net/log\n{size}\n{root}\n',
        'an empty extension line': f'{signer.name}\n{size}\n{root}\n\nx\n',
        'no root': f'{signer.name}\n{size}\n',
        'nothing': '\n',
    }
    held = state.read_bytes()
    good = (log.folder / 'checkpoint').read_bytes()
    for what, text in texts.items():
        (log.folder / 'checkpoint').write_bytes(signer.sign(text.encode()))
        done = monitor(log.folder, state, signer.vkey)
        test.ok(done.status == 1 and 'alarm' in done.text and state.read_bytes() == held, f'signed by its own key: {what}', done.details)
    (log.folder / 'checkpoint').write_bytes(good)
    test.ok(monitor(log.folder, state, signer.vkey).good, 'afterwards the good one is good')


with Test('logs that others wrote') as oracle_test:
    check_published(oracle_test)
    check_made(oracle_test, 1, 'ed25519')
    check_made(oracle_test, 2, 'ecdsa')
