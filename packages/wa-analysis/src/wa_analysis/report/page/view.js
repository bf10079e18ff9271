// Sentences as elements. Every text of a file is put by textContent, never as markup.

// What the label of an edit says of it: the last column that counts it.
const NAMES = {
  number: "number",
  any: "entity",
  named: "named entity",
  strict: "named entity, more than case",
  new: "new",
};

/** Make an element with properties and children; strings become text. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Make the article of one sentence. */
function makeSentence(row, state, link) {
  const heading = make("h3", {}, make("a", { href: link, title: "Link to this sentence" }, row.id));
  const facts = `${row.set.key}, ${row.set.task}`;
  const lines = state.view === "columns" ? makeColumns(row, state) : makeLines(row, state);
  const article = make(
    "article",
    { className: "sentence", tabIndex: -1 },
    make("header", {}, heading, make("span", { className: "muted" }, facts)),
    lines,
  );
  article.dataset.id = row.id;
  if (row.id === state.id) article.setAttribute("aria-current", "true");
  return article;
}

/** Make the view in lines: the source, then each reference and output as a diff from it. */
function makeLines(row, state) {
  const list = make("dl", { className: "lines" });
  addLine(list, "source", [row.source]);
  makeReferences(row).forEach(([name, reference]) =>
    addLine(list, name, makeDiff(row.source, reference.text), "reference"),
  );
  for (const { output, systems } of shownOutputs(row, state)) {
    const line = output ? makeDiff(row.source, output.text) : [make("em", {}, "no output")];
    if (output && output.text === row.source) line.push(make("em", {}, " (unchanged)"));
    addLine(list, systems.join(", "), line);
    if (output && state.labels) addLabels(list.lastChild, output, row.set);
  }
  return list;
}

function addLine(list, name, content, kind = "") {
  list.append(
    make("dt", { className: kind }, name),
    make("dd", { className: kind, dir: "auto" }, make("span", { className: "text" }, ...content)),
  );
}

/** Name the references; equal ones are named together. */
function makeReferences(row) {
  const named = new Map();
  row.references.forEach((reference, index) => {
    const name = row.references.length > 1 ? `${index + 1}` : "";
    const same = named.get(reference.text);
    if (same) same.numbers.push(name);
    else named.set(reference.text, { numbers: [name], reference });
  });
  return [...named.values()].map(({ numbers, reference }) => [
    `reference ${numbers.join(", ")}`.trim(),
    reference,
  ]);
}

/** Make the pieces of a diff: del and ins carry marks and words, so that no colour is needed. */
function makeDiff(source, output) {
  return diffWords(source, output).flatMap(({ kind, gap, text }) => {
    if (kind === "same") return [gap + text];
    return [gap, makeMarked(kind, text)];
  });
}

/** Make a del or ins; its words are an element of their own, as the mark before them is not struck. */
function makeMarked(kind, text) {
  return make(kind === "delete" ? "del" : "ins", {}, make("span", {}, text));
}

/** Add the score and the edits of an output: type, correction, in gold or not, entity. */
function addLabels(line, output, set) {
  const labels = make("ul", { className: "labels" });
  if (typeof output.score === "number") {
    labels.append(make("li", { className: "score" }, `${set.metric} ${output.score.toFixed(1)}`));
  }
  for (const [, , correction, type, flags] of output.edits || []) {
    const right = Boolean(flags & FLAGS.gold);
    const words = [`${set.gold ? (right ? "✓ " : "✗ ") : ""}${DATA.types[type]}`];
    if (correction) words.push(` ${correction}`);
    const entity = Object.keys(NAMES).filter((name) => flags & FLAGS[name]);
    if (entity.length) words.push(make("b", {}, ` [${NAMES[entity[entity.length - 1]]}]`));
    const title = set.gold ? (right ? "in the gold edits" : "not in the gold edits") : "";
    labels.append(make("li", { title, className: right ? "right" : "" }, ...words));
  }
  if (labels.childElementCount) line.append(labels);
}

/** Make the view in columns: each change of the source with what everybody makes of it. */
function makeColumns(row, state) {
  const others = makeReferences(row).map(([name, { text }]) => ({ name, text }));
  shownOutputs(row, state).forEach(({ output, systems }) => {
    others.push({ name: systems.join(", "), text: output ? output.text : null });
  });
  const known = others.filter(({ text }) => text !== null);
  const columns = alignColumns(row.source, known.map(({ text }) => text));
  const table = make("table", { className: "columns" });
  const body = make("tbody");
  body.append(makeColumnRow("source", columns.map((column) => ["source", column.source])));
  others.forEach(({ name, text }) => {
    const at = known.findIndex((other) => other.name === name && other.text === text);
    const cells = text === null
      ? [["same", "no output"]]
      : columns.map(({ changed, source, cells: own }) => {
          if (!changed || own[at] === source) return ["same", own[at]];
          return own[at] ? ["insert", own[at]] : ["delete", source];
        });
    body.append(makeColumnRow(name, cells));
  });
  table.append(body);
  const frame = make("div", { className: "scroll", tabIndex: 0 }, table);
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", `columns of ${row.id}`);
  return frame;
}

function makeColumnRow(name, cells) {
  const line = make("tr", {}, make("th", { scope: "row" }, name));
  for (const [kind, text] of cells) {
    const className = kind === "same" ? "muted" : "";
    const content = kind === "insert" || kind === "delete" ? makeMarked(kind, text) : text;
    line.append(make("td", { className, dir: "auto" }, content));
  }
  return line;
}

/** Mark what an expression finds in the texts shown, where the browser can without new elements. */
function markFound(elements, expression) {
  if (!globalThis.CSS?.highlights) return;
  const ranges = [];
  const each = expression && new RegExp(expression.source, "giu");
  for (const element of expression ? elements : []) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const { 0: found, index } of texts.currentNode.data.matchAll(each)) {
        if (!found) continue;
        const range = new Range();
        range.setStart(texts.currentNode, index);
        range.setEnd(texts.currentNode, index + found.length);
        ranges.push(range);
      }
    }
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

/** Give a row as an object for export. */
function exportRow(row, state) {
  const outputs = {};
  const scores = {};
  for (const { output, systems } of shownOutputs(row, state)) {
    for (const system of systems) {
      outputs[system] = output ? output.text : null;
      if (output && typeof output.score === "number") scores[system] = output.score;
    }
  }
  return {
    id: row.id,
    benchmark: row.set.benchmark,
    split: row.set.split,
    task: row.set.task,
    source: row.source,
    references: row.references.map((reference) => reference.text),
    outputs,
    scores,
  };
}
