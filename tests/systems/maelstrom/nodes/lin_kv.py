"""A key-value store. Right: the first node keeps all, others ask it. ``stale``: others answer
reads from what they saw last."""

import sys

from maelstrom import Node

STALE = sys.argv[1:] == ["stale"]
node, values, asked = Node(), {}, {}


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
    first = min([node.name, *node.others])
    if "in_reply_to" in body:
        client, request, key = asked.pop(body["in_reply_to"])
        if body["type"] == "read_ok":
            values[key] = body["value"]
        reply = {name: body[name] for name in ("type", "value", "code", "text") if name in body}
        node.reply(client, {"msg_id": request}, **reply)
    elif node.name == first or (STALE and body["type"] == "read" and body["key"] in values):
        node.reply(source, body, **answer(body))
    else:
        asked[node.number + 1] = (source, body["msg_id"], body["key"])
        node.send(first, **{**body, "msg_id": node.number + 1})
