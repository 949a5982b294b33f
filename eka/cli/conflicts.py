"""Why versions do not fit together, as people and programs read it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import bold, columns_of, cyan, dim, yellow
from eka.errors import Span
from eka.resolve import DependencyCycle, NoMatchingVersion, Unsatisfiable, in_columns
from eka.text import discreet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.errors import EkaError
    from eka.resolve import Leaf, Relaxed, Request, Suggestion, Wanted

WIDTH = 100  # columns of a line, margin included
_HANG = "  "


def story(error: EkaError, margin: str) -> Iterator[Line]:
    """Yield the lines of an explanation after the first part ``margin`` of each."""
    if not isinstance(error, Unsatisfiable | DependencyCycle):
        return
    sentences = error.explanation.sentences
    for sentence, (text, place) in zip(sentences, in_columns(error.explanation), strict=True):
        shown = discreet(text)
        first, *more = _folded(shown if place else shown.rstrip(), WIDTH - len(margin))
        style = bold if sentence.is_conclusion else None
        pieces: list[str | Piece] = [margin, style(first) if style else first]
        if place and not more:
            name, _, new = place.partition(" ")
            pieces += [cyan(name), yellow(f" {new}") if new else ""]
        yield tuple(pieces)
        for at, line in enumerate(more):
            tail: tuple[str | Piece, ...] = (f"{margin}{_HANG}", style(line) if style else line)
            if place and at == len(more) - 1:
                tail = (*tail, " ", cyan(place))
            yield tail
    for each in error.why.splitlines()[len(sentences) :]:  # what others added to it
        yield (margin, dim(discreet(each)))


def conflict_document(error: EkaError) -> Json:
    """Return what programs read of an explanation; None for an error without one."""
    if isinstance(error, Unsatisfiable | DependencyCycle):
        explanation = error.explanation
        found = error.suggestions if isinstance(error, Unsatisfiable) else ()
        return {
            "minimal": explanation.is_minimal,
            "sentences": [discreet(each.text) for each in explanation.sentences],
            "leaves": [_leaf(leaf) for leaf in explanation.leaves],
            "suggestions": [_suggestion(each) for each in found],
        }
    if isinstance(error, NoMatchingVersion):
        return {
            "minimal": True,
            "sentences": [],
            "leaves": [
                {
                    "owner": None,
                    "kind": "unmet",
                    "cause": error.cause,
                    "reason": discreet(error.why),
                    **_line(error.wanted),
                }
            ],
            "suggestions": [_suggestion(each) for each in error.suggestions],
        }
    return None


def _leaf(leaf: Leaf) -> Json:
    owner = leaf.owner
    return {
        "owner": _atom(owner) if owner else None,
        "kind": leaf.kind,
        "cause": leaf.cause,
        "reason": discreet(leaf.reason),
        **_line(leaf.wanted),
    }


def _atom(request: Request) -> Json:
    (genesis, label), version = request
    return {"set": genesis.hex, "label": label.text, "version": version.text}


def _line(wanted: Wanted | None) -> dict[str, Json]:
    """Return what a requirement line says, and where it stands; nulls for another fact."""
    span = wanted.origin if wanted and isinstance(wanted.origin, Span) else None
    return {
        "set": wanted.key[0].hex if wanted else None,
        "label": wanted.key[1].text if wanted else None,
        "requirement": wanted.requirement.text if wanted else None,
        "file": span.file if span else None,
        "line": span.line if span else None,
    }


def _suggestion(suggestion: Suggestion) -> Json:
    return {"changes": [_change(each) for each in suggestion.changes]}


def _change(change: Relaxed) -> Json:
    return {
        **_line(change.wanted),
        "becomes": change.requirement.text if change.requirement else None,
        "selected": change.selected.text if change.selected else None,
    }


def _folded(text: str, columns: int) -> Iterator[str]:
    """Yield ``text`` in lines of so many columns, broken at spaces where that is possible."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and columns_of(longer) > columns - len(_HANG):
            yield line
            longer = word
        line = longer
    yield line
