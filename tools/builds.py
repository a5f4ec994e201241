"""The build folders and how Meson is told to make them. Used by check.py, fuzz.py and lint.sh."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

SANITIZE = ['-Db_sanitize=address,undefined', '-Db_lundef=false', '-Doptimization=1']

# Folder: compiler, options. The sanitizers stop at the first finding, so that a test cannot pass over one. gcc's warnings
# about truncated text are guesses when sanitizers change the code it sees; the other builds have them as errors.
CONFIGURATIONS = {
    'build': ('gcc', []),
    'build-clang': ('clang', []),
    'build-asan': ('gcc', [*SANITIZE, '-Dc_args=-fno-sanitize-recover=all', '-Dwerror=false']),
    'build-fuzz': ('clang', [*SANITIZE, '-Dc_args=-fno-sanitize-recover=all -fsanitize=fuzzer-no-link', '-Dfuzz=true']),
}


def configure(folder):
    """The command that makes or refreshes a build folder, and its environment."""
    compiler, options = CONFIGURATIONS[folder]
    command = ['meson', 'setup', *options, str(ROOT / folder), str(ROOT)]
    if (ROOT / folder / 'build.ninja').exists():
        # Fuzz targets are found by their names when Meson runs: a new one is seen only if it runs again.
        command = ['meson', 'setup', '--reconfigure', *options, str(ROOT / folder), str(ROOT)]
    return command, {**os.environ, 'CC': compiler}


def make(folder, log):
    """Configures and builds FOLDER, all output into LOG. Returns whether it went well."""
    command, environment = configure(folder)
    for step in (command, ['ninja', '-k', '0', '-C', str(ROOT / folder)]):
        run = subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        if run.returncode:
            return False
    if folder == 'build':
        link = ROOT / 'build' / 'hallmark'
        link.unlink(missing_ok=True)
        link.symlink_to('app/hallmark/hallmark')
    return True
