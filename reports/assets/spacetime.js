// The space-time diagram: a chosen message and all that happened before it (Lamport) are lit.

function spacetimePictures() {
  for (const svg of document.querySelectorAll("svg.spacetime[tabindex]")) choosingMessages(svg);
}

function choosingMessages(svg) {
  const told = svg.parentElement.parentElement.querySelector(".spacetime-told");
  const usual = told.textContent;
  const messages = [...svg.querySelectorAll("g.message")];
  const words = [...svg.querySelectorAll("text.says")];
  let chosen = -1;
  const choose = (number) => {
    chosen = number;
    const message = messages[number];
    const before = new Set((message?.dataset.past ?? "").split(",").map(Number));
    const lit = (i) => message !== undefined && (before.has(i) || i === number);
    svg.classList.toggle("choosing", message !== undefined);
    messages.forEach((each, i) => {
      each.classList.toggle("chosen", i === number);
      each.classList.toggle("before", lit(i));
    });
    for (const text of words) text.classList.toggle("before", lit(Number(text.dataset.of)));
    told.textContent = message === undefined ? usual
      : `${message.querySelector("title").textContent}. Lit: the ${before.size - 1} messages shown that were sent before, in Lamport's order.`;
    svg.dataset.chosen = String(number);
  };
  const step = (by) => {
    choose(Math.max(0, Math.min(messages.length - 1, chosen < 0 && by < 0 ? messages.length - 1 : chosen + by)));
    bring(svg.parentElement, messages[chosen]);
  };
  svg.chooseMessage = (number) => { choose(number); bring(svg.parentElement, messages[number]); };
  svg.addEventListener("click", (event) => {
    choose(Number(event.target.dataset.of ?? messages.indexOf(event.target.closest("g.message"))));
  });
  const keys = { ArrowRight: () => step(1), ArrowLeft: () => step(-1), Escape: () => choose(-1) };
  svg.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || messages.length === 0) return;
    event.preventDefault();
    keys[event.key]();
  });
}

// The failure is at the end of the window: that is where the picture opens, once it is shown.
function openPictures() {
  for (const svg of document.querySelectorAll("svg.spacetime[tabindex]:not([data-open])")) {
    const picture = svg.parentElement;
    if (picture.clientWidth === 0) continue;
    picture.scrollLeft = picture.scrollWidth;
    svg.dataset.open = "";
  }
  for (const tools of document.querySelectorAll(".magnify:not([data-open])")) {
    if (tools.clientWidth === 0) continue;
    tools.querySelector("[data-action=failure]").click();
    tools.dataset.open = "";
  }
}

function showMessage(picture, number) {
  picture.scrollIntoView({ block: "center" });
  picture.chooseMessage(number);
}

function bring(picture, message) {
  const box = message.getBoundingClientRect(), room = picture.getBoundingClientRect();
  if (box.left < room.left || box.right > room.right) {
    picture.scrollLeft += box.left - room.left - room.width / 2;
  }
}
