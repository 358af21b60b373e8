"""A store in a program of its own: n1 has the values, the others ask it by UDP until it answers.

    python forwarding_store.py NAME HOST PORT ADDRESSES [careless]

Clients connect by TCP and write a line of JSON: [operation, key, values...]. A request that comes
twice is done once, since it has a number; of the careless form it is done twice.
"""

import itertools
import json
import os
import socket
import socketserver
import sys
import threading

NAME, HOST, PORT, ADDRESSES, *FORM = sys.argv[1:]
CARELESS = bool(FORM)
RETRY_S = 0.1

values, answers, lock = {}, {}, threading.Lock()
numbers = itertools.count()


def done(operation, key, *arguments):
    """Do it here."""
    if operation == "read":
        return values.get(key)
    if operation == "cas" and values.get(key) != arguments[0]:
        return False
    values[key] = arguments[-1]
    return True


def answer_peers():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peers:
        peers.bind((HOST, int(PORT)))
        while True:
            data, sender = peers.recvfrom(65536)
            number, *request = json.loads(data)
            with lock:
                if CARELESS or number not in answers:
                    answers[number] = done(*request)
            peers.sendto(json.dumps([number, answers[number]]).encode(), sender)


def asked_first(request):
    """What n1 answers."""
    host, _, port = ADDRESSES.split(",")[0].rpartition(":")
    number = f"{NAME} {os.getpid()} {next(numbers)}"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(RETRY_S)
        while True:
            asking.sendto(json.dumps([number, *request]).encode(), (host, int(port)))
            try:
                of, answer = json.loads(asking.recv(65536))
            except TimeoutError:
                continue
            if of == number:
                return answer


class Client(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            request = json.loads(line)
            if NAME == "n1":
                with lock:
                    answer = done(*request)
            else:
                answer = asked_first(request)
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if NAME == "n1":
    threading.Thread(target=answer_peers, daemon=True).start()
Server((HOST, int(PORT)), Client).serve_forever()
