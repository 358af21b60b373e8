"""A set that grows, gossiped whole every tenth of a second; ``alone`` tells nobody."""

import sys
import threading
import time

from maelstrom import Node

node, elements, lock = Node(), set(), threading.Lock()


def gossip():
    while True:
        time.sleep(0.1)
        with lock:
            for other in node.others:
                node.send(other, type="merge", elements=sorted(elements))


if sys.argv[1:] != ["alone"]:
    threading.Thread(target=gossip, daemon=True).start()
for source, body in node.messages():
    with lock:
        if body["type"] == "add":
            elements.add(body["element"])
            node.reply(source, body, type="add_ok")
        elif body["type"] == "merge":
            elements.update(body["elements"])
        elif body["type"] == "read":
            node.reply(source, body, type="read_ok", value=sorted(elements))
