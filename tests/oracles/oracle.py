"""What the oracle tests share: an office of their own, certificates of somebody else's, and the independent tools.

An oracle test drives the command line as a person would and asks a tool that knows nothing of us: they accept ours, we
accept theirs when given their root, both refuse the same spoilt copy. What a tool lacks is printed as a skip with the
reason, never counted as a pass."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

HALLMARK = os.environ.get('HALLMARK', str(ROOT / 'build' / 'hallmark'))
FULL = os.environ.get('HALLMARK_FULL') == '1'
SEED = int(os.environ.get('HALLMARK_SEED') or random.randrange(1 << 32))
LIMIT = 120


class Result:
    """How a command ended: its status (negative: killed by a signal) and what it printed."""

    def __init__(self, command, status, text):
        self.command, self.status, self.text = command, status, text

    @property
    def good(self):
        return self.status == 0

    @property
    def details(self):
        return [f'status {self.status}: {" ".join(map(str, self.command))}', *self.text.splitlines()[-12:]]


def run(*command, cwd=None):
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Result(words, None, f'no end after {LIMIT} s')
    return Result(words, done.returncode, done.stdout.decode('utf-8', 'replace'))


class Test(tap.Writer):
    """Sentences with what a command printed when they do not hold."""

    def __init__(self, title):
        super().__init__()
        self.skips = 0
        self.random = random.Random(SEED)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='hallmark-oracle.'))
        os.environ['HALLMARK_OFFICE'] = str(self.folder / 'office')
        print(f'# {title}; HALLMARK_SEED={SEED}')

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        shutil.rmtree(self.folder, ignore_errors=True)
        if kind is None:
            print(f'{self.count - self.failures - self.skips} passed, {self.failures} failed'
                  + (f', {self.skips} skipped' if self.skips else ''))
            self.close()

    def skip(self, sentence, why):
        self.skips += 1
        super().skip(sentence, why)

    def accepts(self, sentence, result):
        self.ok(result.good, sentence, result.details)
        return result.good

    def refuses(self, sentence, result, because=''):
        """Hallmark says no: status 1, with a reason. A crash or another failure is no refusal."""
        self.ok(result.status == 1 and because in result.text, sentence, result.details)

    def rejects(self, sentence, result):
        """Another tool says no in whatever way; when it says yes, that is its lack, not ours."""
        if result.good:
            self.skip(sentence, f'{pathlib.Path(result.command[0]).name} accepts it')
        else:
            self.ok(result.status is not None, sentence, result.details)

    def needs(self, *programs):
        missing = [program for program in programs if not shutil.which(program)]
        for program in missing:
            self.skip(f'what {program} says', f'{program} is not installed (tools/setup.sh check)')
        return not missing


def make_office(test, *products):
    """An office with PRODUCTS: (name, algorithm, ...). Returns the file with its roots."""
    roots = test.folder / 'roots.pem'
    made = run(HALLMARK, 'init', '--org', 'Oracle Devices')
    if not test.accepts('an office is made', made):
        return None
    for name, *algorithms in products:
        options = [word for algorithm in algorithms for word in ('--algorithm', algorithm)]
        test.accepts(f'product {name} is added', run(HALLMARK, 'product', 'add', name, *options))
    test.accepts('its roots are exported', run(HALLMARK, 'trust', 'export', '-o', roots))
    return roots


def hallmark_sign(product, *words):
    return run(HALLMARK, 'sign', '--product', product, *words)


def hallmark_verify(roots, *words):
    return run(HALLMARK, 'verify', '--trust', roots, *words)


class Stranger:
    """Somebody else's root and signing certificate, made with openssl."""

    def __init__(self, folder, name, key='rsa:3072', usage='codeSigning'):
        self.root, self.certificate = folder / f'{name}-root.pem', folder / f'{name}.pem'
        self.key, self.request = folder / f'{name}.key', folder / f'{name}.csr'
        root_key, extensions = folder / f'{name}-root.key', folder / f'{name}.ext'
        kind = ['ec', '-pkeyopt', f'ec_paramgen_curve:{key[3:]}'] if key.startswith('ec:') else [key]
        extensions.write_text('basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n'
                              f'extendedKeyUsage=critical,{usage}\n', encoding='utf-8')
        self._openssl('req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-keyout', root_key, '-out', self.root, '-days', 3000,
                      '-subj', f'/O={name}/CN={name} root', '-addext', 'basicConstraints=critical,CA:true',
                      '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
        self._openssl('req', '-newkey', *kind, '-nodes', '-keyout', self.key, '-out', self.request,
                      '-subj', f'/O={name}/CN={name} signing')
        self._openssl('x509', '-req', '-in', self.request, '-CA', self.root, '-CAkey', root_key, '-CAcreateserial',
                      '-days', 2000, '-extfile', extensions, '-out', self.certificate)

    @staticmethod
    def _openssl(*words):
        done = run('openssl', *words)
        if not done.good:
            raise RuntimeError('\n'.join(done.details))

    def cms(self, content, out, *options):
        return run('openssl', 'cms', '-sign', '-binary', '-in', content, '-outform', 'DER', '-out', out, '-signer',
                   self.certificate, '-inkey', self.key, *options)


def openssl_verify(content, signature, roots, *options):
    return run('openssl', 'cms', '-verify', '-binary', '-purpose', 'any', '-inform', 'DER', '-in', signature, '-content',
               content, '-CAfile', roots, '-out', '/dev/null', *options)


def flipped(path, to, offset, mask=1):
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    to.write_bytes(content)
    return to
