// A set that grows, gossiped whole every tenth of a second; "alone" tells nobody.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
const elements = new Set();
if (form !== "alone") {
  setInterval(() => {
    for (const other of node.others) node.send(other, { type: "merge", elements: [...elements] });
  }, 100);
}
node.run((source, body) => {
  if (body.type === "add") {
    elements.add(body.element);
    node.reply(source, body, { type: "add_ok" });
  } else if (body.type === "merge") {
    body.elements.forEach((element) => elements.add(element));
  } else {
    node.reply(source, body, { type: "read_ok", value: [...elements] });
  }
});
