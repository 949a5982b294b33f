"""Reads many lines of a listing at once, where they are as plain as servers write them.

Nearly all lines of nearly all listings are ``<length><id> <name>``, ASCII, below one namespace.
Taking them one by one costs microseconds each, more than git takes for the whole request; taken
together, each check is one pass over all of them. Whatever is not plain is left to the careful
way, packet by packet: what is taken here is what would be taken there.

Pure: text in, names and ids out.
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter, lt

from eka.lazy import pattern
from eka.values import dataclass

LENGTH_DIGITS = 4
_HEX = b"0123456789abcdef"
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
# What git refuses in a name, as far as it can be written with the letters above, holds one of
# these once its dots are slashes. Some legal names do as well; they are looked at one by one.
_DOTS_AS_SLASHES = bytes.maketrans(b".", b"/")
_DOUBTFUL = pattern(rb"//|/-|/\n|/lock")
_MAX_NAME_BYTES = 1024


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Names of refs and their ids, as they were listed."""

    names: list[str]
    heads: list[str]
    """Four digits that say nothing any more, then the id in hexadecimal digits."""
    is_ascending: bool
    """Each name is greater than the one before."""


def plain_lines(text: str, id_digits: int, prefixes: tuple[str, ...]) -> PlainLines | None:
    """Return what plain packets list; None when one of them is not plain.

    Args:
        text: Whole packets, one after the other, the last one ending with a line end; ASCII.
        id_digits: 40 or 64.
        prefixes: A name that begins with none of them is not plain.
    """
    width = LENGTH_DIGITS + id_digits
    # Between two spaces stand a name, a line end, and the length and id of the next line.
    first, *rest = text.split(" ")
    count = len(rest)
    if len(first) != width or not count:
        return None
    rest[-1] += "0" * width
    names = list(map(itemgetter(slice(-width - 1)), rest))
    heads = [first, *map(itemgetter(slice(-width, None)), rest)]
    del heads[-1]
    if not _are_plain_ids(heads, names, width) or text.count("\n") != count:
        return None
    is_ascending = all(map(lt, names, names[1:]))
    ends = (names[0], names[-1]) if is_ascending else (min(names), max(names))
    if not _are_legal(names) or not _are_asked_for(names, ends, prefixes):
        return None
    return PlainLines(names, heads, is_ascending)


def _are_plain_ids(heads: list[str], names: list[str], width: int) -> bool:
    """Whether each head is an id behind the right length."""
    digits = "".join(heads)
    if len(digits) != width * len(heads) or digits.encode().translate(None, _HEX):
        return False
    fields = "".join(map(_fields(width).__getitem__, map(len, names)))
    # The first digit of every head against the first of every length field, then the second, ...
    is_right = all(digits[at::width] == fields[at::LENGTH_DIGITS] for at in range(LENGTH_DIGITS))
    return is_right and "0" * (width - LENGTH_DIGITS) not in digits


class _Fields(dict[int, str]):
    """The length field of a packet by the length of the name in it; none fits too long a name."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._others = width + len(" \n")

    def __missing__(self, size: int) -> str:
        is_short = size <= _MAX_NAME_BYTES
        self[size] = f"{self._others + size:04x}" if is_short else "long"
        return self[size]


_fields = cache(_Fields)


def _are_legal(names: list[str]) -> bool:
    """Whether no name needs a closer look."""
    lines = ("\n".join(names) + "\n").encode()
    if len(lines.translate(None, _NAME_BYTES)) != len(names):
        return False
    return _DOUBTFUL.search(lines.translate(_DOTS_AS_SLASHES)) is None


def _are_asked_for(names: list[str], ends: tuple[str, str], prefixes: tuple[str, ...]) -> bool:
    """Whether all names, from ``ends[0]`` to ``ends[1]``, begin with one of ``prefixes``."""
    # What lies between two texts with a common beginning begins alike.
    lowest, highest = ends
    if not lowest.startswith("refs/") or not highest.startswith("refs/"):
        return False
    if any(lowest.startswith(each) and highest.startswith(each) for each in prefixes):
        return True
    directories = frozenset(prefixes)  # of hundreds of prefixes one is found sooner so
    return all(
        name[: name.rfind("/") + 1] in directories or name.startswith(prefixes) for name in names
    )
