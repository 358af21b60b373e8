// One box over everything: operations, announcements, faults, and messages of the diagram above. A
// filter by key and kind hides the other operations of the timeline. Texts are only ever set as text.

const FOUND = 60;

function searching(run, control, messages) {
  const box = run.part("search"), kind = run.part("kind"), key = run.part("key");
  fillChoice(kind, "all kinds", run.functions);
  fillChoice(key, "all keys", run.keys);
  key.parentElement.hidden = run.keys.length === 0;
  let all = null; // made once something is looked for: of a long run it is the most work of all
  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = kind.value !== "" || key.value !== "";
    const fits = (i) => (kind.value === "" || run.f[i] === Number(kind.value)) &&
      (key.value === "" || run.key[i] === Number(key.value));
    if (words.length > 0 || chosen) all ??= searchable(run, control, messages);
    const found = words.length === 0 && !chosen ? [] : all.filter((entry) =>
      (entry.operation === undefined ? !chosen : fits(entry.operation)) &&
      words.every((word) => entry.text.toLowerCase().includes(word)));
    control.only(chosen ? fits : null);
    listFound(run, found, words.length > 0 || chosen);
  };
  for (const input of [box, kind, key]) input.addEventListener("input", search);
  run.part("to-leader")?.addEventListener("click", control.toLeader);
}

function fillChoice(select, all, names) {
  select.replaceChildren(...[all, ...names].map((name, i) => {
    const option = document.createElement("option");
    option.textContent = name;
    option.value = i === 0 ? "" : String(i - 1);
    return option;
  }));
}

// Everything that can be found: its words, its time, and how to go there.
function searchable(run, control, messages) {
  const entries = [];
  for (let i = 0; i < run.count; i++) {
    const error = run.errors[i] === undefined ? "" : ` ${run.errors[i]}`;
    const text = `${run.lanes[run.lane[i]]} ${run.functions[run.f[i]]} ${run.label[i]} ${OUTCOMES[run.outcome[i]]}${error}`;
    entries.push({ text, time: run.start[i], operation: i, go: () => control.choose(i, true) });
  }
  for (const [lane, time, , , , text] of run.marks) {
    entries.push({ text: `${run.laneNames[lane]}: ${text}`, time, go: () => control.goTo(time) });
  }
  for (const [id, kind, start, , targets] of run.faults) {
    entries.push({ text: `fault ${id} ${kind} ${targets}`, time: start, go: () => control.goTo(start) });
  }
  return [...entries, ...foundMessages(run, messages)].sort((a, b) => a.time - b.time);
}

// Messages are chosen in the picture of the few that led to the failure, if they are among them, else
// where all are.
function foundMessages(run, messages) {
  const picture = document.querySelector(`.of-${run.prefix === "" ? "told" : "whole"} svg.spacetime[tabindex]`);
  const entries = [], drawn = new Set();
  [...picture?.querySelectorAll("g.message") ?? []].forEach((message, i) => {
    const text = message.querySelector("title").textContent;
    const sent = Number(/; sent at (\d+\.\d+) s/.exec(text)?.[1] ?? 0) * 1e6;
    drawn.add(Number(message.dataset.at));
    entries.push({ text: `message ${text}`, time: sent, go: () => showMessage(picture, i) });
  });
  for (let i = 0; i < (messages?.all.count ?? 0); i++) {
    if (drawn.has(messages.all.at[i])) continue;
    const go = () => {
      messages.canvas.scrollIntoView({ block: "center" });
      messages.choose(i, true);
    };
    entries.push({ text: `message ${messageText(messages.all, i)}`, time: messages.all.sent[i], go });
  }
  return entries;
}

function listFound(run, found, asked) {
  const list = run.part("found"), count = run.part("count");
  count.textContent = !asked ? "" :
    found.length > FOUND ? `${found.length} found, the first ${FOUND} shown` : `${found.length} found`;
  list.hidden = found.length === 0;
  list.replaceChildren(...found.slice(0, FOUND).map((entry) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = `${clock(entry.time)}  ${entry.text.slice(0, 160)}`;
    button.addEventListener("click", entry.go);
    item.append(button);
    return item;
  }));
}
