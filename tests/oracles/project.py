#!/usr/bin/python3
"""Catalogues of folders, against GNU sha256sum and `openssl cms`: a project of 10,000 files, and one with odd names."""
import os
import resource
import shutil
import socket
import time

from oracle import Stranger, Test, hallmark_sign, hallmark_verify, make_office, openssl_verify, run

FILES = 10000
ODD = [b'line\nfeed', b'carriage\rreturn', b'back\\slash', b'-', b'--help', b' lead', b'trail ', b'#comment',
       b'tab\there', b'\xff\xfe', 'ä'.encode(), b'*star', b"quote'\"", b'a  b', b'$(id)', b'\xe2\x80\xaertl', b'...',
       b'SHA256SUMS.old']


def make_project(folder):
    for part in range(FILES // 100):
        place = folder / f'screens-{part:02}'
        place.mkdir(parents=True)
        for number in range(100):
            (place / f'screen {number:02}.xml').write_text(f'<screen part="{part}" number="{number}"/>\n', encoding='utf-8')
    (folder / 'empty').mkdir()
    (folder / 'start.sh').write_text('#!/bin/sh\n', encoding='utf-8')
    (folder / 'start.sh').chmod(0o4755)
    (folder / 'current').symlink_to('screens-00')
    (folder / 'dangling').symlink_to('/nowhere/at/all')


def make_odd(folder):
    folder.mkdir()
    for name in ODD:
        path = os.path.join(os.fsencode(folder), name)
        with open(path, 'wb') as file:
            file.write(name)
        os.mkdir(os.path.join(os.fsencode(folder), b'd-' + name))
        with open(os.path.join(os.fsencode(folder), b'd-' + name, name), 'wb') as file:
            file.write(name)
        os.symlink(name, os.path.join(os.fsencode(folder), b'l-' + name))


def sha256sum(folder):
    return run('sha256sum', '-c', '--strict', '--quiet', 'SHA256SUMS', cwd=folder)


def openssl(folder, roots):
    return openssl_verify(folder / 'SHA256SUMS', folder / 'SHA256SUMS.p7s', roots)


def timed(test, sentence, action):
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    test.accepts(sentence, action())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f'# {used:.2f} s of processor time, {time.monotonic() - begun:.2f} s')


def check_accepted(test, roots, folder, what):
    timed(test, f'{what}: signed', lambda: hallmark_sign('plc', folder))
    timed(test, f'{what}: hallmark accepts it', lambda: hallmark_verify(roots, folder))
    test.accepts(f'{what}: sha256sum accepts every file', sha256sum(folder))
    test.accepts(f'{what}: openssl accepts the signature', openssl(folder, roots))


def check_changes(test, roots, folder):
    """Each change is made, found by the name of what was changed, and undone. What sha256sum sees of it, it must see too."""
    def write(name, text):
        (folder / name).write_text(text, encoding='utf-8')

    screen = 'screens-50/screen 07.xml'
    old = (folder / screen).read_text(encoding='utf-8')
    changes = {
        f'changed: {screen}': (lambda: write(screen, 'evil'), lambda: write(screen, old), True),
        'added: screens-50/new.xml': (lambda: write('screens-50/new.xml', ''),
                                      lambda: (folder / 'screens-50/new.xml').unlink(), False),
        f'removed: {screen}': ((folder / screen).unlink, lambda: write(screen, old), True),
        f'renamed: {screen} -> zzz': (lambda: (folder / screen).rename(folder / 'zzz'),
                                      lambda: (folder / 'zzz').rename(folder / screen), True),
        'mode changed: start.sh 4755 -> 0755': (lambda: (folder / 'start.sh').chmod(0o755),
                                                lambda: (folder / 'start.sh').chmod(0o4755), False),
        'mode changed: empty': (lambda: (folder / 'empty').chmod(0o777), lambda: (folder / 'empty').chmod(0o755), False),
        'removed: empty': ((folder / 'empty').rmdir, (folder / 'empty').mkdir, False),
        'link changed: current': (lambda: relink(folder / 'current', 'screens-01'),
                                  lambda: relink(folder / 'current', 'screens-00'), False),
        'kind changed: dangling link -> folder': (lambda: to_folder(folder / 'dangling'),
                                                  lambda: to_link(folder / 'dangling'), False),
        'added: pipe': (lambda: os.mkfifo(folder / 'pipe'), lambda: (folder / 'pipe').unlink(), False),
        'added: socket': (lambda: socket.socket(socket.AF_UNIX).bind(str(folder / 'socket')),
                          lambda: (folder / 'socket').unlink(), False),
    }
    for finding, (change, undo, seen_by_sha256sum) in changes.items():
        change()
        test.refuses(f'hallmark finds "{finding}"', hallmark_verify(roots, folder), finding)
        if seen_by_sha256sum:
            test.ok(not sha256sum(folder).good, f'sha256sum sees it too: {finding}')
        undo()
    test.accepts('with every change undone, hallmark accepts it again', hallmark_verify(roots, folder))


def relink(path, target):
    path.unlink()
    path.symlink_to(target)


def to_folder(path):
    path.unlink()
    path.mkdir()


def to_link(path):
    path.rmdir()
    path.symlink_to('/nowhere/at/all')


def check_spoilt_catalogue(test, roots, folder):
    """The catalogue is canonical: what sha256sum would still accept is refused."""
    catalogue = folder / 'SHA256SUMS'
    good = catalogue.read_bytes()
    lines = good.splitlines(keepends=True)
    spoilt = {'a comment more': good.replace(lines[3], b'# harmless\n' + lines[3], 1),
              'an empty line at the end': good + b'\n', 'Windows line ends': good.replace(b'\n', b'\r\n'),
              'a line left out': good.replace(lines[4], b'', 1), 'its end cut off': good[:-30], 'nothing in it': b''}
    for what, content in spoilt.items():
        catalogue.write_bytes(content)
        test.refuses(f'hallmark refuses a catalogue with {what}', hallmark_verify(roots, folder))
        test.ok(not openssl(folder, roots).good, f'openssl refuses a catalogue with {what}')
    catalogue.unlink()
    test.refuses('hallmark refuses a folder without catalogue', hallmark_verify(roots, folder))
    catalogue.write_bytes(good)
    signature = (folder / 'SHA256SUMS.p7s').read_bytes()
    (folder / 'SHA256SUMS.p7s').unlink()
    test.refuses('hallmark refuses a folder whose catalogue is not signed', hallmark_verify(roots, folder))
    (folder / 'SHA256SUMS.p7s').write_bytes(signature)


def check_theirs(test, roots, folder):
    """The catalogue is ours, the signature openssl's, under a root of its own."""
    stranger = Stranger(test.folder, 'theirs')
    theirs = test.folder / 'their-project'
    shutil.copytree(folder, theirs, symlinks=True)
    test.accepts('openssl signs a catalogue',
                 stranger.cms(theirs / 'SHA256SUMS', theirs / 'SHA256SUMS.p7s', '-md', 'sha256'))
    test.accepts("hallmark accepts openssl's signature over it", hallmark_verify(stranger.root, theirs))
    test.refuses('hallmark refuses it under our roots', hallmark_verify(roots, theirs))
    (theirs / 'added').write_text('x', encoding='utf-8')
    test.refuses('hallmark finds what was added to it', hallmark_verify(stranger.root, theirs), 'added: added')


def check_not_signable(test):
    folder = test.folder / 'not-signable'
    folder.mkdir()
    test.refuses('hallmark refuses to sign an empty folder', hallmark_sign('plc', folder), 'empty')
    os.mkfifo(folder / 'pipe')
    test.refuses('hallmark refuses to sign a pipe', hallmark_sign('plc', folder), 'pipe')
    test.ok(sorted(path.name for path in folder.iterdir()) == ['pipe'], 'and leaves nothing behind in the folder')


def check_again(test, folder):
    before = [(folder / name).read_bytes() for name in ('SHA256SUMS', 'SHA256SUMS.p7s')]
    test.accepts('signing an unchanged folder again succeeds', hallmark_sign('plc', folder))
    after = [(folder / name).read_bytes() for name in ('SHA256SUMS', 'SHA256SUMS.p7s')]
    test.ok(before == after, 'and leaves catalogue and signature as they were')


def main():
    with Test('Catalogues of folders against sha256sum and openssl cms') as test:
        if not test.needs('openssl', 'sha256sum'):
            return
        roots = make_office(test, ('plc',))
        if not roots:
            return
        project, odd = test.folder / 'project', test.folder / 'odd'
        make_project(project)
        check_accepted(test, roots, project, f'{FILES} files')
        check_again(test, project)
        check_changes(test, roots, project)
        check_spoilt_catalogue(test, roots, project)
        check_theirs(test, roots, project)
        make_odd(odd)
        check_accepted(test, roots, odd, 'odd names')
        check_not_signable(test)


main()
