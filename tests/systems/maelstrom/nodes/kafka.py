"""Logs, all kept by the first node; ``alone``: each node keeps what it was sent."""

import sys

from maelstrom import Node

node, logs, committed = Node(), {}, {}


def answer(body):
    kind = body["type"]
    if kind == "send":
        log = logs.setdefault(body["key"], [])
        log.append(body["msg"])
        return {"offset": len(log) - 1}
    if kind == "poll":
        return {
            "msgs": {
                key: [[at, msg] for at, msg in enumerate(logs.get(key, []))][first : first + 10]
                for key, first in body["offsets"].items()
            }
        }
    if kind == "commit_offsets":
        committed.update(body["offsets"])
        return {}
    return {"offsets": {key: committed[key] for key in body["keys"] if key in committed}}


for source, body in node.messages():
    if node.name == node.first or sys.argv[1:] == ["alone"]:
        node.reply(source, body, type=f"{body['type']}_ok", **answer(body))
    else:
        node.pass_on(source, body, node.first)
