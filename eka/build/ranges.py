"""What servers say of parts of files and of when to ask again; pure."""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING, Protocol
from eka.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

_RANGE = re.compile(r"bytes +([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)", re.IGNORECASE)
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]{0,1000}"')
_SECONDS = re.compile(r"[0-9]{1,9}")


class Headers(Protocol):
    """The headers of an answer."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header, or ``default``."""
        ...


@dataclass(frozen=True, slots=True)
class PartSent:
    """Which part of a file an answer holds."""

    start: int  # of its first byte
    end: int  # after its last byte
    total: int | None  # bytes of the whole file, where the server tells


def part_sent(headers: Headers) -> PartSent | None:
    """Return what ``Content-Range`` says; None when it says nothing that makes sense."""
    found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None:
        return None
    start, last, total = int(found[1]), int(found[2]), found[3]
    if last < start:
        return None
    return PartSent(start, last + 1, None if total == "*" else int(total))


def validator(headers: Headers) -> str:
    """Return what a part may be asked for with ``If-Range``; empty when nothing is strong enough.

    That is a tag that is not weak, or the time of the last change if the file was not changed
    within the second in which it was sent.

    Source: RFC 9110, sections 8.8.2.2 and 13.1.5.
    """
    tag = headers.get("ETag", "").strip()
    if _STRONG_TAG.fullmatch(tag):
        return tag
    changed = headers.get("Last-Modified", "").strip()
    if tag or not changed:
        return ""
    when, sent = _time(changed), _time(headers.get("Date", ""))
    if when is None or sent is None or (sent - when).total_seconds() < 1:
        return ""
    return changed


def pause_asked_s(headers: Headers) -> float:
    """Return for how many seconds ``Retry-After`` asks to be left alone; 0 when it does not."""
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    when, sent = _time(text), _time(headers.get("Date", ""))
    if when is None or sent is None:
        return 0.0
    return max(0.0, (when - sent).total_seconds())


def _time(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - costs start-up time

    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # Without a zone it cannot be compared with one that has a zone.
    return found if found.tzinfo is not None else None
