"""What no client of ours sends to a server, for stories. Each act ends with status 0 if the server did as it should, and says why
not otherwise.

  rough_client.py memory PORT CERTIFICATE PID    8 MiB of small values in one body; PID is the front's, whose memory must not grow
                                                 with them
  rough_client.py ambiguous PORT CERTIFICATE     requests that a proxy may read otherwise
  rough_client.py malformed PORT CERTIFICATE     a request that is named, and by nothing
  rough_client.py twice PORT CERTIFICATE         one question twice under one Idempotency-Key

The tokens in HALLMARK_ID_TOKENS, by blanks, open its sessions."""
import hashlib
import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import sys
import threading

PORT, CERTIFICATE = int(sys.argv[2]), sys.argv[3]
TOKENS = os.environ.get('HALLMARK_ID_TOKENS', '').split()
# A body of this size, and what the front may take for it and for its connections.
BODY, GROWTH_MOST = 8 * 1024 * 1024, 40 * 1024
PATIENCE = 30


class Failed(Exception):
    pass


def must(good, what):
    if not good:
        raise Failed(what)


def context():
    return ssl.create_default_context(cafile=CERTIFICATE)


class Session:
    """One connection, and a session in it; of nobody without a token."""

    def __init__(self, token=None, opens=True):
        self.connection = http.client.HTTPSConnection('localhost', PORT, timeout=PATIENCE, context=context())
        self.headers = {'Content-Type': 'application/json'}
        if opens:
            self.headers['Authorization'] = 'Bearer ' + self.ask('POST', '/v1/sessions', {})[1]['session']
        if token:
            status, said = self.ask('POST', '/v1/sessions/current/token', {'token': token})
            must(status == 200, f'the token: {said}')

    def ask(self, method, path, body, **headers):
        text = body if isinstance(body, bytes) else json.dumps(body)
        more = {name.replace('_', '-'): value for name, value in headers.items()}
        self.connection.request(method, path, text, {**self.headers, **more})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


# ---- memory ----

def peak(pid):
    text = pathlib.Path(f'/proc/{pid}/status').read_text('ascii')
    return int(re.search(r'^VmHWM:\s+([0-9]+) kB$', text, re.M).group(1))


def memory():
    front = sys.argv[4]
    body = b'{"a":[' + b'{},' * ((BODY - 20) // 3) + b'{}]}'
    for what, session, code in (('without a session', Session(opens=False), 'no-session'),
                                ('in a session of nobody', Session(), 'unauthenticated'),
                                ('in a known session', Session(TOKENS[0]), 'malformed')):
        for path in ('/v1/nothing', '/v1/signatures', '/v1/sessions'):
            before = peak(front)
            status, said = session.ask('POST', path, body)
            growth = peak(front) - before
            codes = (code, 'not-found') if path == '/v1/nothing' else (code,)
            must(status >= 400 and said['code'] in codes, f'{what}, {path}: {status} {said}')
            must(growth <= GROWTH_MOST, f'{what}, {path}: {growth} KiB more')


# ---- what may be read as two ----

def say_raw(data):
    """The answers' statuses and codes until the connection is closed by the server."""
    heard = b''
    plain = socket.create_connection(('localhost', PORT), timeout=PATIENCE)
    with context().wrap_socket(plain, server_hostname='localhost') as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(data)
        while True:
            try:
                part = peer.recv(65536)
            except TimeoutError as fault:
                raise Failed(f'was not closed: {data!r}: {heard!r}') from fault
            except (ConnectionResetError, ssl.SSLError):
                break
            if not part:
                break
            heard += part
    return re.findall(rb'HTTP/1\.[01] ([0-9]+)', heard), re.findall(rb'"code": *"([a-z-]+)"', heard)


def ambiguous():
    head, behind = b'POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\n', b'GET /log/checkpoint HTTP/1.1\r\nHost: localhost\r\n\r\n'
    chunked = b'2\r\n{}\r\n0\r\n\r\n'
    requests = {
        'two lengths': head + b'Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}',
        'two lengths, the other first': head + b'Content-Length: 0\r\nContent-Length: %d\r\n\r\n' % len(behind),
        'the same length twice': head + b'Content-Length: 2\r\ncontent-length: 2\r\n\r\n{}',
        'chunks': head + b'Transfer-Encoding: chunked\r\n\r\n' + chunked,
        'chunks and a blank': head + b'Transfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\n{}',
        'a length with a sign': head + b'Content-Length: +2\r\n\r\n{}',
        'a name with a blank': head + b'X y: 1\r\nContent-Length: 2\r\n\r\n{}',
    }
    for what, request in requests.items():
        statuses, codes = say_raw(request + behind)
        must(statuses == [b'400'], f'{what}: {statuses} {codes}')
        must(codes == [b'malformed'], f'{what}: {codes}')


# ---- named by nothing ----

def question(content, **more):
    digest = hashlib.sha256(content).hexdigest()
    item = {'format': 'cms', 'structure': 'cms', 'algorithm': 'es256', 'name': 'f.bin', 'size': len(content), 'plain': digest,
            'content': digest}
    return {'product': 'pump', 'release': 'nightly', 'formats': ['cms'], 'items': [item], **more}


def malformed():
    session = Session(TOKENS[0])
    prepare = {'product': 'pump', 'release': 'nightly', 'formats': ['cms'], 'structure': 'cms', 'algorithms': ['es256'],
               'request': ''}
    file = {'operand': 0, 'name': 'f.bin', 'size': 1, 'plain': '00' * 32, 'signature': '00' * 32, 'content': '00' * 32}
    publish = {'product': 'pump', 'release': 'nightly', 'request': '', 'items': [file]}
    for path, body in (('/v1/requests', question(b'x', request='')), ('/v1/preparations', prepare), ('/v1/publications', publish)):
        status, said = session.ask('POST', path, body)
        must(status == 400 and said.get('code') == 'malformed' and 'names none' in said['detail'], f'{path}: {status} {said}')
    status, said = session.ask('POST', '/v1/preparations', {name: value for name, value in prepare.items() if name != 'request'})
    must(status == 200, f'without it: {status} {said}')


# ---- one question twice ----

def signed(answer):
    status, said = answer
    must(status == 200, f'{status} {said}')
    for item in said['items']:
        must('structure' in item, f'not signed: {item}')
    return [(item['intent'], item['outcome'], item['structure']) for item in said['items']]


def twice():
    sessions = [Session(token) for token in TOKENS]
    for number in range(20):
        content = os.urandom(8)
        body, key = question(content), f'once-{number}'
        if number % 2:
            body['items'] *= 2
        answers = [None] * len(sessions)
        together = threading.Barrier(len(sessions))

        def ask(which, body=body, key=key, answers=answers, together=together):
            together.wait()
            answers[which] = sessions[which].ask('POST', '/v1/signatures', body, Idempotency_Key=key)

        threads = [threading.Thread(target=ask, args=(which,)) for which in range(len(sessions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = {one for answer in answers for one in signed(answer)}
        must(len(made) == 1, f'{len(made)} signatures by one key')
    body = question(b'without a key')
    body['items'] *= 2
    must(len(set(signed(sessions[0].ask('POST', '/v1/signatures', body)))) == 2, 'without a key it is asked twice')


if __name__ == '__main__':
    try:
        {'memory': memory, 'ambiguous': ambiguous, 'malformed': malformed, 'twice': twice}[sys.argv[1]]()
    except Failed as failed:
        sys.exit(f'rough_client: {failed}')
