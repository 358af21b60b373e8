// Echo; "shouts" answers in capitals.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
node.run((source, body) => {
  const echo = form === "shouts" ? body.echo.toUpperCase() : body.echo;
  node.reply(source, body, { type: "echo_ok", echo });
});
