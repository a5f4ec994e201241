"""Checks the list of an incident by itself: is it all that the log holds of that key (or principal), and nothing else?
python3 incident_checker.py FOLDER LOG TRUST
FOLDER: what `hallmark compromise` wrote; LOG: the published log (a folder, or an http(s) address); TRUST: has the log's
key. The report's log must be a beginning of LOG, disclosed.jsonl hold the details of every intent that may be the key's,
and signatures.jsonl just the outcomes of those that are. Of a principal disclosed.jsonl holds all entries that end no
intent, signatures.jsonl what was signed at his request or on his approval, acts.jsonl what else he did. Status 0 and one
line if all is right."""
import base64
import json
import pathlib
import sys
import uuid

from tlog_checker import open_checkpoint, read, read_entries, sha, tree

INTENT, OUTCOME, CEREMONY, PUBLICATION = 1, 2, 4, 7
TYPES = {3: 'refusal', CEREMONY: 'ceremony', 6: 'request', PUBLICATION: 'publication'}
OF_ACT = 'act', 'product', 'release', 'request_hash', 'what', 'name', 'reason', 'time'
LABEL, OF_INTENT = 'hallmark-log-key: ', (
    'name', 'plain', 'content', 'key', 'release', 'product', 'principal', 'actor', 'algorithm', 'time', 'purpose', 'certificate')


def cbor(data, at=0):
    """The item at AT of deterministic CBOR: maps, arrays, numbers, bytes, text and null; and where the next one begins."""
    major, value, at = data[at] >> 5, data[at] & 31, at + 1
    if value > 23 and major != 7:
        width = 1 << value - 24
        value, at = int.from_bytes(data[at:at + width], 'big'), at + width
    if major in (0, 7):
        return value if major == 0 else None, at
    if major in (2, 3):
        return data[at:at + value] if major == 2 else data[at:at + value].decode(), at + value
    items = []
    for _ in range(value * (2 if major == 5 else 1)):
        item, at = cbor(data, at)
        items.append(item)
    return dict(zip(items[::2], items[1::2])) if major == 5 else items, at


def fields(leaf):
    """Type, office, product class, format, digest, details hash and intent of a leaf (docs/log.md)."""
    values, end = cbor(leaf)
    assert end == len(leaf) and len(values) == 8 and values[0] == 1, 'an entry is no leaf'
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


def check_made(report, disclosed, leaves, of):
    """The entry of the key's making shows whose it is: the first of that public key, before any certificate of it."""
    births = [n for n, leaf in enumerate(leaves) if leaf[0] == CEREMONY and leaf[4] and leaf[4].hex() == report['public_key_sha256']]
    assert births and (leaves[births[0]][2] or '') == of, 'the key is of another product, or not of this log'
    certified = {leaf[4].hex() for leaf in leaves[:births[0]] if leaf[0] == CEREMONY and leaf[4]}
    assert not certified & {c['sha256'] for c in report['certificates']}, 'the key is older'
    told = [number for number in disclosed if leaves[number][0] == CEREMONY]
    assert told == births[:not report['making_erased']], 'not disclosed is where the key was made, or another one is'
    for details in map(disclosed.get, told):
        assert (details['key'], details['role']) == (report['key'], report['role']), 'it made no such key'
        assert details['act'] == ('key imported' if report['imported'] else 'key generated'), 'it made no such key'


def latest_times(report, disclosed, leaves):
    """By number: the latest time that an entry said up to there. A clock that was put back makes nothing older, and the
    report names the first entry of all, of whatever product, that is of the window."""
    first, latest, times = report.get('since_entry'), 0, {}
    if first:
        assert 0 <= first['index'] < len(leaves), 'the first entry of the window is not there'
        salt, raw = bytes.fromhex(first['salt']), first['details'].encode()
        assert sha(salt, raw) == leaves[first['index']][5], 'these are not the details of the first entry of the window'
        assert json.loads(raw)['time'] >= report['since'], 'the first entry of the window is older'
    for number, details in sorted(disclosed.items()):
        latest = max(latest, (details or {}).get('time', 0), report['since'] if first and number >= first['index'] else 0)
        times[number] = latest
    return times


def is_his(details, name):
    return details.get('principal', details.get('actor', '').split(' ')[0]) == name


def approvals_of(report, disclosed, latest):
    """By request: is his approval of it in doubt?"""
    return {details['request_hash']: latest[number] >= report['since'] for number, details in sorted(disclosed.items())
            if details.get('act') == 'approve' and is_his(details, report.get('principal'))}


def doubts_of(report, intents, latest, approvals):
    """Those that are meant, and whether they are in doubt: what others asked for, by when it was approved."""
    doubts = {n: approvals[details['request']] for n, details in intents.items() if details.get('request') in approvals}
    return doubts | {n: latest[n] >= report['since'] for n, details in intents.items() if (
        details['key'] == report['key'] if 'key' in report else is_his(details, report['principal']))}


def requests_of(others):
    """By SHA-256: the number of a request and its files (docs/statements.md), as its own entry has them."""
    requests = {}
    for number, details in others.items():
        if details.get('act') == 'request':
            body = base64.b64decode(details['request'])
            files = [{'name': name, 'sha256': plain.hex()} for _, _, name, _, plain, _ in cbor(body)[0][10]]
            requests[sha(body).hex()] = number, files
    return requests


def check_acts(folder, report, others, leaves, latest, approvals):
    """Who signed a statement stands in it, which is not looked into here: what is said to be signed is a statement."""
    lines = {line['index']: line for line in map(json.loads, (folder / 'acts.jsonl').read_text('utf-8').splitlines())}
    requests = requests_of(others)
    counted = [len(lines), sum(line['in_doubt'] for line in lines.values())]
    for number, details in others.items():
        line, on_approval = lines.pop(number, {}), leaves[number][0] == PUBLICATION and details.get('request') in approvals
        his = (bool(line.get('signed')) and details.get('act') == 'statement') or is_his(details, report['principal']) \
            or details.get('who') == report['principal']
        assert bool(line) == (his or on_approval), f'entry {number}: is it an act of his, or not?'
        if line:
            doubt = latest[number] >= report['since'] if his else approvals[details['request']]
            assert (line['in_doubt'], line['type']) == (doubt, TYPES[leaves[number][0]]), f'entry {number}: in doubt or not?'
            named = details.get('request' if leaves[number][0] == PUBLICATION else 'request_hash')
            of_request = line.get('request'), line.get('files')
            assert of_request == requests.get(named, (None, None)), f'entry {number}: the act is on another request'
        for name in OF_ACT if line else ():
            assert line.get(name, '') == details.get(name, ''), f'entry {number}: the act has another {name}'
    assert not lines, f'acts that nobody did: {sorted(lines)}'
    assert [report['acts'], report['acts_in_doubt']] == counted, 'acts are miscounted'


def check_line(line, intent, outcome, doubt):
    number = line['outcome']
    assert line['signature'] == outcome[4].hex() and line['format'] == outcome[3], f'outcome {number} is of another signature'
    assert line['in_doubt'] == doubt, f'outcome {number}: in doubt or not?'
    for name in OF_INTENT:
        assert line.get(name, '') == intent.get(name, ''), f'outcome {number}: its intent has another {name}'


def check(folder, log, trust):
    folder = pathlib.Path(folder)
    report = json.loads((folder / 'report.json').read_text('utf-8'))
    leaves = read_leaves(folder, log, pathlib.Path(trust).read_text('utf-8'), report)
    disclosed = read_disclosed(folder, leaves)
    product = report['product']
    of = product and uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, report['organization']), product).bytes
    if 'key' in report:
        check_made(report, disclosed, leaves, of)
    kinds = {INTENT} if 'key' in report else {INTENT, *TYPES}
    maybe = {n for n, leaf in enumerate(leaves) if leaf[0] in kinds and of in ('', leaf[2])}
    said = {n: details for n, details in disclosed.items() if leaves[n][0] in kinds}
    assert maybe == set(said), f'not disclosed, or too much: entries {sorted(maybe ^ set(said))[:9]}'
    intents = {n: details for n, details in said.items() if leaves[n][0] == INTENT}
    latest = latest_times(report, disclosed, leaves)
    approvals = approvals_of(report, disclosed, latest)
    doubts = doubts_of(report, intents, latest, approvals)
    wanted = {n: leaf for n, leaf in enumerate(leaves) if leaf[0] == OUTCOME and leaf[6] in doubts}
    lines = list(map(json.loads, (folder / 'signatures.jsonl').read_text('utf-8').splitlines()))
    assert [line['outcome'] for line in lines] == sorted(wanted), f'the list has others than the outcomes {sorted(wanted)}'
    for line in lines:
        assert line['intent'] == wanted[line['outcome']][6], f'outcome {line["outcome"]} is of another intent'
        check_line(line, intents[line['intent']], wanted[line['outcome']], doubts[line['intent']])
    assert [report['signatures'], report['in_doubt']] == [len(lines), sum(line['in_doubt'] for line in lines)], 'miscounted'
    if 'principal' in report:
        check_acts(folder, report, {n: said[n] for n in said.keys() - intents.keys()}, leaves, latest, approvals)
    assert report['log']['complete'], 'the report does not say that its list is complete'
    print(f'good: {len(lines)} signatures, out of {len(intents)} intents among {len(leaves)} entries')


check(*sys.argv[1:])  # what is wrong ends it with the reason
