// What the page does once it is there. `data-state` and `data-errors` on the root element tell
// tests, and readers of a bug report, how far it got.

const root = document.documentElement;

function report(error) {
  root.dataset.errors = `${root.dataset.errors ? `${root.dataset.errors}; ` : ""}${error}`;
}

addEventListener("error", (event) => report(event.message));
addEventListener("unhandledrejection", (event) => report(event.reason));

function copyButtons() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy(button.previousElementSibling);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
}

// A page opened from disk may have no clipboard to write to: then the text is selected, and the
// old command is tried.
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
  } catch {
    getSelection().selectAllChildren(element);
    document.execCommand("copy");
  }
}

const charts = new Map();

// The run that is shown: the small one, or the whole one by its prefix.
function shownPrefix() {
  return document.getElementById("side-whole")?.checked ? "whole-" : "";
}

async function openChart(prefix) {
  if (charts.has(prefix)) return charts.get(prefix);
  const run = prepare(await unpack(document.getElementById(`${prefix}data`)), prefix);
  run.part("chart").hidden = false;
  const canvas = run.part("lanes"), control = navigation(run, canvas, run.part("overview"));
  run.part("zoom-in").addEventListener("click", () => control.zoom(0.5));
  run.part("zoom-out").addEventListener("click", () => control.zoom(2));
  run.part("zoom-all").addEventListener("click", () =>
    control.show(control.whole.from, control.whole.to));
  run.part("to-failure")?.addEventListener("click", control.toFailure);
  const messages = document.getElementById(`${prefix}messages-data`) && await openMessages(prefix);
  searching(run, control, messages);
  new ResizeObserver(control.refresh).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
    matchMedia(query).addEventListener("change", () => { control.redraw(); messages?.redraw(); });
  }
  charts.set(prefix, { control, run, messages });
  return charts.get(prefix);
}

async function showSide() {
  const { control, run, messages } = await openChart(shownPrefix());
  control.redraw();
  messages?.refresh();
  openPictures();
  root.dataset.operations = String(run.count);
}

// A link may be to the other run: then that one is shown.
async function follow() {
  const link = /^#(whole-)?(?:op-|t=|picture-)/.exec(location.hash);
  const side = link && (link[1] || !location.hash.startsWith("#t=")) &&
    document.getElementById(link[1] ? "side-whole" : "side-told");
  if (side && !side.checked) side.checked = true;
  await showSide();
  const { control, messages } = charts.get(shownPrefix());
  if (control.follow()) control.redraw();
  const moment = /^#(?:whole-)?t=(\d+(?:\.\d+)?)s?$/.exec(location.hash);
  if (moment) messages?.center(Number(moment[1]) * 1e6);
}

async function start() {
  copyButtons();
  witnessPictures();
  spacetimePictures();
  printing();
  root.dataset.state = "loading";
  if (!("DecompressionStream" in window)) {
    for (const chart of document.querySelectorAll(".chart")) {
      const note = document.createElement("p");
      note.className = "caution";
      note.textContent = "The timeline needs a browser of 2023 or later (DecompressionStream).";
      chart.before(note);
    }
    root.dataset.state = "unsupported";
    return;
  }
  for (const choice of document.querySelectorAll("input.choice")) {
    choice.addEventListener("change", () => showSide().catch(report));
  }
  addEventListener("hashchange", () => follow().catch(report));
  await follow();
  root.dataset.state = "ready";
}

start().catch((error) => {
  report(error);
  root.dataset.state = "failed";
});
