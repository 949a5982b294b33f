"""Pure readers of what apt prints: URI lists, package records, version tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_URI_LINE = re.compile(r"^'(?P<url>[^']+)' (?P<file>\S+) (?P<size>\d+)(?: (?P<hash>\S+))?\s*$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class UriLine:
    """One line of ``apt-get --print-uris``; ``sha256`` is empty where apt prints another hash."""

    url: str
    file: str  # the name apt would save it under; of a .deb: name_version_architecture.deb
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of ``apt-cache madison``: where a version of a package is listed."""

    package: str
    version: str
    mirror: str
    suite: str
    kind: str  # "Packages" or "Sources"


def parse_uris(text: str) -> list[UriLine]:
    """Return the URI lines of ``text``; percent escapes stay as apt prints them."""
    found: list[UriLine] = []
    for line in text.splitlines():
        match = _URI_LINE.match(line)
        if match is None:
            continue
        label, _, value = (match["hash"] or "").partition(":")
        sha256 = value.lower() if label == "SHA256" and _SHA256.match(value.lower()) else ""
        found.append(UriLine(match["url"], match["file"], int(match["size"]), sha256))
    return found


def parse_records(text: str) -> Iterator[dict[str, str]]:
    """Yield the stanzas of a deb822 text as field → first line of the value."""
    stanza: dict[str, str] = {}
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if stanza:
                yield stanza
            stanza = {}
        elif not line[0].isspace() and ":" in line:
            field, _, value = line.partition(":")
            stanza[field] = value.strip()


def parse_table(text: str) -> list[TableLine]:
    """Return the lines of ``apt-cache madison``: ``name | version | mirror suite/part kind``."""
    found: list[TableLine] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != 3:  # noqa: PLR2004 - name, version, place
            continue
        words = cells[2].split()
        if len(words) < 3:  # noqa: PLR2004 - mirror, suite/part, kind
            continue
        suite = words[1].rpartition("/")[0]
        found.append(TableLine(cells[0], cells[1], words[0].rstrip("/"), suite, words[-1]))
    return found


def pool_path(url: str, mirror: str) -> str | None:
    """Return the path of ``url`` below ``mirror``, or None where it is not below it."""
    prefix = mirror.rstrip("/") + "/"
    return url.removeprefix(prefix) if url.startswith(prefix) else None


def same_file(url: str, filename: str) -> bool:
    """Tell whether a URL (with percent escapes) names the pool file ``filename``."""
    return unquote(url).endswith("/" + filename)
