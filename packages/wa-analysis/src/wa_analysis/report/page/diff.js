// Word diffs and columns, made when a sentence is shown: most of a report is never looked at.

// Letters and digits with what joins them (1,000, e-mail, O'Neil), else one sign at a time. Short
// forms stand apart, as tokenised sources have them: don't is do and n't, she's is she and 's.
const SIGN = "[\\p{L}\\p{M}\\p{N}]";
const SHORT = `(?:['’](?:s|re|ve|ll|d|m)|n['’]t)(?!${SIGN})`;
const WORD = new RegExp(
  `${SHORT}|${SIGN}+?(?=${SHORT})|${SIGN}+(?:[.,\\-'’]${SIGN}+)*|\\S`,
  "giu",
);
// Beyond this many pairs of words two texts are shown as replaced as a whole.
const MOST_PAIRS = 4e6;

/** Split a text into words, each with the white space before it. */
function splitWords(text) {
  const words = [];
  let end = 0;
  for (const match of text.matchAll(WORD)) {
    words.push({ word: match[0], gap: text.slice(end, match.index) });
    end = match.index + match[0].length;
  }
  return words;
}

/** Give, for each word of the first text, its place in the second, or -1: a longest common run. */
function matchWords(first, second) {
  const places = new Array(first.length).fill(-1);
  const same = (i, j) => first[i].word === second[j].word;
  let start = 0;
  let a = first.length;
  let b = second.length;
  while (start < a && start < b && same(start, start)) places[start] = start++;
  while (a > start && b > start && same(a - 1, b - 1)) places[--a] = --b;
  const width = b - start + 1;
  if ((a - start + 1) * width > MOST_PAIRS) return places;
  // lengths[i][j]: the longest common run of what is left behind first i and second j.
  const lengths = new Uint16Array((a - start + 1) * width);
  for (let i = a - 1; i >= start; i--) {
    for (let j = b - 1; j >= start; j--) {
      const at = (i - start) * width + (j - start);
      lengths[at] = same(i, j)
        ? lengths[at + width + 1] + 1
        : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  for (let i = start, j = start; i < a && j < b; ) {
    const at = (i - start) * width + (j - start);
    if (same(i, j)) places[i++] = j++;
    else if (lengths[at + width] >= lengths[at + 1]) i++;
    else j++;
  }
  return places;
}

/** Give the ranges of the first text that the second changes: {from, to, start, end}. */
function findChanges(places, length) {
  const changes = [];
  let from = 0;
  let start = 0;
  for (let i = 0; i <= places.length; i++) {
    const place = i < places.length ? places[i] : length;
    if (place === -1) continue;
    if (i > from || place > start) changes.push({ from, to: i, start, end: place });
    from = i + 1;
    start = place + 1;
  }
  return changes;
}

/** Write words as text again; the gap before the first is left to the caller. */
function joinWords(words, from, to) {
  return words.slice(from, to).map((word, i) => (i ? word.gap : "") + word.word).join("");
}

/** Compare two texts: pieces {kind: same | delete | insert, text, gap} in reading order. */
function diffWords(source, output) {
  const first = splitWords(source);
  const second = splitWords(output);
  const pieces = [];
  const add = (kind, words, from, to) => {
    if (from < to) pieces.push({ kind, gap: words[from].gap, text: joinWords(words, from, to) });
  };
  let at = 0;
  for (const change of findChanges(matchWords(first, second), second.length)) {
    add("same", second, at, change.start);
    add("delete", first, change.from, change.to);
    add("insert", second, change.start, change.end);
    at = change.end;
  }
  add("same", second, at, second.length);
  return pieces;
}

/** Align texts with a source: columns {changed, source, cells}, one cell for each text. */
function alignColumns(source, texts) {
  const words = splitWords(source);
  const rows = texts.map((text) => {
    const own = splitWords(text);
    const places = matchWords(words, own);
    return { own, places, changes: findChanges(places, own.length) };
  });
  const columns = [];
  const add = (from, to, changed, cells) =>
    columns.push({ changed, source: joinWords(words, from, to), cells });
  // Around a merged range every text keeps the words of the source, and so inside the others.
  const same = (from, to) =>
    rows.map(({ own, places }) => joinWords(own, places[from], places[to - 1] + 1));
  const changed = (from, to) =>
    rows.map(({ own, places }) => {
      const start = from ? places[from - 1] + 1 : 0;
      return joinWords(own, start, to < words.length ? places[to] : own.length);
    });
  let at = 0;
  for (const range of mergeRanges(rows.flatMap((row) => row.changes))) {
    if (range.from > at) add(at, range.from, false, same(at, range.from));
    add(range.from, range.to, true, changed(range.from, range.to));
    at = range.to;
  }
  if (at < words.length) add(at, words.length, false, same(at, words.length));
  return columns;
}

/** Join ranges that overlap or touch, so that every text has a boundary where one ends. */
function mergeRanges(changes) {
  const merged = [];
  for (const { from, to } of [...changes].sort((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged[merged.length - 1];
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}
