"""A timestamping authority that can be told to lie.

  tsa.py FOLDER          prints its port; serves until it is ended

The path of the request says how it answers: words separated by slashes, each of which changes one thing. FOLDER holds
tsa.pem and tsa.key, by which it signs (openssl cms, which signs whatever it is given), and others that may be named.

  by-NAME      sign with NAME.pem and NAME.key
  at-SECONDS   the time, Unix seconds; +N and -N: so many from now
  imprint      of something else
  sha1         an imprint by SHA-1; of openssl ts, its certificate is named by SHA-1 (RFC 2634)
  nonce        another one;  no-nonce: none
  policy-OID   stamp by this policy
  version      TSTInfo of version 2
  status-N     a PKIStatus, with "no, thank you" as its words and badAlg as its failure
  name         names an authority that it is not
  critical     a critical extension
  no-cert      leave the certificate out
  no-binding   leave signingCertificateV2 out
  data         sign TSTInfo as plain data
  again        the same answer as the last time
  cut          half of the answer, with the length of all of it
  endless      an answer that does not end;  slow: one that begins after a minute
  http-N       an HTTP status
  junk         a web page
  ts           the answer is that of openssl ts -reply, which does not lie
"""

import datetime
import hashlib
import http.server
import os
import subprocess
import sys
import tempfile
import time

FOLDER = sys.argv[1]
TST_INFO = "1.2.840.113549.1.9.16.1.4"
SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value):
    return der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted):
    numbers = [int(n) for n in dotted.split(".")]
    octets = b""
    for number in [numbers[0] * 40 + numbers[1]] + numbers[2:]:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.insert(0, number & 0x7F | 0x80)
        octets += bytes(septets)
    return der(0x06, octets)


def read(octets):
    """Tag, content and what is behind."""
    length, at = octets[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(octets[2:at], "big")
    return octets[0], octets[at : at + length], octets[at + length :]


def read_request(octets):
    """The imprint's digest and the nonce's content."""
    _, inside, _ = read(octets)
    nonce = b""
    _, _, inside = read(inside)
    _, imprint, inside = read(inside)
    _, algorithm, imprint = read(imprint)
    digest = read(imprint)[1]
    while inside:
        tag, content, inside = read(inside)
        if tag == 0x02:
            nonce = content
    return digest, read(algorithm)[1], nonce


def option(words, name, default=None):
    for word in words:
        if word.startswith(name + "-"):
            return word[len(name) + 1 :]
    return default


def tst_info(words, request):
    digest, algorithm, nonce = read_request(request)
    at = option(words, "at", "+0")
    seconds = time.time() + int(at) if at[0] in "+-" else int(at)
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")
    hash_id = der(0x06, algorithm)
    if "imprint" in words:
        digest = hashlib.sha256(b"something else").digest()
    if "sha1" in words:
        digest, hash_id = digest[:20], oid(SHA1)
    if "nonce" in words:
        nonce = bytes([nonce[0] ^ 1]) + nonce[1:]
    parts = [
        integer(2 if "version" in words else 1),
        oid(option(words, "policy", "1.3.6.1.4.1.99999.1")),
        der(0x30, der(0x30, hash_id, der(0x05)), der(0x04, digest)),
        integer(int.from_bytes(b"\1" + os.urandom(8), "big")),
        der(0x18, moment.encode()),
        der(0x30, integer(1)),
    ]
    if nonce and "no-nonce" not in words:
        parts.append(der(0x02, nonce))
    if "name" in words:
        name = der(0x30, der(0x31, der(0x30, oid("2.5.4.3"), der(0x0C, b"somebody else"))))
        parts.append(der(0xA0, der(0xA4, name)))
    if "critical" in words:
        parts.append(der(0xA1, der(0x30, oid("1.3.6.1.4.1.99999.2"), der(0x01, b"\xff"), der(0x04, b""))))
    return der(0x30, *parts)


def sign(words, content):
    name = os.path.join(FOLDER, option(words, "by", "tsa"))
    command = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-nosmimecap", "-md", "sha256", "-outform", "DER"]
    command += ["-signer", name + ".pem", "-inkey", name + ".key"]
    command += [] if "data" in words else ["-econtent_type", TST_INFO]
    command += [] if "no-binding" in words else ["-cades"]
    command += ["-nocerts"] if "no-cert" in words else []
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return subprocess.run(command + ["-in", file.name], stdout=subprocess.PIPE, check=True).stdout


CONFIG = """[tsa]
default_tsa = one
[one]
serial = {0}/serial
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.3
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_alg = {1}
"""


def openssl_ts(words, request):
    with tempfile.TemporaryDirectory() as folder:
        config, query = os.path.join(folder, "config"), os.path.join(folder, "query")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(os.path.abspath(FOLDER), "sha1" if "sha1" in words else "sha256"))
        with open(query, "wb") as file:
            file.write(request)
        command = ["openssl", "ts", "-reply", "-config", config, "-queryfile", query]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def respond(words, request):
    if "ts" in words:
        return openssl_ts(words, request)
    status = int(option(words, "status", "0"))
    if status > 1:
        text = der(0x30, der(0x0C, b"no, \x1bthank you"))
        return der(0x30, der(0x30, integer(status), text, der(0x03, b"\x07\x80")))
    return der(0x30, der(0x30, integer(status)), sign(words, tst_info(words, request)))


class Handler(http.server.BaseHTTPRequestHandler):
    last = b""

    def do_POST(self):
        words = self.path.strip("/").split("/")
        request = self.rfile.read(int(self.headers["Content-Length"]))
        response = b"<html>It works!</html>" if "junk" in words else Handler.last
        if "again" not in words and "junk" not in words:
            response = Handler.last = respond(words, request)
        if "slow" in words:
            time.sleep(60)
        self.send_response(int(option(words, "http", "200")))
        self.send_header("Content-Type", "application/timestamp-reply")
        if "endless" not in words:
            self.send_header("Content-Length", str(len(response)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.write(words, response)
        except OSError:
            pass

    def write(self, words, response):
        while "endless" in words:
            self.wfile.write(b"1000\r\n" + bytes(0x1000) + b"\r\n")
        self.wfile.write(response[: len(response) // 2] if "cut" in words else response)
        if "cut" in words:
            self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
