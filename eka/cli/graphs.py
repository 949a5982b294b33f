"""Graphs as text for other programs: Graphviz's DOT and Mermaid, the same for the same graph.

Names may be foreign: whatever would end a string or begin markup is written as an escape.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.text import safe_line
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator

# What may stand in a Mermaid label as it is; the rest is written as `#NUMBER;`.
_PLAIN = frozenset(" -_.,:/@+~()=")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and arrows.

    Attributes:
        boxes: The lines of text in each box, by a name that also says where it is sorted.
        arrows: From box to box; what is written beside it, mostly nothing.
    """

    boxes: dict[tuple[str, ...], tuple[str, ...]] = field(
        default_factory=dict[tuple[str, ...], tuple[str, ...]]
    )
    arrows: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = field(
        default_factory=dict[tuple[tuple[str, ...], tuple[str, ...]], str]
    )


def dot(drawing: Drawing) -> Iterator[str]:
    """Yield the lines of a DOT document."""
    names = _names(drawing)
    yield "digraph eka {"
    yield "  rankdir=LR;"
    yield "  node [shape=box];"
    for box, name in names.items():
        text = "\\n".join(_dot_text(line) for line in drawing.boxes[box])
        yield f'  {name} [label="{text}"];'
    for (start, end), note in sorted(drawing.arrows.items()):
        style = f' [style=dashed, label="{_dot_text(note)}"]' if note else ""
        yield f"  {names[start]} -> {names[end]}{style};"
    yield "}"


def mermaid(drawing: Drawing) -> Iterator[str]:
    """Yield the lines of a Mermaid flow chart."""
    names = _names(drawing)
    yield "flowchart LR"
    for box, name in names.items():
        text = "<br/>".join(_mermaid_text(line) for line in drawing.boxes[box])
        yield f'  {name}["{text}"]'
    for (start, end), note in sorted(drawing.arrows.items()):
        arrow = f'-. "{_mermaid_text(note)}" .->' if note else "-->"
        yield f"  {names[start]} {arrow} {names[end]}"


def _names(drawing: Drawing) -> dict[tuple[str, ...], str]:
    return {box: f"n{number}" for number, box in enumerate(sorted(drawing.boxes))}


def _dot_text(text: str) -> str:
    return safe_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _mermaid_text(text: str) -> str:
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};"
        for letter in safe_line(text)
    )
