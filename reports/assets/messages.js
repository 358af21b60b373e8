// All messages of a run on a canvas: lanes are hosts, time goes right, to scale. A chosen message
// and all that happened before it (Lamport) are lit.

const ROLE_STRIP = 9, NEAR = 6;

function prepareMessages(packed) {
  const all = { ...packed, count: packed.sent.length };
  all.sent = undelta(packed.sent);
  all.at = undelta(packed.at);
  // Where each message ends: with its receipt, or on its way.
  all.arrived = Float64Array.from(all.sent, (sent, i) => sent + Math.max(0, packed.took[i]));
  all.longest = all.sent.reduce((most, sent, i) => Math.max(most, all.arrived[i] - sent), 0);
  all.receipts = [...all.sent.keys()].filter((i) => packed.receipt[i] > 0)
    .sort((a, b) => all.at[b] + packed.receipt[b] - all.at[a] - packed.receipt[a]);
  // Those across most lanes first: the order in which a crowd of them is thinned.
  const across = Int32Array.from(packed.source, (source, i) => Math.abs(packed.target[i] - source));
  all.tallest = Uint32Array.from(all.sent.keys()).sort((a, b) => across[b] - across[a]);
  all.gaps = gapsCrossed(all);
  return all;
}

function messageText(all, i) {
  const lost = all.lost[i] < 0 ? "" : `, lost: ${all.reasons[all.lost[i]]}`;
  const took = all.took[i] < 0 ? "" : `, received after ${inWords(all.took[i])}`;
  const again = all.again[i] ? ` and ${all.again[i].length} more times` : "";
  return `${all.hosts[all.source[i]]} to ${all.hosts[all.target[i]]}: ${all.texts[all.text[i]]}` +
    `${lost}; sent at ${(all.sent[i] / 1e6).toFixed(6)} s${took}${again}`;
}

// Which messages were sent before a message was, in Lamport's order: of each host the last position
// that is known of, from the latest receipt back.
function sentBefore(all, chosen) {
  const known = new Float64Array(all.hosts.length).fill(-1);
  known[all.source[chosen]] = all.at[chosen];
  for (const i of all.receipts) {
    if (all.at[i] + all.receipt[i] <= known[all.target[i]]) {
      known[all.source[i]] = Math.max(known[all.source[i]], all.at[i]);
    }
  }
  const before = new Uint8Array(all.count);
  for (let i = 0; i < all.count; i++) before[i] = all.at[i] <= known[all.source[i]] ? 1 : 0;
  return before;
}

function messageBox(all, context, width) {
  context.font = `12px ${SANS}`;
  const widest = Math.max(...all.hosts.map((name) => context.measureText(name).width));
  const row = all.hosts.length > 24 ? 22 : all.hosts.length > 12 ? 32 : 46;
  const left = Math.min(150, Math.ceil(widest) + 18), top = HEAD + 14;
  const bottom = top + row * (all.hosts.length - 1) + 18;
  return { left, top, row, right: width - MARGIN, bottom, total: bottom + AXIS };
}

// Where a message is drawn from and to, in pixels; a lost one ends on its way.
function messageLine({ all, box, x }, i) {
  const from = x(all.sent[i]), y = box.top + box.row * all.source[i];
  const toY = box.top + box.row * all.target[i];
  if (all.took[i] >= 0) return [from, y, x(all.arrived[i]), toY];
  const far = Math.max(10, x(all.sent[i] + 1000) - from);
  return [from, y, from + Math.min(40, far), y + (toY - y) * 0.55];
}

function messagesBetween(all, from, to, visit) {
  let low = 0, high = all.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all.sent[middle] < from - all.longest) low = middle + 1; else high = middle;
  }
  for (let i = low; i < all.count && all.sent[i] <= to; i++) {
    if (Math.max(all.arrived[i], all.sent[i] + (all.took[i] < 0 ? 1000 : 0)) >= from) visit(i);
  }
}

function drawMessages(all, view, canvas) {
  const width = canvas.clientWidth, box = messageBox(all, canvas.getContext("2d"), width);
  const context = sized(canvas, box.total), colors = messageColors();
  const scale = (box.right - box.left) / (view.to - view.from);
  const x = (time) => box.left + (time - view.from) * scale;
  const pen = { all, view, box, context, colors, x };
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, box.total);
  drawAxis(pen);
  drawHosts(pen);
  context.save();
  context.beginPath();
  context.rect(box.left, 0, box.right - box.left, box.bottom);
  context.clip();
  drawBands(pen);
  const drawn = drawArrows(pen);
  drawRoles(pen);
  context.restore();
  return { box, drawn, x };
}

function messageColors() {
  const style = getComputedStyle(root);
  const more = ["accent", "gold", "on-gold", "runs", "on-runs", "follows", "on-follows"];
  return { ...palette(),
    ...Object.fromEntries(more.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) };
}

function drawHosts({ all, box, context, colors }) {
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.font = `12px ${SANS}`;
  all.hosts.forEach((name, lane) => {
    const y = box.top + box.row * lane;
    context.fillStyle = colors.line;
    context.fillRect(box.left, Math.round(y), box.right - box.left, 1);
    context.fillStyle = colors.muted;
    context.fillText(clippedText(context, name, box.left - 14), box.left - 9, y);
  });
}

function drawBands({ all, view, box, context, colors, x }) {
  let free = -1;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.font = `10.5px ${SANS}`;
  for (const [start, end, name] of all.bands) {
    const stop = end < 0 ? all.end : end;
    if (stop < view.from || start > view.to) continue;
    const left = Math.max(box.left, x(start)), right = Math.min(box.right, x(stop));
    context.fillStyle = colors.band;
    context.fillRect(left, box.top - 8, Math.max(2, right - left), box.bottom - box.top + 8);
    const text = left > free ? clippedText(context, name, box.right - left - 6) : "";
    if (!text) continue;
    free = left + context.measureText(text).width + 10;
    context.fillStyle = colors.mark;
    context.fillText(text, left + 2, box.top - 12);
  }
  if (all.focus < view.from || all.focus > view.to) return;
  context.fillStyle = colors.bad;
  context.fillRect(Math.round(x(all.focus)) - 1, box.top - 8, 2, box.bottom - box.top + 8);
}

function drawRoles({ all, view, box, context, colors, x }) {
  const fills = [null, colors.follows, colors.runs, colors.gold];
  const inks = [null, colors["on-follows"], colors["on-runs"], colors["on-gold"]];
  const height = box.row < 32 ? ROLE_STRIP - 3 : ROLE_STRIP + 3;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.font = `10px ${SANS}`;
  for (const [lane, from, end, kind, text] of all.roles) {
    const to = end < 0 ? all.end : end;
    if (to < view.from || from > view.to) continue;
    const left = Math.max(box.left, x(from)), right = Math.min(box.right, x(to));
    const y = box.top + box.row * lane;
    context.fillStyle = fills[kind];
    context.fillRect(left, y - height / 2, Math.max(1, right - left), height);
    if (height < ROLE_STRIP || kind === 1) continue;
    context.fillStyle = inks[kind];
    context.fillText(clippedText(context, text, right - left - 6), left + 3, y + 0.5);
  }
}

function messageAt(pen, px, py) {
  let best = -1, nearest = NEAR;
  messagesBetween(pen.all, pen.view.from, pen.view.to, (i) => {
    const [ax, ay, bx, by] = messageLine(pen, i), dx = bx - ax, dy = by - ay;
    const along = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
    const far = Math.hypot(ax + along * dx - px, ay + along * dy - py);
    if (far < nearest) { nearest = far; best = i; }
  });
  return best;
}

function messagesControl(all, part) {
  const canvas = part("messages"), told = part("messages-told"), usual = told.textContent;
  const whole = { from: 0, to: all.end * 1.01 };
  const view = { from: 0, to: 0, chosen: -1, before: null };
  let pen = null, queued = false, inSight = false;
  const redraw = () => {
    queued = false;
    if (canvas.clientWidth === 0) return;
    const { box, drawn, x } = drawMessages(all, view, canvas);
    pen = { all, view, box, x };
    root.dataset.messages = String(drawn);
  };
  const refresh = () => {
    if (inSight && !queued) { queued = true; requestAnimationFrame(redraw); }
  };
  const sighted = (entries) => { inSight = entries.at(-1).isIntersecting; refresh(); };
  const show = (from, to) => {
    const span = Math.min(whole.to, Math.max(NARROWEST, to - from));
    view.from = Math.min(Math.max(0, from), whole.to - span);
    view.to = view.from + span;
    refresh();
  };
  const center = (time, span = view.to - view.from) => show(time - span / 2, time + span / 2);
  const choose = (i, move = false) => {
    view.chosen = i;
    view.before = i < 0 ? null : sentBefore(all, i);
    const lit = i < 0 ? 0 : view.before.reduce((sum, each) => sum + each, 0) - 1;
    told.textContent = i < 0 ? usual
      : `${messageText(all, i)}. Lit: the ${lit} messages that were sent before, in Lamport's order.`;
    if (move && i >= 0 && (all.sent[i] < view.from || all.arrived[i] > view.to)) center(all.sent[i]);
    refresh();
  };
  const control = {
    all, view, canvas, redraw, refresh, show, center, choose,
    pan: (share) => show(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share),
    zoom: (factor, at = (view.from + view.to) / 2) =>
      show(at - (at - view.from) * factor, at + (view.to - at) * factor),
    everything: () => show(whole.from, whole.to),
    failure: () => show(all.from - (all.focus - all.from) * 0.05 - 1, all.focus + (all.focus - all.from) * 0.05 + 1),
    step: (by) => choose(Math.max(0, Math.min(all.count - 1, view.chosen < 0 ? firstSent(all, view.from) : view.chosen + by)), true),
    timeAt: (pixel) => view.from + (pixel - pen.box.left) / (pen.box.right - pen.box.left) * (view.to - view.from),
    at: (x, y) => (pen && x >= pen.box.left ? messageAt(pen, x, y) : -1),
  };
  control.failure();
  // Of its height from the start, so that nothing moves when it comes into sight and is drawn.
  canvas.style.height = `${messageBox(all, canvas.getContext("2d"), canvas.clientWidth).total}px`;
  new IntersectionObserver(sighted, { rootMargin: "200px" }).observe(canvas);
  return control;
}

function firstSent(all, time) {
  const found = all.sent.findIndex((sent) => sent >= time);
  return found < 0 ? all.count - 1 : found;
}

function movingMessages(control, part) {
  const { canvas, view } = control, tip = part("messages-tip");
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    grip = { x: position(event, canvas)[0], from: view.from, to: view.to, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = position(event, canvas);
    if (!grip) {
      const i = control.at(x, y);
      placeTip(tip, event, i < 0 ? "" : messageText(control.all, i));
      return;
    }
    if (Math.abs(x - grip.x) > 3) grip.moved = true;
    const by = (grip.x - x) / canvas.clientWidth * (grip.to - grip.from);
    if (grip.moved) control.show(grip.from + by, grip.to + by);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (grip && !grip.moved) control.choose(control.at(...position(event, canvas)));
    grip = null;
  });
  canvas.addEventListener("pointercancel", () => { grip = null; });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    tip.hidden = true;
    if (sideways) control.pan(event.deltaX / canvas.clientWidth);
    else control.zoom(Math.exp(event.deltaY / 400), control.timeAt(position(event, canvas)[0]));
  }, { passive: false });
  const keys = {
    ArrowLeft: () => control.pan(-0.2), ArrowRight: () => control.pan(0.2),
    ArrowUp: () => control.zoom(0.7), ArrowDown: () => control.zoom(1 / 0.7),
    "+": () => control.zoom(0.5), "=": () => control.zoom(0.5), "-": () => control.zoom(2),
    0: control.everything, Home: control.everything, f: control.failure,
    n: () => control.step(1), p: () => control.step(-1), Escape: () => control.choose(-1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
}

// The canvas of a side's messages.
async function openMessages(prefix) {
  const data = document.getElementById(`${prefix}messages-data`);
  const part = (id) => document.getElementById(prefix + id);
  part("messages-chart").hidden = false;
  const control = messagesControl(prepareMessages(await unpack(data)), part);
  movingMessages(control, part);
  part("messages-all").addEventListener("click", control.everything);
  part("messages-failure").addEventListener("click", control.failure);
  part("messages-in").addEventListener("click", () => control.zoom(0.5));
  part("messages-out").addEventListener("click", () => control.zoom(2));
  new ResizeObserver(control.refresh).observe(control.canvas);
  return control;
}
