#!/usr/bin/python3
"""Lists the fuzz targets for Meson, one a line: NAME:LAYER LAYER..., read from the first line of fuzz_*.c."""
import pathlib
import re
import sys

for source in sorted(pathlib.Path(__file__).parent.glob('fuzz_*.c')):
    first_line = source.read_text(encoding='utf-8').split('\n', 1)[0]
    layers = re.fullmatch(r'/\* layers: ([a-z_ ]+) \*/', first_line.strip())
    if not layers:
        sys.exit(f'{source.name}: the first line must name the layers it links: /* layers: base crypto */')
    print(f'{source.stem}:{layers[1].strip()}')
