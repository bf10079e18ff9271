// What is shown, and the fragment of the address that says so: a link leads to the same view.

const START = {
  set: "", // key of a test set
  task: "",
  by: "", // the system whose edits and scores are meant, or the references
  type: "", // of an edit
  entity: "", // any, named, strict, new or number
  support: "", // gold or none: whether the gold edits have the edit
  differ: false, // only sentences that systems write differently
  text: "",
  regex: false, // the text is a regular expression
  order: "official",
  view: "lines", // or columns
  labels: true, // edits and scores are shown
  hidden: [], // systems that are not
  page: 1,
  id: "", // the sentence that the link leads to
};

/** Read a state from a fragment; what it does not know or cannot be is left at the start. */
function readState(fragment) {
  const state = { ...START };
  for (const [name, value] of new URLSearchParams(fragment.replace(/^#/, ""))) {
    if (!Object.hasOwn(START, name)) continue;
    if (typeof START[name] === "boolean") state[name] = value === "1";
    else if (name === "page") state.page = Math.max(1, Number.parseInt(value, 10) || 1);
    else if (name === "hidden") state.hidden = [...state.hidden, value];
    else state[name] = value;
  }
  if (!Object.hasOwn(ORDERS, state.order)) state.order = START.order;
  return state;
}

/** Write a state as a fragment, without what is as at the start. */
function writeState(state) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (name === "hidden") value.forEach((system) => parameters.append(name, system));
    else if (typeof value === "boolean") {
      if (value !== START[name]) parameters.set(name, value ? "1" : "0");
    } else if (value !== START[name]) parameters.set(name, value);
  }
  return parameters.size ? `#${parameters}` : "";
}

/** Tell a state from the address of a heading, such as #scores. */
function isState(fragment) {
  return fragment.includes("=");
}
