#!/usr/bin/python3
"""The helpers of the stories and the runner that counts results are what every other test rests on: here each of them is
shown to fail when it should."""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import tap

# What a story does, and what the runner must make of it: passed, failed, skipped.
STORIES = {
    'a step that succeeds is counted': ('step "works" true', (1, 0, 0)),
    'a step that fails is counted': ('step "works" false', (0, 1, 0)),
    'a step with a wrong status fails': ('expect_status 3 "could not" sh -c "exit 1"', (0, 1, 0)),
    'a step with the right status passes': ('expect_status 3 "could not" sh -c "exit 3"', (1, 0, 0)),
    'a refusal with its reason passes': ('expect_refused "no such" "refused" sh -c "echo no such >&2; exit 1"', (1, 0, 0)),
    'a refusal for another reason fails': ('expect_refused "no such" "refused" sh -c "echo other >&2; exit 1"', (0, 1, 0)),
    'a refusal said on standard output fails': ('expect_refused "no such" "refused" sh -c "echo no such; exit 1"', (0, 1, 0)),
    'another status is no refusal': ('expect_refused "no such" "refused" sh -c "echo no such >&2; exit 3"', (0, 1, 0)),
    'a crash is no refusal': ('expect_refused "" "refused" sh -c "kill -SEGV \\$\\$"', (0, 1, 0)),
    'output that is not there fails': ('expect_output "abc" "says it" echo abd', (0, 1, 0)),
    'output of a failing command fails': ('expect_output "abc" "says it" sh -c "echo abc; exit 1"', (0, 1, 0)),
    'output that is there passes': ('expect_output "abc" "says it" echo xabcx', (1, 0, 0)),
    'files that differ fail': ('echo a >a; echo b >b; expect_same a b "same"', (0, 1, 0)),
    'files that are equal pass': ('echo a >a; echo a >b; expect_same a b "same"', (1, 0, 0)),
    'a flipped byte differs in one bit': ('printf "abc" >a; flip a 1; expect_output "acc" "flipped" cat a', (1, 0, 0)),
    'a program that is missing is a skip': ('need no-such-program "uses it"; step "works" true', (1, 0, 1)),
    'a story that ends early fails': ('step "works" true; exit 0', (1, 1, 0)),
    'a story that dies fails': ('step "works" true; kill -KILL $$', (1, 1, 0)),
    'a story without a step fails': ('true', (0, 1, 0)),
}

# What a program prints, its exit status, whether a plan is asked for, and what the runner must make of it.
OUTPUTS = {
    'cmocka lines are counted': ('1..3\nok 1 - a\nnot ok 2 - b\n# why\nnot ok 3 # SKIP c\n# not ok - group\n', 1, True, (1, 1, 1)),
    'a line behind a test\'s own output is counted': ('1..1\nnoiseok 1 - a\n', 0, True, (1, 0, 0)),
    'fewer tests than planned fail': ('1..2\nok 1 - a\n', 0, True, (1, 1, 0)),
    'a program that prints nothing fails': ('', 0, True, (0, 1, 0)),
    'a bad status without a failed test fails': ('1..1\nok 1 - a\n', 1, True, (1, 1, 0)),
    'a signal fails': ('1..1\nok 1 - a\n', -11, True, (1, 1, 0)),
    'a timeout fails': ('1..1\nok 1 - a\n', None, True, (1, 1, 0)),
    'a failed test fails though the status is 0': ('1..1\nnot ok 1 - a\n', 0, True, (0, 1, 0)),
    'a missing plan fails': ('ok 1 - a\n', 0, True, (1, 1, 0)),
    'a closing line is counted': ('all is well\n12 passed, 0 failed, 3 skipped\n', 0, False, (12, 0, 3)),
    'a closing line with failures fails': ('12 passed, 1 failed\n', 1, False, (12, 1, 0)),
    'a closing line is not counted twice': ('ok - a\n1 passed, 0 failed\n', 0, False, (1, 0, 0)),
}


def made_of(output, status, needs_plan):
    report = tap.Report('a program')
    tap.read(report, output, status, needs_plan)
    return report.passed, len(report.failed), len(report.skipped)


def tell(text, scratch):
    # lib.sh finds the repository from the place of the story.
    stories = pathlib.Path(scratch, 'tests', 'stories')
    stories.mkdir(parents=True, exist_ok=True)
    story = stories / '99-story.sh'
    story.write_text(f'#!/bin/sh\n. "{ROOT}/tests/stories/lib.sh"\nstory "A story"\n{text}\nfinish\n', encoding='utf-8')
    temporary = pathlib.Path(scratch, 'tmp')
    temporary.mkdir(exist_ok=True)
    run = subprocess.run(['/bin/sh', str(story)], env={'PATH': '/usr/bin:/bin', 'TMPDIR': str(temporary)},
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.stdout.decode(), run.returncode, sorted(temporary.iterdir())


def main():
    out = tap.Writer()
    for sentence, (output, status, needs_plan, wanted) in OUTPUTS.items():
        found = made_of(output, status, needs_plan)
        out.ok(found == wanted, f'the runner: {sentence}', [f'{found} instead of {wanted}'])
    left_behind = []
    for sentence, (text, wanted) in STORIES.items():
        with tempfile.TemporaryDirectory() as scratch:
            output, status, left = tell(text, scratch)
        found = made_of(output, status, True)
        out.ok(found == wanted, f'a story: {sentence}', [f'{found} instead of {wanted}', *output.splitlines()])
        if left and 'KILL' not in text:
            left_behind.append(f'{sentence}: {left}')
    out.ok(not left_behind, 'a story leaves nothing behind, whatever its end', left_behind)
    out.close()


main()
