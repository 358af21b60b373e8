// Transactions on lists and registers, done by the first node; "alone": by each on its own copy.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
const values = new Map();

function done([f, key, value]) {
  if (f === "append") values.set(key, [...(values.get(key) || []), value]);
  else if (f === "w") values.set(key, value);
  else value = values.has(key) ? values.get(key) : null;
  return [f, key, value];
}

node.run((source, body) => {
  if (node.name === node.first || form === "alone") {
    node.reply(source, body, { type: "txn_ok", txn: body.txn.map(done) });
  } else {
    node.passOn(source, body, node.first);
  }
});
