"""The rows of a served office: signatures over mTLS, new connections against nginx, and the machine's own clients."""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from measure import NEW, Command, figures, processor
from report import Row

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tests' / 'faults'))
import server_peers  # noqa: E402
import served  # noqa: E402  the office that the fault tests use

NGINX = '''worker_processes 1; daemon off; error_log /dev/null; pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/n; proxy_temp_path {folder}/n; fastcgi_temp_path {folder}/n;
  uwsgi_temp_path {folder}/n; scgi_temp_path {folder}/n;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;
    ssl_client_certificate {folder}/client.pem; ssl_verify_client on; ssl_protocols TLSv1.3; ssl_session_tickets off;
    ssl_session_cache off; root {folder}/office/log; }} }}
'''


class Load:
    """bench/server_load against a server whose processes are PIDS: what it prints, and what each piece of work cost them."""

    def __init__(self, tool, place):
        self.tool, self.place = tool, place

    def run(self, pids, words):
        before = processor(pids)
        read = figures([self.tool, *(str(word) for word in words)])
        read['cost'] = (processor(pids) - before) / read['load_done']
        return read

    def files(self):
        folder = self.place.folder
        return [folder / 'tls.pem', folder / 'client.pem', folder / 'client.key']

    def sign(self, processes, connections, items, seconds):
        return self.run(self.place.processes().values(),
                        ['sign', self.place.port, *self.files(), self.place.folder / 'token', processes, connections, items, seconds])

    def connect(self, port, pids, path, seconds):
        return self.run(pids, ['connect', port, *self.files(), path, 2, seconds])


def make_place(folder):
    place = served.Served(folder)
    place.found()
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                    place.folder / 'client.key', '-out', place.folder / 'client.pem', '-days', '30', '-subj', '/CN=client'],
                   check=True, capture_output=True)
    (place.folder / 'token').write_text(place.issuer.token() + '\n', encoding='ascii')
    place.serve('--clients', str(place.folder / 'client.pem'))
    return place


def signatures(bench, load):
    """32 clients, 64 digests at once, one client; a bare C_Sign and the file system beside them, in turn."""
    rounds, seconds = bench.rounds(5, 2), bench.rounds(6, 2)
    singly, many, one, bare, syncs = [], [], [], [], []
    for _ in range(rounds):
        bare.append(figures([bench.tool('keys_bench')]))
        singly.append(load.sign(2, 16, 1, seconds))
        many.append(load.sign(2, 2, 64, seconds))
        one.append(load.sign(1, 1, 1, seconds))
        syncs.append(two_syncs(load.place.folder))
    cost = [a['cost'] / (b['keys_bare_processor_1'] / 1e6) for a, b in zip(singly, bare)]
    rate = statistics.median(a['load_rate'] for a in singly)
    rows = [Row('server: one signature per request', 'CMS, ECDSA P-256 in SoftHSM, 32 clients with keep-alive mTLS on the same '
                'processors, policy checked, intent and outcome durable. Processor time of all the server\'s processes for a '
                'signature against a bare C_Sign measured in the same round.',
                f'{statistics.median(a["cost"] for a in singly) * 1e6:.0f} µs: {statistics.median(cost):.2f} × '
                f'({min(cost):.2f}–{max(cost):.2f})', '≤ 2.2 × C_Sign, stretch 1.8', statistics.median(cost) <= 2.2),
            Row('the same, rate', 'the clients\' own processor time is spent on the same processors.',
                f'{rate:,.0f} signatures/s; half of the requests take {statistics.median(a["load_median"] for a in singly) * 1e3:.1f} ms',
                '≥ 12,000 /s', rate >= 12000)]
    ratio = [a['load_rate'] / b['keys_bare_2'] for a, b in zip(many, bare)]
    rows.append(Row('server: 64 digests per request', 'four connections, against a bare C_Sign loop in two processes.',
                    f'{statistics.median(a["load_rate"] for a in many):,.0f} signatures/s: {statistics.median(ratio):.2f} × '
                    f'({min(ratio):.2f}–{max(ratio):.2f}); {statistics.median(a["cost"] for a in many) * 1e6:.0f} µs each',
                    '≥ 0.75 × bare', statistics.median(ratio) >= 0.75))
    ratio = [a['load_median'] / b for a, b in zip(one, syncs)]
    rows.append(Row('server: one client', 'a signature per request; against two writes, each with fdatasync, on the same file '
                    'system. Half of them are quicker, in wall time.',
                    f'{statistics.median(a["load_median"] for a in one) * 1e3:.2f} ms: {statistics.median(ratio):.2f} × '
                    f'({min(ratio):.2f}–{max(ratio):.2f})', '≤ 2.5 ×', statistics.median(ratio) <= 2.5))
    return rows


def two_syncs(folder, count=400):
    """Median seconds of two appended writes of an entry's size, each made durable."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(count):
            begun = time.perf_counter()
            for _ in range(2):
                os.write(file.fileno(), b'x' * 4096)
                os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def new_connections(bench, load):
    """Against nginx with the same certificates, one file each."""
    if not shutil.which('nginx'):
        return []
    folder, port = load.place.folder, served.free_port()
    (folder / 'nginx.conf').write_text(NGINX.format(folder=folder, port=port), encoding='ascii')
    (folder / 'n').mkdir()
    for part in (folder, folder / 'office', folder / 'office' / 'log'):
        part.chmod(0o755)
    nginx = subprocess.Popen(['nginx', '-c', folder / 'nginx.conf', '-g', 'user root;'], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        pids = [nginx.pid, *served.lab.children(nginx.pid)]
        rounds, ours, theirs = bench.rounds(5, 2), [], []
        for _ in range(rounds):
            ours.append(load.connect(load.place.port, load.place.processes().values(), '/log/checkpoint', bench.rounds(4, 2)))
            theirs.append(load.connect(port, pids, '/checkpoint', bench.rounds(4, 2)))
    finally:
        nginx.terminate()
        nginx.wait()
    ratio = [a['cost'] / b['cost'] for a, b in zip(ours, theirs)]
    return [Row('new mTLS connection', 'TLS 1.3, both certificates of P-256, one small file, closed again; processor time of '
                'the server\'s processes against nginx.',
                f'{statistics.median(a["cost"] for a in ours) * 1e6:.0f} µs against '
                f'{statistics.median(a["cost"] for a in theirs) * 1e6:.0f}: {statistics.median(ratio):.2f} × '
                f'({min(ratio):.2f}–{max(ratio):.2f})', '≤ 1.3 × nginx', statistics.median(ratio) <= 1.3)]


def through_the_socket(bench, load):
    """The command line joins the server on its machine; what the server's processes spend is its own too."""
    place, rounds = load.place, bench.rounds(60, 12)
    sign = Command([bench.hallmark, '--office', str(place.office), 'sign', '--product', 'pump', '-o', f'{NEW}.bin.p7s',
                    str(place.work / 'first.bin')], fresh=bench.fresh)
    peer = bench.osslsigncode_sign(bench.launcher)
    before = processor(place.processes().values())
    result = bench.spender.compare([sign, peer], rounds)
    share = (processor(place.processes().values()) - before) / (rounds + 1)
    ours, theirs = result.median(0) + share, result.median(1)
    return [Row('sign through a running office', 'a command on the server\'s machine, which joins it instead of opening the '
                'office, and the server\'s share; a file of its own kind against osslsigncode over a launcher.',
                f'{ours * 1e3:.1f} ms, of which the server {share * 1e3:.1f}, against {theirs * 1e3:.1f}: {ours / theirs:.2f} ×',
                '≤ 0.3 × osslsigncode', ours / theirs <= 0.3)]


def server(bench):
    place = make_place(tempfile.mkdtemp(dir=bench.folder, prefix='served.'))
    try:
        load = Load(bench.tool('server_load'), place)
        return [*signatures(bench, load), *new_connections(bench, load), *through_the_socket(bench, load),
                *server_peers.peers(bench, load)]
    finally:
        served.remove(place)
