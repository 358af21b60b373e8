// The picture of a witness: enlarged and reduced, and the order found so far, up to the operation
// under the pointer. Without script it is all there, to scroll, with the notes as tool tips.

function witnessPictures() {
  for (const picture of document.querySelectorAll(".picture")) {
    const svg = picture.querySelector("svg.intervals");
    if (svg === null) continue;
    const tools = picture.parentElement.querySelector(".magnify");
    if (tools !== null) magnifier(picture, svg, tools);
    const told = picture.parentElement.querySelector(".told");
    if (told !== null) orderUpTo(svg, told);
  }
}

function magnifier(picture, svg, tools) {
  const width = svg.width.baseVal.value, height = svg.height.baseVal.value;
  const least = 0.2, most = 6;
  let factor = 1;
  const scale = (wanted, at) => {
    const next = Math.min(most, Math.max(least, wanted));
    const place = (picture.scrollLeft + at) / factor;
    factor = next;
    svg.setAttribute("width", String(width * factor));
    svg.setAttribute("height", String(height * factor));
    picture.scrollLeft = place * factor - at;
    svg.dataset.factor = factor.toFixed(2);
  };
  const middle = () => picture.clientWidth / 2;
  const actions = {
    in: () => scale(factor * 1.4, middle()),
    out: () => scale(factor / 1.4, middle()),
    fit: () => scale(Math.min(1, picture.clientWidth / width), 0),
    failure: () => {
      const bar = svg.querySelector("g.blocked") ?? svg.querySelector("g.blamed");
      scale(Math.max(1, factor), 0);
      if (bar === null) return;
      const box = bar.getBBox();
      picture.scrollLeft = (box.x + box.width / 2) * factor - middle();
    },
  };
  for (const button of tools.querySelectorAll("button")) {
    button.addEventListener("click", actions[button.dataset.action]);
  }
  picture.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    scale(factor * Math.exp(-event.deltaY / 300), event.clientX - picture.getBoundingClientRect().left);
  }, { passive: false });
  tools.hidden = false;
}

function orderUpTo(svg, told) {
  const usual = told.textContent;
  const show = (bar) => {
    const step = Number(bar?.dataset.step ?? -1);
    svg.classList.toggle("partial", step >= 0);
    for (const part of svg.querySelectorAll("[data-step]")) {
      part.classList.toggle("reached", Number(part.dataset.step) <= step);
    }
    told.textContent = bar?.dataset.note ?? usual;
  };
  for (const bar of svg.querySelectorAll("g.bar[data-note]")) {
    bar.addEventListener("pointerenter", () => show(bar));
    bar.addEventListener("pointerleave", () => show(null));
    bar.addEventListener("focus", () => show(bar));
    bar.addEventListener("blur", () => show(null));
  }
}
