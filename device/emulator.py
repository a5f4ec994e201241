"""A device in QEMU: a folder with its flash, and the first stage that was made for it."""
import pathlib
import shutil
import subprocess
import sys

import build

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'device'))
import images

# As in device/port/mps2/port.c.
FLASH_SIZE, STATE, LIST, FIRMWARE, FIRMWARE_SLOT = 0xAF000, 0x0000, 0x5000, 0x19000, 0x45000
DONE, NOTHING_TO_START, POWER_FAILED = 0, 8, 9
SECONDS = 120


class Device:
    def __init__(self, folder, machine, built, identity, first_list, release):
        """BUILT: the folder of build.py. As it leaves the factory: FIRST_LIST, and RELEASE (a pack) in slot A."""
        self.folder, self.machine = pathlib.Path(folder), machine
        self.folder.mkdir(parents=True, exist_ok=True)
        self.identify(built, identity)
        flash = bytearray(b'\xff' * FLASH_SIZE)
        self.put(flash, STATE, images.in_both_blocks(images.first_state(first_list)))
        self.put(flash, LIST, images.list_area(first_list))
        for offset, data in images.slot(release):
            self.put(flash, FIRMWARE + offset, data)
        self.flash.write_bytes(flash)

    def identify(self, built, identity):
        """The first stage is made for one device: what it is stands in a section of its own."""
        (self.folder / 'identity').write_bytes(identity)
        build.run(['arm-none-eabi-objcopy', '--update-section', f'.identity={self.folder / "identity"}', pathlib.Path(built) / 'boot.elf',
                   self.folder / 'boot.elf'])

    def put_files(self, files):
        """What the device finds in its network: bytes by name."""
        for name, data in files.items():
            (self.folder / name).write_bytes(data)

    @staticmethod
    def put(flash, at, data):
        flash[at:at + len(data)] = data

    @property
    def flash(self):
        return self.folder / 'flash.bin'

    @classmethod
    def existing(cls, folder, machine):
        """One that is in FOLDER already: boot.elf and flash.bin."""
        self = object.__new__(cls)
        self.folder, self.machine = pathlib.Path(folder), machine
        return self

    def copy(self, folder):
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return self.existing(folder, self.machine)

    def damage(self, at, mask=1):
        data = bytearray(self.flash.read_bytes())
        data[at] ^= mask
        self.flash.write_bytes(data)

    def power_on(self, *orders, cut=0, seed=1):
        """Until it has nothing left to do, or power fails. (status, lines of the console)"""
        words = [*orders, *([f'cut={cut}', f'seed={seed}'] if cut else [])]
        config = ','.join(['enable=on,target=native', *(f'arg={word}' for word in ('device', *words))])
        done = subprocess.run([build.QEMU, '-M', self.machine, '-icount', 'shift=0,sleep=off', '-nographic', '-monitor', 'none', '-serial',
                               'stdio', '-semihosting-config', config, '-kernel', 'boot.elf'], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        return done.returncode, done.stdout.decode('utf-8', 'replace').replace('\r', '').splitlines()
