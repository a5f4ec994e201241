"""lying_server.py CERTIFICATE PORT FOLDER: stands before the office's server at localhost:PORT as one who took it over would, and
lies as FOLDER/lie says at that moment. Its own port of loopback, with CERTIFICATE (PEM, its key in it), is printed.

What it asks the office it asks in a session of its own, by the token in HALLMARK_ID_TOKEN; whoever comes is believed. What clients
hand to it is in FOLDER: `decisions` and `uploaded`, both there from the beginning. The lies, one line of JSON:

  {}                               each file is what the request asks for; what is to be published is wanted
  {"wanted": [{"operand":0,...}]}  other files are wanted
  {"detail": "..."}                it refuses to list products, and says this
  {"path": "/v1/keys", "says": ["this", "that"]}   what it says there has that for this, a regular expression"""
import http.client
import http.server
import json
import os
import pathlib
import re
import ssl
import sys
import threading

CERTIFICATE, PORT, FOLDER = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])


class Office:
    """The true one."""

    def __init__(self):
        context = ssl.create_default_context(cafile=CERTIFICATE)
        self.lock = threading.Lock()
        self.connection = http.client.HTTPSConnection('localhost', PORT, timeout=60, context=context)
        self.headers = {'Content-Type': 'application/json'}
        self.welcome = self.ask('POST', '/v1/sessions', {})[1]
        self.headers['Authorization'] = 'Bearer ' + self.welcome['session']
        status, said = self.ask('POST', '/v1/sessions/current/token', {'token': os.environ['HALLMARK_ID_TOKEN']})
        assert status == 200, said

    def ask(self, method, path, body):
        with self.lock:
            self.connection.request(method, path, None if body is None else json.dumps(body), self.headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())


def append(name, what):
    with open(FOLDER / name, 'ab') as file:
        file.write(what)


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # head and body are two writes

    def log_message(self, *_):
        pass

    def say(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        lie = json.loads((FOLDER / 'lie').read_text('utf-8'))
        if 'detail' in lie and self.path.startswith('/v1/products'):
            self.say(403, {'code': 'refused', 'detail': lie['detail']})
        elif 'says' in lie and self.path.startswith(lie['path']):
            status, answer = office.ask('GET', self.path, None)
            self.say(status, json.loads(re.sub(*lie['says'], json.dumps(answer))))
        else:
            self.say(*office.ask('GET', self.path, None))

    def do_POST(self):
        octets = self.rfile.read(int(self.headers['Content-Length']))
        body = {} if self.headers['Content-Type'] == 'application/octet-stream' else json.loads(octets)
        lie = json.loads((FOLDER / 'lie').read_text('utf-8'))
        answer = {}
        if self.path == '/v1/sessions':
            answer = office.welcome
        elif self.path == '/v1/requests':
            answer = {'items': [{} for _ in body['items']]}
        elif self.path == '/v1/publications':
            true = [{'operand': item['operand'], 'name': item['name']} for item in body['items']]
            answer = {'items': [{} for _ in body['items']], 'wanted': lie.get('wanted', true)}
        elif self.path == '/v1/publications/bytes':
            append('uploaded', octets)
        elif self.path == '/v1/publications/end':
            answer = {'index': 7}
        elif self.path == '/v1/decisions':
            append('decisions', json.dumps(body).encode() + b'\n')
        elif self.path in ('/v1/preparations', '/v1/log/checkpoints', '/v1/revocation-lists'):
            body.pop('request', None)
            self.say(*office.ask('POST', self.path, body))
            return
        elif self.path == '/v1/sessions/current/key':
            answer = {'principal': 'who-you-are', 'expires': 0}
        self.say(200, answer)


def main():
    for name in ('decisions', 'uploaded'):
        append(name, b'')
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Liar)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


office = Office()
if __name__ == '__main__':
    main()
