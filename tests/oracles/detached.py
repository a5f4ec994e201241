#!/usr/bin/python3
"""Any file with a detached signature, against `openssl cms`: both ways, every algorithm, spoilt files and signatures."""
import shutil

from oracle import FULL, Stranger, Test, flipped, hallmark_sign, hallmark_verify, make_office, openssl_verify, run

ALGORITHMS = ('es256', 'es384', 'rsa3072', 'rsa4096', 'ed25519')


def make_files(test):
    files = {'one byte': b'x', 'text': b'mix 3 min\r\nat 40 C\n', 'zeros': bytes(70000),
             'a block and a byte': test.random.randbytes(128 * 1024 + 1), 'a MiB': test.random.randbytes(1 << 20)}
    for name, content in files.items():
        path = test.folder / name.replace(' ', '-')
        path.write_bytes(content)
        yield path


def beside(path):
    return path.with_name(path.name + '.p7s')


def copy_with_signature(path, to):
    shutil.copy(path, to)
    shutil.copy(beside(path), beside(to))
    return to


def check_ours(test, roots, files):
    for algorithm in ALGORITHMS:
        folder = test.folder / algorithm
        folder.mkdir()
        for path in files:
            shutil.copy(path, folder)
        copies = sorted(folder.iterdir())
        if not test.accepts(f'{algorithm}: {len(copies)} files are signed', hallmark_sign(f'with-{algorithm}', *copies)):
            continue
        test.accepts(f'{algorithm}: hallmark accepts them', hallmark_verify(roots, *copies))
        for path in copies:
            sentence = f'{algorithm}: openssl accepts the signature of {path.name}'
            done = openssl_verify(path, beside(path), roots)
            if algorithm == 'ed25519' and not done.good:
                test.skip(sentence, 'this openssl cms knows no Ed25519 (RFC 8419)')
            else:
                test.accepts(sentence, done)


def check_spoilt(test, roots, path):
    """One bit of the file, one byte more, one less, nothing at all, another's signature."""
    content = path.read_bytes()
    spoilt = copy_with_signature(path, test.folder / 'spoilt')
    changes = {'a changed first bit': lambda: flipped(path, spoilt, 0),
               'a changed last bit': lambda: flipped(path, spoilt, len(content) - 1, 0x80),
               'a byte more': lambda: spoilt.write_bytes(content + b'\0'),
               'a byte less': lambda: spoilt.write_bytes(content[:-1])}
    for what, change in changes.items():
        change()
        test.refuses(f'hallmark refuses a file with {what}', hallmark_verify(roots, spoilt))
        test.rejects(f'openssl refuses a file with {what}', openssl_verify(spoilt, beside(spoilt), roots))
    spoilt.write_bytes(b'')
    test.refuses('hallmark refuses an empty file', hallmark_verify(roots, spoilt), 'empty')
    test.refuses('hallmark refuses to sign an empty file', hallmark_sign('with-es256', spoilt), 'empty')
    spoilt.write_bytes(content)
    beside(spoilt).write_bytes(b'')
    test.refuses('hallmark refuses an empty signature', hallmark_verify(roots, spoilt), 'empty')
    beside(spoilt).write_bytes(bytes((1 << 20) + 1))
    test.refuses('hallmark refuses a signature of over 1 MiB', hallmark_verify(roots, spoilt))
    beside(spoilt).unlink()
    test.refuses('hallmark refuses a file without signature', hallmark_verify(roots, spoilt))


def check_spoilt_signature(test, roots, path):
    """Bits of the signature file: never accepted by hallmark alone. What both accept is outside the signature."""
    spoilt = copy_with_signature(path, test.folder / 'spoilt-signature')
    whole = beside(path).read_bytes()
    places = [(at, 1 << bit) for at in range(len(whole)) for bit in range(8)]
    if not FULL:
        places = test.random.sample(places, 60)
    alone, neither = [], 0
    for at, mask in places:
        flipped(beside(path), beside(spoilt), at, mask)
        ours = hallmark_verify(roots, spoilt)
        theirs = openssl_verify(spoilt, beside(spoilt), roots)
        neither += ours.status == 1
        if ours.status not in (0, 1) or (ours.good and not theirs.good):
            alone.append(f'byte {at} xor {mask:02x}: hallmark {ours.status}, openssl {theirs.status}')
    test.ok(not alone, f'{len(places)} changed bits of a signature: nothing is accepted that openssl refuses', alone)
    test.ok(neither >= len(places) * 9 // 10, f'{len(places)} changed bits of a signature: hallmark refuses nearly all',
            [f'{neither} of {len(places)} refused'])
    cuts = range(len(whole)) if FULL else sorted(test.random.sample(range(len(whole)), 20))
    accepted = []
    for cut in cuts:
        beside(spoilt).write_bytes(whole[:cut])
        if hallmark_verify(roots, spoilt).status != 1:
            accepted.append(f'cut to {cut} bytes')
    test.ok(not accepted, f'{len(cuts)} truncations of a signature: hallmark refuses each', accepted)
    beside(spoilt).write_bytes(whole + b'\0')
    test.refuses('hallmark refuses a byte behind the signature', hallmark_verify(roots, spoilt))


def check_theirs(test, roots, path):
    strangers = {'RSA-3072': ('rsa', 'rsa:3072', []), 'ECDSA P-256': ('p256', 'ec:P-256', []),
                 'ECDSA P-384 with SHA-384': ('p384', 'ec:P-384', ['-md', 'sha384']),
                 'RSA-4096 with SHA-512': ('rsa4', 'rsa:4096', ['-md', 'sha512']),
                 'RSA-PSS': ('pss', 'rsa:3072', ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:-1']),
                 'CAdES attributes': ('cades', 'ec:P-256', ['-cades'])}
    for what, (name, key, options) in strangers.items():
        stranger = Stranger(test.folder, name, key)
        theirs = test.folder / f'their-{name}'
        shutil.copy(path, theirs)
        if not test.accepts(f"openssl signs with {what}", stranger.cms(theirs, beside(theirs), '-md', 'sha256', *options)):
            continue
        test.accepts(f"hallmark accepts openssl's signature: {what}", hallmark_verify(stranger.root, theirs))
        test.refuses(f'hallmark refuses it under our roots: {what}', hallmark_verify(roots, theirs))
        pem = run('openssl', 'cms', '-cmsout', '-inform', 'DER', '-in', beside(theirs), '-outform', 'PEM', '-out',
                  beside(theirs))
        if pem.good:
            test.accepts(f'hallmark accepts it as PEM: {what}', hallmark_verify(stranger.root, theirs))
        flipped(theirs, theirs, 0)
        test.refuses(f'hallmark refuses the file changed under it: {what}', hallmark_verify(stranger.root, theirs))


def check_wrong_usage_of_keys(test, path):
    """A certificate for web servers, or with SHA-1, signs no code."""
    server = Stranger(test.folder, 'server', usage='serverAuth')
    theirs = test.folder / 'their-server'
    shutil.copy(path, theirs)
    server.cms(theirs, beside(theirs), '-md', 'sha256')
    test.accepts('openssl with -purpose any looks at no extended key usage', openssl_verify(theirs, beside(theirs), server.root))
    test.refuses('hallmark refuses a certificate that is not for code signing', hallmark_verify(server.root, theirs))
    old = Stranger(test.folder, 'old')
    old.cms(theirs, beside(theirs), '-md', 'sha1')
    test.refuses('hallmark refuses a signature with SHA-1', hallmark_verify(old.root, theirs))


def check_again(test, roots, path):
    before = beside(path).read_bytes()
    test.accepts('signing what is signed already succeeds', hallmark_sign('with-es256', path))
    test.ok(beside(path).read_bytes() == before, 'and leaves the signature as it was, byte for byte')
    stranger = Stranger(test.folder, 'other', 'ec:P-256')
    stranger.cms(path, beside(path), '-md', 'sha256')
    theirs = beside(path).read_bytes()
    test.refuses("somebody else's signature is not replaced without being told to", hallmark_sign('with-es256', path),
                 '--replace')
    test.ok(beside(path).read_bytes() == theirs, 'and stays as it was, byte for byte')
    test.accepts('it is replaced with --replace', hallmark_sign('with-es256', '--replace', path))
    test.accepts('and openssl accepts the new one', openssl_verify(path, beside(path), roots))
    path.write_bytes(path.read_bytes() + b'changed')
    test.accepts('a changed file is signed anew without being asked', hallmark_sign('with-es256', path))
    test.accepts('and openssl accepts that one', openssl_verify(path, beside(path), roots))


def main():
    with Test('Detached signatures against openssl cms') as test:
        if not test.needs('openssl'):
            return
        roots = make_office(test, *[(f'with-{algorithm}', algorithm) for algorithm in ALGORITHMS])
        if not roots:
            return
        check_ours(test, roots, list(make_files(test)))
        path = test.folder / 'es256' / 'text'
        check_spoilt(test, roots, path)
        check_spoilt_signature(test, roots, path)
        check_theirs(test, roots, path)
        check_wrong_usage_of_keys(test, path)
        check_again(test, roots, path)


main()
