"""Ages and spans of time: in words, and as a person writes them."""

from __future__ import annotations

from eka.errors import EkaError, Exit
from eka.lazy import pattern

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_LETTERS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60}
_SPAN = pattern(r"(0|[1-9][0-9]{0,5})([wdhm])")
_PARTS = pattern(r"(?:(?:0|[1-9][0-9]{0,5})[wdhm]){1,4}")
MAX_SPAN_S = 3650 * 86_400
_SHOWN_CHARACTERS = 80


class InvalidSpan(EkaError):
    """A text that is no span of time."""

    code = "invalid-span"
    exit_status = Exit.USAGE

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            what="this is no span of time",
            where=repr(text[:_SHOWN_CHARACTERS]),
            why=why,
            fix="write for example 7d, 36h, 2w or 1d12h; 0 is none",
        )


def ago(when_s: int, now_s: int) -> str:
    """Return ``3 hours ago``; ``just now`` within the same second, or for a time to come."""
    words = _largest(now_s - when_s)
    return f"{words} ago" if words else "just now"


def in_time(when_s: int, now_s: int) -> str:
    """Return ``in 36 hours``, rounded up to be true; ``now`` for a time that has come."""
    left_s = when_s - now_s
    if left_s <= 0:
        return "now"
    for unit_s, name in _UNITS:
        if left_s % unit_s == 0 or left_s > 2 * unit_s:
            return f"in {_counted(-(-left_s // unit_s), name)}"
    raise AssertionError(left_s)  # pragma: no cover - every number of seconds is one of seconds


def span(seconds: int) -> str:
    """Return a span in whole words, such as ``1 day 12 hours``."""
    words: list[str] = []
    for unit_s, name in _UNITS:
        count, seconds = divmod(seconds, unit_s)
        if count:
            words.append(_counted(count, name))
    return " ".join(words) or "nothing"


def parse_span(text: str) -> int:
    """Return the seconds that ``7d``, ``36h``, ``2w`` or ``1d12h`` stand for.

    Raises:
        InvalidSpan: it is none, or longer than ten years.
    """
    if text == "0":
        return 0
    if _PARTS.fullmatch(text) is None:
        raise InvalidSpan(text, "expected numbers, each with w, d, h or m after it")
    seconds = sum(int(count) * _LETTERS[unit] for count, unit in _SPAN.findall(text))
    if seconds > MAX_SPAN_S:
        raise InvalidSpan(text, f"it is longer than {span(MAX_SPAN_S)}")
    return seconds


def _largest(age_s: int) -> str:
    for unit_s, name in _UNITS:
        if age_s >= unit_s:
            return _counted(age_s // unit_s, name)
    return ""


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'s' if count > 1 else ''}"
