// A counter: each node gossips what all have added and taken away, as far as it knows.
// "once" tells others of each add once, and keeps what it was told.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
const plus = {};
const minus = {};
let heard = 0;

const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
function merge(ours, theirs) {
  for (const [name, count] of Object.entries(theirs)) ours[name] = Math.max(ours[name] || 0, count);
}

if (form !== "once") {
  setInterval(() => {
    for (const other of node.others) node.send(other, { type: "merge", plus, minus });
  }, 100);
}
node.run((source, body) => {
  if (body.type === "add") {
    const counts = body.delta < 0 ? minus : plus;
    counts[node.name] = (counts[node.name] || 0) + Math.abs(body.delta);
    if (form === "once") {
      for (const other of node.others) node.send(other, { type: "heard", delta: body.delta });
    }
    node.reply(source, body, { type: "add_ok" });
  } else if (body.type === "heard") {
    heard += body.delta;
  } else if (body.type === "merge") {
    merge(plus, body.plus);
    merge(minus, body.minus);
  } else {
    node.reply(source, body, { type: "read_ok", value: sum(plus) - sum(minus) + heard });
  }
});
