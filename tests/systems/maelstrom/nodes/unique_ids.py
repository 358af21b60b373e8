"""Ids: numbers of the service lin-tso; ``counts`` has each node count for itself."""

import sys
from itertools import count

from maelstrom import Node

node, numbers = Node(), count()
for source, body in node.messages():
    if sys.argv[1:] == ["counts"]:
        node.reply(source, body, type="generate_ok", id=next(numbers))
    else:

        def then(answer, source=source, body=body):
            node.reply(source, body, type="generate_ok", id=answer["ts"])

        node.ask("lin-tso", then, type="ts")
