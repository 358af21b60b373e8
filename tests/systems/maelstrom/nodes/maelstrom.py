"""What the nodes of these tests share: reading, answering, sending."""

import json
import sys


class Node:
    def __init__(self):
        self.name, self.others, self.number = None, [], 0

    def send(self, dest, **body):
        self.number += 1
        body.setdefault("msg_id", self.number)
        print(json.dumps({"src": self.name, "dest": dest, "body": body}), flush=True)

    def messages(self):
        """Each message but the initialisation, which is answered: source, body."""
        for line in sys.stdin:
            message = json.loads(line)
            source, body = message["src"], message["body"]
            if body["type"] == "init":
                self.name = body["node_id"]
                self.others = [n for n in body["node_ids"] if n != self.name]
                print(f"{self.name} is up", file=sys.stderr, flush=True)
                self.reply(source, body, type="init_ok")
            else:
                yield source, body

    def reply(self, source, request, **body):
        self.send(source, in_reply_to=request["msg_id"], **body)
