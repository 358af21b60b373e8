// The arrows of messages, their crosses and labels. Of a crowd that cannot be told apart, and that
// would take too long to draw while somebody zooms, only as many as cover the same lanes.

const BUSY = 1000, COARSEST = 16, LABELLED = 120;
const SORTS = ["server", "client", "lost", "lit"];
const BITS = 30;

// The gaps between lanes that each message crosses, a bit each, in as many columns as they need.
function gapsCrossed(all) {
  const below = (lane) => 2 ** Math.max(0, Math.min(BITS, lane)) - 1;
  const columns = [];
  for (let first = 0; first < all.hosts.length - 1; first += BITS) {
    columns.push(Int32Array.from(all.sent.keys(), (i) => {
      const source = all.source[i] - first, target = all.target[i] - first;
      return below(Math.max(source, target)) & ~below(Math.min(source, target));
    }));
  }
  return columns;
}

// In each few pixels of time, and of each sort, a message is kept if it crosses a gap between two
// lanes that none of those kept there crosses; those across most lanes come first.
function thinned(pen, messages) {
  if (messages.length <= BUSY) return messages;
  const { all } = pen, inView = new Uint8Array(all.count);
  for (const i of messages) inView[i] = 1;
  let kept = all.tallest.filter((i) => inView[i]);
  for (let pixels = 2; kept.length > BUSY && pixels <= COARSEST; pixels *= 2) {
    kept = covering(pen, kept, pixels);
  }
  return kept;
}

function covering({ all, view, box, x }, messages, pixels) {
  const columns = Math.ceil(box.right / pixels) + 1;
  const crossed = all.gaps.map(() => new Int32Array(columns * SORTS.length));
  return messages.filter((i) => {
    const column = Math.max(0, Math.min(columns - 1, Math.floor(x(all.sent[i]) / pixels)));
    const place = column * SORTS.length + SORTS.indexOf(sortOf(all, view, i));
    let fresh = false;
    for (let n = 0; n < crossed.length; n++) {
      const seen = crossed[n], gaps = all.gaps[n][i];
      if (gaps & ~seen[place]) { seen[place] |= gaps; fresh = true; }
    }
    return fresh;
  });
}

function drawArrows(pen) {
  const { all, view } = pen, inView = [];
  messagesBetween(all, view.from, view.to, (i) => inView.push(i));
  const kept = thinned(pen, inView);
  const sorts = { server: [], client: [], lost: [], lit: [] };
  for (const i of kept) sorts[sortOf(all, view, i)].push(i);
  const { context, colors } = pen;
  context.globalAlpha = view.before ? 0.15 : inView.length > BUSY ? 0.45 : 0.8;
  strokeLines(pen, sorts.server, colors.muted, 1);
  strokeLines(pen, sorts.client, colors.accent, 1.2);
  context.globalAlpha = view.before ? 0.3 : 1;
  strokeLines(pen, sorts.lost, colors.bad, 1.4, sorts.lost.length > 2 * LABELLED ? [] : [4, 3]);
  crosses(pen, sorts.lost);
  context.globalAlpha = 1;
  strokeLines(pen, sorts.lit, colors.ink, 1.6);
  if (view.chosen >= 0) strokeLines(pen, [view.chosen], colors.bad, 3);
  // Those lost tell more, and so are labelled first.
  const texts = [];
  const labelled = () => [...sorts.lost, ...kept.filter((i) => all.lost[i] < 0)];
  if (kept.length <= LABELLED) labelled().forEach((i) => labelMessage(pen, i, texts));
  if (inView.length <= 4 * LABELLED) kept.forEach((i) => tipOf(pen, i));
  return inView.length;
}

function sortOf(all, view, i) {
  if (view.before?.[i]) return "lit";
  if (all.lost[i] >= 0) return "lost";
  return all.client[all.source[i]] >= 0 || all.client[all.target[i]] >= 0 ? "client" : "server";
}

function strokeLines(pen, messages, color, weight, dashes = []) {
  const { context } = pen;
  context.strokeStyle = color;
  context.lineWidth = weight;
  context.setLineDash(dashes);
  for (const i of messages) { // one by one: a path of a thousand lines takes much longer to fill
    const [fromX, fromY, toX, toY] = messageLine(pen, i);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  }
  context.setLineDash([]);
}

function crosses(pen, messages) {
  const { context, colors } = pen;
  context.strokeStyle = colors.bad;
  context.lineWidth = 2;
  context.beginPath();
  const half = messages.length > LABELLED ? 2 : 4;
  for (const i of messages) {
    const [, , x, y] = messageLine(pen, i);
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x + half, y - half);
    context.lineTo(x - half, y + half);
  }
  context.stroke();
}

function tipOf(pen, i) {
  if (pen.all.took[i] < 0) return;
  const { context, colors } = pen, [fromX, fromY, toX, toY] = messageLine(pen, i);
  const angle = Math.atan2(toY - fromY, toX - fromX);
  context.fillStyle = sortOf(pen.all, pen.view, i) === "client" ? colors.accent : colors.ink;
  context.beginPath();
  context.moveTo(toX, toY);
  for (const side of [2.7, -2.7]) {
    context.lineTo(toX + 7 * Math.cos(angle + side), toY + 7 * Math.sin(angle + side));
  }
  context.fill();
}

// A label stands at the first of some places beside its arrow that no other takes, and where neither
// the failure's line nor a lane nor the border crosses it, or nowhere: how far along, and on which side.
const PLACES = [[0.5, true], [0.3, true], [0.7, true], [0.5, false], [0.3, false], [0.7, false]];

function labelMessage(pen, i, taken) {
  const { all, context, colors, box } = pen, [fromX, fromY, toX, toY] = messageLine(pen, i);
  const lost = all.lost[i] < 0 ? "" : ` lost: ${all.reasons[all.lost[i]]}`;
  context.font = `10.5px ${SANS}`;
  const text = clippedText(context, `${all.texts[all.text[i]]}${lost}`, 170);
  const width = context.measureText(text).width, failure = pen.x(all.focus);
  const offLane = (y) => Math.abs((y - box.top) / box.row % 1 - 0.5) < 0.5 - Math.min(0.25, 9 / box.row);
  const free = (x, y) => x >= box.left && x + width <= box.right && offLane(y) &&
    (failure < x - 2 || failure > x + width + 2) && taken.every(
      (other) => Math.abs(other.y - y) > 11 || other.x > x + width || x > other.x + other.width);
  for (const [along, after] of PLACES) {
    const there = fromX + (toX - fromX) * along, y = fromY + (toY - fromY) * along;
    const x = after ? there + 4 : there - width - 4;
    if (!free(x, y)) continue;
    taken.push({ x, y, width });
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.strokeStyle = colors.ground;
    context.strokeText(text, x, y);
    context.fillStyle = lost ? colors.bad : colors.muted;
    context.fillText(text, x, y);
    return;
  }
}
