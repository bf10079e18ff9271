"""MaxMatch as it is defined, step by step and as slow as that: what the fast one is held against.

Nothing is cached, pruned or shared: full Levenshtein tables, the closure over all triples of
vertices, Bellman-Ford over the list of arcs as often as there are vertices. Every choice that
decides a digit is written where it is made.

Source: Dahlmeier and Ng 2012, "Better Evaluation for Grammatical Error Correction", with the
conduct of the official scorer of CoNLL-2014, version 3.2 (under Python 2).
"""

from __future__ import annotations

import math
from typing import NamedTuple

Vertex = tuple[int, int]
Arc = tuple[Vertex, Vertex]


class GoldEdit(NamedTuple):
    """Hold a gold edit; `corrections` are its alternatives, "" deletes."""

    start: int
    end: int
    corrections: tuple[str, ...]


class Found(NamedTuple):
    """Hold an edit of the hypothesis, as texts."""

    start: int
    end: int
    original: str
    correction: str


class Lattice(NamedTuple):
    """Hold the edits that lead from source to hypothesis.

    A vertex (i, j) stands behind i source and j hypothesis tokens. `arcs` is a list with
    repetitions: its order and its length matter.
    """

    vertices: list[Vertex]
    arcs: list[Arc]
    distance: dict[Arc, float]
    unchanged: dict[Arc, int]
    is_noop: dict[Arc, bool]


def split_tokens(text: str) -> list[str]:
    """Split as Python 2.7's unicode.split(): U+180E was white space then."""
    return text.replace("\u180e", " ").split()


def strip(text: str) -> str:
    """Strip as Python 2.7's unicode.strip()."""
    while text != (stripped := text.strip().strip("\u180e")):
        text = stripped
    return text


def minimal_arcs(source: list[str], target: list[str], substitution: int) -> list[Arc]:
    """Return every arc that lies on some cheapest alignment, in sorted order."""
    cost: dict[Vertex, int] = {(0, 0): 0}
    before: dict[Vertex, list[Vertex]] = {(0, 0): []}
    for i in range(len(source) + 1):
        for j in range(len(target) + 1):
            ways: list[tuple[int, Vertex]] = []
            if i and j:
                same = source[i - 1] == target[j - 1]
                ways.append((cost[i - 1, j - 1] + (0 if same else substitution), (i - 1, j - 1)))
            if i:
                ways.append((cost[i - 1, j] + 1, (i - 1, j)))
            if j:
                ways.append((cost[i, j - 1] + 1, (i, j - 1)))
            if ways:
                cost[i, j] = min(way[0] for way in ways)
                before[i, j] = [vertex for price, vertex in ways if price == cost[i, j]]
    reached: set[Vertex] = set()
    open_vertices = [(len(source), len(target))]
    arcs: list[Arc] = []
    while open_vertices:
        vertex = open_vertices.pop()
        if vertex not in reached:
            reached.add(vertex)
            arcs += [(earlier, vertex) for earlier in before[vertex]]
            open_vertices += before[vertex]
    return sorted(arcs)


def build_lattice(source: list[str], target: list[str]) -> Lattice:
    """Merge the alignments with substitutions at 1 and at 2: an arc of both is listed twice."""
    arcs = sorted(minimal_arcs(source, target, 1) + minimal_arcs(source, target, 2))
    vertices = sorted({(0, 0)}.union(*arcs))
    lattice = Lattice(vertices, arcs, dict.fromkeys(arcs, 1), {}, {})
    for arc in arcs:
        (i, j), (k, m) = arc
        noop = k == i + 1 and m == j + 1 and source[i] == target[j]
        lattice.unchanged[arc] = int(noop)
        lattice.is_noop[arc] = noop
    return lattice


def close(lattice: Lattice, max_unchanged_words: int) -> None:
    """Add arcs of several edits, shorter ones only, then drop arcs that change nothing."""
    distance, unchanged, is_noop = lattice.distance, lattice.unchanged, lattice.is_noop
    for middle in lattice.vertices:
        for start in lattice.vertices:
            if (start, middle) not in is_noop:
                continue
            for end in lattice.vertices:
                if (middle, end) not in is_noop:
                    continue
                first, second, whole = (start, middle), (middle, end), (start, end)
                length = distance[first] + distance[second]
                words = unchanged[first] + unchanged[second]
                if length < distance.get(whole, math.inf) and words <= max_unchanged_words:
                    lattice.arcs.append(whole)
                    distance[whole] = length
                    unchanged[whole] = words
                    is_noop[whole] = is_noop[first] and is_noop[second]
    # The list is shortened while it is read: what follows a dropped arc is not looked at.
    place = 0
    while place < len(lattice.arcs):
        arc = lattice.arcs[place]
        if is_noop[arc] and distance[arc] > 1:
            lattice.arcs.remove(arc)
            distance[arc] = math.inf
        place += 1


def weigh(lattice: Lattice, target: list[str], gold: list[GoldEdit]) -> dict[Arc, float]:
    """Make arcs that match a gold edit cheap, and others a little dearer for each time listed."""
    weight = dict(lattice.distance)
    spans: dict[tuple[int, int], list[Arc]] = {}
    for arc in lattice.arcs:
        spans.setdefault((arc[0][0], arc[1][0]), []).append(arc)

    def matches(arc: Arc, edit: GoldEdit) -> bool:
        return " ".join(target[arc[0][1] : arc[1][1]]) in edit.corrections

    for (start, end), arcs in sorted(spans.items()):
        edits = [edit for edit in gold if (edit.start, edit.end) == (start, end)]
        if start == end:
            weigh_insertions(sorted(arcs), edits, weight, -len(lattice.arcs), matches)
            continue
        for arc in arcs:
            if any(matches(arc, edit) for edit in edits):
                weight[arc] = -len(lattice.arcs)
            elif not lattice.is_noop[arc]:
                weight[arc] += 0.001
    return weight


def weigh_insertions(arcs, edits, weight, reward, matches) -> None:
    """Match the insertions at one place: from both ends in turn, so that they can follow another.

    A match on the left takes its gold edit from the left, and goes on with the first arc that
    begins where it ends; one on the right is the mirror of it. Without a match the side changes.
    """
    next_place = {1: 0, -1: len(arcs) - 1}
    first, last = 0, len(edits) - 1
    step = 1
    while next_place[1] <= next_place[-1]:
        if next_place[1] == next_place[-1]:
            step = 1  # the one arc left counts as the left one
        place = next_place[step]
        arc = arcs[place]
        place += step
        hits = [edit for edit in range(first, last + 1) if matches(arc, edits[edit])]
        if hits:
            weight[arc] = reward
            if step == 1:
                first, ahead, behind = hits[0] + 1, 1, 0
            else:
                last, ahead, behind = hits[-1] - 1, 0, 1
            while 0 <= place < len(arcs) and arcs[place][behind] != arc[ahead]:
                weight[arcs[place]] += 0.001
                place += step
        else:
            weight[arc] += 0.001
        next_place[step] = place
        if not hits:
            step = -step


def cheapest_path(lattice: Lattice, weight: dict[Arc, float]) -> list[Arc]:
    """Return the arcs of the path that Bellman-Ford finds, the last one first."""
    total = dict.fromkeys(lattice.vertices, math.inf)
    total[0, 0] = 0
    previous: dict[Vertex, Vertex] = {}
    for _ in range(len(lattice.vertices) - 1):
        for start, end in lattice.arcs:
            if total[start] + weight[start, end] < total[end]:
                total[end] = total[start] + weight[start, end]
                previous[end] = start
    vertex = lattice.vertices[-1]
    path = []
    while vertex in previous:
        path.append((previous[vertex], vertex))
        vertex = previous[vertex]
    return path


def extract_edits(
    source: list[str], target: list[str], gold: list[GoldEdit], max_unchanged_words: int
) -> list[Found]:
    """Return the edits of the hypothesis that overlap most with the gold, left to right."""
    lattice = build_lattice(source, target)
    close(lattice, max_unchanged_words)
    path = cheapest_path(lattice, weigh(lattice, target, gold))
    return [
        Found(i, k, " ".join(source[i:k]), " ".join(target[j:m]))
        for (i, j), (k, m) in reversed(path)
        if not lattice.is_noop[(i, j), (k, m)]
    ]


def fold(text: str) -> str:
    """Forget blanks and case, as Python 2.7 did: letter by letter, without a final sigma."""
    letters = text.replace(" ", "")
    return "".join("i" if letter == "\u0130" else letter.lower() for letter in letters)


def count_matches(found: list[Found], gold: list[GoldEdit]) -> int:
    """Count matches in sequence; one edit may match several gold edits that follow each other."""
    matches, behind = 0, 0
    for edit in found:
        for place in range(behind, len(gold)):
            other = gold[place]
            if edit[:2] == other[:2] and edit.correction in other.corrections:
                matches += 1
                behind = place + 1
    return matches


def count_sentence(
    source: str,
    hypothesis: str,
    gold: list[GoldEdit],
    *,
    max_unchanged_words: int = 2,
    ignore_whitespace_casing: bool = False,
) -> tuple[int, int, int]:
    """Count correct, proposed and gold edits against one annotator."""
    tokens, target = split_tokens(source), split_tokens(hypothesis)
    found = extract_edits(tokens, target, gold, max_unchanged_words)
    if ignore_whitespace_casing:
        found = [edit for edit in found if fold(edit.original) != fold(edit.correction)]
    return count_matches(found, gold), len(found), len(gold)


def choose(
    options: dict[int, tuple[int, int, int]], totals: tuple[int, int, int], beta: float
) -> int:
    """Return the annotator that gives the best running F; ties go to more correct, then fewer."""
    ranks = {}
    for annotator, counts in options.items():
        correct, proposed, gold = (a + b for a, b in zip(totals, counts, strict=True))
        size = proposed + beta * beta * gold
        f = (1 + beta * beta) * correct / size if size else 1.0
        ranks[annotator] = (f, correct, -size, -annotator)
    return max(ranks, key=ranks.get)


def parse_gold(source: str, lines: list[str]) -> dict[int, list[GoldEdit]]:
    """Read the A lines of a sentence: a set for each annotator, empty where nothing is to do."""
    length = len(split_tokens(source))
    edits: dict[int, list[GoldEdit]] = {}
    for line in lines:
        fields = line[2:].split("|||")
        start, end = map(int, fields[0].split())
        mine = edits.setdefault(int(fields[5]), [])
        if fields[1] != "noop" and 0 <= start <= length and 0 <= end <= length:
            texts = ["" if text == "-NONE-" else text for text in fields[2].split("||")]
            mine.append(GoldEdit(start, end, tuple(map(strip, texts))))
    return edits or {0: []}


def score(m2: str, hypotheses: list[str], *, beta: float = 0.5, **options):
    """Return correct, proposed and gold of each sentence, and whose they are.

    `options` are those of `count_sentence`.
    """
    totals = (0, 0, 0)
    counts, annotators = [], []
    blocks = [block for block in m2.strip("\n").split("\n\n") if block]
    for block, hypothesis in zip(blocks, hypotheses, strict=True):
        head, *lines = block.split("\n")
        by_annotator = {
            annotator: count_sentence(head[2:], hypothesis, gold, **options)
            for annotator, gold in parse_gold(head[2:], lines).items()
        }
        chosen = choose(by_annotator, totals, beta)
        totals = tuple(a + b for a, b in zip(totals, by_annotator[chosen], strict=True))
        counts.append(by_annotator[chosen])
        annotators.append(chosen)
    return counts, annotators
