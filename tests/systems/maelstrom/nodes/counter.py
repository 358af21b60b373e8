"""A counter over the service seq-kv: each node has a key of its own, and adds them up for a read.
Before it reads it writes, since what seq-kv shows of others may be old until one does.
``once`` tells others of each add once, and keeps what it was told."""

import sys

from maelstrom import Node

node, own, heard = Node(), 0, 0


def read(source, body):
    """Ask for one node's key after another."""
    left, total = [*node.others, node.name], 0

    def then(answer):
        nonlocal total
        total += answer.get("value", 0)
        step()

    def step(_=None):
        if left:
            node.ask("seq-kv", then, type="read", key=left.pop())
        else:
            node.reply(source, body, type="read_ok", value=total)

    node.ask("seq-kv", step, type="write", key=f"newest of {node.name}", value=node.number)


for source, body in node.messages():
    once = sys.argv[1:] == ["once"]
    if body["type"] == "heard":
        heard += body["delta"]
    elif body["type"] == "add":
        own += body["delta"]
        if once:
            for other in node.others:
                node.send(other, type="heard", delta=body["delta"])
            node.reply(source, body, type="add_ok")
        else:

            def stored(_, source=source, body=body):
                node.reply(source, body, type="add_ok")

            node.ask("seq-kv", stored, type="write", key=node.name, value=own)
    elif once:
        node.reply(source, body, type="read_ok", value=own + heard)
    else:
        read(source, body)
