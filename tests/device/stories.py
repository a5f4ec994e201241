#!/usr/bin/python3
"""The stories of device/run.py on each emulated board."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device')]
import build
import tap


def main():
    out = tap.Writer()
    for machine in build.MACHINES:
        if build.missing():
            out.skip(f'the stories of {machine}', f'{" and ".join(build.missing())} not here')
            continue
        done = subprocess.run([str(ROOT / 'device' / 'run.py'), '--cuts', '3', machine], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        out.ok(done.returncode == 0, f'the stories of {machine} come out as told', done.stdout.splitlines()[-12:])
    out.close()


if __name__ == '__main__':
    main()
