// Moving about: panning, zooming, hovering, choosing an operation, and links to one.

const NARROWEST = 20; // microseconds

function navigation(run, canvas, overview) {
  const view = { from: 0, to: run.end * 1.01, selected: -1 };
  const whole = { from: 0, to: run.end * 1.01 };
  let box = null, queued = false;

  const redraw = () => {
    queued = false;
    if (canvas.clientWidth === 0) return; // its view is not shown
    const result = drawLanes(run, view, canvas);
    box = result.box;
    drawOverview(run, view, overview, box);
    document.documentElement.dataset.drawn = String(result.drawn);
  };
  const refresh = () => {
    if (!queued) { queued = true; requestAnimationFrame(redraw); }
  };

  const show = (from, to) => {
    const span = Math.min(whole.to, Math.max(NARROWEST, to - from));
    const start = Math.min(Math.max(0, from), whole.to - span);
    view.from = start;
    view.to = start + span;
    refresh();
  };
  const pan = (share) => {
    const step = (view.to - view.from) * share;
    show(view.from + step, view.to + step);
  };
  const zoom = (factor, at = (view.from + view.to) / 2) =>
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
  const center = (time, span) => show(time - span / 2, time + span / 2);

  const timeAt = (pixel) =>
    view.from + (pixel - box.left) / (box.right - box.left) * (view.to - view.from);

  const select = (i, move) => {
    view.selected = i;
    if (i >= 0) {
      document.documentElement.dataset.selected = `${run.prefix}op-${run.index[i]}`;
      describe(run, i);
      if (move) {
        const length = run.stop[i] - run.start[i];
        const span = Math.min(view.to - view.from, Math.max(40 * length, run.end / 200, 1000));
        center(run.start[i] + length / 2, Math.max(span, length * 1.5));
      }
    } else {
      delete document.documentElement.dataset.selected;
      run.part("details").hidden = true;
    }
    refresh();
  };

  const step = (by) => {
    const next = view.selected < 0 ? firstFrom(run, view.from) : view.selected + by;
    if (next >= 0 && next < run.count) choose(next, true);
  };
  const choose = (i, move) => {
    select(i, move);
    if (i >= 0) history.replaceState(null, "", `#${run.prefix}op-${run.index[i]}`);
  };
  const goTo = (time) => {
    center(time, Math.min(view.to - view.from, run.end / 10));
    history.replaceState(null, "", `#${run.prefix}t=${(time / 1e6).toFixed(3)}s`);
  };
  // The last change of leader before the middle of what is shown; from the first one on, the last.
  const toLeader = () => {
    const times = run.marks.filter(([, , , f]) => f === "leader").map(([, time]) => time);
    if (times.length === 0) return;
    const now = (view.from + view.to) / 2, before = times.filter((time) => time < now - 1);
    goTo(before.length ? Math.max(...before) : Math.max(...times));
  };
  const only = (fits) => { view.fits = fits; refresh(); };
  const toFailure = () => { if (run.focus >= 0) choose(run.focus, true); };

  const follow = () => {
    const operation = /^#(?:whole-)?op-(\d+)$/.exec(location.hash);
    const moment = /^#(?:whole-)?t=(\d+(?:\.\d+)?)s?$/.exec(location.hash);
    if (operation) {
      const i = findOperation(run, Number(operation[1]));
      if (i >= 0) select(i, true);
      else missing(run, `Event ${operation[1]} is not in this timeline; look in the history file.`);
    }
    if (moment) center(Number(moment[1]) * 1e6, Math.min(view.to - view.from, run.end / 10));
    if (operation || moment) document.getElementById("timeline").scrollIntoView();
    return Boolean(operation || moment);
  };

  const control = { view, redraw, refresh, show, pan, zoom, choose, step, select, toFailure, timeAt,
    follow, goTo, toLeader, only, whole, box: () => box };
  byPointer(control, canvas, run);
  byKeyboard(control, canvas);
  onOverview(control, overview, run);
  return control;
}

// The operation under a point, the worst of several; -1 if there is none.
function operationAt(control, run, px, py) {
  const box = control.box(), { view } = control;
  if (px < box.left || px > box.right) return -1;
  const lane = run.lanes.findIndex((_, n) =>
    py >= box.laneTop(n) && py < box.laneTop(n) + box.height);
  if (lane < 0) return -1;
  const slack = (view.to - view.from) / (box.right - box.left) * 2, time = control.timeAt(px);
  let best = -1;
  const rank = (i) => run.isMarked[i] * 10 + SEVERITY[run.outcome[i]];
  eachBetween(run, time - slack, time + slack, (i) => {
    if (run.lane[i] === lane && (best < 0 || rank(i) >= rank(best))) best = i;
  });
  return best;
}

// What else is under a point, in words: a fault in the strip, an announcement in a node's lane.
function eventAt(control, run, px, py) {
  const box = control.box(), { view } = control;
  if (px < box.left || px > box.right) return "";
  const slack = (view.to - view.from) / (box.right - box.left) * 5, time = control.timeAt(px);
  for (const [lane, at, index, , , text] of run.marks) {
    const top = box.laneTop(lane);
    if (Math.abs(at - time) <= slack && py >= top && py < top + box.height) {
      return `${run.laneNames[lane]}: ${text}\n${clock(at)}, event ${index}`;
    }
  }
  for (const [id, kind, start, end, targets, , evidence, , row] of run.faults) {
    const top = HEAD + row * STRIP, stop = end < 0 ? run.end : end;
    if (py >= top && py < top + STRIP && time >= start - slack && time <= stop + slack) {
      const until = end < 0 ? "not stopped" : clock(end);
      return `${id} ${kind} ${targets}\n${clock(start)} - ${until}\n${evidence}`;
    }
  }
  return "";
}

function position(event, canvas) {
  const frame = canvas.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

function byPointer(control, canvas, run) {
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    const [x] = position(event, canvas);
    grip = { x, from: control.view.from, to: control.view.to, moved: false, range: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = position(event, canvas);
    if (!grip) { hover(control, run, event, x, y); return; }
    if (Math.abs(x - grip.x) > 3) grip.moved = true;
    if (!grip.moved || grip.range) return;
    const { left, right } = control.box();
    const by = (grip.x - x) / (right - left) * (grip.to - grip.from);
    control.show(grip.from + by, grip.to + by);
  });
  canvas.addEventListener("pointerup", (event) => {
    const [x, y] = position(event, canvas), held = grip;
    grip = null;
    if (!held) return;
    if (!held.moved) { control.choose(operationAt(control, run, x, y), false); return; }
    if (!held.range) return;
    const ends = [control.timeAt(held.x), control.timeAt(x)].sort((a, b) => a - b);
    control.show(ends[0], ends[1]);
  });
  canvas.addEventListener("pointercancel", () => { grip = null; });
  canvas.addEventListener("pointerleave", () => hideTip(run));
  canvas.addEventListener("dblclick", (event) =>
    control.zoom(0.25, control.timeAt(position(event, canvas)[0])));
  canvas.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    // Scrolling past the chart must scroll the page, until the reader has turned to the chart.
    if (!sideways && !event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    hideTip(run);
    if (sideways) control.pan(event.deltaX / canvas.clientWidth);
    else control.zoom(Math.exp(event.deltaY / 400), control.timeAt(position(event, canvas)[0]));
  }, { passive: false });
}

function byKeyboard(control, canvas) {
  const keys = {
    ArrowLeft: () => control.pan(-0.2), ArrowRight: () => control.pan(0.2),
    ArrowUp: () => control.zoom(0.7), ArrowDown: () => control.zoom(1 / 0.7),
    "+": () => control.zoom(0.5), "=": () => control.zoom(0.5), "-": () => control.zoom(2),
    0: () => control.show(control.whole.from, control.whole.to),
    Home: () => control.show(control.whole.from, control.whole.to),
    f: control.toFailure, l: control.toLeader, n: () => control.step(1), p: () => control.step(-1),
    Escape: () => control.select(-1, false),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}

function onOverview(control, overview, run) {
  const go = (event) => {
    const { left, right } = control.box();
    const time = (position(event, overview)[0] - left) / (right - left) * run.end;
    const half = (control.view.to - control.view.from) / 2;
    control.show(time - half, time + half);
  };
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    go(event);
  });
  overview.addEventListener("pointermove", (event) => { if (event.buttons) go(event); });
}

function hideTip(run) {
  run.part("tip").hidden = true;
}

function hover(control, run, event, x, y) {
  const i = operationAt(control, run, x, y);
  placeTip(run.part("tip"), event, i >= 0 ? summary(run, i) : eventAt(control, run, x, y));
}

function placeTip(tip, event, text) {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  // Kept inside the window, to the left of the pointer where there's no room to its right.
  const { width, height } = tip.getBoundingClientRect(), edge = document.documentElement.clientWidth;
  const left = event.clientX + 14 + width > edge ? event.clientX - 14 - width : event.clientX + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, window.innerHeight - height - 4))}px`;
}

function summary(run, i) {
  const lasted = run.length[i] < 0 ? "never ended" : inWords(run.stop[i] - run.start[i]);
  const outcome = OUTCOMES[run.outcome[i]];
  return `${run.functions[run.f[i]]} ${run.label[i]}  ${outcome}\n` +
    `${run.lanes[run.lane[i]]}, ${clock(run.start[i])}, ${lasted}`;
}

// The chosen operation in full, below the chart. Values are only ever set as text.
function describe(run, i) {
  const list = run.part("details");
  const ended = run.completed[i] ? `, ended by event ${run.index[i] + run.completed[i]}` : "";
  const rows = [
    ["operation", `${run.functions[run.f[i]]} ${run.label[i]}`],
    ["outcome", OUTCOMES[run.outcome[i]] + (run.isMarked[i] ? ", part of the anomaly" : "")],
    ["client", `${run.lanes[run.lane[i]]}, process ${run.process[i]}`],
    ["invoked", clock(run.start[i])],
    ["took", run.length[i] < 0 ? "never ended" : inWords(run.stop[i] - run.start[i])],
    ["history", `event ${run.index[i]}${ended}`],
  ];
  if (run.errors[i] !== undefined) rows.push(["error", run.errors[i]]);
  fill(list, rows);
}

function missing(run, text) {
  fill(run.part("details"), [["not shown", text]]);
}

function fill(list, rows) {
  list.replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement("div");
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.textContent = name;
    text.textContent = value;
    row.append(term, text);
    return row;
  }));
  list.hidden = false;
}
