// Drawing the lanes. Everything inside the plot is clipped to it, and every text is cut to the
// room it has, so nothing overlaps or leaks however far the view is zoomed.

const HEAD = 18, STRIP = 15, AXIS = 24, MARGIN = 10;
const SANS = "system-ui, -apple-system, 'Segoe UI', sans-serif";
const MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["ink", "muted", "line", "ground", "lane", "ok", "fail", "info", "bad", "band",
    "band-edge", "on-ok", "on-fail", "on-info", "mark"];
  return Object.fromEntries(names.map((name) =>
    [name, style.getPropertyValue(`--${name}`).trim()]));
}

function layout(run, context, width) {
  context.font = `12px ${SANS}`;
  const widest = Math.max(...run.laneNames.map((name) => context.measureText(name).width));
  const rows = 1 + Math.max(-1, ...run.faults.map((fault) => fault[8]));
  const count = run.laneNames.length;
  const height = count > 48 ? 10 : count > 24 ? 15 : count > 12 ? 20 : 26;
  const top = HEAD + rows * STRIP + (rows ? 6 : 2);
  const gap = run.nodes.length ? 8 : 0;
  const left = Math.min(150, Math.ceil(widest) + 18);
  return {
    left, top, gap, height, rows, right: width - MARGIN,
    bottom: top + count * height + gap, total: top + count * height + gap + AXIS,
    laneTop: (lane) => top + lane * height + (lane >= run.lanes.length ? gap : 0),
  };
}

function sized(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function clippedText(context, text, room) {
  if (room < 8) return "";
  if (context.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low ? `${text.slice(0, low)}…` : "";
}

function drawLanes(run, view, canvas) {
  const width = canvas.clientWidth;
  const box = layout(run, canvas.getContext("2d"), width);
  const context = sized(canvas, box.total);
  const colors = palette();
  const scale = (box.right - box.left) / (view.to - view.from);
  const x = (time) => box.left + (time - view.from) * scale;
  const pen = { run, view, box, context, colors, scale, x };
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, box.total);
  drawNames(pen);
  drawAxis(pen);
  context.save();
  context.beginPath();
  context.rect(box.left, 0, box.right - box.left, box.bottom);
  context.clip();
  drawHead(pen);
  drawFaults(pen);
  const drawn = drawOperations(pen);
  context.restore();
  drawMarks(pen);
  return { box, drawn };
}

function drawNames({ run, box, context, colors }) {
  context.textBaseline = "middle";
  context.textAlign = "right";
  run.laneNames.forEach((name, lane) => {
    const y = box.laneTop(lane);
    context.fillStyle = colors.lane;
    context.fillRect(box.left, y + 1, box.right - box.left, box.height - 2);
    if (box.height < 15 && lane % 2) return;
    context.font = `${box.height < 15 ? 10 : 12}px ${SANS}`;
    context.fillStyle = colors.muted;
    context.fillText(clippedText(context, name, box.left - 14), box.left - 9, y + box.height / 2);
  });
}

function tickStep(span, room) {
  const least = span / Math.max(1, room / 90);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((k) => k * power).find((step) => step >= least);
}

function drawAxis({ view, box, context, colors, x }) {
  const step = tickStep(view.to - view.from, box.right - box.left);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / 1e6) - 1e-9));
  context.font = `11px ${SANS}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
    const at = x(tick), text = `${(tick / 1e6).toFixed(decimals)} s`;
    context.fillStyle = colors.line;
    context.fillRect(Math.round(at), box.top, 1, box.bottom - box.top + 4);
    const half = context.measureText(text).width / 2;
    if (at - half < 2 || at + half > box.right + MARGIN) continue;
    context.fillStyle = colors.muted;
    context.fillText(text, at, box.bottom + 18);
  }
}

// A band behind the lanes for each fault, a labelled bar in the strip above, and a bar in the lanes
// of the nodes it struck. A label may reach beyond its bar, as far as the next one in its row.
function drawFaults({ run, view, box, context, colors, x }) {
  const limits = new Array(box.rows).fill(box.right);
  for (const [id, kind, start, end, targets, lanes, , observed, row] of [...run.faults].reverse()) {
    const stop = end < 0 ? run.end : end;
    if (stop < view.from || start > view.to) continue;
    const left = Math.max(box.left, x(start)), right = Math.min(box.right, x(stop));
    const width = Math.max(2, right - left), y = HEAD + row * STRIP;
    context.globalAlpha = observed === 0 ? 0.35 : 1;
    context.fillStyle = colors.band;
    context.fillRect(left, box.top, width, box.bottom - box.top);
    context.fillStyle = colors["band-edge"];
    context.fillRect(left, y + 12, width, 2);
    for (const lane of lanes) {
      context.fillRect(left, box.laneTop(lane) + box.height - 6, width, 3);
    }
    context.globalAlpha = 1;
    context.font = `10.5px ${SANS}`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const text = clippedText(context, `${id} ${kind} ${targets}`, limits[row] - left - 8);
    if (text) {
      const room = context.measureText(text).width + 4;
      context.fillStyle = colors.ground; // over the lines of phases and of the failure
      context.fillRect(left, y, room, 12);
      context.fillStyle = colors.mark;
      context.fillText(text, left + 2, y + 9.5);
    }
    limits[row] = Math.min(limits[row], left);
  }
}

// Phases and the failure's flag, in the row at the top: a label that finds no room is left out.
function drawHead({ run, view, box, context, colors, x }) {
  const taken = [];
  const place = (text, at, color, font) => {
    context.font = font;
    const width = context.measureText(text).width;
    const left = Math.max(box.left + 2, Math.min(at + 4, box.right - width - 2));
    if (taken.some(([from, to]) => left < to + 8 && left + width > from - 8)) return;
    taken.push([left, left + width]);
    context.fillStyle = color;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    context.fillText(text, left, 12);
  };
  const focus = run.focus < 0 ? -1 : run.start[run.focus];
  if (focus >= view.from && focus <= view.to) {
    context.fillStyle = colors.bad;
    context.fillRect(Math.round(x(focus)) - 1, HEAD - 3, 2, box.bottom - HEAD + 3);
    place("failure", x(focus), colors.bad, `600 11px ${SANS}`);
  }
  for (const [time, name] of run.phases) {
    if (time < view.from || time > view.to) continue;
    context.fillStyle = colors.muted;
    for (let y = HEAD - 3; y < box.bottom; y += 6) context.fillRect(Math.round(x(time)), y, 1, 3);
    place(name, x(time), colors.muted, `11px ${SANS}`);
  }
}

// Operations narrower than three pixels share columns, in which the worst outcome shows.
function drawOperations(pen) {
  const { run, view, box, x } = pen;
  const columns = Math.ceil(box.right) + 2;
  const worst = run.lanes.map(() => new Uint8Array(columns));
  const marked = [];
  let drawn = 0;
  eachBetween(run, view.from, view.to, (i) => {
    if (view.fits && !view.fits(i)) return;
    drawn++;
    const left = x(run.start[i]), right = x(run.stop[i]);
    if (run.isMarked[i]) { marked.push(i); return; }
    if (right - left >= 3) { drawBar(pen, i, left, right); return; }
    const severity = SEVERITY[run.outcome[i]], lane = worst[run.lane[i]];
    const last = Math.min(columns - 1, Math.floor(right));
    for (let c = Math.max(0, Math.floor(left)); c <= last; c++) {
      if (lane[c] < severity) lane[c] = severity;
    }
  });
  worst.forEach((lane, number) => drawColumns(pen, lane, box.laneTop(number)));
  for (const i of marked) drawBar(pen, i, x(run.start[i]), x(run.stop[i]));
  const chosen = pen.view.selected;
  if (chosen >= 0) outline(pen, chosen, pen.colors.ink, 1.5);
  return drawn;
}

function drawColumns({ box, context, colors }, lane, top) {
  const paint = [null, colors.ok, colors.fail, colors.info];
  for (let c = 0; c < lane.length;) {
    const severity = lane[c], from = c;
    while (c < lane.length && lane[c] === severity) c++;
    if (!severity) continue;
    context.fillStyle = paint[severity];
    const inset = severity === 2 ? box.height / 4 : 3;
    context.fillRect(from, top + inset, c - from, box.height - 2 * inset);
  }
}

// A failed operation is half as high, one of unknown outcome is hatched: not by color alone.
function drawBar(pen, i, left, right) {
  const { run, box, context, colors } = pen;
  const outcome = run.outcome[i], top = box.laneTop(run.lane[i]);
  const inset = outcome === FAIL ? box.height / 4 : 3;
  const from = Math.max(box.left - 6, left), to = Math.min(box.right + 6, right);
  const width = Math.max(2, to - from - (right - left > 5 ? 1 : 0));
  const y = top + inset, height = box.height - 2 * inset;
  context.fillStyle = colors[OUTCOMES[outcome]];
  context.fillRect(from, y, width, height);
  if (outcome === INFO && width > 8) hatch(context, from, y, width, height, colors.ground);
  if (run.isMarked[i]) outline(pen, i, colors.bad, 2.5);
  if (box.height < 20 || width < 22) return;
  context.font = `10.5px ${MONO}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const start = Math.max(from, box.left);
  const text = clippedText(context, `${run.functions[run.f[i]]} ${run.label[i]}`,
    Math.min(to, box.right) - start - 8);
  if (!text) return;
  if (outcome !== OK) {
    const behind = context.measureText(text).width + 4;
    context.fillStyle = colors[OUTCOMES[outcome]];
    context.fillRect(start + 2, y, behind, height);
  }
  context.fillStyle = colors[`on-${OUTCOMES[outcome]}`];
  context.fillText(text, start + 4, top + box.height / 2 + 0.5);
}

function hatch(context, x, y, width, height, color) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.globalAlpha = 0.35;
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.beginPath();
  // Tied to the canvas, not to the bar, so that neighbours' stripes line up.
  const first = Math.floor((x - height) / 7) * 7;
  for (let at = first; at < x + width; at += 7) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

function outline({ run, box, context, x }, i, color, weight) {
  const left = Math.max(box.left + 1, x(run.start[i])), right = Math.min(box.right, x(run.stop[i]));
  context.strokeStyle = color;
  context.lineWidth = weight;
  context.strokeRect(left - 1, box.laneTop(run.lane[i]) + 2, Math.max(4, right - left + 1),
    box.height - 4);
}

// Nodes' announcements: a diamond, and its text as far as the next one.
function drawMarks({ run, view, box, context, colors, x }) {
  const next = new Map();
  for (const [lane, time, , f, short] of [...run.marks].reverse()) {
    const limit = next.get(lane) ?? box.right;
    const at = x(time), y = box.laneTop(lane) + box.height / 2;
    next.set(lane, at - 6);
    if (time < view.from || time > view.to) continue;
    context.fillStyle = f === "died" ? colors.bad : colors.mark;
    context.beginPath();
    context.moveTo(at - 4, y);
    context.lineTo(at, y - 5);
    context.lineTo(at + 4, y);
    context.lineTo(at, y + 5);
    context.fill();
    if (box.height < 15) continue;
    context.font = `10.5px ${SANS}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(clippedText(context, short, limit - at - 10), at + 8, y + 0.5);
  }
}
