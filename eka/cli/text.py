"""Text for people: colours and columns, every part made safe as it is written."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.text import safe_line
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal, TypeAlias

Style: TypeAlias = 'Literal["bold", "dim", "red", "green", "yellow", "cyan"]'

SGR: dict[Style, str] = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text with a colour; it is made safe when it is written, never before."""

    text: str
    style: Style


Line: TypeAlias = "str | Piece | tuple[str | Piece, ...]"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header, written in columns."""

    header: tuple[str, ...]
    rows: tuple[tuple[str | Piece, ...], ...]


Body: TypeAlias = "Sequence[Line | Table]"


def bold(text: str) -> Piece:
    """Return text that matters."""
    return Piece(text, "bold")


def dim(text: str) -> Piece:
    """Return text that matters less."""
    return Piece(text, "dim")


def red(text: str) -> Piece:
    """Return text that tells of a failure."""
    return Piece(text, "red")


def green(text: str) -> Piece:
    """Return text that tells of success."""
    return Piece(text, "green")


def yellow(text: str) -> Piece:
    """Return text that warns."""
    return Piece(text, "yellow")


def cyan(text: str) -> Piece:
    """Return text that names a place."""
    return Piece(text, "cyan")


def paint(line: Line, *, colour: bool) -> str:
    """Return ``line`` as it is written, every part of it made safe."""
    pieces = line if isinstance(line, tuple) else (line,)
    if not colour:  # in one go: trees have tens of thousands of lines
        texts = [each if isinstance(each, str) else each.text for each in pieces]
        return safe_line("".join(texts))
    return "".join([_paint(piece, colour=colour) for piece in pieces])


def written(body: Iterable[Line | Table], *, colour: bool) -> Iterator[str]:
    """Yield the lines of ``body``, without their ends."""
    for part in body:
        if isinstance(part, Table):
            yield from _columns(part, colour=colour)
        else:
            yield paint(part, colour=colour)


def _paint(piece: str | Piece, *, colour: bool) -> str:
    text = safe_line(piece if isinstance(piece, str) else piece.text)
    return _styled(text, piece, colour=colour)


def _styled(text: str, piece: str | Piece, *, colour: bool) -> str:
    if colour and isinstance(piece, Piece) and text:
        return f"\x1b[{SGR[piece.style]}m{text}\x1b[0m"
    return text


def _columns(table: Table, *, colour: bool) -> Iterator[str]:
    header = tuple(Piece(cell.upper(), "dim") for cell in table.header)
    columns = zip(header, *table.rows, strict=True)
    written = [_column(cells, colour=colour) for cells in columns]
    for row in zip(*written, strict=True):
        yield "  ".join(row).rstrip()


def _column(cells: Sequence[str | Piece], *, colour: bool) -> list[str]:
    """Return the cells of one column, all of one width."""
    texts = [cell if isinstance(cell, str) else cell.text for cell in cells]
    # Hundreds of thousands of rows are looked at in one go: most have nothing to make safe.
    together = "".join(texts)
    if together.isascii() and together.isprintable():
        sizes = [len(text) for text in texts]
    else:
        texts = [safe_line(text) for text in texts]
        sizes = [columns_of(text) for text in texts]
    width = max(sizes)
    if not colour:
        return [f"{text}{' ' * (width - size)}" for text, size in zip(texts, sizes, strict=True)]
    return [
        f"{_styled(text, cell, colour=True)}{' ' * (width - size)}"
        for text, cell, size in zip(texts, cells, sizes, strict=True)
    ]


def columns_of(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415 (most output is ASCII and never needs the tables)

    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    marks = sum(unicodedata.combining(letter) != 0 for letter in text)
    return len(text) + wide - marks
