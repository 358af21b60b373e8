// Two runs side by side, from what the page holds of them: in what their plans differ, the first
// event in which their traces do, and their verdicts. Texts are only ever set as text.

let parting = null;

async function showComparison(one, other) {
  const place = document.getElementById("compared"), data = document.getElementById("parting");
  if (data !== null) parting ??= await unpack(data);
  const names = parting?.runs.map((run) => run.name) ?? [];
  const left = names.indexOf(one), right = names.indexOf(other);
  place.hidden = false;
  place.textContent = left < 0 || right < 0
    ? "This page does not hold the trace of both (there is none, it is long, or the run is old): the command beside the choice compares them."
    : [`< ${one}`, `> ${other}`, "", ...comparison(left, right)].join("\n");
}

function comparison(left, right) {
  const [one, other] = [parting.runs[left], parting.runs[right]];
  return [
    ...differing("plans", one.plan, other.plan),
    ...tracesPart(left, right),
    ...differing("verdicts", one.verdicts, other.verdicts),
  ];
}

function differing(what, left, right) {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const differ = names.filter((name) => left[name] !== right[name]);
  if (differ.length === 0) return [`${what}: the same`];
  return [`${what} differ:`,
    ...differ.map((name) => `  ${name}: ${left[name] ?? "none"}  |  ${right[name] ?? "none"}`)];
}

const events = (count) => `${count.toLocaleString("en")} ${count === 1 ? "event" : "events"}`;

// Runs are in the order of their traces: two part where the least of the neighbours between them do,
// the one as the first of these, the other as the last.
function tracesPart(left, right) {
  if (left === right) return ["traces: the same"];
  const between = parting.parts.slice(Math.min(left, right), Math.max(left, right));
  const least = Math.min(...between.map(([event]) => event));
  const first = between.find(([event]) => event === least);
  const last = between.findLast(([event]) => event === least);
  const sides = left < right ? [first[2], last[3]] : [last[3], first[2]];
  if (sides[0] === null && sides[1] === null) return [`traces: the same, ${events(least)}`];
  return [`traces: ${events(least)} the same, then they part:`,
    ...first[1].map((line) => `    ${line}`),
    `  < ${sides[0] ?? "(its end)"}`, `  > ${sides[1] ?? "(its end)"}`];
}
