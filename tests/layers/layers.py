#!/usr/bin/python3
"""Proves that the layers of DESIGN section 3 are the build's, not a habit: an include of a layer that must not be seen fails
to compile with exactly the include paths that Meson gave the layer. Read from compile_commands.json of $HALLMARK_BUILD."""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap
from rules import MAY_SEE, OUTSIDE_HEADERS

BUILD = pathlib.Path(os.environ.get('HALLMARK_BUILD', ROOT / 'build'))

# `#include "../x.h"` reaches past what the build file lists.
CLIMBING = re.compile(r'^\s*#\s*include\s+["<][^">]*\.\./', re.MULTILINE)


def layers():
    return sorted(path.name for path in (ROOT / 'lib').iterdir() if (path / 'meson.build').exists())


def headers(layer):
    include = ROOT / 'lib' / layer / 'include'
    return sorted(str(path.relative_to(include)) for path in include.rglob('*.h'))


def include_flags(layer):
    """The -I and -isystem flags of the layer's first source, None if it has no source yet."""
    with open(BUILD / 'compile_commands.json', encoding='utf-8') as file:
        for entry in json.load(file):
            source = pathlib.Path(entry['directory'], entry['file']).resolve()
            if source.is_relative_to(ROOT / 'lib' / layer):
                words = shlex.split(entry['command'])
                return [word for word in words if word.startswith(('-I', '-isystem'))]
    return None


def compiles(flags, header, scratch):
    """Whether a source that includes only HEADER compiles; else the compiler's words."""
    with tempfile.NamedTemporaryFile('w', suffix='.c', dir=scratch) as source:
        source.write(f'#include <{header}>\nint translation_unit_is_not_empty;\n')
        source.flush()
        run = subprocess.run(['gcc', '-std=gnu11', '-D_GNU_SOURCE', '-fsyntax-only', *flags, source.name], cwd=BUILD,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        words = run.stdout.decode('utf-8', 'replace')
        return run.returncode == 0, words


def is_hidden(flags, header, scratch):
    """Refused, and for the reason that the header cannot be found."""
    good, words = compiles(flags, header, scratch)
    return not good and f'{header}: No such file' in words, words


def check_pairs(out, pool, scratch):
    for lower in layers():
        flags = include_flags(lower)
        if flags is None:
            out.ok(False, f'lib/{lower} has a source that tells its include paths')
            continue
        for other in layers():
            if other == lower or not headers(other):
                continue
            if other in MAY_SEE[lower]:
                # The control: the same way of asking does find a header below, where the build file lists it.
                if (ROOT / 'lib' / other / 'include') in shown(flags):
                    results = list(pool.map(lambda header: compiles(flags, header, scratch), headers(other)))
                    out.ok(all(good for good, _ in results), f'lib/{lower} sees every header of lib/{other} below it',
                           [words for good, words in results if not good])
            else:
                results = list(pool.map(lambda header: is_hidden(flags, header, scratch), headers(other)))
                visible = [header for header, (hidden, _) in zip(headers(other), results) if not hidden]
                out.ok(not visible, f'lib/{lower} cannot include lib/{other}', visible)


def shown(flags):
    return {(BUILD / flag[2:]).resolve() for flag in flags if flag.startswith('-I')}


def sources(layer):
    return [path for path in sorted((ROOT / 'lib' / layer).rglob('*')) if path.suffix in ('.c', '.h')]


def check_texts(out):
    climbing = [str(path.relative_to(ROOT)) for folder in ('lib', 'app', 'verify', 'device')
                for path in sorted((ROOT / folder).rglob('*.[ch]')) if CLIMBING.search(path.read_text(encoding='utf-8'))]
    out.ok(not climbing, 'no source climbs out of its folder with #include "../', climbing)
    out.ok(bool(CLIMBING.search('  # include "../core/office.h"')), 'such an include would be noticed')
    for header, allowed in OUTSIDE_HEADERS.items():
        pattern = re.compile(r'^\s*#\s*include\s+["<]' + re.escape(header), re.MULTILINE)
        users = {layer for layer in layers() for path in sources(layer) if pattern.search(path.read_text(encoding='utf-8'))}
        out.ok(users <= set(allowed), f'<{header}> is included only by lib/{", lib/".join(allowed)}',
               sorted(users - set(allowed)))


def main():
    out = tap.Writer()
    unknown = set(layers()) - set(MAY_SEE)
    out.ok(not unknown, 'every folder of lib/ is a layer that this test knows', sorted(unknown))
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(4) as pool:
        control, words = compiles(['-I' + str(ROOT / 'lib' / 'base' / 'include')], 'base/bytes.h', scratch)
        out.ok(control, 'with the include path listed, a header is found', [words])
        check_pairs(out, pool, scratch)
    check_texts(out)
    out.close()


main()
