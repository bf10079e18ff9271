// The sentences as report/sentences.py packs them, and which of them are asked for.

const FLAGS = { gold: 1, any: 2, named: 4, strict: 8, new: 16, number: 32 };
const REFERENCES = "(references)"; // what the list of systems calls them
const SIGNS = /[\\^$.*+?()[\]{}|/]/gu; // those with a meaning in a regular expression

/** Unpack the rows of all test sets, in official order. */
function unpackRows(data) {
  return data.sets.flatMap((set) =>
    set.rows.map(([id, source, references, outputs, which], order) => ({
      set,
      order,
      id,
      source,
      references: references.map((packed) => unpackText(source, packed)),
      outputs: outputs.map((packed) => unpackText(source, packed)),
      which, // for each system of the set the place of its output, -1 where it has none
    })),
  );
}

/** Unpack a text, 0 being the source itself; its edits are [start, end, correction, type, flags]. */
function unpackText(source, [text, edits, score]) {
  return { text: text === 0 ? source : text, edits, score };
}

/** Give the outputs of a row by systems that are shown, each once, with its systems' names. */
function shownOutputs(row, state) {
  const hidden = state.hidden.join("\n");
  if (row.shown?.hidden !== hidden) row.shown = { hidden, groups: groupOutputs(row, state) };
  return row.shown.groups; // made once: filters and orders ask for them again and again
}

function groupOutputs(row, state) {
  const groups = new Map();
  row.which.forEach((place, index) => {
    const system = row.set.systems[index];
    if (state.hidden.includes(system)) return;
    if (!groups.has(place)) groups.set(place, { output: row.outputs[place], systems: [] });
    groups.get(place).systems.push(system);
  });
  return [...groups.values()];
}

/** Give the texts that a filter of edits looks at: of one system, of the references, or of all. */
function askedTexts(row, state) {
  if (state.by === REFERENCES) return row.references;
  return shownOutputs(row, state)
    .filter((group) => group.output && (!state.by || group.systems.includes(state.by)))
    .map((group) => group.output);
}

/** Make the test that a row must pass; throws a SyntaxError where the expression is none. */
function makeTest(state, data) {
  const type = data.types.indexOf(state.type);
  const flag = FLAGS[state.entity] || 0;
  const asksEdits = Boolean(state.type || state.entity || state.support);
  const expression = makeExpression(state);
  const fits = (edit) =>
    (!state.type || edit[3] === type) &&
    (!flag || edit[4] & flag) &&
    (!state.support || Boolean(edit[4] & FLAGS.gold) === (state.support === "gold"));
  return (row) =>
    (!state.set || row.set.key === state.set) &&
    (!state.task || row.set.task === state.task) &&
    (!state.differ || shownOutputs(row, state).length > 1) &&
    (!asksEdits || askedTexts(row, state).some((text) => text.edits && text.edits.some(fits))) &&
    (!expression || hasText(row, state, expression));
}

/** Make the expression of a state, null where nothing is looked for. */
function makeExpression(state) {
  if (!state.text) return null;
  return new RegExp(state.regex ? state.text : state.text.replace(SIGNS, "\\$&"), "iu");
}

function hasText(row, state, expression) {
  return (
    expression.test(row.id) ||
    expression.test(row.source) ||
    row.references.some((reference) => expression.test(reference.text)) ||
    shownOutputs(row, state).some(({ output }) => output && expression.test(output.text))
  );
}

/** Give the scores of a row's outputs that are shown, of one system where `by` names it. */
function rowScores(row, state) {
  return shownOutputs(row, state)
    .filter(({ output, systems }) => {
      const asked = !state.by || state.by === REFERENCES || systems.includes(state.by);
      return asked && output && typeof output.score === "number";
    })
    .map(({ output }) => output.score);
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function countEdits(row, state) {
  const texts = askedTexts(row, state).filter((text) => text.edits);
  return texts.length ? mean(texts.map((text) => text.edits.length)) : 0;
}

/** Give a fixed number for an id, so that a shuffled order is the same each time. */
function hashText(text) {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  }
  // Ids differ in their last digits alone: mix these into the high bits, which decide the order.
  hash = Math.imul(hash ^ (hash >>> 15), 2246822507);
  return (hash ^ (hash >>> 13)) >>> 0;
}

// What each order sorts by, the smallest first; rows without the figure come last.
const ORDERS = {
  official: null,
  short: (row) => row.source.length,
  long: (row) => -row.source.length,
  edits: (row, state) => -countEdits(row, state),
  gap: (row, state) => {
    const scores = rowScores(row, { ...state, by: "" });
    return scores.length ? Math.min(...scores) - Math.max(...scores) : Infinity;
  },
  worst: (row, state) => {
    const scores = rowScores(row, state);
    return scores.length ? mean(scores) : Infinity;
  },
  best: (row, state) => {
    const scores = rowScores(row, state);
    return scores.length ? -mean(scores) : Infinity;
  },
  shuffled: (row) => hashText(row.id),
};

/** Give the rows that a state asks for, in its order; equal ones stay in the official order. */
function chooseRows(rows, state, data) {
  const chosen = rows.filter(makeTest(state, data));
  const key = ORDERS[state.order];
  if (!key) return chosen;
  const keyed = chosen.map((row) => [key(row, state), row]);
  return keyed.sort((a, b) => compareNumbers(a[0], b[0])).map(([, row]) => row);
}

/** Compare numbers of which several may be infinite: their difference would be none. */
function compareNumbers(first, second) {
  return first < second ? -1 : first > second ? 1 : 0;
}
