#!/usr/bin/python3
"""What the device verifier needs from outside, held against verify/STDLIB.md: every source in verify/files.txt is compiled for this
machine and for Cortex-M, freestanding, and its symbols, data and calls are looked at."""
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

VERIFY = ROOT / 'verify'
FLAGS = ['-std=c11', '-ffreestanding', '-Wvla', '-Werror', '-fno-stack-protector', '-I', str(VERIFY / 'include')]
# What this machine's compiler adds by itself is not the source's: Debian's gcc has none of it when told so.
HOST = ['-fcf-protection=none', '-fno-pic', '-fno-pie']
TARGETS = {
    'this machine, gcc -O2': (['gcc', '-O2', *HOST], 'nm', 'portable'),
    'this machine, clang -O2': (['clang', '-O2', *HOST], 'nm', 'portable'),
    'Cortex-M3': (['arm-none-eabi-gcc', '-mcpu=cortex-m3', '-mthumb', '-Os'], 'arm-none-eabi-nm', 'portable'),
    'Cortex-M4': (['arm-none-eabi-gcc', '-mcpu=cortex-m4', '-mthumb', '-Os'], 'arm-none-eabi-nm', 'portable'),
    'Cortex-M4 with UMAAL': (['arm-none-eabi-gcc', '-mcpu=cortex-m4', '-mthumb', '-Os'], 'arm-none-eabi-nm', 'arm'),
}

# Breaks every rule, so that the test is seen to fail.
UNRULY = '''#include <stdint.h>
void *malloc(__SIZE_TYPE__);
int counter = 1;
int odd_name(int depth);
int odd_name(int depth) {
    volatile char *varying = __builtin_alloca((unsigned)depth);
    varying[0] = *(volatile char *)malloc((unsigned)counter++);
    return depth > 1 ? odd_name(odd_name(depth - 1)) * 3 + varying[0] : depth;
}
'''


def allowed():
    """The list in STDLIB.md."""
    return set(re.findall(r'^- `(\w+)`$', (VERIFY / 'STDLIB.md').read_text(encoding='utf-8'), re.MULTILINE))


def sources():
    return [VERIFY / 'src' / name for name in (VERIFY / 'files.txt').read_text(encoding='utf-8').split()]


def compile_all(paths, compiler, arithmetic, folder):
    """The objects, in FOLDER; gcc leaves a call graph beside each."""
    graph = [] if compiler[0] == 'clang' else ['-fcallgraph-info=su']
    objects = []
    for number, path in enumerate(paths):
        target = pathlib.Path(folder) / f'{number}.o'
        subprocess.run([*compiler, *FLAGS, *graph, '-I', str(VERIFY / arithmetic), '-c', str(path), '-o', str(target)], check=True,
                       cwd=folder)
        objects.append(str(target))
    return objects


def symbols(nm, objects):
    """Each symbol as (letter of nm, name); small letters are local."""
    run = subprocess.run([nm, *objects], stdout=subprocess.PIPE, text=True, check=True)
    return re.findall(r'^[0-9a-f ]+ ([A-Za-z]) (\S+)$', run.stdout, re.MULTILINE)


def calls(folder):
    """Who calls whom, and the functions whose stack has no bound; gcc calls a frame that it aligns dynamic, but bounded."""
    edges, unfixed = collections.defaultdict(set), set()
    for number, path in enumerate(sorted(pathlib.Path(folder).glob('*.ci'))):
        text = path.read_text(encoding='utf-8')

        def whole(name, number=number):
            return f'{number}:{name}' if ':' in name else name  # static functions are named FILE:NAME

        for caller, callee in re.findall(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            edges[whole(caller)].add(whole(callee))
        unfixed |= {name for name, stack in re.findall(r'node: \{ title: "([^"]+)" label: "[^"]*\((dynamic[^)]*)\)', text)
                    if 'bounded' not in stack}
    return edges, unfixed


def circles(edges):
    """The functions that can come back to themselves."""
    found = set()
    for start in list(edges):
        reached, waiting = set(), [start]
        while waiting:
            for callee in edges.get(waiting.pop(), ()):
                if callee not in reached:
                    reached.add(callee)
                    waiting.append(callee)
        if start in reached:
            found.add(start)
    return found


def look(paths, target):
    """What is wrong with PATHS compiled for TARGET, by rule."""
    compiler, nm, arithmetic = TARGETS[target]
    with tempfile.TemporaryDirectory() as folder:
        found = symbols(nm, compile_all(paths, compiler, arithmetic, folder))
        edges, unfixed = calls(folder)
    given = collections.Counter(name for letter, name in found if letter in 'TRVW')
    return {
        'takes only what STDLIB.md lists from outside': {name for letter, name in found if letter == 'U'} - set(given) - allowed(),
        'gives the linker only names that begin with hmv_': {name for name in given if not name.startswith('hmv_')},
        'gives each name once': {name for name, count in given.items() if count > 1},
        'has no variable that changes': {name for letter, name in found if letter in 'bBdDCsSgG'},
        'has no function that calls itself': circles(edges),
        'has no stack frame without a bound': unfixed,
    }


def main():
    out = tap.Writer()
    paths = sources()
    out.ok(len(allowed()) == 3 and len(paths) > 5, 'STDLIB.md and files.txt are read')
    for target, (compiler, _, _) in TARGETS.items():
        if not shutil.which(compiler[0]):
            out.skip(f'the verifier on {target}', f'{compiler[0]} is not here')
            continue
        for rule, wrong in look(paths, target).items():
            out.ok(not wrong, f'the verifier on {target} {rule}', sorted(wrong))
    with tempfile.TemporaryDirectory() as folder:
        unruly = pathlib.Path(folder) / 'unruly.c'
        unruly.write_text(UNRULY, encoding='utf-8')
        wrong = look([unruly], 'this machine, gcc -O2')
    noticed = ('takes only', 'gives the linker only', 'has no variable', 'has no function', 'has no stack frame')
    for rule, names in wrong.items():
        if rule.startswith(noticed):
            out.ok(names, f'it would be noticed if the verifier broke the rule: {rule}')
    out.close()


main()
