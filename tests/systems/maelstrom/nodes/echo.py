"""Echo; ``shouts`` answers in capitals."""

import sys

from maelstrom import Node

node = Node()
for source, body in node.messages():
    text = body["echo"].upper() if sys.argv[1:] == ["shouts"] else body["echo"]
    node.reply(source, body, type="echo_ok", echo=text)
