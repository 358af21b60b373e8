// The whole run in one narrow strip: how busy it was, where it went wrong, what the lanes show.

const OVERVIEW = 40;

function drawOverview(run, view, canvas, box) {
  const context = sized(canvas, OVERVIEW);
  const colors = palette();
  const width = Math.max(1, Math.floor(box.right - box.left));
  const x = (time) => box.left + (time / run.end) * width;
  context.fillStyle = colors.lane;
  context.fillRect(box.left, 0, width, OVERVIEW);
  context.fillStyle = colors.band;
  for (const [, , start, end] of run.faults) {
    const left = x(start);
    context.fillRect(left, 0, Math.max(1, x(end < 0 ? run.end : end) - left), OVERVIEW);
  }
  const counts = histogram(run, width);
  const highest = Math.max(1, ...counts.all);
  for (let c = 0; c < width; c++) {
    let top = OVERVIEW;
    for (const [outcome, color] of [[OK, colors.ok], [FAIL, colors.fail], [INFO, colors.info]]) {
      const share = counts.by[outcome][c] / highest * (OVERVIEW - 6);
      // One pixel at least, so that a single bad operation among thousands can be seen.
      const height = share && Math.max(1, share);
      context.fillStyle = color;
      context.fillRect(box.left + c, top - height, 1, height);
      top -= height;
    }
  }
  if (run.focus >= 0) {
    context.fillStyle = colors.bad;
    context.fillRect(x(run.start[run.focus]) - 1, 0, 2, OVERVIEW);
  }
  const left = x(view.from), right = x(view.to);
  context.fillStyle = colors.ground;
  context.globalAlpha = 0.6;
  context.fillRect(box.left, 0, left - box.left, OVERVIEW);
  context.fillRect(right, 0, box.left + width - right, OVERVIEW);
  context.globalAlpha = 1;
  context.strokeStyle = colors.muted;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), OVERVIEW - 1);
}

// Operations by the column in which they start; computed once for each width.
function histogram(run, width) {
  if (run.histogram?.all.length === width) return run.histogram;
  const by = [OK, FAIL, INFO].map(() => new Uint32Array(width)), all = new Uint32Array(width);
  for (let i = 0; i < run.count; i++) {
    const column = Math.min(width - 1, Math.floor(run.start[i] / run.end * width));
    by[run.outcome[i]][column]++;
    all[column]++;
  }
  run.histogram = { by, all };
  return run.histogram;
}
