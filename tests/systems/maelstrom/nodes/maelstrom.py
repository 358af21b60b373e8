"""What the nodes of these tests share: reading, answering, sending, asking."""

import json
import sys


class Node:
    def __init__(self):
        self.name, self.others, self.number, self.asked = None, [], 0, {}

    @property
    def first(self):
        return min([self.name, *self.others])

    def send(self, dest, **body):
        self.number += 1
        body.setdefault("msg_id", self.number)
        print(json.dumps({"src": self.name, "dest": dest, "body": body}), flush=True)

    def ask(self, dest, then, **body):
        """Send a request; `then` is called with the body of its answer, if one comes."""
        self.asked[self.number + 1] = then
        self.send(dest, **{**body, "msg_id": self.number + 1})

    def messages(self):
        """Each message but the initialisation and answers to `ask`: source, body."""
        for line in sys.stdin:
            message = json.loads(line)
            source, body = message["src"], message["body"]
            if body["type"] == "init":
                self.name = body["node_id"]
                self.others = [n for n in body["node_ids"] if n != self.name]
                print(f"{self.name} is up", file=sys.stderr, flush=True)
                self.reply(source, body, type="init_ok")
            elif body.get("in_reply_to") in self.asked:
                self.asked.pop(body["in_reply_to"])(body)
            else:
                yield source, body

    def reply(self, source, request, **body):
        self.send(source, in_reply_to=request["msg_id"], **body)

    def pass_on(self, source, request, dest):
        """Have another node or a service answer a request."""

        def then(answer):
            fields = {k: v for k, v in answer.items() if k not in ("msg_id", "in_reply_to")}
            self.reply(source, request, **fields)

        self.ask(dest, then, **request)
