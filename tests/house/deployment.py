#!/usr/bin/python3
"""What is handed to those who run an office: the units are ones that systemd takes, sandboxed as docs/server.md says, and
let hallmarkd do what it does; the jobs under ci/ parse, their shell is sound, and they hold no secret."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

BUILD = pathlib.Path(os.environ.get('HALLMARK_BUILD', ROOT / 'build'))
HALLMARK, HALLMARKD = BUILD / 'app/hallmark/hallmark', BUILD / 'app/hallmarkd/hallmarkd'
UNITS = sorted((ROOT / 'dist/systemd').glob('*.service'))
# SQLite as root gives its files the database's owner; the service is nobody's root.
ONLY_ROOT = {'fchown'}


def run(*words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True, **options)


# ---- units ----

def exposure(unit):
    found = re.search(r'exposure level for \S+: ([\d.]+)', run('systemd-analyze', 'security', '--offline=true', unit).stdout)
    return float(found[1]) if found else None


def promised():
    """What the documentation says that systemd says."""
    found = re.search(r'exposure level[^.]*?(\d\.\d)', (ROOT / 'docs/server.md').read_text(encoding='utf-8'))
    return float(found[1]) if found else None


def complaints(unit, folder):
    """systemd looks for the programs where the unit says; here nothing is installed."""
    copy = folder / unit.name.replace('@', '@one')
    copy.write_text(unit.read_text().replace('/usr/bin/hallmarkd', '/bin/true'))
    lines = run('systemd-analyze', 'verify', '--man=no', '--generators=no', str(copy)).stdout.splitlines()
    return [line for line in lines if 'hallmarkd' in line]


def filters():
    """The groups of system calls that systemd knows."""
    groups, group = {}, None
    for line in run('systemd-analyze', 'syscall-filter').stdout.splitlines():
        if line.startswith('@'):
            group = groups.setdefault(line.strip(), set())
        elif line.startswith(' ') and group is not None and not line.strip().startswith('#'):
            group.add(line.strip())
    return groups


def expand(groups, name):
    if not name.startswith('@'):
        return {name}
    return set().union(*(expand(groups, member) for member in groups[name]))


def allowed(unit):
    groups, calls = filters(), set()
    for words in re.findall(r'^SystemCallFilter=(.*)$', unit.read_text(), re.MULTILINE):
        named = set().union(*(expand(groups, word) for word in words.lstrip('~').split()))
        calls = calls - named if words.startswith('~') else calls | named
    return calls


def wait_for_url(log):
    for _ in range(200):
        found = re.search(r'hallmarkd: (https://\S+?:\d+)', log.read_text(errors='replace'))
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def calls_made(folder):
    """By all processes of a server that starts, signs, is reloaded and ends."""
    office, trace, key = folder / 'office', folder / 'trace', folder / 'tls.key'
    for words in (['init', '--org', 'Example', str(office)], ['product', 'add', 'pump', '--office', str(office)]):
        done = run(str(HALLMARK), *words)
        assert done.returncode == 0, done.stdout
    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', str(key),
        '-out', str(folder / 'tls.pem'), '-days', '2', '-subj', '/CN=localhost')
    (folder / 'jwks.json').write_text('{"keys":[]}')
    (folder / 'issuers').write_text('issuer https://ci.example\n  audience https://sign.example\n'
                                    f'  keys file://{folder}/jwks.json\n')
    with open(folder / 'log', 'wb') as log:
        server = subprocess.Popen(['strace', '-f', '-qq', '-o', str(trace), str(HALLMARKD), '--office', str(office), '--listen',
                                   '127.0.0.1:0', '--certificate', str(folder / 'tls.pem'), '--key', str(key), '--issuers',
                                   str(folder / 'issuers')], stdout=subprocess.DEVNULL, stderr=log)
    try:
        url = wait_for_url(folder / 'log')
        asked = run('curl', '-sk', '-X', 'POST', '-d', '{}', url + '/v1/sessions')
        session = re.search('"session":"([0-9a-f]{64})"', asked.stdout)[1]
        judged = run('curl', '-sk', '-H', 'Authorization: Bearer ' + session, '-d', '{"token":"a.b.c"}',
                     url + '/v1/sessions/current/token')
        assert 'unauthenticated' in judged.stdout, judged.stdout
        run('curl', '-sk', url + '/log/checkpoint')
        (folder / 'file').write_text('something to sign\n')
        signed = run(str(HALLMARK), 'sign', '--office', str(office), '--product', 'pump', str(folder / 'file'))
        hallmarkd = int(run('pgrep', '-P', str(server.pid)).stdout.split()[0])
        os.kill(hallmarkd, signal.SIGHUP)
        time.sleep(0.5)
        os.kill(hallmarkd, signal.SIGTERM)
        server.wait(30)
    finally:
        if server.poll() is None:
            server.kill()
    assert signed.returncode == 0, signed.stdout
    return set(re.findall(r'^\d+ +([a-z_0-9]+)\(', trace.read_text(errors='replace'), re.MULTILINE))


def check_units(writer):
    if not shutil.which('systemd-analyze'):
        writer.skip('the units are ones that systemd takes', 'systemd-analyze is not installed')
        return
    for unit in UNITS:
        with tempfile.TemporaryDirectory() as name:
            found = complaints(unit, pathlib.Path(name))
        writer.ok(not found, f'{unit.name}: systemd takes it', found)
        score = exposure(str(unit))
        writer.ok(score is not None and score == promised(), f'{unit.name}: is as exposed as docs/server.md says',
                  [f'{score}, and {promised()} in docs/server.md'])
    writer.ok({line for line in UNITS[0].read_text().splitlines() if line and line[0] not in '#[' and '/' not in line
               and not line.startswith(('Description', 'StateDirectory=', 'ConfigurationDirectory='))} <=
              set(UNITS[1].read_text().splitlines()), 'one of several offices is sandboxed like the only one')
    absent = [program for program in ('strace', 'curl') if not shutil.which(program)]
    if absent:
        writer.skip('hallmarkd makes no system call that its unit forbids', 'not installed: ' + ', '.join(absent))
        return
    with tempfile.TemporaryDirectory(prefix='hallmark-unit.') as name:
        made = calls_made(pathlib.Path(name))
    forbidden = made - allowed(UNITS[0]) - ONLY_ROOT
    writer.ok(len(made) > 40 and not forbidden, 'hallmarkd makes no system call that its unit forbids', sorted(forbidden))


# ---- jobs ----

def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)


def scripts_of_github(text, yaml):
    for job in yaml.safe_load(text)['jobs'].values():
        yield from (step['run'] for step in job['steps'] if 'run' in step)


def scripts_of_gitlab(text, yaml):
    for job in yaml.safe_load(text).values():
        if isinstance(job, dict):
            for part in ('before_script', 'script', 'after_script'):
                if part in job:
                    yield '\n'.join(job[part])


def scripts_of_jenkins(text, _):
    yield from (re.sub(r'^ +', '', script, flags=re.MULTILINE) for script in re.findall(r"sh '''(.*?)'''", text, re.DOTALL))


JOBS = {'github-actions.yml': scripts_of_github, 'gitlab-ci.yml': scripts_of_gitlab, 'Jenkinsfile': scripts_of_jenkins}


def shell_complaints(scripts):
    lines = []
    for script in scripts:
        done = run('shellcheck', '-s', 'bash', '-', input='set -eu\n' + script)
        lines += done.stdout.splitlines() if done.returncode else []
    return lines


def check_jobs(writer):
    try:
        import yaml
    except ImportError:
        writer.skip('the jobs under ci/ parse', 'python3-yaml is not installed')
        return
    for name, scripts_of in JOBS.items():
        text = (ROOT / 'ci' / name).read_text(encoding='utf-8')
        scripts = list(scripts_of(text, yaml))
        writer.ok(any('hallmark sign' in script for script in scripts), f'ci/{name}: parses, and signs')
        writer.ok(any('hallmark verify' in script for script in scripts), f'ci/{name}: verifies what was signed')
        writer.ok(not re.search(r'secrets\.|PRIVATE KEY|--pin|password', text), f'ci/{name}: holds and asks for no stored secret')
        if shutil.which('shellcheck'):
            writer.ok(not shell_complaints(scripts), f'ci/{name}: its shell is sound', shell_complaints(scripts))
        else:
            writer.skip(f'ci/{name}: its shell is sound', 'shellcheck is not installed')


def main():
    writer = tap.Writer()
    check_units(writer)
    check_jobs(writer)
    writer.close()


if __name__ == '__main__':
    main()
