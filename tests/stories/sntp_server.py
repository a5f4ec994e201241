"""An SNTP server on loopback, for stories: sntp_server.py FILE.

Prints its port. FILE says how it behaves, read anew at each question: words `ahead SECONDS`, `leap N`, `stratum N`,
`forge` (the answer is to another question), `silent`; an empty file: a good server."""
import socket
import struct
import sys
import time

EPOCH = 2208988800


def behaviour(path):
    with open(path, encoding='utf-8') as file:
        words = file.read().split()
    return {word: float(words[i + 1]) if i + 1 < len(words) and words[i + 1].lstrip('-').replace('.', '').isdigit() else 1
            for i, word in enumerate(words) if word.isalpha()}


def fixed(seconds):
    return int((seconds + EPOCH) * (1 << 32)) & ((1 << 64) - 1)


def answer(question, how):
    now = fixed(time.time() + how.get('ahead', 0))
    originate = b'\x5a' * 8 if 'forge' in how else question[40:48]
    first = int(how.get('leap', 0)) << 6 | 4 << 3 | 4
    return struct.pack('>BBbbII4sQ', first, int(how.get('stratum', 2)), 6, -20, 0, 0, b'TEST', now) + \
        originate + struct.pack('>QQ', now, now)


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(('127.0.0.1', 0))
    print(server.getsockname()[1], flush=True)
    while True:
        question, peer = server.recvfrom(512)
        how = behaviour(sys.argv[1])
        if len(question) == 48 and 'silent' not in how:
            server.sendto(answer(question, how), peer)


main()
