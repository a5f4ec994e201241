"""The layers of DESIGN section 3 as data: what each may see, and what from outside it may touch."""

# Side by side, none seeing another: policy, identity, store, tlog, keys; and core never sees format (P8).
MAY_SEE = {
    'base': [],
    'crypto': ['base'],
    'pki': ['base', 'crypto'],
    'keys': ['base', 'crypto'],
    'tlog': ['base', 'crypto'],
    'store': ['base', 'crypto'],
    'policy': ['base', 'crypto'],
    'identity': ['base', 'crypto'],
    'format': ['base', 'crypto', 'pki'],
    'core': ['base', 'crypto', 'pki', 'keys', 'tlog', 'store', 'policy', 'identity'],
    'client': ['base', 'crypto', 'pki', 'keys', 'tlog', 'store', 'policy', 'identity', 'core'],
}

# Headers from outside that only some layers have business with.
OUTSIDE_HEADERS = {
    'openssl/': ['crypto', 'pki'],
    'p11-kit/': ['keys'],
    'sqlite3.h': ['store'],
    'curl/': ['client'],
    'jansson.h': ['identity', 'client'],
    'dlfcn.h': ['keys', 'client'],
}

# Functions from outside, by the beginning of their names, likewise.
OUTSIDE_FUNCTIONS = {
    'sqlite3_': ['store'],
    'dlopen': ['keys', 'client'],
    'curl_': [],
}

# Primitives: lib/pki parses certificates and CMS with OpenSSL, but hashes and verifies through lib/crypto.
PRIMITIVES = r'(SHA\d|MD5|EVP_Digest|EVP_Sign|EVP_Verify|EVP_PKEY_(sign|verify|encrypt|decrypt)|EVP_Encrypt|EVP_Decrypt|' \
             r'ECDSA_|RSA_(sign|verify|public|private)|HMAC)'
