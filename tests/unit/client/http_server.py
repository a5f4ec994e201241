#!/usr/bin/python3
"""Servers on loopback for test_http: good ones and bad ones.

  http_server.py FOLDER

makes certificates in FOLDER, prints one line of NAME=PORT words, and serves until its standard input ends."""
import datetime
import http.server
import ipaddress
import pathlib
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FOLDER = pathlib.Path(sys.argv[1])
NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(subject, issuer, issuer_key, key, ca=False, host=None, begins=NOW - DAY, ends=NOW + DAY):
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(begins).not_valid_after(ends)
               .add_extension(x509.BasicConstraints(ca, None), True))
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([host]), False)
    return builder.sign(issuer_key, hashes.SHA256())


def write(path, *things):
    pem = b''
    for thing in things:
        if isinstance(thing, x509.Certificate):
            pem += thing.public_bytes(serialization.Encoding.PEM)
        else:
            pem += thing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption())
    (FOLDER / path).write_bytes(pem)


def new_key():
    return ec.generate_private_key(ec.SECP256R1())


CA_KEY, OTHER_KEY, KEY = new_key(), new_key(), new_key()
LOOPBACK = x509.IPAddress(ipaddress.ip_address('127.0.0.1'))


def make_certificates():
    write('ca.pem', certificate('ca', 'ca', CA_KEY, CA_KEY, ca=True))
    write('other-ca.pem', certificate('other', 'other', OTHER_KEY, OTHER_KEY, ca=True))
    write('good.pem', certificate('server', 'ca', CA_KEY, KEY, host=LOOPBACK), KEY)
    write('wrong-name.pem', certificate('server', 'ca', CA_KEY, KEY, host=x509.DNSName('other.example')), KEY)
    write('no-name.pem', certificate('server', 'ca', CA_KEY, KEY), KEY)
    write('expired.pem', certificate('server', 'ca', CA_KEY, KEY, host=LOOPBACK, begins=NOW - 9 * DAY, ends=NOW - DAY), KEY)
    write('early.pem', certificate('server', 'ca', CA_KEY, KEY, host=LOOPBACK, begins=NOW + DAY, ends=NOW + 9 * DAY), KEY)
    write('client.pem', certificate('client', 'ca', CA_KEY, KEY))
    write('client-key.pem', KEY)
    write('other-key.pem', new_key())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, body, *headers, length=True):
        self.send_response(status)
        for header, value in headers:
            self.send_header(header, value)
        if length:
            self.send_header('Content-Length', str(len(body) if length is True else length))
        else:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.removeprefix('/below')
        if path == '/small':
            self.answer(200, b'hello', ('Content-Type', 'text/plain'))
        elif path == '/long':
            self.answer(200, b'x' * 1000)
        elif path == '/cut':
            self.answer(200, b'x' * 10, length=1000)
            self.close_connection = True
        elif path in ('/chunks', '/chunks-cut', '/chunks-long'):
            self.answer(200, b'5\r\nhello\r\n', ('Transfer-Encoding', 'chunked'), length=None)
            self.wfile.write({'/chunks': b'0\r\n\r\n', '/chunks-cut': b'5\r\nhe',
                              '/chunks-long': b'400\r\n' + b'x' * 1024 + b'\r\n0\r\n\r\n'}[path])
        elif path == '/no-length':
            self.answer(200, b'hello', length=None)
        elif path == '/close':
            self.answer(200, b'hello', ('Connection', 'close'))
        elif path == '/redirect':
            self.answer(302, b'', ('Location', '/small'))
        elif path == '/cookie':
            self.answer(200, str(self.headers.get('Cookie')).encode(), ('Set-Cookie', 'a=b; Path=/'))
        elif path == '/compressed':
            self.answer(200, str(self.headers.get('Accept-Encoding')).encode())
        elif path == '/busy':
            self.answer(503, b'later', ('Retry-After', '7'))
        elif path == '/wrong-length':
            self.answer(200, b'hello', ('Content-Length', '-5'), length=None)
        elif path == '/vanished':
            self.answer(200, b''.join(vanished))
        elif path == '/slow':
            stop.wait(5)
            self.answer(200, b'late')
        else:
            self.answer(404, self.path.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/vanish':
            vanished.append(body)
            self.close_connection = True
            return
        said = '|'.join(str(self.headers.get(name)) for name in ('Content-Type', 'X-Probe', 'Expect', 'User-Agent'))
        self.answer(200, said.encode() + b'|' + body)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass


stop = threading.Event()
vanished = []  # what was posted to who then hung up


def serve(certificate_file=None, latest=None, client=False):
    """A web server with that certificate (None: plain). Returns its port."""
    server = Server(('127.0.0.1', 0), Handler)
    if certificate_file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / certificate_file)
        if latest:
            context.maximum_version = latest
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(FOLDER / 'ca.pem')
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def serve_bytes(said):
    """A server that answers every connection with SAID (None: never). Returns its port."""
    listener = socket.create_server(('127.0.0.1', 0))
    held = []

    def loop():
        while True:
            connection, _ = listener.accept()
            if said is None:
                held.append(connection)
                continue
            connection.recv(65536)
            connection.sendall(said)
            connection.close()
    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def closed_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


def main():
    make_certificates()
    ports = {
        'good': serve('good.pem'), 'wrong-name': serve('wrong-name.pem'), 'no-name': serve('no-name.pem'),
        'expired': serve('expired.pem'), 'early': serve('early.pem'),
        'tls12': serve('good.pem', latest=ssl.TLSVersion.TLSv1_2), 'mutual': serve('good.pem', client=True),
        'plain': serve(), 'garbage': serve_bytes(b'SSH-2.0-something\r\n\x00\x01\x02\xff' * 9),
        'nothing': serve_bytes(b''), 'silent': serve_bytes(None), 'closed': closed_port(),
        'status': serve_bytes(b'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'),
        'old': serve_bytes(b'<html>HTTP/0.9 has no header</html>'),
    }
    print(' '.join(f'{server}={port}' for server, port in ports.items()), flush=True)
    sys.stdin.read()
    stop.set()


main()
