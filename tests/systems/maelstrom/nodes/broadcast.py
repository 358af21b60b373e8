"""Broadcast. With ``retry``, gossip is repeated until it is acknowledged; without, sent once."""

import sys
import threading
import time

from maelstrom import Node

RETRY = sys.argv[1:] == ["retry"]
node, seen, waiting, lock = Node(), set(), {}, threading.Lock()


def gossip():
    while True:
        time.sleep(0.1)
        with lock:
            for (dest, message), _ in list(waiting.items()):
                node.send(dest, type="gossip", message=message)


if RETRY:
    threading.Thread(target=gossip, daemon=True).start()
for source, body in node.messages():
    with lock:
        kind = body["type"]
        if kind == "topology":
            node.reply(source, body, type="topology_ok")
        elif kind == "read":
            node.reply(source, body, type="read_ok", messages=sorted(seen))
        elif kind == "gossip":
            seen.add(body["message"])
            node.send(source, type="heard", message=body["message"])
        elif kind == "heard":
            waiting.pop((source, body["message"]), None)
        elif kind == "broadcast":
            seen.add(body["message"])
            for other in node.others:
                if RETRY:
                    waiting[other, body["message"]] = True
                node.send(other, type="gossip", message=body["message"])
            node.reply(source, body, type="broadcast_ok")
