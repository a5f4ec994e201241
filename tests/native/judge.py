"""The C library's answers: questions are written to a file, tests/native/judge.c puts them to libhallmark-verify."""
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUDGE = pathlib.Path(os.environ.get('HALLMARK_BUILD', ROOT / 'build')) / 'tests' / 'native' / 'native_judge'


class Answer:
    def __init__(self, line):
        number, *words = line.split()
        self.reason = int(number)
        self.words = ' '.join(words)

    @property
    def clean(self):
        return 'DIRTY' not in self.words


class Questions:
    """Collects questions, each with a LABEL for its answer; `answers` gives pairs of label and Answer."""

    def __init__(self):
        self.records, self.labels = [], []

    def put(self, letter, *pieces):
        data = b''.join(pieces)
        self.records.append(letter.encode() + len(data).to_bytes(4, 'big') + data)

    def device(self, device):
        """A model.Device."""
        self.put('D', bytes([device.development, device.broken]), device.vendor, device.class_id, device.id)
        for (publisher, component), (sequence, counter) in device.state.items():
            self.put('S', publisher, sequence.to_bytes(8, 'big'), counter.to_bytes(8, 'big'), component.encode())

    def ask(self, label, letter, *pieces):
        self.labels.append(label)
        self.put(letter, *pieces)

    def open_list(self, label, root_hash, envelope, least=0):
        self.ask(label, 'L', root_hash, least.to_bytes(8, 'big'), envelope)

    def update(self, label, envelope):
        self.ask(label, 'U', envelope)

    def release(self, label, act, envelope):
        self.ask(label, {'install': 'I', 'boot': 'B'}[act], envelope)

    def stream(self, label, act, data, step=0):
        self.ask(label, {'install': 'P', 'boot': 'Q'}[act], step.to_bytes(4, 'big'), data)

    def answers(self):
        with tempfile.NamedTemporaryFile(prefix='hallmark-questions.') as file:
            file.write(b''.join(self.records))
            file.flush()
            done = subprocess.run([JUDGE, file.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        lines = done.stdout.decode().splitlines()
        if done.returncode or len(lines) != len(self.labels):
            asked = self.labels[len(lines)] if len(lines) < len(self.labels) else 'the end'
            raise SystemExit(f'{JUDGE} ended with {done.returncode} at {asked}\n{done.stderr.decode()[-3000:]}')
        return list(zip(self.labels, map(Answer, lines)))
