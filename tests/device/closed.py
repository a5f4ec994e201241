#!/usr/bin/python3
"""Until the image is started, the processors of device/port/mps2 execute nothing but the first stage itself: not in RAM, nor by any other
name for it, nor in another memory that can be written."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'device')]
import build
import tap

RAN, REFUSED = 0, 7
WRITABLE = {'mps2-an386': (0x20008000, 0x20408000, 0x21000000, 0x00020000, 0x00420000),
            'mps2-an505': (0x38008000, 0x28008000, 0x30000000, 0x20000000, 0x80000000, 0x10020000, 0x00020000)}


def runs(machine, folder, address, is_open):
    """The emulator's status; memory is closed unless IS_OPEN."""
    chosen, program = build.MACHINES[machine], pathlib.Path(folder) / 'closed.elf'
    (pathlib.Path(folder) / 'machine.h').write_text((build.PORT / chosen.header).read_text(encoding='utf-8'), encoding='utf-8')
    build.run([build.COMPILER, *build.FLAGS, f'-mcpu={chosen.processor}', f'-DADDRESS={address:#x}u', f'-DOPEN={int(is_open)}', '-I', folder,
               '-nostartfiles', f'-Wl,--defsym=ROM={chosen.rom:#x},--defsym=RAM={chosen.ram:#x}', '-Wl,--no-warn-rwx-segments', '-T',
               build.PORT / 'boot.ld', ROOT / 'tests' / 'device' / 'closed.c', '-o', program])
    return subprocess.run([build.QEMU, '-M', machine, '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config',
                           'enable=on,target=native', '-kernel', program], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, timeout=60, check=False).returncode


def main():
    out = tap.Writer()
    if build.missing():
        out.skip('what emulated processors execute', f'{" and ".join(build.missing())} not here')
        out.close()
        return
    with tempfile.TemporaryDirectory(prefix='hallmark-closed.') as folder:
        for machine, addresses in WRITABLE.items():
            for address in addresses:
                before, after = (runs(machine, folder, address, is_open) for is_open in (True, False))
                out.ok(before == RAN and after == REFUSED, f'{machine} executes nothing at {address:#010x}',
                       [f'open: {before}, closed: {after}'])
    out.close()


if __name__ == '__main__':
    main()
