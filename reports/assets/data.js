// The packed columns, unpacked into typed arrays. Times are microseconds.

const OK = 0, FAIL = 1, INFO = 2;
const OUTCOMES = ["ok", "fail", "info"];
// How an outcome ranks where several operations share a pixel: the worst is shown.
const SEVERITY = [1, 2, 3];

async function unpack(element) {
  const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function undelta(deltas) {
  const numbers = new Float64Array(deltas.length);
  let sum = 0;
  deltas.forEach((delta, i) => { numbers[i] = sum += delta; });
  return numbers;
}

function prepare(packed, prefix) {
  const run = { ...packed, prefix, count: packed.start.length };
  run.part = (id) => document.getElementById(prefix + id);
  run.start = undelta(packed.start);
  run.index = undelta(packed.index);
  run.stop = Float64Array.from(run.start, (start, i) =>
    packed.length[i] < 0 ? run.end : start + packed.length[i]);
  run.lane = Int32Array.from(packed.process, (process) => process % run.clients);
  run.isMarked = new Uint8Array(run.count);
  for (const i of run.marked) run.isMarked[i] = 1;
  run.focus = run.marked.length ? run.marked[run.marked.length - 1] : -1;
  // Operations that nothing ended reach to the end of the run. They are few, and kept apart so
  // that the search for what is visible need not look back over the whole run for them.
  run.unended = [];
  run.longest = 0;
  packed.length.forEach((length, i) => {
    if (length < 0) run.unended.push(i);
    else run.longest = Math.max(run.longest, length);
  });
  run.end = Math.max(1, run.end);
  run.laneNames = [...run.lanes, ...run.nodes];
  return run;
}

// The first operation that starts at or after a time.
function firstFrom(run, time) {
  let low = 0, high = run.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (run.start[middle] < time) low = middle + 1; else high = middle;
  }
  return low;
}

// Calls `visit` with each operation that is open somewhere between two times.
function eachBetween(run, from, to, visit) {
  const first = firstFrom(run, from - run.longest), last = firstFrom(run, to + 1);
  for (const i of run.unended) if (i < first) visit(i);
  for (let i = first; i < last; i++) if (run.stop[i] >= from) visit(i);
}

// The operation that a history index belongs to, or -1.
function findOperation(run, index) {
  for (let i = 0; i < run.count; i++) {
    if (run.index[i] === index || run.index[i] + run.completed[i] === index) return i;
  }
  return -1;
}

function inWords(microseconds) {
  if (microseconds < 1000) return `${Math.round(microseconds)} us`;
  if (microseconds < 1e6) return `${(microseconds / 1e3).toFixed(1)} ms`;
  return `${(microseconds / 1e6).toFixed(2)} s`;
}

function clock(microseconds) {
  return `${(microseconds / 1e6).toFixed(3)} s`;
}
