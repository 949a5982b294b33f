"""Pieces of a version in addresses: ``https://example.org/{major}.{minor}/x-{version}.tar.gz``."""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.atom.version import Version

PIECES = ("version", "major", "minor", "patch", "prerelease")
_PIECE = re.compile(r"\{([a-z]*)\}", re.ASCII)
_BRACE = re.compile(r"[{}]")


def pieces_fault(url: str) -> str:
    """Say which brace of an address is part of no piece; empty when all are."""
    for match in _PIECE.finditer(url):
        if match[1] not in PIECES:
            listed = ", ".join(f"{{{piece}}}" for piece in PIECES)
            return f"{match[0]} is not one of {listed}"
    if _BRACE.search(_PIECE.sub("", url)):
        return "a brace stands alone; write %7B or %7D"
    host = url.partition("://")[2].partition("/")[0].partition("?")[0]
    return "a piece of a version stands in the host" if has_pieces(host) else ""


def has_pieces(url: str) -> bool:
    """Tell whether an address depends on a version."""
    return _PIECE.search(url) is not None


def filled(url: str, version: Version) -> str:
    """Return an address with the pieces of ``version`` in it.

    Source: atom-spec/direct.md [url-version].
    """
    values = {
        "version": version.text,
        "major": str(version.major),
        "minor": str(version.minor),
        "patch": str(version.patch),
        "prerelease": ".".join(version.prerelease),
    }
    return _PIECE.sub(lambda match: values[match[1]], url)
