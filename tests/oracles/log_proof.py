#!/usr/bin/python3
"""P10: docs/check-log-proof.py, which knows nothing of Hallmark's code, judges Hallmark's log proofs.

Proofs of an office, whose spoilt copies both must refuse; the example of docs/log.md; and logs made here, with keys of
ours, which say what no office would say: what refuses those is the rule alone, every hash and signature is right."""
import argparse
import base64
import hashlib
import importlib.util
import os
import re
import shutil
import struct

from oracle import FULL, HALLMARK, ROOT, Test, flipped, hallmark_sign, hallmark_verify, make_office, run

SCRIPT = ROOT / 'docs' / 'check-log-proof.py'
PYTHON = '/usr/bin/python3'
specification = importlib.util.spec_from_file_location('check_log_proof', SCRIPT)
checker = importlib.util.module_from_spec(specification)
specification.loader.exec_module(checker)


def judge(proof, trust, file=None, signature=None, digest=None):
    words = [word for option, value in (('--file', file), ('--signature', signature), ('--digest', digest)) if value
             for word in (option, value)]
    return run(PYTHON, '-I', SCRIPT, *words, proof, trust)


def complaint(proof, trust, **given):
    """Why the checker refuses, called in this process: '' if it does not."""
    try:
        nothing = {'file': None, 'signature': None, 'digest': None}
        checker.check(argparse.Namespace(**{**nothing, **given}, proof=proof, trust=trust))
    except ValueError as fault:
        return str(fault)
    return ''


def beside(path, ending='.tlog-proof'):
    return path.with_name(path.name + ending)


def check_accepted(test, trust, path, what):
    if test.accepts(f'{what}: hallmark proves it', run(HALLMARK, 'log', 'prove', path)):
        done = judge(beside(path), trust, path, beside(path, '.p7s'))
        test.ok(done.good and 'NOT COMPARED' not in done.text, f'{what}: the checker accepts all of it', done.details)


# The office's proofs

def check_sizes(test, trust):
    folder, signed = test.folder / 'sizes', []
    folder.mkdir()
    for count in (1, 2, 7, 300):
        new = [folder / f'{number}.bin' for number in range(len(signed), count)]
        for path in new:
            path.write_bytes(test.random.randbytes(100))
        test.accepts(f'{count} signed', hallmark_sign('plc', *new))
        signed += new
        for path in sorted({signed[0], signed[count // 2], signed[-1]}):
            check_accepted(test, trust, path, f'{path.name} of {count}')
    return signed


def check_digests(test, trust):
    for product, name in (('sha384', 'sha384'), ('ed25519', 'sha512')):
        path = test.folder / f'{product}.bin'
        path.write_bytes(b'firmware')
        test.accepts(f'{product}: signed', hallmark_sign(product, path))
        check_accepted(test, trust, path, product)
        test.ok(f'by its {name};' in judge(beside(path), trust, path).text, f'{product}: the answer names {name}')


def check_folder(test, trust):
    folder = test.folder / 'project'
    folder.mkdir()
    (folder / 'screen.xml').write_text('<screen/>\n', encoding='utf-8')
    test.accepts('a folder is signed', hallmark_sign('plc', folder))
    test.accepts('a folder is proved', run(HALLMARK, 'log', 'prove', folder))
    sums = folder / 'SHA256SUMS'
    test.accepts("a folder's proof is one of its SHA256SUMS", judge(beside(sums), trust, sums, beside(sums, '.p7s')))


def check_image(test, trust):
    image, program = test.folder / 'setup.exe', '/usr/lib/python3/dist-packages/distlib/t64.exe'
    if not test.needs('osslsigncode') or not os.path.exists(program):
        test.skip('an EXE and its proof', 'no osslsigncode, or no EXE to sign (python3-distlib)')
        return
    shutil.copy(program, image)
    test.accepts('an EXE is signed', hallmark_sign('plc', image))
    test.accepts('an EXE is proved', run(HALLMARK, 'log', 'prove', image))
    digest = re.search(r'Calculated message digest : ([0-9A-F]+)', run('osslsigncode', 'verify', '-in', image).text)
    run('osslsigncode', 'extract-signature', '-pem', '-in', image, '-out', beside(image, '.p7'))
    proof = beside(image)
    test.accepts("an EXE's proof is accepted with what osslsigncode says",
                 judge(proof, trust, digest=digest[1], signature=beside(image, '.p7')))
    test.refuses('an EXE is not compared as a file', judge(proof, trust, image), '--digest')
    test.refuses('another digest is refused', judge(proof, trust, digest='00' * 32), 'is another')


def unsigned(cms):
    """The signature in CMS, and the same bytes as no OCTET STRING."""
    value = checker.read_signature(cms)
    return b'\x04' + bytes([len(value)]) + value, b'\x03' + bytes([len(value)]) + value


def check_others(test, trust, path, other):
    """The right proof with something wrong beside it."""
    proof, signature = beside(path), beside(path, '.p7s')
    done = judge(proof, trust)
    test.ok(done.good and done.text.count('NOT COMPARED') == 2, 'what is not compared is said', done.details)
    test.refuses('another file is refused', judge(proof, trust, other), 'is not that in the intent')
    longer = test.folder / 'longer'
    longer.write_bytes(path.read_bytes() + b'\0')
    test.refuses('a file with a byte more is refused', judge(proof, trust, longer), 'is not that in the intent')
    test.refuses('another signature is refused', judge(proof, trust, signature=beside(other, '.p7s')),
                 'not the one in the outcome')
    twice, cms = test.folder / 'twice.p7s', signature.read_bytes()
    for what, content in (('cut short', cms[:-1]), ('with a byte behind it', cms + b'\0'), ('that is empty', b''),
                          ('that is text', b'signature'), ('of indefinite length', b'\x30\x80' + cms[4:] + bytes(2)),
                          ('of another content type', cms.replace(checker.SIGNED_DATA, bytes(9), 1)),
                          ('without a signature', cms.replace(*unsigned(cms)))):
        twice.write_bytes(content)
        test.refuses(f'a signature file {what} is refused', judge(proof, trust, signature=twice), 'the signature file')
    twice.write_bytes(bytes((2 << 20) + 1))
    test.refuses('a signature file of over 2 MiB is refused', judge(proof, trust, signature=twice), 'larger')
    accepted = [number for number in (range(len(cms)) if FULL else test.random.sample(range(len(cms)), 300))
                if not complaint(proof, trust, signature=flipped(signature, twice, number))
                and checker.read_signature(twice.read_bytes()) != checker.read_signature(cms)]
    test.ok(not accepted, 'no changed byte of a signature file leads to another signature value', accepted)
    test.ok(judge(proof, trust, test.folder / 'nowhere').status == 1, 'a file that is not there is not passed over')


def check_keys(test, trust, other_trust, path):
    proof, text, changed = beside(path), trust.read_text(encoding='utf-8'), test.folder / 'changed.pem'
    test.refuses("another office's key is refused", judge(proof, other_trust), 'is not signed by')
    line, other = (re.search('^hallmark-log-key: .*\n', one.read_text(encoding='utf-8'), re.MULTILINE)[0]
                   for one in (trust, other_trust))
    name, number, blob = line[:-1].split('+', 2)
    foreign = other[:-1].split('+', 2)
    key = base64.b64decode(foreign[2])
    number_of_it = hashlib.sha256(name.split()[1].encode() + b'\n' + key).hexdigest()[:8]
    for what, new, because in (
            ('no key', '', '0 lines'), ('two keys', line + other, '2 lines'),
            ('the same key twice', line * 2, '2 lines'),
            ("another's key under the log's name and id", f'{name}+{number}+{foreign[2]}\n', 'does not belong'),
            ("another's key under the log's name", f'{name}+{number_of_it}+{foreign[2]}\n', 'is not signed by'),
            ('the key under another name', f'{foreign[0]}+{number}+{blob}\n', 'does not belong'),
            ('a key of an unknown type', f'{name}+{number}+{base64.b64encode(b"9" + key[1:]).decode()}\n', 'neither'),
            ('a key that is too short', f'{name}+{number}+{base64.b64encode(key[:-1]).decode()}\n', 'neither'),
            ('a key that is only a name', f'{name}\n', 'NAME+ID+KEY'),
            ('a key that is not base64', f'{name}+{number}+{blob}!\n', 'base64')):
        changed.write_text(text.replace(line, new), encoding='utf-8')
        test.refuses(f'a trust file with {what} is refused', judge(proof, changed), because)


def both_refuse(test, sentence, spoilt, trust):
    """SPOILT is the proof beside a copy of the signed file."""
    test.refuses(f'{sentence}: refused by the checker', judge(beside(spoilt), trust))
    test.refuses(f'{sentence}: refused by hallmark', hallmark_verify(trust, '--require-log', spoilt))


def check_spoilt(test, trust, path):
    spoilt = test.folder / 'spoilt.bin'
    shutil.copy(path, spoilt)
    shutil.copy(beside(path, '.p7s'), beside(spoilt, '.p7s'))
    whole = beside(path).read_bytes()
    lines = whole.split(b'\n')[:-1]
    shutil.copy(beside(path), beside(spoilt))
    test.accepts('the copy is accepted by hallmark before it is spoilt',
                 hallmark_verify(trust, '--require-log', spoilt))
    test.ok(not complaint(beside(spoilt), trust), 'the copy is accepted by the checker before it is spoilt')
    for number, line in enumerate(lines):
        swapped = bytes([line[len(line) // 2] ^ 1]) if line else b'x'
        for what, new in (('changed', [line[:len(line) // 2] + swapped + line[len(line) // 2 + 1:]]), ('left out', []),
                          ('there twice', [line, line])):
            beside(spoilt).write_bytes(b'\n'.join([*lines[:number], *new, *lines[number + 1:]]) + b'\n')
            if what == 'there twice' and number == len(lines) - 1:
                test.ok(not complaint(beside(spoilt), trust), "the log's good signature twice is the same signature")
                continue
            both_refuse(test, f'line {number + 1} {what}', spoilt, trust)
    accepted = []
    for place in range(len(whole)) if FULL else sorted(test.random.sample(range(len(whole)), 150)):
        flipped(beside(path), beside(spoilt), place, 1 << test.random.randrange(8))
        accepted += [] if complaint(beside(spoilt), trust) else [f'byte {place}']
    test.ok(not accepted, 'one changed bit anywhere in a proof is refused', accepted)
    cuts = range(len(whole)) if FULL else test.random.sample(range(len(whole)), 100)
    accepted = []
    for cut in cuts:
        beside(spoilt).write_bytes(whole[:cut])
        accepted += [] if complaint(beside(spoilt), trust) else [f'{cut} bytes']
    test.ok(not accepted, 'a proof that is cut short is refused', accepted)


# The example of docs/log.md

def check_example(test):
    page = (ROOT / 'docs' / 'log.md').read_text(encoding='utf-8')
    proof, trust, file = test.folder / 'seal.tlog-proof', test.folder / 'seal.trust', test.folder / 'seal'
    proof.write_text(re.search(r'^c2sp\.org/tlog-proof@v1\n(?:.*\n)*?(?=```)', page, re.MULTILINE)[0], encoding='utf-8')
    key = re.search(r'^example\.com/log\+.*$', page, re.MULTILINE)[0]
    trust.write_text(f'hallmark-log-key: {key}\n', encoding='utf-8')
    file.write_bytes(b'firmware')
    test.accepts('the example of docs/log.md is accepted', judge(proof, trust, file))
    shell, = re.findall(r'^```sh\n(.*?)^```', page, re.MULTILINE | re.DOTALL)
    if not shutil.which('xxd'):
        test.skip('the commands of docs/log.md check its example', 'xxd is not installed')
        return
    done = run('env', f'VKEY={key}', 'sh', '-eu', '-c', shell, cwd=test.folder)
    root = proof.read_text(encoding='utf-8').split('\n\n')[1].split('\n')[2]
    test.ok(done.good and root in done.text and 'Verified Successfully' in done.text,
            'the commands of docs/log.md check its example', done.details)


# Logs made here

def tree_hash(entries):
    """RFC 9162 section 2.1.1."""
    if len(entries) == 1:
        return hashlib.sha256(b'\0' + entries[0]).digest()
    k = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b'\1' + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def path_to(index, entries):
    """RFC 9162 section 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = 1 << (len(entries) - 1).bit_length() - 1
    if index < k:
        return [*path_to(index, entries[:k]), tree_hash(entries[k:])]
    return [*path_to(index - k, entries[k:]), tree_hash(entries[:k])]


def leads(entry, index, path, size, root):
    try:
        return checker.root_from(entry, index, path, size) == root
    except ValueError:
        return False


def check_trees(test):
    entries = [b'entry %d' % number for number in range(70)]
    wrong = []
    for size in range(1, len(entries) + 1):
        root = tree_hash(entries[:size])
        for index in range(size):
            entry, path = entries[index], path_to(index, entries[:size])
            good = leads(entry, index, path, size, root) and not leads(entry + b'x', index, path, size, root)
            others = ((index + 1, path, size), (index ^ 1, path, size), (size, path, size),
                      (index, path + [root], size), (index, path[:-1] or [root], size),
                      (index, path[::-1] if len(path) > 1 else [root], size))
            if not good or any(leads(entry, *one, root) for one in others):
                wrong.append(f'{index} of {size}')
    test.ok(not wrong, 'in each tree of 1 to 70 each entry is proved by its path, and by no other', wrong)
    above = tree_hash(entries[:2])
    test.ok(leads(entries[1], 1, [tree_hash(entries[:1])], 2, above) and
            not leads(entries[1], 0, [tree_hash(entries[:1])], 1, above), 'no path goes on above the root')


def cbor(item):
    if item is None:
        return b'\xf6'
    if isinstance(item, list):
        return bytes([0x80 | len(item)]) + b''.join(map(cbor, item))
    major, value = (0x40, len(item)) if isinstance(item, bytes) else (0, item)
    for limit, head, form in ((24, 0, '>B'), (1 << 8, 24, '>BB'), (1 << 16, 25, '>BH'), (1 << 32, 26, '>BI')):
        if value < limit:
            return struct.pack(form, *([major | head, value] if head else [major | value])) + (item if major else b'')
    return struct.pack('>BQ', major | 27, value)


class Log:
    """A log whose key is at hand. Its entries are what a test makes of them; the tree and the signature are right."""

    def __init__(self, folder, kind):
        self.folder, self.key, self.name = folder, folder / f'{kind}.key', f'example.org/{kind}'
        words = ['ed25519'] if kind == 'ed25519' else ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
        run('openssl', 'genpkey', '-algorithm', *words, '-out', self.key)
        run('openssl', 'pkey', '-in', self.key, '-pubout', '-outform', 'DER', '-out', folder / 'public')
        spki = (folder / 'public').read_bytes()
        self.ed25519 = kind == 'ed25519'
        blob = b'\1' + spki[-32:] if self.ed25519 else b'\2' + spki
        named = self.name.encode() + b'\n' + blob if self.ed25519 else spki
        self.id = hashlib.sha256(named).digest()[:4]
        self.trust = folder / f'{kind}.trust'
        self.trust.write_text(f'hallmark-log-key: {self.name}+{self.id.hex()}+{base64.b64encode(blob).decode()}\n')

    def signature(self, text):
        (self.folder / 'text').write_bytes(text.encode())
        run('openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', self.key, '-in', self.folder / 'text', '-out',
            self.folder / 'made', *([] if self.ed25519 else ['-digest', 'sha256']))
        return f'\u2014 {self.name} {base64.b64encode(self.id + (self.folder / "made").read_bytes()).decode()}\n'

    def proof(self, outcome=(), intent=(), places=(5, 3), version=1, text=None, more='', behind=b'', extra=None):
        """Changes to the outcome's and the intent's fields: (number, value)."""
        office, product, hashed = b'o' * 16, b'p' * 16, bytes(32)
        leaves = ([1, 2, office, product, 1, hashlib.sha256(b'signature').digest(), hashed, 3],
                  [1, 1, office, product, 1, hashlib.sha256(b'firmware').digest(), hashed, None])
        for leaf, changes in zip(leaves, (outcome, intent)):
            for number, value in changes:
                leaf[number:number + 1] = value
        done, asked = (cbor(leaf) for leaf in leaves)
        size, entries = 9, [b'another'] * 9
        entries[places[1]], entries[places[0]] = asked + behind, done
        data = cbor([version, done, asked + behind, places[1], path_to(places[1], entries)])
        text = (text or '{name}\n{size}\n{root}\n').format(name=self.name, size=size,
                                                         root=base64.b64encode(tree_hash(entries)).decode())
        lines = ['c2sp.org/tlog-proof@v1', 'extra ' + base64.b64encode(extra(data) if extra else data).decode(),
                 f'index {places[0]}', *(base64.b64encode(one).decode() for one in path_to(places[0], entries)), '']
        made = self.folder / 'made.tlog-proof'
        made.write_text('\n'.join(lines) + f'\n{text}\n' + self.signature(text) + more, encoding='utf-8')
        return made


def check_rules(test, log, kind):
    file = test.folder / 'firmware'
    file.write_bytes(b'firmware')
    test.accepts(f'{kind}: a log made here is accepted', judge(log.proof(), log.trust, file))
    witness = '\u2014 witness.example AAAAAAECAwQFBgc=\n'
    for what, made in (("a witness's signature", {'more': witness}),
                       ('an extension line', {'text': '{name}\n{size}\n{root}\nmore\n'}),
                       ('no product', {'outcome': [(3, [None])], 'intent': [(3, [None])]})):
        test.ok(not complaint(log.proof(**made), log.trust), f'{kind}: {what} is accepted')
    unsigned = f'\u2014 {log.name} {base64.b64encode(log.id + bytes(64)).decode()}\n'
    far = [(7, [1 << 32])]
    for what, because, made in (
            ('an outcome of another intent', 'of another intent', {'outcome': [(7, [4])]}),
            ('an outcome of a far intent', 'of another intent', {'outcome': far}),
            ('an outcome before its intent', 'of another intent', {'places': (3, 5), 'outcome': [(7, [5])]}),
            ('another office', 'different offices', {'outcome': [(2, [b'x' * 16])]}),
            ('another product', 'different offices', {'outcome': [(3, [b'x' * 16])]}),
            ('an outcome without the product', 'different offices', {'outcome': [(3, [None])]}),
            ('another format', 'different offices', {'intent': [(4, [2])]}),
            ('a failure for an outcome', 'not an outcome and an intent', {'outcome': [(1, [5])]}),
            ('a refusal for an intent', 'not an outcome and an intent', {'intent': [(1, [3])]}),
            ('a leaf of version 2', 'not an outcome and an intent', {'intent': [(0, [2])]}),
            ('an intent that refers to an intent', 'field 7 of the intent', {'intent': [(7, [0])]}),
            ('an outcome that refers to none', 'field 7 of the outcome', {'outcome': [(7, [None])]}),
            ('a digest of 20 bytes', 'field 5 of the intent', {'intent': [(5, [bytes(20)])]}),
            ('a signature hash of 48 bytes', 'field 5 of the outcome', {'outcome': [(5, [bytes(48)])]}),
            ('an office of 15 bytes', 'field 2 of the intent', {'intent': [(2, [bytes(15)])]}),
            ('a leaf of nine', 'such an array', {'intent': [(7, [None, None])]}),
            ('a leaf with a byte behind it', 'such an array', {'behind': b'\0'}),
            ('extra data of version 2', 'unknown version', {'version': 2}),
            ('extra data with a byte behind it', 'such an array', {'extra': lambda data: data + b'\0'}),
            ('a long head', 'shortest form', {'extra': lambda data: data[:1] + b'\x18\x01' + data[2:]}),
            ('an indefinite length', 'does not belong', {'extra': lambda data: b'\x9f' + data[1:] + b'\xff'}),
            ('a head that is cut', 'ends early', {'extra': lambda data: b'\x85\x18'}),
            ('bytes that are cut', 'ends early', {'extra': lambda data: b'\x58\xff' + data[:5]}),
            ('a path with a short hash', '32 bytes', {'extra': lambda data: data[:-34] + b'\x58\x1f' + data[-31:]}),
            ('arrays in arrays', 'nests too deep', {'extra': lambda data: b'\x81' * 5000}),
            ('an array of 2^64 - 1', 'ends early', {'extra': lambda data: b'\x9b' + b'\xff' * 8}),
            ('a second, bad signature by the log', 'did not sign', {'more': unsigned}),
            ('a line that is no signature', 'signature line', {'more': 'x\n'}),
            ('a hundred more signatures', '1 to 100', {'more': witness * 100}),
            ('another origin', "the trust file's log", {'text': 'example.org/x\n{size}\n{root}\n'}),
            ('a size with a zero before it', 'decimal', {'text': '{name}\n0{size}\n{root}\n'}),
            ('a negative size', 'decimal', {'text': '{name}\n-{size}\n{root}\n'}),
            ('a larger size', 'path', {'text': '{name}\n999\n{root}\n'}),
            ('a smaller size', 'outside', {'text': '{name}\n5\n{root}\n'}),
            ('another root', 'not in the tree', {'text': '{name}\n{size}\n' + 'A' * 43 + '=\n'}),
            ('a short root', '32 bytes', {'text': '{name}\n{size}\nAAAA\n'}),
            ('an empty extension line', "the trust file's log", {'text': '{name}\n{size}\n{root}\n\nmore\n'}),
            ('a carriage return', 'control character', {'text': '{name}\r\n{size}\n{root}\n'})):
        why = complaint(log.proof(**made), log.trust)
        test.ok(because in why, f'{kind}: {what} is refused', [why or 'accepted'])


def main():
    with Test('Log proofs against docs/check-log-proof.py') as test:
        if not test.needs('openssl'):
            return
        check_trees(test)
        check_example(test)
        for kind in ('ed25519', 'p256'):
            check_rules(test, Log(test.folder, kind), kind)
        trust = make_office(test, ('plc', 'es256', 'rsa3072'), ('sha384', 'es384'), ('ed25519', 'ed25519'))
        if not trust:
            return
        signed = check_sizes(test, trust)
        check_digests(test, trust)
        check_folder(test, trust)
        check_image(test, trust)
        check_others(test, trust, signed[0], signed[1])
        check_spoilt(test, trust, signed[0])
        other = test.folder / 'other.pem'
        run(HALLMARK, 'init', '--org', 'Another', test.folder / 'another')
        run(HALLMARK, 'trust', 'export', '--office', test.folder / 'another', '-o', other)
        check_keys(test, trust, other, signed[0])


main()
