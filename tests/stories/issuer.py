"""A CI service's issuer of tokens, as far as a story needs one.

  issuer.py keys FOLDER                           a key in FOLDER/issuer.pem, and its set in FOLDER/jwks.json
  issuer.py token FOLDER ISSUER AUDIENCE [CLAIMS]   a token; CLAIMS, a JSON object, are added or replace what it says"""
import base64
import json
import os
import pathlib
import sys
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def make_keys(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / 'issuer.pem').write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                          serialization.NoEncryption()))
    point = key.public_key().public_numbers()
    one = {'kty': 'EC', 'crv': 'P-256', 'kid': 'story', 'alg': 'ES256', 'use': 'sig', 'x': text(point.x.to_bytes(32, 'big')),
           'y': text(point.y.to_bytes(32, 'big'))}
    (folder / 'jwks.json').write_text(json.dumps({'keys': [one]}), encoding='utf-8')


def make_token(folder, issuer, audience, more):
    key = serialization.load_pem_private_key((folder / 'issuer.pem').read_bytes(), None)
    now = int(time.time())
    claims = {'iss': issuer, 'aud': audience, 'iat': now, 'exp': now + 300, 'jti': os.urandom(8).hex(), 'sub': 'job', **more}
    signed = '.'.join(text(json.dumps(part).encode()) for part in ({'alg': 'ES256', 'kid': 'story', 'typ': 'JWT'}, claims))
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    print(f'{signed}.{text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}')


def main():
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == 'keys':
        make_keys(folder)
    else:
        make_token(folder, sys.argv[3], sys.argv[4], json.loads(sys.argv[5]) if len(sys.argv) > 5 else {})


if __name__ == '__main__':
    main()
