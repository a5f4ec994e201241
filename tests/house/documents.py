#!/usr/bin/python3
"""The documents keep to what is there.

The commands in README.md and the pages for readers work: every block that begins with ```sh is run, all those of one page in
one shell, in a folder with the files that the pages speak of. A block of another kind is shown and not run. Links lead
somewhere, docs/controls.md names tests that exist, and the manual page has every command and option of the program."""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

PAGES = ('README.md', 'docs/release-engineer.md', 'docs/security-officer.md', 'docs/auditor.md', 'docs/trust-list.md',
         'docs/statements.md', 'docs/server.md')
HALLMARK = os.environ.get('HALLMARK', str(ROOT / 'build' / 'app' / 'hallmark' / 'hallmark'))
HALLMARKD = os.environ.get('HALLMARKD', str(pathlib.Path(HALLMARK).resolve().parents[1] / 'hallmarkd' / 'hallmarkd'))
NEEDS = ('openssl', 'osslsigncode', 'sbverify', 'softhsm2-util', 'sha256sum', 'curl')
EFI = pathlib.Path('/usr/lib/systemd/boot/efi')
EXE = pathlib.Path('/usr/lib/python3/dist-packages/distlib/t64.exe')
LINK = re.compile(r'\]\(([^)#:]+)(?:#[^)]*)?\)')


def blocks(page):
    return re.findall(r'^```sh\n(.*?)^```$', (ROOT / page).read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)


def furnish_ci(folder):
    """A CI service: its key set, and the command by which its jobs get a token."""
    issuer = ['/usr/bin/python3', str(ROOT / 'tests' / 'stories' / 'issuer.py')]
    (folder / 'ci').mkdir()
    subprocess.run([*issuer, 'keys', str(folder / 'ci')], check=True)
    claims = '{"repository_id":"41","ref_protected":"true"}'
    words = [*issuer, 'token', str(folder / 'ci'), 'https://ci.example', 'https://sign.example', claims]
    (folder / 'build' / 'id-token').write_text('#!/bin/sh\nexec ' + ' '.join(shlex.quote(word) for word in words) + '\n')
    (folder / 'build' / 'id-token').chmod(0o755)


def furnish(folder):
    """What the pages sign."""
    shutil.copy(next(EFI.glob('systemd-boot*.efi')), folder / 'boot.efi')
    shutil.copy(EXE, folder / 'setup.exe')
    shutil.copy(ROOT / 'docs' / 'check-log-proof.py', folder)
    (folder / 'firmware.bin').write_bytes(os.urandom(100000))
    (folder / 'recipe.xml').write_text('<recipe/>\n', encoding='utf-8')
    (folder / 'hmi' / 'screens').mkdir(parents=True)
    (folder / 'hmi' / 'screens' / 'main.xml').write_text('<screen/>\n', encoding='utf-8')
    (folder / 'build').mkdir()
    (folder / 'build' / 'hallmark').symlink_to(HALLMARK)
    (folder / 'build' / 'hallmarkd').symlink_to(HALLMARKD)
    furnish_ci(folder)


def run(page):
    with tempfile.TemporaryDirectory(prefix='hallmark-documents.') as name:
        folder = pathlib.Path(name)
        furnish(folder)
        environment = {**os.environ, 'PATH': f'{folder}/build:{os.environ["PATH"]}', 'HOME': name}
        environment.pop('HALLMARK_OFFICE', None)
        script = 'set -eux\n' + '\n'.join(blocks(page))
        with subprocess.Popen(['sh', '-c', script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as done:
            output = done.stdout.read()
            status = done.wait()
            end_session(done.pid)
        return status, output.decode('utf-8', 'replace').splitlines()


def end_session(leader):
    """What a page has started and not ended, because it failed before."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


def dead_links(page):
    folder = (ROOT / page).parent
    return [target for target in LINK.findall((ROOT / page).read_text(encoding='utf-8'))
            if not (folder / target).exists()]


def tests_that_are_not_there():
    """Paths in the last column of docs/controls.md, which are below tests/."""
    rows = re.findall(r'^\|.*\| ([^|]*) \|$', (ROOT / 'docs' / 'controls.md').read_text(encoding='utf-8'), re.MULTILINE)
    named = [path for cell in rows for path in re.findall(r'`([\w./-]+)`', cell)]
    return named, [path for path in named if not (ROOT / 'tests' / path).exists()]


def manual_page_knows(word):
    text = (ROOT / 'docs' / 'hallmark.1').read_text(encoding='utf-8')
    return re.search(rf'^\.(Cm|Fl|Op Fl|It Fl) {re.escape(word)}\b', text, re.MULTILINE) is not None


def check_manual_page(writer):
    """Each command and option that the program offers stands in the manual page."""
    text = subprocess.run([HALLMARK, '--help'], stdout=subprocess.PIPE, check=True).stdout.decode()
    commands = re.findall(r'^  ([a-z]+(?: [a-z]+)?) .*  [A-Z]', text, re.MULTILINE)
    missing = [command for command in commands if not manual_page_knows(command)]
    for command in commands:
        text = subprocess.run([HALLMARK, *command.split(), '--help'], stdout=subprocess.PIPE, check=True).stdout.decode()
        options = re.findall(r'^  -(-?[a-z-]+) ', text, re.MULTILINE)
        missing += [f'{command}: -{option}' for option in options if not manual_page_knows(option)]
    writer.ok(len(commands) > 10 and not missing, 'the manual page has every command and option', missing)
    if not shutil.which('man'):
        writer.skip('the manual page renders without a warning', 'man is not installed')
        return
    rendered = subprocess.run(['man', '--warnings=all', '-l', str(ROOT / 'docs' / 'hallmark.1')], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, 'MANWIDTH': '80'})
    warnings = rendered.stderr.decode('utf-8', 'replace').splitlines()
    writer.ok(rendered.returncode == 0 and not warnings, 'the manual page renders without a warning', warnings)


def check_server_page(writer):
    """hallmarkd's options, its manual page and docs/server.md are about the same words."""
    usage = subprocess.run([HALLMARKD, '--help'], stdout=subprocess.PIPE, check=True).stdout.decode()
    options = sorted(set(re.findall(r'--([a-z]+)', usage)))
    manual = (ROOT / 'docs' / 'hallmarkd.8').read_text(encoding='utf-8')
    page = (ROOT / 'docs' / 'server.md').read_text(encoding='utf-8')
    missing = [word for word in options if f'.It Fl -{word}\n' not in manual and f'.It Fl -{word} ' not in manual]
    missing += [f'{word} (server.md)' for word in options if f'`{word}`' not in page and f'--{word}' not in page]
    writer.ok(len(options) > 8 and not missing, 'the pages of hallmarkd have every option', missing)


def main():
    writer = tap.Writer()
    absent = [program for program in NEEDS if not shutil.which(program)]
    absent += [str(path) for path in (EFI, EXE) if not path.exists()]
    for page in PAGES:
        writer.ok(not dead_links(page), f'{page}: what it points to is there', dead_links(page))
        if absent:
            writer.skip(f'{page}: its commands work', 'not installed: ' + ', '.join(absent))
            continue
        status, output = run(page)
        writer.ok(status == 0 and blocks(page), f'{page}: its commands work', output[-20:])
    for page in ('SECURITY.md', 'docs/controls.md', 'docs/core-language.md', 'docs/log.md', 'docs/policy.md'):
        writer.ok(not dead_links(page), f'{page}: what it points to is there', dead_links(page))
    named, missing = tests_that_are_not_there()
    writer.ok(len(named) > 50 and not missing, 'docs/controls.md names tests that exist', missing)
    check_manual_page(writer)
    check_server_page(writer)
    writer.close()


if __name__ == '__main__':
    main()
