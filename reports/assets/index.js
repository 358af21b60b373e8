// The page of many runs: rows that hold all words asked for, sorted by a column.

const rows = [...document.querySelectorAll("#all tbody tr")];
const words = rows.map((row) => row.textContent.toLowerCase());
const input = document.getElementById("filter"), shown = document.getElementById("shown");

function filterRows() {
  const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, i) => {
    row.hidden = !wanted.every((word) => words[i].includes(word));
    if (!row.hidden) count++;
  });
  shown.textContent = `${count} of ${rows.length}`;
}

function sortBy(head) {
  const heads = [...head.parentElement.children], column = heads.indexOf(head);
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const each of heads) each.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const order = new Intl.Collator("en", { numeric: true });
  const text = (row) => row.children[column].textContent;
  const body = document.querySelector("#all tbody");
  const sorted = [...body.children].sort((a, b) => order.compare(text(a), text(b)) * (up ? 1 : -1));
  body.append(...sorted);
}

const quoted = (name) => /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;

function showCommand() {
  const command = document.getElementById("command");
  if (command === null) return;
  const [one, other] = ["one", "other"].map((id) => document.getElementById(id).value);
  command.textContent = `splitbrain diff ${quoted(one)} ${quoted(other)}`;
  showComparison(one, other);
}

input.addEventListener("input", filterRows);
for (const button of document.querySelectorAll(".sort")) {
  button.addEventListener("click", () => sortBy(button.parentElement));
}
for (const id of ["one", "other"]) document.getElementById(id).addEventListener("change", showCommand);
if (document.getElementById("command") !== null) {
  document.querySelector("form.filter").addEventListener("submit", (event) => event.preventDefault());
}
filterRows();
document.documentElement.dataset.state = "ready";
