"""``eka tree``."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.lock_nodes import LockNodes
from eka.cli.reply import Reply
from eka.cli.text import dim, yellow
from eka.workflow.lock_graph import MOST_DEPTH, drawn
from eka.workflow.tree import TreeOptions, read_trees

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Annotated

    from eka.cli.text import Line
    from eka.workflow.lock_graph import Step

MOST_LINES = 100_000
_REPEATED, _CUT = dim(" (*)"), dim(" ...")


class TreeFormat(StrEnum):
    """How to show a tree."""

    TEXT = "text"
    DOT = "dot"
    MERMAID = "mermaid"


def tree(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    labels: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LABEL[@V]]...", help="Begin at these atoms; default: the project."
        ),
    ] = None,
    *,
    invert: Annotated[
        list[str] | None,
        typer.Option("--invert", "-i", metavar="LABEL[@V]", help="Show who needs this atom."),
    ] = None,
    duplicates: Annotated[
        bool,
        typer.Option(
            "--duplicates", "-d", help="Show who needs atoms that are there in several versions."
        ),
    ] = False,
    depth: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=MOST_DEPTH, help="Levels below the beginning to show."
        ),
    ] = None,
    no_dedupe: Annotated[
        bool, typer.Option(help="Show what is below an atom each time, not once.")
    ] = False,
    direct: Annotated[bool, typer.Option(help="Show sources that are not atoms, too.")] = False,
    format: Annotated[  # noqa: A002 - the option's name
        TreeFormat, typer.Option("--format", help="How to show it.")
    ] = TreeFormat.TEXT,
) -> Reply:
    """Show the locked closure as a tree; in a set's root, of every atom of the set.

    Nothing but manifest and lock is read, and nobody is asked. The set of an atom is named where
    it is not that of the line above; (dev) is needed for development only, (*) was shown before
    with what is below it.

    Exit status: 0 shown, 1 there is no lock or it is not of this manifest, 2 an argument is wrong,
    3 no such atom is locked.
    """
    if duplicates and invert:
        raise UsageFailed("tree", "--duplicates shows who needs atoms already: leave out --invert")
    services = wiring.services(frame, offline=True)
    options = TreeOptions(
        labels=tuple(labels or ()),
        invert=tuple(invert or ()),
        duplicates=duplicates,
        direct=direct,
    )
    trees = [each for each in read_trees(services, options) if each.roots or duplicates]
    own = next((each.locked.genesis for each in trees if each.locked.genesis), None)
    nodes = [LockNodes(each, frame.directory, own) for each in trees]
    if frame.as_json:
        return Reply(document={"projects": [each.document(depth) for each in nodes]})
    if format is not TreeFormat.TEXT:
        from eka.cli.graphs import Drawing, dot, mermaid  # noqa: PLC0415 - few ask for them

        drawing = Drawing()
        for each in nodes:
            each.draw(drawing, depth)
        return Reply(body=list((dot if format is TreeFormat.DOT else mermaid)(drawing)))
    if not any(each.roots for each in trees):
        told = "no atom is locked in several versions" if duplicates else "nothing needs it there"
        return Reply(body=[told])
    return Reply(body=tree_lines(nodes, depth=depth, is_deduped=not no_dedupe))


def tree_lines(
    nodes: Sequence[LockNodes], *, depth: int | None = None, is_deduped: bool = True
) -> list[Line]:
    """Return the lines of trees, an empty one between them; not too many."""
    lines: list[Line] = []
    for each in nodes:
        left = MOST_LINES - len(lines)
        lines += islice(_lines(each, depth=depth, is_deduped=is_deduped), max(left, 0))
    if len(lines) == MOST_LINES:
        lines.append(yellow(f"cut after {MOST_LINES} lines: give --depth, or no --no-dedupe"))
    return lines[1:]


def _lines(nodes: LockNodes, *, depth: int | None, is_deduped: bool) -> Iterator[Line]:
    found = nodes.tree
    begins = {group[0] for group in found.groups} if found.is_duplicates else set(found.roots[:1])
    for step in drawn(found.edges, found.roots, depth=depth, is_deduped=is_deduped):
        if step.parent is None and step.number in begins:
            yield ""
        yield _line(nodes, step)


def _line(nodes: LockNodes, step: Step) -> Line:
    pieces = nodes.pieces(step.number, step.parent)
    if step.lead:
        pieces.insert(0, dim(step.lead))
    if step.is_repeated:
        pieces.append(_REPEATED)
    if step.is_cut:
        pieces.append(_CUT)
    return tuple(pieces)
