"""Checks the list of an incident by itself: is it all that the log holds of that key (or principal), and nothing else?
python3 incident_checker.py FOLDER LOG TRUST
FOLDER: what `hallmark compromise` wrote; LOG: the published log (a folder, or an http(s) address); TRUST: has the log's
key. The report's log must be a beginning of LOG, disclosed.jsonl hold the details of every intent that may be the key's,
and signatures.jsonl just the outcomes of those that are. Status 0 and one line if all is right."""
import json
import pathlib
import sys
import uuid

from tlog_checker import open_checkpoint, read, read_entries, sha, tree

INTENT, OUTCOME, CEREMONY = 1, 2, 4
LABEL, OF_INTENT = 'hallmark-log-key: ', (
    'name', 'plain', 'content', 'key', 'release', 'product', 'principal', 'actor', 'algorithm', 'time', 'purpose', 'certificate')


def fields(leaf):
    """Type, office, product class, format, digest, details hash and intent of a leaf (docs/log.md)."""
    values, at = [], 1
    while at < len(leaf):
        major, value, at = leaf[at] >> 5, leaf[at] & 31, at + 1
        if value > 23 and major != 7:
            width = 1 << value - 24
            value, at = int.from_bytes(leaf[at:at + width], 'big'), at + width
        values.append(None if major == 7 else value if major == 0 else leaf[at:(at := at + value)])
    assert leaf[0] == 0x88 and len(values) == 8 and values[0] == 1, 'an entry is no leaf'
    return values[1:]


def read_leaves(folder, log, trust, report):
    """Those that the report was made of, which must be under its root, the folder's checkpoint and the published one."""
    vkey, = [line[len(LABEL):] for line in trust.splitlines() if line.startswith(LABEL)]
    heads = [open_checkpoint(note, vkey) for note in ((folder / 'checkpoint').read_bytes(), read(log, 'checkpoint') or b'')]
    heads.append((report['log']['size'], bytes.fromhex(report['log']['root'])))
    assert heads[2][0] <= heads[0][0] <= heads[1][0], 'the published log, or the checkpoint of the incident, is too short'
    entries = list(read_entries(log, heads[1][0]))
    for size, root in heads:
        assert tree([sha(b'\0', entry) for entry in entries[:size]])[0] == root, f'{size} entries do not give their root'
    leaves = [fields(entry) for entry in entries[:heads[2][0]]]
    assert {leaf[1].hex() for leaf in leaves} == {report['office']}, 'the log is of another office'
    return leaves


def read_disclosed(folder, leaves):
    """By number: the details that the leaf at that place commits to."""
    disclosed = {}
    for line in (folder / 'disclosed.jsonl').read_text('utf-8').splitlines():
        entry, raw = json.loads(line), line.split('"details":', 1)[1][:-1]
        number = entry['index']
        assert number not in disclosed and number < len(leaves), f'entry {number} is disclosed twice, or is not there'
        assert sha(bytes.fromhex(entry['salt']), raw.encode()) == leaves[number][5], f'entry {number}: these are not its details'
        disclosed[number] = entry['details']
    return disclosed


def first_of(report, disclosed, leaves):
    """The entry of the key's making, before which it signed nothing: the first of that public key, before any certificate."""
    made = [number for number in disclosed if leaves[number][0] == CEREMONY]
    for number in made:
        assert (disclosed[number]['act'], disclosed[number]['key']) == ('key generated', report.get('key')), 'it made no such key'
        certified = [leaf[4].hex() for leaf in leaves[:number] if leaf[0] == CEREMONY and leaf[4]]
        assert not {leaves[number][4].hex(), *(c['sha256'] for c in report['certificates'])} & set(certified), 'the key is older'
    return min(made, default=0)


def latest_times(disclosed):
    """By number: the latest time that an entry said up to there. A clock that was put back makes nothing older."""
    latest, times = 0, {}
    for number, details in sorted(disclosed.items()):
        latest = max(latest, (details or {}).get('time', 0))
        times[number] = latest
    return times


def check_line(line, intent, outcome, report, latest):
    number = line['outcome']
    assert line['signature'] == outcome[4].hex() and line['format'] == outcome[3], f'outcome {number} is of another signature'
    assert line['in_doubt'] == (latest >= report['since']), f'outcome {number}: in doubt or not?'
    for name in OF_INTENT:
        assert line.get(name, '') == intent.get(name, ''), f'outcome {number}: its intent has another {name}'


def check(folder, log, trust):
    folder = pathlib.Path(folder)
    report = json.loads((folder / 'report.json').read_text('utf-8'))
    leaves = read_leaves(folder, log, pathlib.Path(trust).read_text('utf-8'), report)
    disclosed = read_disclosed(folder, leaves)
    first, product = first_of(report, disclosed, leaves), report['product']
    of = product and uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, report['organization']), product).bytes
    maybe = {n for n, leaf in enumerate(leaves) if n >= first and leaf[0] == INTENT and of in ('', leaf[2])}
    said = {n: details for n, details in disclosed.items() if leaves[n][0] == INTENT}
    assert maybe == set(said), f'not disclosed, or too much: entries {sorted(maybe ^ set(said))[:9]}'
    whose = (lambda d: d['key'] == report['key']) if 'key' in report else \
        (lambda d: d.get('principal', d['actor'].split(' ')[0]) == report['principal'])
    meant = {n for n, details in said.items() if whose(details)}
    wanted = {n: leaf for n, leaf in enumerate(leaves) if leaf[0] == OUTCOME and leaf[6] in meant}
    lines = list(map(json.loads, (folder / 'signatures.jsonl').read_text('utf-8').splitlines()))
    assert [line['outcome'] for line in lines] == sorted(wanted), f'the list has others than the outcomes {sorted(wanted)}'
    latest = latest_times(disclosed)
    for line in lines:
        assert line['intent'] == wanted[line['outcome']][6], f'outcome {line["outcome"]} is of another intent'
        check_line(line, said[line['intent']], wanted[line['outcome']], report, latest[line['intent']])
    assert [report['signatures'], report['in_doubt']] == [len(lines), sum(line['in_doubt'] for line in lines)], 'miscounted'
    assert report['log']['complete'], 'the report does not say that its list is complete'
    print(f'good: {len(lines)} signatures, out of {len(said)} intents among the entries {first} to {len(leaves) - 1}')


check(*sys.argv[1:])  # what is wrong ends it with the reason
