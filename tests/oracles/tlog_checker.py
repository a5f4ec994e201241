"""Checks a C2SP tlog-tiles log by itself: nothing of Hallmark's is used, only the specifications and Python.
python3 tlog_checker.py VKEY SOURCE [LEAF]...
SOURCE is a folder or an http(s) address; each LEAF an entry in hexadecimal that must be in the log. The checkpoint's signature,
every tile against the entries, the root, and an inclusion proof for each LEAF. Status 0 and one line if all is right."""
import base64
import hashlib
import pathlib
import sys
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

WIDTH = 256


def sha(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def read(source, path):
    """The file's bytes, or None."""
    try:
        if '://' not in source:
            return (pathlib.Path(source) / path).read_bytes()
        return urllib.request.urlopen(source.rstrip('/') + '/' + path, timeout=20).read()
    except (FileNotFoundError, NotADirectoryError, urllib.request.HTTPError):
        return None


def read_tile(source, level, number, width):
    """A partial tile may have been replaced by the full one."""
    path = f'{number % 1000:03d}'
    while number := number // 1000:
        path = f'x{number % 1000:03d}/{path}'
    partial = read(source, f'tile/{level}/{path}.p/{width}') if width < WIDTH else None
    whole = partial or read(source, f'tile/{level}/{path}')
    assert whole, f'tile/{level}/{path} is missing'
    return whole


def open_checkpoint(note, vkey):
    """The size and the root that the key has signed (c2sp.org/signed-note, tlog-checkpoint)."""
    name, key_id, encoded = vkey.split('+', 2)
    kind, key = base64.b64decode(encoded)[:1], base64.b64decode(encoded)[1:]
    derived = sha(name.encode(), b'\n', kind, key) if kind == b'\1' else sha(key)
    assert derived[:4].hex() == key_id, 'the verifier key contradicts itself'
    text, _, signatures = note.rpartition(b'\n\n')
    lines = [line.split(b' ') for line in signatures.splitlines() if line.startswith('— '.encode() + name.encode() + b' ')]
    blobs = [base64.b64decode(line[2], validate=True) for line in lines]
    mine = [blob[4:] for blob in blobs if blob[:4].hex() == key_id]
    assert mine, 'the checkpoint is not signed by that key'
    for signature in mine:
        if kind == b'\1':
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, text + b'\n')
        else:
            serialization.load_der_public_key(key).verify(signature, text + b'\n', ec.ECDSA(hashes.SHA256()))
    origin, size, root = text.decode().split('\n')[:3]
    assert origin == name, 'the checkpoint is of another log'
    return int(size), base64.b64decode(root, validate=True)


def tree(leaves, index=None):
    """The root, and the siblings of a leaf from the bottom up, by their definitions (RFC 9162 sections 2.1.1, 2.1.3.1)."""
    if len(leaves) < 2:
        return (leaves[0] if leaves else sha(b'')), []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, left_path = tree(leaves[:half], index if index is not None and index < half else None)
    right, right_path = tree(leaves[half:], index - half if index is not None and index >= half else None)
    path = [] if index is None else left_path + [(b'', right)] if index < half else right_path + [(left, b'')]
    return sha(b'\1', left, right), path


def read_entries(source, size):
    """The entries before SIZE, out of their bundles."""
    for first in range(0, size, WIDTH):
        bundle = read_tile(source, 'entries', first // WIDTH, min(WIDTH, size - first))
        for _ in range(min(WIDTH, size - first)):
            length = int.from_bytes(bundle[:2], 'big')
            yield bundle[2:2 + length]
            bundle = bundle[2 + length:]


def check(vkey, source, *wanted):
    size, root = open_checkpoint(read(source, 'checkpoint') or b'', vkey)
    leaves, tiles, level = [sha(b'\0', entry) for entry in read_entries(source, size)], 0, 0
    nodes = leaves
    while nodes:
        parts = [nodes[at:at + WIDTH] for at in range(0, len(nodes), WIDTH)]
        for number, part in enumerate(parts):
            tile = read_tile(source, level, number, len(part))[:32 * len(part)]
            assert tile == b''.join(part), f'tile {number} of level {level} is not of the entries'
        level, tiles, nodes = level + 1, tiles + len(parts), [tree(part)[0] for part in parts if len(part) == WIDTH]
    assert tree(leaves)[0] == root, 'the entries do not give the root'
    for node in [sha(b'\0', bytes.fromhex(entry)) for entry in wanted]:
        assert node in leaves, 'a leaf is not in the log'
        for left, right in tree(leaves, leaves.index(node))[1]:
            node = sha(b'\1', left, node, right)
        assert node == root, 'an inclusion proof does not lead to the root'
    print(f'good: {size} entries, {tiles} tiles, {len(wanted)} inclusion proofs, root {root.hex()}')


if __name__ == '__main__':
    check(*sys.argv[1:])  # what is wrong ends it with the reason
