// Ids: the node's name and a count; "counts" leaves out the name.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
let count = 0;
node.run((source, body) => {
  count += 1;
  node.reply(source, body, { type: "generate_ok", id: form === "counts" ? count : `${node.name}-${count}` });
});
