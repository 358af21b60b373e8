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

async function start() {
  copyButtons();
  witnessPictures();
  spacetimePictures();
  root.dataset.state = "loading";
  const chart = document.getElementById("chart");
  if (!("DecompressionStream" in window)) {
    const note = document.createElement("p");
    note.className = "caution";
    note.textContent = "The timeline needs a browser of 2023 or later (DecompressionStream).";
    chart.before(note);
    root.dataset.state = "unsupported";
    return;
  }
  const run = prepare(await unpack(document.getElementById("data")));
  chart.hidden = false;
  const canvas = document.getElementById("lanes"), overview = document.getElementById("overview");
  const control = navigation(run, canvas, overview);
  control.redraw();
  document.getElementById("zoom-in").addEventListener("click", () => control.zoom(0.5));
  document.getElementById("zoom-out").addEventListener("click", () => control.zoom(2));
  document.getElementById("zoom-all").addEventListener("click", () =>
    control.show(control.whole.from, control.whole.to));
  document.getElementById("to-failure")?.addEventListener("click", control.toFailure);
  new ResizeObserver(control.refresh).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", control.redraw);
  }
  addEventListener("hashchange", control.follow);
  control.follow();
  control.redraw();
  root.dataset.operations = String(run.count);
  root.dataset.state = "ready";
}

start().catch((error) => {
  report(error);
  root.dataset.state = "failed";
});
