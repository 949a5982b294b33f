"""Percent-encoding (RFC 3986), by the standard library where there is something to encode.

Addresses hardly ever hold such a character, and `urllib.parse` with what it loads takes as long
as a tenth of the shortest command.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"


def is_plain(text: str, safe: str) -> bool:
    """Whether all of ``text`` is unreserved characters and those in ``safe``, which is ASCII."""
    return text.isascii() and not text.encode().translate(None, _UNRESERVED + safe.encode())


def quote(text: str, *, safe: str, errors: Literal["strict", "replace"] = "strict") -> str:
    """Return ``text`` in percent-encoding, as `urllib.parse.quote`.

    Args:
        text: What may hold anything.
        safe: ASCII characters that stay as they are, besides the unreserved ones.
        errors: What happens to a lone surrogate.
    """
    if is_plain(text, safe):
        return text
    from urllib.parse import quote as encoded  # noqa: PLC0415 - as the docstring says

    return encoded(text, safe=safe, errors=errors)


def unquote(text: str) -> str:
    """Return ``text`` without percent-encoding, as `urllib.parse.unquote`."""
    if "%" not in text:
        return text
    from urllib.parse import unquote as decoded  # noqa: PLC0415 - as the docstring says

    return decoded(text)
