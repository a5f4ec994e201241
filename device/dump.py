#!/usr/bin/python3
"""What is in a device's flash: state, trust lists, slots, the ring of boot records with its reasons.

  device/dump.py [--layout port_layout.h] [-D NAME=VALUE]... FLASH.BIN

FLASH.BIN is read from the layout's address 0 to its end. Nothing is judged; for that, boot it. Status 1: the state is lost, or the file is
not as large as the layout says."""
import argparse
import sys

import layout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--layout', default=layout.DEFAULT)
    layout.add_options(parser)
    parser.add_argument('flash', metavar='FLASH.BIN')
    chosen = parser.parse_args()
    try:
        status, said = layout.run_image(chosen.layout, chosen.define, 'show', chosen.flash)
    except (OSError, layout.Failed) as fault:
        print(f'device/dump.py: {fault}', file=sys.stderr)
        return 3
    print(said, end='')
    return status


if __name__ == '__main__':
    sys.exit(main())
