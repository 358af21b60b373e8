"""Nodes that do not keep to the protocol, by what they do wrong."""

import sys
import threading

from maelstrom import Node

node = Node()
for source, body in node.messages():
    if sys.argv[1] == "deaf":
        # The last node reads nothing more, and the others send it more than any pipe holds.
        last = max([node.name, *node.others])
        if node.name == last:
            threading.Event().wait()
        node.send(last, type="noise", text="x" * 100_000)
        node.reply(source, body, type="echo_ok", echo=body["echo"])
    elif sys.argv[1] == "prints":
        print("debugging", flush=True)
    elif sys.argv[1] == "exits":
        sys.exit(4)
    elif sys.argv[1] == "asks":
        if "in_reply_to" in body:
            print(f"was told {body['code']}: {body['text']}", file=sys.stderr, flush=True)
        node.send("oracle", type="read", key="x")
    elif sys.argv[1] == "refuses":
        node.reply(source, body, type="error", code=11, text="not today")
    elif sys.argv[1] == "confuses":
        node.reply(source, body, type="error", code=1000, text="who knows")
