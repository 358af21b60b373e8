"""A key-value store. Right: the first node keeps all, others ask it. ``stale``: others answer
reads from what they saw last."""

import sys

from maelstrom import Node

STALE = sys.argv[1:] == ["stale"]
node, values = Node(), {}


def answer(body):
    key, kind = body["key"], body["type"]
    if kind == "read":
        if key in values:
            return {"type": "read_ok", "value": values[key]}
        return {"type": "error", "code": 20, "text": "no such key"}
    if kind == "cas":
        if key not in values:
            return {"type": "error", "code": 20, "text": "no such key"}
        if values[key] != body["from"]:
            return {"type": "error", "code": 22, "text": f"it is {values[key]}"}
    values[key] = body["to"] if kind == "cas" else body["value"]
    return {"type": f"{kind}_ok"}


for source, body in node.messages():
    if node.name == node.first or (STALE and body["type"] == "read" and body["key"] in values):
        node.reply(source, body, **answer(body))
    else:

        def then(found, source=source, body=body):
            if found["type"] == "read_ok":
                values[body["key"]] = found["value"]
            fields = {k: v for k, v in found.items() if k not in ("msg_id", "in_reply_to")}
            node.reply(source, body, **fields)

        node.ask(node.first, then, **body)
