"""Direct sources of kind ``url``: one file behind an address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eka.atom.download_url import CredentialsInUrl, download_url_fault, holds_userinfo
from eka.atom.reading import place_of
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.label import Label
    from eka.atom.reading import Table
    from eka.atom.toml import TomlValue
    from eka.atom.version import Version

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class UrlSource:
    """One file behind a URL; ``unpack`` makes its content the source."""

    name: Label
    url: str
    sha256: str | None = None
    unpack: bool = False

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "url"

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        return {"url": self.url, "sha256": self.sha256 or "", "unpack": self.unpack}


def read(table: Table, name: Label, version: Version | None) -> UrlSource | None:
    """Return what a table declares; see `ReadSource`."""
    del version
    url = table.required("url", str, 'url = "https://example.org/file.tar.gz"')
    sha256 = table.text("sha256")
    unpack = table.flag("unpack") or False
    if sha256 is not None and _SHA256.fullmatch(sha256) is None:
        fix = "write what `sha256sum` prints, or leave the key out"
        table.invalid("sha256", "it is not 64 lower-case hexadecimal digits", fix)
    if url is None:
        return None
    if holds_userinfo(url):
        where = place_of(table.reader.document.value_span(*table.path, "url"))
        table.add(CredentialsInUrl(url, where), "url")
        return None
    if why := download_url_fault(url):
        table.invalid("url", why, 'write for example "https://example.org/file.tar.gz"')
        return None
    return UrlSource(name, url, sha256, unpack)
