"""From the end of a search to the error a person reads."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve.core import minimal_core
from eka.resolve.describe import Words
from eka.resolve.errors import Unsatisfiable
from eka.resolve.explanation import LINE_COLUMNS, Explanation, Sentence
from eka.resolve.telling import RuledOut, tell
from eka.resolve.together import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.resolve.engine import Engine
    from eka.resolve.incompatibility import Incompatibility
    from eka.resolve.places import Places
    from eka.resolve.telling import Step

MAX_LISTED = 40
"""So many lines are written; the JSON document has every leaf."""

MANY = 12
"""Of more lines, those that continue each other are put together."""


def explain(proof: Incompatibility, places: Places, engine: Engine) -> Unsatisfiable:
    """Return the error for a search that ended in a contradiction."""
    core = minimal_core(proof, engine.trail.full, engine.edges())
    words = Words(core, places)
    steps, is_ordered = tell(core)
    parts = [part for step in steps if isinstance(step, Told) for part in step.parts]
    sentences = [*_sentences(_told(steps, words), is_ordered=is_ordered)]
    singles = words.singles()
    if singles:
        sentences.append(Sentence(f"only one version is allowed of: {', '.join(singles)}"))
    if not core.is_minimal:
        text = "fewer facts may do: looking for them was given up after a while"
        sentences.append(Sentence(text))
    # A version that stands alone has one edge for each of the other buckets.
    leaves = dict.fromkeys(leaf for part in parts for leaf in words.leaves(part))
    return Unsatisfiable(Explanation(tuple(sentences), tuple(leaves), is_minimal=core.is_minimal))


def _sentences(told: Sequence[Sentence], *, is_ordered: bool) -> Iterator[Sentence]:
    yield from told[:MAX_LISTED]
    if len(told) > MAX_LISTED:
        yield Sentence(f"… and {len(told) - MAX_LISTED} more lines; --json has every fact")
    if not is_ordered or len(told) > MAX_LISTED:
        yield Sentence("so nothing fits all of this, as the solver found", is_conclusion=True)


def _told(steps: Sequence[Step], words: Words) -> list[Sentence]:
    """Return the sentences, each once; of many, some share a line."""
    told: dict[Sentence, Told | None] = {}
    for step in steps:
        if isinstance(step, RuledOut):
            told[words.conclusion(step)] = None
        else:
            told.setdefault(words.fact(step), step)
    lines = list(told)
    for only_threads in (True, False):
        if len(lines) > MANY:
            lines = _together(told, only_threads=only_threads)
    return lines


def _together(told: Mapping[Sentence, Told | None], *, only_threads: bool) -> list[Sentence]:
    """Put facts on one line, as many as it holds: neighbours, or those of one thread."""
    lines: list[Sentence] = []
    last: Told | None = None
    for sentence, fact in told.items():
        is_free = not sentence.place
        if last and fact and is_free and (not only_threads or _continues(last, fact)):
            text = f"{lines[-1].text}; {sentence.text}"
            if len(text) <= LINE_COLUMNS:
                lines[-1] = Sentence(text)
                last = fact
                continue
        lines.append(sentence)
        last = fact if not sentence.place else None
    return lines


def _continues(before: Told, after: Told) -> bool:
    """Whether a fact speaks of what the fact before it required, or of the same atom."""
    return after.edge.dependant in (before.edge.dependency, before.edge.dependant)
