"""A key-value store that has the service answer which it is given: only lin-kv is right."""

import sys

from maelstrom import Node

node = Node()
for source, body in node.messages():
    node.pass_on(source, body, sys.argv[1])
