// Broadcast to neighbours, who pass on what is new. "retry": until it is acknowledged; else once.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
const seen = new Set();
const waiting = new Map();
let neighbours = [];

function tell(message, except) {
  for (const other of neighbours.filter((each) => each !== except)) {
    if (form === "retry") waiting.set(`${other} ${message}`, [other, message]);
    node.send(other, { type: "gossip", message });
  }
}

function learn(message, source) {
  if (seen.has(message)) return;
  seen.add(message);
  tell(message, source);
}

if (form === "retry") {
  setInterval(() => {
    for (const [other, message] of waiting.values()) node.send(other, { type: "gossip", message });
  }, 100);
}
node.run((source, body) => {
  if (body.type === "topology") {
    neighbours = body.topology[node.name];
    node.reply(source, body, { type: "topology_ok" });
  } else if (body.type === "broadcast") {
    learn(body.message, source);
    node.reply(source, body, { type: "broadcast_ok" });
  } else if (body.type === "gossip") {
    learn(body.message, source);
    node.send(source, { type: "heard", message: body.message });
  } else if (body.type === "heard") {
    waiting.delete(`${source} ${body.message}`);
  } else {
    node.reply(source, body, { type: "read_ok", messages: [...seen] });
  }
});
