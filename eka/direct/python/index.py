"""Pages of package indexes (PEP 503 and PEP 691): which file is where."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from eka.checking import TYPE_CHECKING, cast
from eka.direct.python.entry import file_of, sha256_of
from eka.direct.python.errors import PackageIndexUnavailable
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PAGE_BYTES = 64 * 1024 * 1024
MAX_FILES = 200_000
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One file as an index lists it."""

    url: str
    sha256: str = ""  # where it says so
    size: int | None = None  # bytes, where it says so


def parse_page(data: bytes, url: str) -> dict[str, Listed]:
    """Return the files of a page by name; addresses in it are taken relative to ``url``.

    Raises:
        PackageIndexUnavailable: it is neither JSON of PEP 691 nor HTML of PEP 503.
    """
    if data.lstrip()[:1] == b"{":
        found = dict(_json_files(data, url))
    else:
        parser = _Links(url)
        parser.feed(data.decode("utf-8", "replace"))
        parser.close()
        found = parser.found
    if len(found) > MAX_FILES:
        raise PackageIndexUnavailable(url, f"it lists more than {MAX_FILES} files")
    return found


def _json_files(data: bytes, url: str) -> Iterable[tuple[str, Listed]]:
    try:
        document = cast("object", json.loads(data))
    except (ValueError, RecursionError) as error:
        raise PackageIndexUnavailable(url, "its answer is not JSON") from error
    files = _member(document, "files")
    for each in cast("list[object]", files) if isinstance(files, list) else ():
        name, place, size = _member(each, "filename"), _member(each, "url"), _member(each, "size")
        sha256 = _member(_member(each, "hashes"), "sha256")
        if isinstance(name, str) and isinstance(place, str):
            yield (
                name,
                Listed(
                    url=_joined(url, place)[0],
                    sha256=sha256.lower() if isinstance(sha256, str) else "",
                    size=size if type(size) is int and size >= 0 else None,
                ),
            )


def _member(value: object, key: str) -> object:
    return cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None


def _joined(base: str, place: str) -> tuple[str, str]:
    """Return an address and its fragment; what makes no sense becomes an empty address."""
    try:
        url, fragment = urldefrag(urljoin(base, place))
    except ValueError:
        return "", ""
    return url, fragment


class _Links(HTMLParser):
    """Collects the links of a page; the last part of an address is the name of the file."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self._url = url
        self.found: dict[str, Listed] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a link."""
        href = dict(attrs).get("href") if tag == "a" else None
        if not href:
            return
        url, fragment = _joined(self._url, href)
        name = file_of(url)
        if name:
            self.found[name] = Listed(url=url, sha256=sha256_of(fragment))
