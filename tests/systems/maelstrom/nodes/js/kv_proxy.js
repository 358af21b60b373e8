// A key-value store that has the service answer which it is given: only lin-kv is right.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
node.run((source, body) => node.passOn(source, body, form));
