#!/usr/bin/python3
"""docs/boot.md from `hallmark init` to an own release that is booted, updated and confirmed in the emulator: every block of the page that
begins with ```sh is run, all in one shell."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device'), str(ROOT / 'tests' / 'house')]
import build
import documents
import tap


def run(page):
    with tempfile.TemporaryDirectory(prefix='hallmark-boot-page.') as name:
        folder = pathlib.Path(name)
        (folder / 'bin').mkdir()
        (folder / 'bin' / 'hallmark').symlink_to(documents.HALLMARK)
        environment = {**os.environ, 'PATH': f'{folder}/bin:{os.environ["PATH"]}', 'HOME': name, 'HALLMARK_SOURCE': str(ROOT)}
        environment.pop('HALLMARK_OFFICE', None)
        done = subprocess.run(['sh', '-c', 'set -eux\n' + '\n'.join(documents.blocks(page))], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode('utf-8', 'replace').splitlines()


def main():
    out = tap.Writer()
    if build.missing():
        out.skip('the walk-through of docs/boot.md', f'{" and ".join(build.missing())} not here')
        out.close()
        return
    status, lines = run('docs/boot.md')
    out.ok(len(documents.blocks('docs/boot.md')) >= 5, 'the page has its walk-through')
    out.ok(status == 0, 'every block of docs/boot.md does what the page says', lines[-15:])
    out.close()


if __name__ == '__main__':
    main()
