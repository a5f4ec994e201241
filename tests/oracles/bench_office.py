#!/usr/bin/python3
"""What `make bench` measures stays there between its long runs: its office, the peers' view of the very same keys, and one
quick command of ours and of a peer's with them."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'bench')]
import samples
import tap


def main():
    out = tap.Writer()
    launcher, module = samples.first_that_exists(samples.LAUNCHERS), samples.first_that_exists(samples.MODULES)
    if not launcher or not module:
        out.skip('the office that is measured', 'no launcher or no SoftHSM here')
        out.close()
    with tempfile.TemporaryDirectory(prefix='hallmark-bench.') as folder:
        office = samples.Office(os.environ['HALLMARK'], folder, launcher)
        environment, uri = office.peer_token()
        out.ok(uri.startswith('pkcs11:id=%'), 'a peer gets the URI of the office\'s own key', [uri])
        signed = os.path.join(folder, 'peer.exe')
        command = ['osslsigncode', 'sign', '-pkcs11module', module, '-certs', office.chain, '-key', uri, '-h', 'sha256',
                   '-in', launcher, '-out', signed]
        peer = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        out.ok(peer.returncode == 0, 'a peer signs with it', peer.stdout.splitlines() + peer.stderr.splitlines())
        verified = peer.returncode == 0 and office.ask('verify', '--trust', office.trust, signed)
        out.ok(bool(verified), 'and its signature is good for us', [str(verified)])
    out.close()


if __name__ == '__main__':
    main()
