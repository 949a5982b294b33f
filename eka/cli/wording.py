"""How dates, sizes and long lines are written for people."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.git import CommitNote

WIDTH = 80  # columns of the page that lists are made for
OID_DIGITS = 10  # of a commit id, where the whole of it stands elsewhere
SHOWN_NAMES = 3
_CUT = "..."
_UNITS = ("bytes", "KiB", "MiB", "GiB")
_STEP = 1024


def date(time_s: int | None) -> str:
    """Return the day of a time, in UTC; ``unknown`` for what no calendar has."""
    return moment(time_s).partition(" ")[0]


def moment(time_s: int | None) -> str:
    """Return day and minute of a time, in UTC; ``unknown`` for what no calendar has."""
    from datetime import UTC, datetime  # noqa: PLC0415 - few commands show a date

    if time_s is None:
        return "unknown"
    try:
        return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "unknown"


def size(size_bytes: int) -> str:
    """Return a size such as ``812 bytes`` or ``1.4 MiB``."""
    if size_bytes < _STEP:
        return "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
    power = min(len(_UNITS) - 1, (size_bytes.bit_length() - 1) // 10)
    return f"{size_bytes / _STEP**power:.1f} {_UNITS[power]}"


def shortened(text: str, columns: int) -> str:
    """Return the start of ``text``, at most so many columns wide."""
    line = " ".join(text.split())
    if columns_of(line) <= columns:
        return line
    cut = line[: max(columns - len(_CUT), 0)]
    while columns_of(cut) > columns - len(_CUT) > 0:
        cut = cut[:-1]
    return f"{cut.rstrip()}{_CUT}"


def commit_line(note: CommitNote) -> tuple[str, str, str]:
    """Return id, day and subject of a source commit, to fit a line."""
    day = date(note.time_s)
    room = WIDTH - OID_DIGITS - len(day) - 2 * len("  ")
    return note.oid.hex[:OID_DIGITS], day, shortened(note.subject, room)


def by(names: Iterable[str]) -> str:
    """Return ``by A, B and 2 others``; nothing where nobody is named."""
    known = list(dict.fromkeys(name for name in names if name))
    shown, more = known[:SHOWN_NAMES], len(known) - SHOWN_NAMES
    if not shown:
        return ""
    if more > 0:
        return f"by {', '.join(shown)} and {more} other{'s' if more > 1 else ''}"
    *first, last = shown
    return f"by {', '.join(first)} and {last}" if first else f"by {last}"
