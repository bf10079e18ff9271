// The browser of sentences: controls, pages, keys, links and export.

const PAGE_SIZE = 20;
const DATA = JSON.parse(document.getElementById("data").textContent);
const ROWS = unpackRows(DATA);
const ELEMENTS = Object.fromEntries(
  ["filters", "count", "problem", "results", "first", "previous", "next", "last", "page", "export"]
    .map((name) => [name, document.getElementById(name)]),
);
const CONTROLS = ["set", "task", "by", "type", "entity", "support", "order", "view", "text"];
const SWITCHES = ["differ", "regex", "labels"];
let state = { ...START };
let chosen = ROWS;

/** Show a state; the address follows unless it is where the state comes from. */
function show(next, { keepAddress = false, focus = false } = {}) {
  state = next;
  try {
    chosen = chooseRows(ROWS, state, DATA);
    ELEMENTS.problem.textContent = "";
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    chosen = [];
    ELEMENTS.problem.textContent = `Not a regular expression: ${error.message}`;
  }
  goToSentence();
  state.page = Math.min(state.page, countPages());
  const address = writeState(state);
  if (!keepAddress) replaceAddress(address);
  fillControls();
  showPage();
  const current = ELEMENTS.results.querySelector("[aria-current]");
  if (focus && current) current.focus();
  if (focus && current) current.scrollIntoView({ block: "start" });
}

/** Turn to the page of the sentence that the state names, if it is among those chosen. */
function goToSentence() {
  const place = state.id ? chosen.findIndex((row) => row.id === state.id) : -1;
  if (place >= 0) state.page = Math.floor(place / PAGE_SIZE) + 1;
  else state.id = "";
}

function countPages() {
  return Math.max(1, Math.ceil(chosen.length / PAGE_SIZE));
}

function replaceAddress(fragment) {
  history.replaceState(null, "", fragment || location.pathname + location.search);
}

function showPage() {
  const start = (state.page - 1) * PAGE_SIZE;
  const rows = chosen.slice(start, start + PAGE_SIZE);
  ELEMENTS.results.replaceChildren(
    ...rows.map((row) => makeSentence(row, state, writeState({ ...state, page: 1, id: row.id }))),
  );
  ELEMENTS.results.removeAttribute("aria-busy");
  const texts = ELEMENTS.results.querySelectorAll(".text, .columns td, h3 a");
  markFound(texts, ELEMENTS.problem.textContent ? null : makeExpression(state));
  const number = (value) => value.toLocaleString("en");
  ELEMENTS.count.textContent = `${number(chosen.length)} of ${number(ROWS.length)} sentences`;
  ELEMENTS.page.textContent = `page ${number(state.page)} of ${number(countPages())}`;
  for (const name of ["first", "previous"]) ELEMENTS[name].disabled = state.page === 1;
  for (const name of ["next", "last"]) ELEMENTS[name].disabled = state.page === countPages();
  ELEMENTS.export.disabled = chosen.length === 0;
}

/** Show the state in the controls. */
function fillControls() {
  const fields = ELEMENTS.filters.elements;
  for (const name of CONTROLS) {
    if (fields[name].value !== String(state[name])) fields[name].value = state[name];
  }
  for (const name of SWITCHES) fields[name].checked = state[name];
  for (const box of ELEMENTS.filters.querySelectorAll("[name=shown]")) {
    box.checked = !state.hidden.includes(box.value);
  }
}

/** Read the controls into a state that starts at its first page. */
function readControls() {
  const fields = ELEMENTS.filters.elements;
  const boxes = [...ELEMENTS.filters.querySelectorAll("[name=shown]")];
  return {
    ...Object.fromEntries(CONTROLS.map((name) => [name, fields[name].value])),
    ...Object.fromEntries(SWITCHES.map((name) => [name, fields[name].checked])),
    hidden: boxes.filter((box) => !box.checked).map((box) => box.value),
    page: 1,
    id: "",
  };
}

function turnTo(page) {
  show({ ...state, page, id: "" });
  ELEMENTS.results.scrollIntoView({ block: "start" });
}

/** Move the focus to the next or the previous sentence of the page. */
function step(by) {
  const articles = [...ELEMENTS.results.children];
  const at = articles.indexOf(document.activeElement.closest("article"));
  const next = articles[Math.min(Math.max(at + by, 0), articles.length - 1)];
  if (!next) return;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function exportRows() {
  const lines = chosen.map((row) => `${JSON.stringify(exportRow(row, state))}\n`);
  const address = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
  make("a", { href: address, download: "selection.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** Keys work among the sentences only, so that they disturb no field and no screen reader. */
function handleKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const acts = {
    j: () => step(1),
    k: () => step(-1),
    n: () => state.page < countPages() && turnTo(state.page + 1),
    p: () => state.page > 1 && turnTo(state.page - 1),
  };
  if (!Object.hasOwn(acts, event.key)) return;
  event.preventDefault();
  acts[event.key]();
  if ("np".includes(event.key)) step(1);
}

function start() {
  let waiting = 0;
  ELEMENTS.filters.addEventListener("input", () => {
    ELEMENTS.results.setAttribute("aria-busy", "true");
    clearTimeout(waiting); // while somebody types only the last word counts
    waiting = setTimeout(() => show(readControls()), 150);
  });
  ELEMENTS.filters.addEventListener("submit", (event) => event.preventDefault());
  ELEMENTS.filters.addEventListener("reset", (event) => {
    event.preventDefault();
    show({ ...START });
  });
  ELEMENTS.first.addEventListener("click", () => turnTo(1));
  ELEMENTS.previous.addEventListener("click", () => turnTo(state.page - 1));
  ELEMENTS.next.addEventListener("click", () => turnTo(state.page + 1));
  ELEMENTS.last.addEventListener("click", () => turnTo(countPages()));
  ELEMENTS.export.addEventListener("click", exportRows);
  ELEMENTS.results.addEventListener("keydown", handleKey);
  window.addEventListener("hashchange", () => {
    if (isState(location.hash) || !location.hash) show(readState(location.hash), { focus: true });
  });
  if (isState(location.hash)) show(readState(location.hash), { keepAddress: true, focus: true });
  else show({ ...START }, { keepAddress: true });
}

start();
