"""Keys made from names, so that every run makes the same ones, and deterministic signatures: RFC 6979 for ECDSA, a salt
made from the message for PSS. Big-number arithmetic is Python's and curve points are python3-cryptography's. For tests only:
nothing here is constant-time, and the keys are as secret as this file."""
import functools
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import cbor

ESP256, ESP384, ED25519, PS256, RS256, HSS_LMS = -9, -51, -19, -37, -257, -46
ALGORITHMS = {'esp256': ESP256, 'esp384': ESP384, 'ed25519': ED25519, 'ps256': PS256, 'rs256': RS256,
              'hss-lms': HSS_LMS}
# Curve, its COSE number, the order of its base point, the digest.
CURVES = {
    ESP256: (ec.SECP256R1(), 1, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551, 'sha256'),
    ESP384: (ec.SECP384R1(), 2, int('ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77a'
                                    'ecec196accc52973', 16), 'sha384'),
}
# What must be added to the number that a seed gives so that it is prime.
PRIMES = {('rsa a', 'p'): 724, ('rsa a', 'q'): 188, ('rsa b', 'p'): 248, ('rsa b', 'q'): 1048}


def bytes_of(seed, count):
    blocks = (hashlib.sha256(seed + number.to_bytes(4, 'big')).digest() for number in range((count + 31) // 32))
    return b''.join(blocks)[:count]


def sha256(*pieces):
    return hashlib.sha256(b''.join(pieces)).digest()


class Key:
    """COSE_Key without kid in PUBLIC; SIGN(message) -> signature as COSE carries it."""

    def __init__(self, name, algorithm, public):
        self.name, self.algorithm, self.public = name, algorithm, public
        required = {label: value for label, value in public.items() if label != 3}
        self.kid = sha256(cbor.encode(required))

    def cose(self, **changes):
        """The COSE_Key of the trust list; a change names the member kid, kty, alg or the value of it by label."""
        return {**self.public, 2: changes.get('kid', self.kid)}


class EcKey(Key):
    def __init__(self, name, algorithm):
        curve, number, order, self.hash = CURVES[algorithm]
        self.curve, self.order, self.size = curve, order, (curve.key_size + 7) // 8
        self.secret = int.from_bytes(bytes_of(f'{name} {curve.name}'.encode(), self.size + 8), 'big') % (order - 1) + 1
        point = self.times(self.secret)
        super().__init__(name, algorithm, {1: 2, 3: algorithm, -1: number, -2: self.number(point.x),
                                           -3: self.number(point.y)})

    def number(self, value):
        return value.to_bytes(self.size, 'big')

    def times(self, scalar):
        return ec.derive_private_key(scalar, self.curve).public_key().public_numbers()

    def nonces(self, digest):
        """RFC 6979 section 3.2; both digests are as long as their orders."""
        def mac(*pieces):
            return hmac.new(key, b''.join(pieces), self.hash).digest()
        seed = self.number(self.secret) + self.number(int.from_bytes(digest, 'big') % self.order)
        value, key = b'\x01' * len(digest), b'\x00' * len(digest)
        for separator in (b'\x00', b'\x01'):
            key = mac(value, separator, seed)
            value = mac(value)
        while True:
            value = mac(value)
            candidate = int.from_bytes(value, 'big')
            if 0 < candidate < self.order:
                yield candidate
            key = mac(value, b'\x00')
            value = mac(value)

    def sign(self, message):
        digest = hashlib.new(self.hash, message).digest()
        for nonce in self.nonces(digest):
            r = self.times(nonce).x % self.order
            s = pow(nonce, -1, self.order) * (int.from_bytes(digest, 'big') + r * self.secret) % self.order
            if r and s:
                return self.number(r) + self.number(s)


class EdKey(Key):
    def __init__(self, name):
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes_of(f'{name} ed25519'.encode(), 32))
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        super().__init__(name, ED25519, {1: 1, 3: ED25519, -1: 6, -2: public})

    def sign(self, message):
        return self.private.sign(message)


class RsaKey(Key):
    """2048 bits."""

    def __init__(self, name, algorithm):
        p, q = (int.from_bytes(bytes_of(f'{name} {half}'.encode(), 128), 'big') | 3 << 1022 | 1 for half in 'pq')
        p, q = p + PRIMES[name, 'p'], q + PRIMES[name, 'q']
        self.n, self.d = p * q, pow(65537, -1, (p - 1) * (q - 1))
        super().__init__(name, algorithm, {1: 3, 3: algorithm, -1: self.n.to_bytes(256, 'big'), -2: b'\x01\x00\x01'})

    def sign(self, message):
        encoded = self.pss(message) if self.algorithm == PS256 else self.pkcs1(message)
        return pow(int.from_bytes(encoded, 'big'), self.d, self.n).to_bytes(256, 'big')

    @staticmethod
    def pkcs1(message):
        info = bytes.fromhex('3031300d060960864801650304020105000420') + sha256(message)
        return b'\x00\x01' + b'\xff' * (253 - len(info)) + b'\x00' + info

    @staticmethod
    def pss(message):
        """RFC 8017 section 9.1.1, SHA-256, a salt of 32 bytes."""
        salt = sha256(b'salt', message)
        digest = sha256(bytes(8), sha256(message), salt)
        block = bytes(256 - 34 - 32) + b'\x01' + salt
        masked = bytes(a ^ b for a, b in zip(block, bytes_of(digest, len(block))))
        return bytes([masked[0] & 0x7f]) + masked[1:] + digest + b'\xbc'


class LmsKey(Key):
    """HSS of one level, LMS_SHA256_M32_H5 over LMOTS_SHA256_N32_W8 (RFC 8554). The leaf is picked by the message: the
    same message gives the same signature. That is no way to use a real key."""
    LMS, OTS, HEIGHT, CHAINS = 5, 4, 5, 34

    def __init__(self, name):
        self.id, self.seed = bytes_of(f'{name} lms id'.encode(), 16), bytes_of(f'{name} lms'.encode(), 32)
        nodes = {32 + leaf: self.hash(32 + leaf, 0x8282, self.leaf(leaf)) for leaf in range(32)}
        for node in range(31, 0, -1):
            nodes[node] = self.hash(node, 0x8383, nodes[2 * node] + nodes[2 * node + 1])
        self.nodes = nodes
        public = b''.join(number.to_bytes(4, 'big') for number in (1, self.LMS, self.OTS)) + self.id + nodes[1]
        super().__init__(name, HSS_LMS, {1: 5, 3: HSS_LMS, -1: public})

    def hash(self, number, code, *pieces):
        return sha256(self.id, number.to_bytes(4, 'big'), code.to_bytes(2, 'big'), *pieces)

    def start(self, leaf, chain):
        return self.hash(leaf, chain, b'\xff', self.seed)

    def chain(self, leaf, chain, value, begin, end):
        for step in range(begin, end):
            value = self.hash(leaf, chain, bytes([step]), value)
        return value

    def leaf(self, leaf):
        ends = [self.chain(leaf, chain, self.start(leaf, chain), 0, 255) for chain in range(self.CHAINS)]
        return self.hash(leaf, 0x8080, *ends)

    def sign(self, message):
        leaf, randomizer = sha256(message)[0] % 32, sha256(b'C', message)
        digest = self.hash(leaf, 0x8181, randomizer, message)
        digits = digest + sum(255 - digit for digit in digest).to_bytes(2, 'big')
        chains = [self.chain(leaf, number, self.start(leaf, number), 0, digit) for number, digit in enumerate(digits)]
        path, node = [], 32 + leaf
        while node > 1:
            path.append(self.nodes[node ^ 1])
            node //= 2
        return b''.join([bytes(4), leaf.to_bytes(4, 'big'), self.OTS.to_bytes(4, 'big'), randomizer, *chains,
                         self.LMS.to_bytes(4, 'big'), *path])


@functools.lru_cache(maxsize=None)
def key(name, algorithm):
    """The key of this NAME; for RSA the name is 'rsa a' or 'rsa b'."""
    if algorithm in CURVES:
        return EcKey(name, algorithm)
    if algorithm == ED25519:
        return EdKey(name)
    return LmsKey(name) if algorithm == HSS_LMS else RsaKey(name, algorithm)


def public_key(cose):
    """For the model: python3-cryptography's key of a COSE_Key, ValueError if it is none."""
    if cose[1] == 2:
        curve = {1: ec.SECP256R1(), 2: ec.SECP384R1()}[cose[-1]]
        return ec.EllipticCurvePublicNumbers(int.from_bytes(cose[-2], 'big'), int.from_bytes(cose[-3], 'big'),
                                             curve).public_key()
    if cose[1] == 1:
        return ed25519.Ed25519PublicKey.from_public_bytes(cose[-2])
    return rsa.RSAPublicNumbers(int.from_bytes(cose[-2], 'big'), int.from_bytes(cose[-1], 'big')).public_key()


def verify(cose, message, signature):
    """python3-cryptography's verdict; not for HSS-LMS."""
    algorithm = cose[3]
    try:
        public = public_key(cose)
        if algorithm in CURVES:
            curve, _, _, name = CURVES[algorithm]
            size = (curve.key_size + 7) // 8
            if len(signature) != 2 * size:
                return False
            pair = (int.from_bytes(half, 'big') for half in (signature[:size], signature[size:]))
            digest = {'sha256': hashes.SHA256(), 'sha384': hashes.SHA384()}[name]
            public.verify(utils.encode_dss_signature(*pair), message, ec.ECDSA(digest))
        elif algorithm == ED25519:
            public.verify(signature, message)
        else:
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if algorithm == PS256 else padding.PKCS1v15()
            public.verify(signature, message, scheme, hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
