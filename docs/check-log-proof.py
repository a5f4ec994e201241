#!/usr/bin/python3
"""Checks the proof that a signature is logged, with nothing of Hallmark's but this file: Python 3.8 and openssl 3.0.

  check-log-proof.py [--file FILE | --digest HEX] [--signature FILE.p7s] FILE.tlog-proof TRUST

TRUST holds the line 'hallmark-log-key: NAME+ID+KEY' ('hallmark trust export' writes it). FILE is what was signed; of a
folder it is SHA256SUMS. For EXE and EFI images give the digest that 'osslsigncode verify' calculates, and the signature
that 'osslsigncode extract-signature -pem' writes. What is not given is not compared, and the answer says so.

A proof of any other entry, as 'hallmark log search --proof' writes them, is checked as far as it goes: that this entry is
in the tree.

Prints one sentence. Exit status: 0 all of it holds; 1 something does not, or could not be read; 2 wrong usage.
docs/log.md explains the bytes. That the signature is good, and whose it is, is for 'openssl cms -verify'."""
import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tempfile
import uuid

LABEL = 'hallmark-log-key: '
NAME = r'([^\s+\x00-\x1f]+)'
INTENT, OUTCOME = 1, 2
TYPES = {1: 'intent', 2: 'outcome', 3: 'refusal', 4: 'ceremony', 5: 'failure', 6: 'request', 7: 'publication'}
LEAF_OF_EIGHT = 0x88  # how an entry begins, CBOR
CMS, CATALOGUE = 1, 2  # the formats whose digest is the file's own
DIGESTS = {32: 'sha256', 48: 'sha384', 64: 'sha512'}
ED25519 = bytes.fromhex('302a300506032b6570032100')  # SubjectPublicKeyInfo up to the key: RFC 8410
P256 = bytes.fromhex('3059301306072a8648ce3d020106082a8648ce3d03010703420004')  # up to the point: RFC 5480
SIGNED_DATA = bytes.fromhex('2a864886f70d010702')


def must(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)


def sha256(data):
    return hashlib.sha256(data).digest()


def decode_base64(text, what):
    """RFC 4648 section 4, and only the form that encoding gives again."""
    data = base64.b64decode(text) if re.fullmatch('([A-Za-z0-9+/=]{4})+', text) else b''
    must(data and base64.b64encode(data).decode() == text, f'{what} is not canonical base64')
    return data


def decode_decimal(text, what):
    must(re.fullmatch('0|[1-9][0-9]{0,19}', text) and int(text) < 1 << 64, f'{what} is not a decimal number')
    return int(text)


def read_cbor(data, at=0, depth=0):
    """The item at AT, and where the next begins: a number, bytes, an array or null (RFC 8949 section 4.2.1)."""
    must(at < len(data) and depth < 3, 'the extra data ends early or nests too deep')
    major, value, at = data[at] >> 5, data[at] & 31, at + 1
    if (major, value) == (7, 22):
        return None, at
    must(major in (0, 2, 4) and value < 28, 'the extra data holds CBOR that does not belong there')
    if value > 23:
        width = 1 << (value - 24)
        value, at = int.from_bytes(data[at:at + width], 'big'), at + width
        must(at <= len(data), 'the extra data ends early')
        must(value >= (24 if width == 1 else 1 << 4 * width), 'a CBOR head is not in its shortest form')
    if major == 0:
        return value, at
    must(at + value <= len(data), 'the extra data ends early')
    if major == 2:
        return data[at:at + value], at + value
    items = []
    for _ in range(value):
        item, at = read_cbor(data, at, depth + 1)
        items.append(item)
    return items, at


def read_array(data, what, *kinds):
    """An array with nothing behind it, whose items are of KINDS: a type, a length in bytes, or a choice of them."""
    items, end = read_cbor(data)
    must(end == len(data) and isinstance(items, list) and len(items) == len(kinds), f'{what} is not such an array')
    for number, (item, kind) in enumerate(zip(items, kinds)):
        choice = kind if isinstance(kind, tuple) else (kind,)
        fits = type(item) in choice or isinstance(item, bytes) and len(item) in choice
        must(fits, f'field {number} of {what} is wrong')
    return items


def root_from(entry, index, path, size):
    """The root of a tree of SIZE that has ENTRY at INDEX: RFC 9162 section 2.1.3.2."""
    must(index < size, 'an index lies outside the tree')
    node, last, value = index, size - 1, sha256(b'\x00' + entry)
    for sibling in path:
        must(last, 'an inclusion path is too long')
        if node & 1 or node == last:
            value = sha256(b'\x01' + sibling + value)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            value = sha256(b'\x01' + value + sibling)
        node, last = node >> 1, last >> 1
    must(last == 0, 'an inclusion path is too short')
    return value


def read_key(trust):
    """Name, id and SubjectPublicKeyInfo of the log's key: C2SP signed-note."""
    keys = [line[len(LABEL):] for line in trust.split('\n') if line.startswith(LABEL)]
    must(len(keys) == 1, f"the trust file has {len(keys)} lines '{LABEL.strip()}' where one is needed")
    found = re.fullmatch(NAME + r'\+([0-9a-f]{8})\+(.+)', keys[0])
    must(found, "the log's key is not of the form NAME+ID+KEY")
    blob = decode_base64(found[3], "the log's key")
    ed25519, p256 = blob[0] == 1 and len(blob) == 33, blob[0] == 2 and len(blob) == 92 and blob[1:].startswith(P256)
    must(ed25519 or p256, "the log's key is neither Ed25519 nor P-256")
    key_id = sha256(found[1].encode() + b'\n' + blob if ed25519 else blob[1:])[:4]
    must(key_id.hex() == found[2], "the id of the log's key does not belong to its name and key")
    return found[1], key_id, ED25519 + blob[1:] if ed25519 else blob[1:]


def verify(spki, text, signature):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (('key', spki), ('text', text), ('signature', signature)):
            with open(f'{folder}/{name}', 'wb') as file:
                file.write(data)
        command = 'openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key -in text -sigfile signature'.split()
        digest = ['-digest', 'sha256'] if spki.startswith(P256) else []
        return subprocess.run(command + digest, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0


def open_checkpoint(note, name, key_id, spki):
    """Size and root of the tree, if the log's key has signed them: C2SP signed-note, tlog-checkpoint."""
    text, gap, signatures = note.rpartition('\n\n')
    must(not re.search(r'[\x00-\x09\x0b-\x1f]', note), 'the checkpoint holds a control character')
    must(gap and signatures.endswith('\n') and signatures.count('\n') <= 100,
         'the checkpoint is not a text, an empty line and 1 to 100 signatures')
    by_the_log = False
    for line in signatures[:-1].split('\n'):
        found = re.fullmatch(f'\u2014 {NAME} (.+)', line)
        blob = decode_base64(found[2], "a checkpoint's signature") if found else b''
        must(len(blob) > 4, 'a signature line of the checkpoint is not of the form "\u2014 NAME BASE64"')
        if (found[1], blob[:4]) == (name, key_id):  # the others are witnesses'
            must(verify(spki, f'{text}\n'.encode(), blob[4:]), "the log's key did not sign this checkpoint")
            by_the_log = True
    must(by_the_log, "the checkpoint is not signed by the trust file's log key")
    lines = text.split('\n')
    must(len(lines) >= 3 and all(lines) and lines[0] == name, "the checkpoint is not one of the trust file's log")
    root = decode_base64(lines[2], "the checkpoint's root")
    must(len(root) == 32, "the checkpoint's root is not of 32 bytes")
    return decode_decimal(lines[1], "the checkpoint's size"), root


def read_proof(text):
    """What is proven, for each entry its bytes, index and path, and the checkpoint: C2SP tlog-proof. Outcome and intent, or
    an entry alone."""
    head, gap, checkpoint = text.partition('\n\n')
    found = re.fullmatch(r'c2sp\.org/tlog-proof@v1\nextra (.+)\nindex (.+)\n((?:.+\n)+)', head + gap[:1])
    must(found, 'the proof does not begin with "c2sp.org/tlog-proof@v1", "extra", "index" and a path')
    extra = decode_base64(found[1], 'the extra data')
    path = [decode_base64(line, 'a hash of the path') for line in found[3].split('\n')[:-1]]
    index = decode_decimal(found[2], "the proof's index")
    check_path(path)
    if extra[:1] == bytes([LEAF_OF_EIGHT]):
        return [(extra, index, path)], checkpoint
    version, outcome, intent, place, intent_path = read_array(extra, 'the extra data', int, bytes, bytes, int, list)
    must(version == 1, f'the extra data is of the unknown version {version}')
    check_path(intent_path)
    return [(outcome, index, path), (intent, place, intent_path)], checkpoint


def check_path(hashes):
    must(1 <= len(hashes) <= 64 and all(isinstance(one, bytes) and len(one) == 32 for one in hashes),
         'an inclusion path is not of 1 to 64 hashes of 32 bytes')


def read_der(data):
    """Elements one after another, each (tag, content): X.690 sections 8.1 and 10.1."""
    elements = []
    while data:
        length, at = data[1] if len(data) > 1 else len(data), 2
        if length > 127:
            at = length - 126
            length = int.from_bytes(data[2:at], 'big')
        must(at in (2, 3, 4, 5, 6) and at + length <= len(data), 'the signature file ends early, or is not DER')
        elements.append((data[0], data[at:at + length]))
        data = data[at + length:]
    return elements


def read_signature(cms):
    """The signature value of the one SignerInfo, the last element of SignedData: RFC 5652 sections 3, 5.1 and 5.3."""
    def enter(elements, *tags):
        must(tuple(tag for tag, _ in elements) == tags, 'the signature file is not CMS SignedData with one signer')
        return read_der(elements[-1][1])

    pem = re.fullmatch(rb'\s*-----BEGIN (PKCS7|CMS)-----\n(.*\n)-----END \1-----\s*', cms, re.DOTALL)
    if pem:
        cms = decode_base64(pem[2].decode('latin-1').replace('\n', ''), 'the signature file')
    content_info = enter(read_der(cms), 0x30)
    signed_data = enter(enter(content_info, 0x06, 0xa0), 0x30)
    must(content_info[0][1] == SIGNED_DATA, 'the signature file is not CMS SignedData')
    signer = enter(enter(signed_data[-1:], 0x31), 0x30)
    values = [content for tag, content in signer if tag == 0x04]
    must(len(values) == 1, 'the signer in the signature file has no signature')
    return values[0]


def digest_of(path, algorithm):
    state = hashlib.new(algorithm)
    with open(path, 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            state.update(block)
    return state.digest()


def read(path):
    with open(path, 'rb') as file:
        data = file.read((2 << 20) + 1)
    must(len(data) <= 2 << 20, f'{path} is larger than any such file')
    return data


def compare(given, number, digest, signature_hash):
    """What was given against what the entries say; a sentence on each."""
    algorithm = DIGESTS[len(digest)]
    if given.file:
        must(number in (CMS, CATALOGUE), "the intent's digest is not that of a whole file in this format: use --digest")
        must(digest_of(given.file, algorithm) == digest, f'the {algorithm} of {given.file} is not that in the intent')
    if given.digest:
        must(given.digest.lower() == digest.hex(), f'the digest in the intent is another: {algorithm} {digest.hex()}')
    if given.signature:
        must(sha256(read_signature(read(given.signature))) == signature_hash,
             f'the signature in {given.signature} is not the one in the outcome')
    yield f'the content is the one by its {algorithm}' if given.file or given.digest else (
        f'NOT COMPARED: the content, whose {algorithm} must be {digest.hex()}')
    yield 'the signature is the one' if given.signature else (
        f'NOT COMPARED: the signature, of whose value the sha256 must be {signature_hash.hex()}')


def check_entry(given, entry, name, size, root):
    must(not (given.file or given.digest or given.signature), 'it is the proof of an entry, not of a signature')
    must(root_from(*entry, size) == root, "the entry is not in the tree whose root the log's key has signed")
    digest = (*DIGESTS, type(None))
    leaf = read_array(entry[0], 'the entry', int, int, 16, (16, type(None)), int, digest, 32, (int, type(None)))
    must(leaf[0] == 1 and leaf[1] in TYPES, 'the entry is of an unknown version or type')
    return f'in the log {name} of {size} entries: entry {entry[1]}, {TYPES[leaf[1]]}, of office {uuid.UUID(bytes=leaf[2])}'


def check(given):
    entries, checkpoint = read_proof(read(given.proof).decode())
    name, key_id, spki = read_key(read(given.trust).decode())
    size, root = open_checkpoint(checkpoint, name, key_id, spki)
    if len(entries) == 1:
        return check_entry(given, entries[0], name, size, root)
    outcome, intent = entries
    must(root_from(*outcome, size) == root, "the outcome is not in the tree whose root the log's key has signed")
    must(root_from(*intent, size) == root, "the intent is not in the tree whose root the log's key has signed")
    product = (16, type(None))
    done = read_array(outcome[0], 'the outcome', int, int, 16, product, int, 32, 32, int)
    asked = read_array(intent[0], 'the intent', int, int, 16, product, int, tuple(DIGESTS), 32, type(None))
    must([done[:2], asked[:2]] == [[1, OUTCOME], [1, INTENT]], 'they are not an outcome and an intent of version 1')
    must(done[7] == intent[1] < outcome[1], 'the outcome is of another intent')
    must(done[2:5] == asked[2:5], 'intent and outcome are of different offices, products or formats')
    whose = f'office {uuid.UUID(bytes=done[2])}' + (f', product {uuid.UUID(bytes=done[3])}' if done[3] else '')
    logged = f'logged: intent {intent[1]} and outcome {outcome[1]} of {whose}, in the log {name} of {size} entries'
    return '; '.join((logged, *compare(given, done[4], asked[5], done[5])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    content = parser.add_mutually_exclusive_group()
    content.add_argument('--file', help='what was signed')
    content.add_argument('--digest', metavar='HEX', help="its digest, where that is not the file's own")
    parser.add_argument('--signature', metavar='FILE.p7s', help='the signature, CMS in DER')
    parser.add_argument('proof', metavar='FILE.tlog-proof')
    parser.add_argument('trust', metavar='TRUST')
    given = parser.parse_args()
    sys.stdout.reconfigure(errors='replace')
    try:
        print(f'{given.proof}: {check(given)}')
        return 0
    except OSError as fault:
        print(f'{given.proof}: COULD NOT BE CHECKED: {fault.filename}: {fault.strerror}')
    except ValueError as fault:
        print(f'{given.proof}: REFUSED: {fault}')
    return 1


if __name__ == '__main__':
    sys.exit(main())
