"""A served office: founders, a product, a CI job that signs by its token, and this machine's user who signs as well.

A Served is a folder with the office and its server's files; start() and stop() are the server, Client is one of its clients
over HTTPS, processes() what the server consists of."""
import base64
import collections
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

import lab

HALLMARKD = os.environ.get('HALLMARKD', str(lab.BUILD / 'app' / 'hallmarkd' / 'hallmarkd'))
ISSUER, AUDIENCE = 'https://ci.example', 'https://sign.example.com'
TOKEN_SECONDS = 3000
POLICY = 'rule all\n  request by ci, desk\n  formats cms\n'
# A request that takes longer than this hangs.
TOO_LONG = 60

Process = collections.namedtuple('Process', 'pid resident descriptors')


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Issuer:
    """Of the CI's tokens: its key's public half lies in a file."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        point = self.key.public_key().public_numbers()
        one = {'kty': 'EC', 'crv': 'P-256', 'kid': 'one', 'alg': 'ES256', 'use': 'sig', 'x': text(point.x.to_bytes(32, 'big')),
               'y': text(point.y.to_bytes(32, 'big'))}
        (folder / 'jwks.json').write_text(json.dumps({'keys': [one]}), encoding='utf-8')
        (folder / 'issuers').write_text(f'issuer {ISSUER}\n  audience {AUDIENCE}\n  keys file://{folder}/jwks.json\n'
                                        '  tokens until-expiry\n', encoding='utf-8')

    def token(self, **more):
        now = int(time.time())
        claims = {'iss': ISSUER, 'aud': AUDIENCE, 'iat': now, 'exp': now + TOKEN_SECONDS, 'jti': os.urandom(8).hex(),
                  'sub': 'job', 'repository_id': '123', **more}
        signed = '.'.join(text(json.dumps(part).encode()) for part in ({'alg': 'ES256', 'kid': 'one'}, claims))
        r, s = utils.decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f'{signed}.{text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}'


def make_certificate(folder):
    """The server's own, of P-256."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                    folder / 'tls.key', '-out', folder / 'tls.pem', '-days', '30', '-subj', '/CN=localhost', '-addext',
                    'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    assert serialization.load_pem_private_key((folder / 'tls.key').read_bytes(), None)


class Served(lab.Lab):
    def __init__(self, folder):
        super().__init__(folder)
        self.port, self.metrics = free_port(), free_port()
        self.server = None
        self.before = ()  # what the server is started under

    def officers(self, *arguments):
        return self.must(*arguments, '--key', 'alice.key', '--key', 'bob.key')

    def found(self):
        self.work.mkdir(parents=True)
        self.issuer = Issuer(self.folder)
        make_certificate(self.folder)
        for name in ('alice', 'bob'):
            self.must('principal', 'keygen', f'{name}.key')
        self.must('init', '--org', 'Served Lab', '--founder', 'alice=alice.key.pub', '--founder', 'bob=bob.key.pub')
        self.officers('principal', 'add', 'desk', '--unix-user', str(os.getuid()))
        self.officers('grant', 'add', 'desk', 'administrator')
        self.must('product', 'add', 'pump')
        self.officers('grant', 'withdraw', 'desk', 'administrator')
        self.officers('principal', 'add', 'ci', '--oidc', ISSUER, '--claim', 'repository_id=123')
        for name in ('ci', 'desk'):
            self.officers('grant', 'add', name, 'requester', '--product', 'pump')
        (self.work / 'policy').write_text(POLICY, encoding='utf-8')
        self.officers('policy', 'edit', 'policy', '--product', 'pump')
        (self.work / 'first.bin').write_bytes(b'first')
        self.must('sign', '--product', 'pump', 'first.bin')

    def start(self, *arguments, before=(), environment=None, server=False):
        if not server:
            return super().start(*arguments, before=before, environment=environment)
        with open(self.folder / 'server.log', 'ab') as log:
            self.server = subprocess.Popen(
                [*self.before, HALLMARKD, '--office', self.office, '--listen', f'127.0.0.1:{self.port}', '--certificate',
                 self.folder / 'tls.pem', '--key', self.folder / 'tls.key', '--issuers', self.folder / 'issuers', '--metrics',
                 f'127.0.0.1:{self.metrics}', *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self.server

    def serve(self, *arguments, seconds=30):
        """Starts it, over and over as a service manager would while what was killed is not quite gone, until it answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.start(*arguments, server=True)
            while self.server.poll() is None and time.monotonic() < deadline:
                if self.is_up():
                    return
                time.sleep(0.01)
            self.server.wait()
            time.sleep(0.02)
        raise RuntimeError('the server does not come up: ' + (self.folder / 'server.log').read_text('utf-8', 'replace')[-2000:])

    def is_up(self):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', self.metrics, timeout=5)
            connection.request('GET', '/healthz')
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.terminate()
            self.server.wait(TOO_LONG)
        self.server = None

    def processes(self):
        """By what they are called: supervisor, core, front, tokens."""
        found = {'supervisor': self.server.pid}
        for pid in lab.children(self.server.pid):
            try:
                name = pathlib.Path(f'/proc/{pid}/comm').read_text('ascii').strip()
            except OSError:
                continue
            if name.startswith('hallmark-'):
                found[name.removeprefix('hallmark-')] = pid
        return found

    def process(self, name):
        """The process NAME, as soon as there is one: it has its name a moment after it was started."""
        deadline = time.monotonic() + 30
        while name not in (found := self.processes()):
            if time.monotonic() > deadline:
                raise RuntimeError(f'the server has no {name}: {found}')
            time.sleep(0.005)
        return found[name]

    def state(self):
        """What each process holds: resident memory in KiB, descriptors."""
        state = {}
        for name, pid in self.processes().items():
            lines = pathlib.Path(f'/proc/{pid}/status').read_text('ascii').splitlines()
            resident = next(int(line.split()[1]) for line in lines if line.startswith('VmRSS'))
            state[name] = Process(pid, resident, len(os.listdir(f'/proc/{pid}/fd')))
        return state

    def check_log(self):
        """What is wrong with the log, as sentences: as a whole, and against the checkpoint that was seen before."""
        trust = self.office / 'trust.pem'
        check = self.run('log', 'check')
        follow = self.run('log', 'monitor', str(self.office / 'log'), '--trust', str(trust), '--state', 'head')
        return [f'log {what}: {outcome}' for what, outcome in (('check', check), ('monitor', follow)) if outcome.status != 0]


class Refused(Exception):
    """An answer that is a problem: its status, and what it says."""

    def __init__(self, status, body, headers):
        super().__init__(f'{status}: {body}')
        self.status, self.headers = status, headers


class Client:
    """One keep-alive connection, with a session of the CI job's. SOURCE: the address it comes from."""

    def __init__(self, port, token, authority, source='127.0.0.1', timeout=TOO_LONG):
        context = ssl.create_default_context(cafile=authority)
        self.connection = http.client.HTTPSConnection('127.0.0.1', port, timeout=timeout, context=context,
                                                      source_address=(source, 0))
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {'Content-Type': 'application/json'}
        try:
            self.headers['Authorization'] = 'Bearer ' + self.ask('POST', '/v1/sessions', {})['session']
            if token:
                self.ask('POST', '/v1/sessions/current/token', {'token': token})
        except Exception:
            self.close()
            raise

    def close(self):
        self.connection.close()

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status != 200:
            raise Refused(answer.status, read.decode('utf-8', 'replace'), answer.headers)
        return json.loads(read)

    def sign(self, contents):
        """Signatures of files with these contents, in one request."""
        items = [{'format': 'cms', 'structure': 'cms', 'algorithm': 'es256', 'name': 'f.bin', 'size': len(content),
                  'plain': digest, 'content': digest}
                 for content in contents for digest in (hashlib.sha256(content).hexdigest(),)]
        answer = self.ask('POST', '/v1/signatures', {'product': 'pump', 'release': '1.0', 'formats': ['cms'], 'items': items})
        return [base64.b64decode(item['structure']) for item in answer['items']]


def remove(place):
    place.stop()
    shutil.rmtree(place.folder, ignore_errors=True)
