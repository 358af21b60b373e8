// Logs, all kept by the first node; "alone": each node keeps what it was sent.
const { Node, form } = require("./maelstrom.js");

const node = new Node();
const logs = {};
const committed = {};

const answers = {
  send({ key, msg }) {
    logs[key] = logs[key] || [];
    return { offset: logs[key].push(msg) - 1 };
  },
  poll({ offsets }) {
    const msgs = {};
    for (const [key, first] of Object.entries(offsets)) {
      msgs[key] = (logs[key] || []).map((msg, at) => [at, msg]).slice(first, first + 10);
    }
    return { msgs };
  },
  commit_offsets({ offsets }) {
    Object.assign(committed, offsets);
    return {};
  },
  list_committed_offsets({ keys }) {
    const known = keys.filter((key) => key in committed).map((key) => [key, committed[key]]);
    return { offsets: Object.fromEntries(known) };
  },
};

node.run((source, body) => {
  if (node.name === node.first || form === "alone") {
    node.reply(source, body, { ...answers[body.type](body), type: `${body.type}_ok` });
  } else {
    node.passOn(source, body, node.first);
  }
});
