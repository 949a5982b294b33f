"""Reads many lines of a listing at once, where they are as plain as servers write them.

Nearly all lines of nearly all listings are ``<length><id> <name>``, ASCII, below one namespace.
Taking them one by one costs microseconds each, more than git takes for the whole request; taken
together, each check is one pass over all of them. Whatever is not plain is left to the careful
way, packet by packet: what is taken here is what would be taken there.

Pure: text in, names and ids out.
"""

from __future__ import annotations

from operator import itemgetter

_LENGTH_DIGITS = 4
_HEX = b"0123456789abcdef"
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
# What git refuses in a name, as far as it can be written with the letters above, holds one of
# these once its dots are slashes. Some legal names do as well; they are looked at one by one.
_DOTS_AS_SLASHES = bytes.maketrans(b".", b"/")
_DOUBTFUL = (b"//", b"/-", b"/lock")
_LAST_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_MAX_NAME_BYTES = 1024
# The length field of a packet, by the length of its data.
_FIELDS = [f"{size + _LENGTH_DIGITS:04x}" for size in range(_MAX_NAME_BYTES + 68)]


def plain_lines(
    text: str, id_digits: int, prefixes: tuple[str, ...]
) -> tuple[list[str], list[str]] | None:
    """Return the names and the ids of plain packets; None when one of them is not plain.

    Args:
        text: Whole packets, one after the other, the last one ending with a line end; ASCII.
        id_digits: 40 or 64.
        prefixes: A name that begins with none of them is not plain.
    """
    width = _LENGTH_DIGITS + id_digits
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
    if not _are_plain_names(names, prefixes):
        return None
    return names, list(map(itemgetter(slice(_LENGTH_DIGITS, None)), heads))


def _are_plain_ids(heads: list[str], names: list[str], width: int) -> bool:
    """Whether each head is an id behind the right length."""
    digits = "".join(heads)
    if len(digits) != width * len(heads) or digits.encode().translate(None, _HEX):
        return False
    sizes = list(map(len, names))
    if not 0 < min(sizes) <= max(sizes) <= _MAX_NAME_BYTES:
        return False
    other = width - _LENGTH_DIGITS + len(" \n")  # what stands in a packet beside the name
    expected = list(map(_FIELDS[other:].__getitem__, sizes))
    fields = list(map(itemgetter(slice(_LENGTH_DIGITS)), heads))
    return fields == expected and "0" * (width - _LENGTH_DIGITS) not in digits


def _are_plain_names(names: list[str], prefixes: tuple[str, ...]) -> bool:
    """Whether all names are legal and asked for."""
    lines = "\n".join([*names, ""]).encode()
    if len(lines.translate(None, _NAME_BYTES)) != len(names):
        return False
    split = lines.translate(_DOTS_AS_SLASHES)
    if any(doubtful in split for doubtful in _DOUBTFUL):
        return False
    if not _LAST_LETTERS.issuperset(map(itemgetter(-1), names)):
        return False
    # What lies between two texts with a common beginning begins alike.
    lowest, highest = min(names), max(names)
    if not lowest.startswith("refs/") or not highest.startswith("refs/"):
        return False
    shared = any(lowest.startswith(each) and highest.startswith(each) for each in prefixes)
    return shared or all(name.startswith(prefixes) for name in names)
