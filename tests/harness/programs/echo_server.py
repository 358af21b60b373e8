"""A program that knows nothing of splitbrain: echo over TCP, ``python echo_server.py PORT HOW``."""

import os
import socket
import sys

server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
how = sys.argv[2] if len(sys.argv) > 2 else ""
print(f"{os.environ['ME']} listens in {os.getcwd()}", flush=True)
if how == "exits":
    print("the disk is on fire", file=sys.stderr, flush=True)
    sys.exit(3)
while True:
    connection, _ = server.accept()
    data = b""
    while part := connection.recv(1000):
        data += part
        if how == "http" and data.endswith(b"\r\n\r\n"):
            data = b"HTTP/1.1 200 OK\r\n\r\n"
            break
    connection.sendall(data)
    connection.close()
