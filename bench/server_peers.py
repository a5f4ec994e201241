"""What others take to sign for somebody else: a PKCS#11 module served by p11-kit, and CFSSL, which issues certificates.

Neither asks a policy, keeps a record or makes anything durable."""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

from measure import figures, processor
from report import Row
import served

CLIENT_MODULE = 'p11-kit-client.so'
PROFILE = {'signing': {'default': {'usages': ['digital signature', 'code signing'], 'expiry': '24h'}}}


def find_module():
    for folder in pathlib.Path('/usr/lib').glob('*/pkcs11'):
        if (folder / CLIENT_MODULE).exists():
            return folder / CLIENT_MODULE
    return None


def p11_kit(bench, token, bare):
    """A served office's token (its folder, made by hallmark) over p11-kit's own protocol on a local socket."""
    module = find_module()
    softhsm = next(iter(pathlib.Path('/usr/lib').glob('softhsm/libsofthsm2.so')), None)
    if not module or not softhsm or not shutil.which('p11-kit'):
        return []
    folder = pathlib.Path(bench.folder) / 'p11-kit'
    folder.mkdir()
    (folder / 'softhsm2.conf').write_text(f'directories.tokendir = {token}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n', 'ascii')
    env = {**os.environ, 'SOFTHSM2_CONF': str(folder / 'softhsm2.conf'), 'XDG_RUNTIME_DIR': str(folder)}
    server = subprocess.Popen(['p11-kit', 'server', '--foreground', '--provider', softhsm, '--name', folder / 'socket', 'pkcs11:'],
                              env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        env['P11_KIT_SERVER_ADDRESS'] = f'unix:path={folder}/socket'
        rates, costs = [], []
        for _ in range(bench.rounds(5, 2)):
            # The client's processes of the server end with it: what they used is then its own children's.
            before = children_used(server.pid)
            done = subprocess.run([bench.tool('module_load'), module, token / 'pin', str(bench.rounds(4, 2))], env=env,
                                  capture_output=True, text=True, check=True)
            read = {name: float(value) for name, value, *_ in (line.split() for line in done.stdout.splitlines())}
            time.sleep(0.3)
            rates.append(read['load_rate'])
            costs.append((children_used(server.pid) - before + read['load_used']) / read['load_done'])
    finally:
        server.terminate()
        server.wait()
    return [Row('a peer: p11-kit server', 'the same token through p11-kit-client.so, one client on this machine; processor time of both ends '
                'against a bare C_Sign. No policy, no record.',
                f'{statistics.median(costs) * 1e6:.0f} µs: {statistics.median(costs) / bare:.2f} ×; '
                f'{statistics.median(rates):,.0f} signatures/s', '', None)]


def children_used(pid):
    """Of a process and of those of its children that have ended and that run."""
    words = pathlib.Path(f'/proc/{pid}/stat').read_text('ascii').rsplit(')', 1)[1].split()
    ended = (int(words[11]) + int(words[12]) + int(words[13]) + int(words[14])) / os.sysconf('SC_CLK_TCK')
    return ended + processor(served.lab.children(pid))


def cfssl(bench, load, bare):
    """The same clients over mTLS, each request a certificate."""
    if not shutil.which('cfssl'):
        return []
    folder, port = load.place.folder, served.free_port()
    for name in ('ca', 'request'):
        subprocess.run(['openssl', 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', folder / f'{name}.key'], check=True)
    subprocess.run(['openssl', 'req', '-x509', '-new', '-key', folder / 'ca.key', '-out', folder / 'ca.pem', '-days', '30', '-subj', '/CN=ca'],
                   check=True, capture_output=True)
    subprocess.run(['openssl', 'req', '-new', '-key', folder / 'request.key', '-out', folder / 'request.csr', '-subj', '/CN=device'],
                   check=True, capture_output=True)
    (folder / 'cfssl.json').write_text(json.dumps(PROFILE), 'ascii')
    body = json.dumps({'certificate_request': (folder / 'request.csr').read_text('ascii'), 'hosts': ['device']})
    (folder / 'cfssl.body').write_text(body + '\n', 'ascii')
    peer = subprocess.Popen(['cfssl', 'serve', '-address', '127.0.0.1', '-port', str(port), '-ca', folder / 'ca.pem', '-ca-key', folder / 'ca.key',
                             '-config', folder / 'cfssl.json', '-tls-cert', folder / 'tls.pem', '-tls-key', folder / 'tls.key',
                             '-mutual-tls-ca', folder / 'client.pem', '-loglevel', '5'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        words = ['post', port, *load.files(), '/api/v1/cfssl/sign', 2, 16, folder / 'cfssl.body']
        runs = [load.run([peer.pid], [*words, bench.rounds(6, 2)]) for _ in range(bench.rounds(5, 2))]
    finally:
        peer.terminate()
        peer.wait()
    cost = statistics.median(run['cost'] for run in runs)
    return [Row('a peer: CFSSL', '32 clients with keep-alive mTLS on the same processors, a certificate for each request, by a key in a file. '
                'No token, no policy beyond a profile, no record.',
                f'{cost * 1e6:.0f} µs: {cost / bare:.2f} ×; {statistics.median(run["load_rate"] for run in runs):,.0f} certificates/s', '', None)]


def peers(bench, load):
    bare = figures([bench.tool('keys_bench')])['keys_bare_processor_1'] / 1e6
    return [*p11_kit(bench, load.place.office / 'token', bare), *cfssl(bench, load, bare)]
