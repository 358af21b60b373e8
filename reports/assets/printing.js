// On paper nothing scrolls: a picture that is wider than a page is printed in rows, each with the
// lanes' names before it.

const PAPER = 860, SHARED = 24;

function stretch(svg, from, width, left) {
  const copy = svg.cloneNode(true), height = svg.viewBox.baseVal.height || svg.height.baseVal.value;
  for (const [name, value] of Object.entries({
    x: left, y: 0, width, height, viewBox: `${from} 0 ${width} ${height}`,
  })) copy.setAttribute(name, value);
  return copy;
}

function rowOf(svg, names, gutter, from) {
  const row = svg.cloneNode(false), height = svg.viewBox.baseVal.height, room = PAPER - gutter;
  for (const name of ["class", "width", "height", "tabindex"]) row.removeAttribute(name);
  row.setAttribute("viewBox", `0 0 ${PAPER} ${height}`);
  row.append(stretch(names, 0, gutter, 0), stretch(svg, from, room, gutter));
  return row;
}

function inRows(svg) {
  const names = svg.parentElement.querySelector("svg.names");
  const gutter = names ? names.width.baseVal.value : svg.querySelector(".rule").x1.baseVal.value;
  const first = names ? 0 : gutter, width = svg.viewBox.baseVal.width - first, room = PAPER - gutter;
  if (width <= room) return;
  const rows = document.createElement("div");
  rows.className = "in-rows";
  const steps = Math.ceil((width - room) / (room - SHARED));
  for (let n = 0; n <= steps; n++) {
    rows.append(rowOf(svg, names ?? svg, gutter, first + (width - room) * n / steps));
  }
  svg.parentElement.before(rows); // so that what its arrows' tips refer to is not hidden
}

function printing() {
  addEventListener("beforeprint", () => {
    for (const svg of document.querySelectorAll("svg.intervals, svg.spacetime[tabindex]")) inRows(svg);
  });
  addEventListener("afterprint", () => {
    for (const rows of document.querySelectorAll(".in-rows")) rows.remove();
  });
}
