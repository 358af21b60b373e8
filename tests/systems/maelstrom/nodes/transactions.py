"""Transactions on lists and registers, done by the first node; ``alone``: by each on a copy."""

import sys

from maelstrom import Node

node, values = Node(), {}


def done(micro):
    f, key, value = micro
    if f == "append":
        values.setdefault(key, []).append(value)
    elif f == "w":
        values[key] = value
    else:
        held = values.get(key)
        value = list(held) if isinstance(held, list) else held
    return [f, key, value]


for source, body in node.messages():
    if node.name == node.first or sys.argv[1:] == ["alone"]:
        node.reply(source, body, type="txn_ok", txn=[done(micro) for micro in body["txn"]])
    else:
        node.pass_on(source, body, node.first)
