"""A device in QEMU whose processor is told to leave out an instruction: GDB's remote protocol, as far as that needs it."""
import pathlib
import socket
import subprocess
import time

import build

PC = 15
SECONDS = 20


class Lost(Exception):
    """QEMU is gone, or says nothing any more."""


class Stub:
    """QEMU with DEVICE (emulator.Device), stopped before its first instruction."""

    def __init__(self, device):
        path = pathlib.Path(device.folder) / 'gdb'
        path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [build.QEMU, '-M', device.machine, '-icount', 'shift=0,sleep=off', '-display', 'none', '-monitor', 'none', '-serial', 'file:console', '-S',
             '-gdb', f'unix:{path},server=on,wait=off', '-semihosting-config', 'enable=on,target=native,arg=device', '-kernel', 'boot.elf'],
            cwd=device.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.connect(path)
        self.data = b''
        self.ask('qXfer:features:read:target.xml:0,ffb')  # before that, QEMU does not know single registers

    def connect(self, path):
        for _ in range(200):
            try:
                return self.socket.connect(str(path))
            except OSError:
                time.sleep(0.05)
        raise Lost('no connection')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.process.kill()
        self.process.wait()

    def read(self):
        """The next packet; acknowledgements between are passed over."""
        while b'#' not in self.data or len(self.data) < self.data.index(b'#') + 3:
            more = self.socket.recv(4096)
            if not more:
                raise Lost('the connection has ended')
            self.data += more
        end = self.data.index(b'#')
        packet, self.data = self.data[self.data.index(b'$') + 1:end], self.data[end + 3:]
        if not packet.startswith(b'W'):  # with which QEMU ends
            self.socket.sendall(b'+')
        return packet.decode('ascii')

    def ask(self, text):
        self.socket.sendall(f'${text}#{sum(text.encode()) & 255:02x}'.encode('ascii'))
        return self.read()

    def stop_at(self, address, stops=True):
        self.ask(f'{"Z" if stops else "z"}1,{address:x},2')

    @property
    def pc(self):
        return int.from_bytes(bytes.fromhex(self.ask(f'p{PC:x}')), 'little')

    def go_on(self):
        """None: it has stopped at a breakpoint; otherwise the status with which the program has ended."""
        answer = self.ask('c')
        return int(answer[1:].split(';')[0], 16) if answer[0] == 'W' else None

    def leave_out(self, size):
        self.ask(f'P{PC:x}={(self.pc + size).to_bytes(4, "little").hex()}')
