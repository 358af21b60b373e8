// What the nodes of these tests share: reading, answering, sending, asking.
const readline = require("readline");

class Node {
  constructor() {
    this.name = null;
    this.others = [];
    this.number = 0;
    this.asked = new Map();
  }

  get first() {
    return [this.name, ...this.others].sort()[0];
  }

  send(dest, body) {
    this.number += 1;
    const message = { src: this.name, dest, body: { ...body, msg_id: this.number } };
    process.stdout.write(JSON.stringify(message) + "\n");
  }

  reply(source, request, body) {
    this.send(source, { ...body, in_reply_to: request.msg_id });
  }

  ask(dest, body, then) {
    this.asked.set(this.number + 1, then);
    this.send(dest, body);
  }

  passOn(source, request, dest) {
    this.ask(dest, request, (answer) => this.reply(source, request, answer));
  }

  // Has `handle` called with the source and the body of each request.
  run(handle) {
    const lines = readline.createInterface({ input: process.stdin });
    lines.on("close", () => process.exit(0));
    lines.on("line", (line) => {
      const { src, body } = JSON.parse(line);
      if (body.type === "init") {
        this.name = body.node_id;
        this.others = body.node_ids.filter((other) => other !== this.name);
        this.reply(src, body, { type: "init_ok" });
      } else if (this.asked.has(body.in_reply_to)) {
        const then = this.asked.get(body.in_reply_to);
        this.asked.delete(body.in_reply_to);
        then(body);
      } else {
        handle(src, body);
      }
    });
  }
}

module.exports = { Node, form: process.argv[2] };
