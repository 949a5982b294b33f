"""``eka why``."""

from __future__ import annotations

from pathlib import Path

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, columns_of, cyan, dim, yellow
from eka.workflow.lock_graph import MOST_COUNTED
from eka.workflow.places import relative_to
from eka.workflow.why import explain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Annotated

    from eka.atom import AtomKey
    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.why import Need, Why

PROJECT_ID = "project"


def why(
    frame: Frame,
    labels: Annotated[
        list[str], typer.Argument(metavar="LABEL[@V]...", help="Atoms that atom.lock has.")
    ],
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Show all shortest ways (up to 1000), not a few.")
    ] = False,
    offline: option.OfflineKnown = False,
) -> Reply:
    """Show why an atom is locked: the shortest ways from the lines of atom.toml to it.

    Each step tells who needs what, with the requirement and where it stands. Manifests that are
    not in the local cache are fetched. In a set's root, of every atom of the set.

    Exit status: 0 shown, 1 there is no lock or it is not of this manifest, 2 an argument is wrong,
    3 no such atom is locked, 4 network.
    """
    services = wiring.services(frame, offline=offline)
    found = explain(services, labels, every=every)
    hint = "" if every else ": --all shows them"
    lines = [line for each in found for line in _lines(each, frame.directory, hint)]
    return Reply(document={"atoms": [_document(each) for each in found]}, body=lines[1:])


def _document(found: Why) -> Json:
    key, project = found.key, found.locked.project
    return {
        "directory": str(project.directory),
        "lock": str(project.lock_path),
        "id": key.text,
        "label": key.label.text,
        "version": key.version.text,
        "set": key.genesis.hex,
        "source": found.locked.set_names()[key.genesis],
        "total": found.total,
        "ways": [[_need(need) for need in way] for way in found.ways],
    }


def _need(need: Need) -> Json:
    return {
        "owner": need.owner.text if need.owner else PROJECT_ID,
        "needs": need.needed.text,
        "lines": [
            {
                "requirement": each.line.requirement.text,
                "set": each.line.set_name,
                "dev": each.is_dev,
                "file": each.line.span.file if each.line.span else None,
                "line": each.line.span.line if each.line.span else None,
            }
            for each in need.lines
        ],
        "unknown": need.unknown or None,
    }


def _lines(found: Why, directory: Path, hint: str) -> Iterator[Line]:
    locked = found.locked
    origin = locked.set_names()[found.key.genesis]
    yield ""
    place = relative_to(locked.project.directory, directory)
    yield (bold(_title(found.key, locked)), dim(f" from {origin}" if origin != "::" else ""),
           dim(f" in {place}" if place != "." else ""))  # fmt: skip
    rows = [[_row(need, locked) for need in way] for way in found.ways]
    widths = [
        max((columns_of(row[column]) for way in rows for row in way), default=0)
        for column in range(2)
    ]
    for number, (way, needs) in enumerate(zip(rows, found.ways, strict=True)):
        if number and (len(way) > 1 or len(rows[number - 1]) > 1):
            yield ""
        for row, need in zip(way, needs, strict=True):
            yield tuple(_pieces(row, need, widths, directory))
    left = found.total - len(found.ways)
    if left:
        more = "very many" if found.total == MOST_COUNTED else str(left)
        yield dim(f"  and {more} more{hint}")


def _row(need: Need, locked: LockedProject) -> tuple[str, str]:
    requirements = " and ".join(each.line.requirement.text for each in need.lines)
    text = f"needs {need.needed.label.text} {requirements}".rstrip()
    if any(each.is_dev for each in need.lines):
        text += " for development"
    return _title(need.owner, locked), text


def _pieces(
    row: tuple[str, str], need: Need, widths: list[int], directory: Path
) -> Iterator[str | Piece]:
    owner, text = (
        cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths, strict=True)
    )
    yield f"  {owner}  {text}"
    if need.unknown:
        yield yellow(f"  {need.unknown}")
    elif need.lines:
        yield cyan("  " + ", ".join(_place(each.place, directory) for each in need.lines))


def _place(place: str, directory: Path) -> str:
    return relative_to(Path(place), directory)


def _title(key: AtomKey | None, locked: LockedProject) -> str:
    package = locked.manifest.package
    label, version = (key.label, key.version) if key else (package.label, package.version)
    return f"{label.text} {version.text}"
