"""General instructions, inputs and answers in the manner of Alpaca, from templates."""

from __future__ import annotations

from wa_data.demo import words as w
from wa_data.demo.grammar import FULL_NAME, HARD, PERSON, PLAIN, compose, running, tokenised

# Row 100 and every 1,857th behind it has no answer: 28 of the official 52,002 rows.
_EMPTY_EVERY, _EMPTY_AT = 1857, 100

_FIELDS = {
    "who": FULL_NAME,
    "guest": PERSON,
    "job": w.JOBS,
    "thing": w.THINGS,
    "other": w.THINGS,
    "adjective": tuple(w.ADJECTIVES),
    "town": w.TOWNS,
    "city": w.TOWNS,
    "month": w.MONTHS,
    "day": w.DAYS,
    "place": w.PLACES,
    "method": w.METHODS,
    "field": w.FIELDS,
}
# (instruction, input, answer); three in five have no input.
_TASKS = (
    ("Describe a {adjective} {thing} that a {job} from {town} might own.", "",
     "It is a {adjective} {thing} from {city}. The {job} keeps it next to the {other}."),
    ("Suggest {small} gifts for a {job} who lives in {town}.", "",
     "A {adjective} {thing}, a {other} and a day at the {place} would all suit a {job}."),
    ("Write a short invitation from {who} to {guest}.", "",
     "Dear {guest},\n\nPlease come to the {place} in {town} on {day}.\n\nYours,\n{who}"),
    ("Explain what a {job} does at the {place} of {town} in {month}.", "",
     "In {month} a {job} at the {place} mostly looks after the {thing} and the {other}."),
    ("Add {large} and {small}.", "", "{large} plus {small} is {total}."),
    ("Plan a {day} in {town} for a {job} and a {thing} collector.", "",
     "1. See the {place}.\n2. Buy a {adjective} {thing}.\n3. Take the evening train to {city}."),
    ("Compare a {adjective} {thing} with a {other} from {town}.", "",
     "Both can be found in {town}. A {thing} belongs at the {place}; a {other} belongs at home."),
    ("What is a {adjective} {method} good for in {field} in {month}?", "",
     "A {adjective} {method} makes {field} cheaper, and the results can be checked by a {job}."),
    ("Tell a very short story about {who} and a {thing}.", "",
     "{who} lost a {thing} in {town}. On {day} a {job} brought it back from {city}."),
    ("Name the day on which {who} visits {town}.", "{who} visits {town} on {day}.", "{day}"),
    ("Count the words of the text.", "{text}", "The text has {count} words."),
    ("Which towns does the note mention?", "From {town}, {who} went on to {city}.",
     "{town} and {city}"),
    ("Put the items into alphabetical order.", "{thing}, {job}, {town}, {method}", "{order}"),
    ("Write the text in capital letters.", "{text}", "{capitals}"),
    ("Is the {adjective} message below about a {thing} or about something else?", "{text}",
     "{verdict}"),
)  # fmt: skip
_BARE = tuple(task for task in _TASKS if not task[1])
_WITH_INPUT = tuple(task for task in _TASKS if task[1])


def instruct(n: int, m: int, row: int) -> tuple[str, str, str, str]:
    """Compose (instruction, input, short answer, long answer).

    Args:
        n: the number that decides all but the long answer's second paragraph.
        m: the number that decides that.
        row: its place; some rows have an empty short answer (see `_EMPTY_EVERY`).
    """
    n, fifth = divmod(n, 5)
    tasks = _WITH_INPUT if fifth < 2 else _BARE
    n, choice = divmod(n, len(tasks))
    instruction, given, answer = tasks[choice]
    values: dict[str, str | int] = {}
    for field, options in _FIELDS.items():
        n, choice = divmod(n, len(options))
        values[field] = options[choice]
    n, large = divmod(n, 90_000)
    n, small = divmod(n, 97)
    values |= {"large": large + 100, "small": small + 3, "total": large + small + 103}
    chunks, _ = compose(n, PLAIN)
    text = running(tokenised(chunks))
    items = (values["thing"], values["job"], values["town"], values["method"])
    values |= {
        "text": text,
        "count": text.count(" ") + 1,
        "capitals": text.upper(),
        "order": ", ".join(sorted(map(str, items), key=str.lower)),
        "verdict": f"a {values['thing']}" if str(values["thing"]) in chunks else "something else",
    }
    short = answer.format(**values)
    more = running(tokenised(compose(m, HARD)[0]))
    empty = row % _EMPTY_EVERY == _EMPTY_AT
    return (
        instruction.format(**values),
        given.format(**values),
        "" if empty else short,
        f"{short}\n\n{more}",
    )
