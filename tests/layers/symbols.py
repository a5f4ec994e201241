#!/usr/bin/python3
"""What the linker sees of each layer: the names it gives, and the names it takes from elsewhere. Catches what include paths
cannot: a function declared by hand, a helper that should be static, a library used where it has no business."""
import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap
from rules import MAY_SEE, OUTSIDE_FUNCTIONS, PRIMITIVES

BUILD = pathlib.Path(os.environ.get('HALLMARK_BUILD', ROOT / 'build'))
# What the compiler adds under sanitizers is not the layer's.
INSTRUMENTATION = re.compile(r'^(__asan|__ubsan|__sanitizer|__odr_asan|__sancov|_GLOBAL_)')


def names(*options):
    """The names that nm lists, without their versions; none for an archive that is not there."""
    run = subprocess.run(['nm', '--format=just-symbols', *options], stdout=subprocess.PIPE, check=False)
    listed = {line.split('@')[0] for line in run.stdout.decode().splitlines() if line and not line.endswith(':')}
    return {name for name in listed if not INSTRUMENTATION.match(name)}


def archive(layer):
    return str(BUILD / 'lib' / layer / f'libhm-{layer}.a')


def libcrypto():
    run = subprocess.run(['gcc', '-print-file-name=libcrypto.so'], stdout=subprocess.PIPE, check=True)
    return names('--dynamic', '--defined-only', run.stdout.decode().strip())


def check_given(out, given):
    for layer, defined in given.items():
        odd = sorted(name for name in defined if not name.startswith('hm_'))
        out.ok(not odd, f'every name that lib/{layer} gives the linker begins with hm_', odd)
    owners = collections.defaultdict(list)
    for layer, defined in given.items():
        for name in defined:
            owners[name].append(layer)
    twice = [f'{name}: {" ".join(layers)}' for name, layers in sorted(owners.items()) if len(layers) > 1]
    out.ok(not twice, 'no name is given by two layers', twice)


def check_taken(out, given, taken):
    openssl = libcrypto()
    out.ok('EVP_DigestVerify' in openssl and 'CMS_verify' in openssl, 'the names that OpenSSL gives are known')
    for layer, needed in taken.items():
        hidden = {name: other for other, defined in given.items() if other != layer and other not in MAY_SEE[layer]
                  for name in defined & needed}
        out.ok(not hidden, f'lib/{layer} takes no name from a layer that it may not see',
               [f'{name} of lib/{other}' for name, other in sorted(hidden.items())])
        if layer not in ('crypto', 'pki'):
            out.ok(not needed & openssl, f'lib/{layer} calls nothing in OpenSSL', sorted(needed & openssl))
    primitives = sorted(name for name in taken.get('pki', ()) if re.match(PRIMITIVES, name))
    out.ok(not primitives, 'lib/pki hashes and verifies through lib/crypto, not by itself', primitives)
    out.ok(any(re.match(PRIMITIVES, name) for name in taken.get('crypto', ())), 'lib/crypto is where the primitives are called')
    for prefix, allowed in OUTSIDE_FUNCTIONS.items():
        users = sorted(layer for layer, needed in taken.items() if any(name.startswith(prefix) for name in needed))
        out.ok(set(users) <= set(allowed), f'{prefix} is called only by lib/{", lib/".join(allowed)}', users)


def main():
    out = tap.Writer()
    layers = [layer for layer in MAY_SEE if (ROOT / 'lib' / layer / 'meson.build').exists()]
    given = {layer: names('--defined-only', '--extern-only', archive(layer)) for layer in layers}
    empty = sorted(layer for layer, defined in given.items() if not defined)
    out.ok(not empty, 'every layer gives the linker something', empty)
    taken = {layer: names('--undefined-only', archive(layer)) - given[layer] for layer in layers}
    check_given(out, given)
    check_taken(out, given, taken)
    out.close()


main()
