"""Makes text from foreign programs and servers fit for a terminal, a log and an error message."""

from __future__ import annotations

from eka.lazy import pattern
from eka.text import safe

# `https://user:secret@host`, `https://token@host`: nothing before the host is ever shown; for
# other schemes the user is part of the address (`ssh://git@host`), a password never.
_HTTP_USER = pattern(r"(?i)(https?://)[^/\s'\"]*@")
_PASSWORD = pattern(r"(?i)([a-z][a-z0-9+.-]{0,30}://[^/\s:'\"@]*):[^/\s'\"]*@")

DEFAULT_LIMIT = 2000


def safe_text(raw: bytes | str, *, limit: int = DEFAULT_LIMIT) -> str:
    """Return ``raw`` without control characters and credentials, at most ``limit`` characters.

    Tabs and line ends stay; carriage returns, with which git redraws its progress, become line
    ends. Anything else that could steer a terminal or reorder text is written as its code point.
    """
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else raw
    # Cut first: what a server sends may be long. At a space, so that no URL loses its `@`.
    if len(text) > limit * 2:
        text = text[: limit * 2].rpartition(" ")[0] or text[:limit]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = safe(text)
    if "@" in text:  # hardly ever, and the patterns take long to compile
        text = _PASSWORD.sub(r"\1@", _HTTP_USER.sub(r"\1", text))
    return text if len(text) <= limit else text[: limit - 3] + "..."


def safe_line(raw: bytes | str, *, limit: int = 300) -> str:
    """Return ``raw`` as one safe line, its line ends turned into spaces."""
    return " ".join(safe_text(raw, limit=limit).split())


def is_safe(text: str) -> bool:
    """Return whether ``text`` holds nothing that could steer a terminal or hide from the eye."""
    return safe(text) == text and "\t" not in text and "\n" not in text
