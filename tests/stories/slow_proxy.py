"""A slow line between a client and a server, for stories.

  slow_proxy.py PORT OCTETS    passes on what comes to the port that it prints, and what PORT on this machine answers; after so many
                               octets of a connection it makes the file `halted`, and goes on when there is a file `go`"""
import pathlib
import socket
import sys
import threading
import time


def pass_on(source, sink, most):
    passed = 0
    while data := source.recv(65536):
        passed += len(data)
        if most and passed > most:
            pathlib.Path('halted').touch()
            while not pathlib.Path('go').exists():
                time.sleep(0.05)
            most = None
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)


def main():
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client = listener.accept()[0]
        server = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
        for ends in ((client, server, int(sys.argv[2])), (server, client, None)):
            threading.Thread(target=pass_on, args=ends, daemon=True).start()


main()
