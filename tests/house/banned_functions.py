#!/usr/bin/python3
"""no_banned_functions: functions that C has and that Hallmark's own code must not call, with what to use instead.

Read from the sources (comments and strings taken out), since a compiler may replace a call by another."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

FOLDERS = ('lib', 'app', 'verify', 'device')

BANNED = {
    'no bound on what is written': (
        'strcpy stpcpy wcscpy strcat wcscat sprintf vsprintf gets', 'hm_put_text, hm_put_format, snprintf'),
    'no zero behind what is cut off': ('strncpy stpncpy strncat', 'hm_put, snprintf'),
    'errors cannot be told from values': ('atoi atol atoll atof', 'hm_decimal_decode'),
    'no bound on a field, overflow undefined': ('sscanf fscanf scanf vsscanf vfscanf', 'hm_reader, hm_decimal_decode'),
    'hidden state shared by threads': (
        'strtok localtime gmtime ctime asctime ttyname getpwuid getpwnam getgrgid getgrnam getlogin',
        'hm_read_line, localtime_r, gmtime_r, getpwuid_r'),
    'guessable random numbers': ('rand srand random srandom drand48 lrand48 rand_r', 'hm_random'),
    'a shell between us and the program': ('system popen', 'posix_spawn or execve with an argument list'),
    'a name that another process can take': ('tmpnam tempnam mktemp tmpfile', 'hm_outfile_open'),
    'no bound on the stack': ('alloca', 'hm_buf'),
    'control flow that skips clean-up': ('setjmp longjmp sigsetjmp siglongjmp', 'hm_err and HM_TRY'),
    'its prompt has no time limit and its buffer is never wiped': ('getpass', 'hm_secret_from_fd, hm_secret_from_file'),
    'not in POSIX any more': ('bcopy bzero bcmp', 'memmove, memset, hm_bytes_equal'),
}

# A call: the word, not a member or part of a longer one, before an opening parenthesis.
CALL = r'(?<![\w.>])({})\s*\('
NOT_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
# P2: no PIN or passphrase from the environment.
SECRET_FROM_ENVIRONMENT = re.compile(r'getenv\s*\(\s*"[^"]*(PIN|PASS|SECRET|TOKEN_KEY)[^"]*"', re.IGNORECASE)


def code_of(text):
    """The text without comments and strings, line numbers kept."""
    return NOT_CODE.sub(lambda found: re.sub(r'[^\n]', ' ', found[0]), text)


def calls(text, words):
    pattern = re.compile(CALL.format('|'.join(words.split())))
    return [(code_of(text).count('\n', 0, found.start()) + 1, found[1]) for found in pattern.finditer(code_of(text))]


def main():
    out = tap.Writer()
    sources = {path: path.read_text(encoding='utf-8') for folder in FOLDERS for path in sorted((ROOT / folder).rglob('*.[ch]'))}
    out.ok(len(sources) > 10, 'there are sources to look at')
    for reason, (words, instead) in BANNED.items():
        found = [f'{path.relative_to(ROOT)}:{line}: {word} (use {instead})'
                 for path, text in sources.items() for line, word in calls(text, words)]
        out.ok(not found, f'no_banned_functions: {reason}: {words}', found)
    secrets = [str(path.relative_to(ROOT)) for path, text in sources.items() if SECRET_FROM_ENVIRONMENT.search(text)]
    out.ok(not secrets, 'no PIN or passphrase is taken from the environment', secrets)
    check_the_checker(out)
    out.close()


def check_the_checker(out):
    text = 'a = b; /* strcpy(x) */ c("strcpy(y)");\nif (x) strcpy (to, from);\nhm_strcpy(z); p->strcpy(q);'
    out.ok(calls(text, 'strcpy') == [(2, 'strcpy')], 'a call is found; comments, strings and longer names are not calls')
    out.ok(bool(SECRET_FROM_ENVIRONMENT.search('getenv("HALLMARK_PIN")')), 'a PIN taken from the environment is found')


main()
