"""bench/RESULTS.md."""
import datetime
import os
import platform
import re
import subprocess
from dataclasses import dataclass


@dataclass
class Row:
    what: str
    explanation: str  # for a reader who knows nothing of us; empty: the chapter's remarks say it
    measured: str
    bar: str
    met: object = None  # None: there is no bar, the figure is stated


@dataclass
class Chapter:
    title: str
    rows: list
    remarks: str = ''  # Markdown that holds for all rows, behind the table


def first_line(*words):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except FileNotFoundError:
        return 'absent'
    lines = done.stdout.strip().splitlines()
    return lines[0].strip() if lines else 'unknown'


def package_version(name):
    return first_line('dpkg-query', '-W', '-f', '${Version}', name)


def processor_name():
    with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
        for line in file:
            if line.startswith('model name'):
                return line.split(':', 1)[1].strip()
    return platform.processor() or 'unknown'


def memory_gib():
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30


def system_name():
    release = platform.freedesktop_os_release()
    return release.get('PRETTY_NAME', 'Linux')


def machine(load_before):
    load = ', '.join(f'{value:.1f}' for value in load_before)
    return [
        f'- {processor_name()}, {os.cpu_count()} processors, {memory_gib():.0f} GiB; Linux {platform.release()}, '
        f'{system_name()}; load before the run {load}',
        f'- {first_line("gcc", "--version")}; {first_line("openssl", "version")}; SQLite {package_version("libsqlite3-0")}; '
        f'SoftHSM {package_version("softhsm2")}; {first_line("osslsigncode", "--version").rstrip(", using:")}; '
        f'{first_line("sbverify", "--version")}; libp11 engine {package_version("libengine-pkcs11-openssl")}',
    ]


HEAD = '''# What Hallmark costs

Written by `make bench` (bench/run.py{mode}) on {date}. The bars are DESIGN's; a bar that is missed is printed as missed.

{machine}

Ours and the peer take turns in one run; a ratio is the median over the pairs of runs, with the smallest and the largest in
brackets. Unless a row says otherwise, time is processor time, user and system, of all processes of a command together, and
memory is the peak of its largest process. All files are in the page cache. *Durable* means written and fsynced.
'''


def verdict(row):
    return {None: 'stated', True: 'met', False: '**missed**'}[row.met]


def chapter_text(chapter):
    text = f'## {chapter.title}\n\n| what | measured | bar | |\n|---|---|---|---|\n'
    for row in chapter.rows:
        text += f'| {row.what} | {row.measured} | {row.bar} | {verdict(row)} |\n'
    text += '\n'
    for row in chapter.rows:
        if row.explanation:
            text += f'- **{row.what}**: {row.explanation}\n'
    if chapter.remarks:
        text += '\n' + chapter.remarks.strip('\n') + '\n'
    return text


def write(path, chapters, load_before, quick):
    text = HEAD.format(mode=' --quick: few rounds and small logs, for a first look' if quick else '',
                       date=datetime.date.today().isoformat(), machine='\n'.join(machine(load_before)))
    for chapter in chapters:
        text += '\n' + chapter_text(chapter)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def rewrite(path, chapters):
    """These chapters anew, at the end; all others as they are in the file."""
    with open(path, encoding='utf-8') as file:
        head, *old = re.split(r'\n(?=## )', file.read())
    today = datetime.date.today().isoformat()
    head = re.sub(r'( on \d{4}-\d\d-\d\d)(; [^.]*)?\.', rf'\1; what runs in an emulator, on {today}.', head, count=1)
    titles = {chapter.title for chapter in chapters}
    kept = [text for text in old if text.splitlines()[0].removeprefix('## ') not in titles]
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join([head, *kept, *map(chapter_text, chapters)]))
