"""Direct sources of kind ``url``: one file behind an address, or what is packed in it."""

from __future__ import annotations

import re
from dataclasses import replace

from eka.atom.commit import path_fault
from eka.atom.download_url import CredentialsInUrl, download_url_fault, holds_userinfo
from eka.atom.label import Label
from eka.atom.reading import place_of
from eka.atom.url_pieces import filled, has_pieces, pieces_fault
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.direct_kinds import DeclaringAtom
    from eka.atom.reading import Table
    from eka.atom.toml import TomlValue
    from eka.atom.version import Version

MAX_STRIP = 16
MAX_MIRRORS = 16
USUAL_STRIP = 1
ARCHIVES = ("tar", "zip")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ZIP_ENDINGS = (".zip", ".jar", ".whl")
_EXAMPLE = 'write for example "https://example.org/file.tar.gz"'


@dataclass(frozen=True, slots=True)
class UrlSource:
    """One file behind a URL; ``unpack`` makes its content the source."""

    name: Label
    url: str
    """With the pieces of a version filled in, unless it is that of a dependency."""
    sha256: str | None = None
    unpack: bool = False
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same bytes."""
    strip: int = USUAL_STRIP
    """Leading directories dropped from names in the archive."""
    subdir: str = ""
    """What of the archive is taken; empty: all."""
    archive: str = ""
    """What it is, where its name does not say so: one of `ARCHIVES`."""
    executable: bool = False
    """Whether the file is a program."""
    version_of: Label | None = None
    """The dependency whose locked version is meant; None: the atom's own."""

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "url"

    @property
    def is_zip(self) -> bool:
        """Whether it is a zip archive, as it is declared or called."""
        if self.archive:
            return self.archive == "zip"
        return self.url.partition("?")[0].lower().endswith(_ZIP_ENDINGS)

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        found: dict[str, TomlValue] = {
            "url": self.url,
            "sha256": self.sha256 or "",
            "unpack": self.unpack,
        }
        # What came later is left out where nobody asked for it: locks from before stay good.
        later: tuple[tuple[str, TomlValue, TomlValue], ...] = (
            ("mirrors", list(self.mirrors), []),
            ("strip", self.strip, USUAL_STRIP),
            ("subdir", self.subdir, ""),
            ("archive", self.archive, ""),
            ("executable", self.executable, False),
            ("version_of", self.version_of.text if self.version_of else "", ""),
        )
        found.update((key, value) for key, value, usual in later if value != usual)
        return found

    def resolved(self, versions: Mapping[Label, Version]) -> UrlSource | None:
        """Return the source with the version of its dependency filled in; None without that."""
        if self.version_of is None:
            return self
        version = versions.get(self.version_of)
        if version is None:
            return None
        mirrors = tuple(filled(url, version) for url in self.mirrors)
        return replace(self, url=filled(self.url, version), mirrors=mirrors)


def read(table: Table, name: Label, atom: DeclaringAtom) -> UrlSource | None:
    """Return what a table declares; see `ReadSource`."""
    version_of = _version_of(table, atom)
    version = None if table.has("version_of") else atom.version
    url = table.required("url", str, 'url = "https://example.org/file.tar.gz"')
    sha256 = table.text("sha256")
    if sha256 is not None and _SHA256.fullmatch(sha256) is None:
        fix = "write what `sha256sum` prints, or leave the key out"
        table.invalid("sha256", "it is not 64 lower-case hexadecimal digits", fix)
    mirrors = table.texts("mirrors")
    if len(mirrors) > MAX_MIRRORS:
        table.invalid("mirrors", f"they are more than {MAX_MIRRORS}", "keep those that answer")
    others = [_address(table, each, version, "mirrors", at) for at, each in enumerate(mirrors)]
    table.distinct("mirrors", mirrors)
    address = None if url is None else _address(table, url, version, "url")
    source = _read_rules(table, UrlSource(name, address or "", sha256, version_of=version_of))
    if address is None:
        return None
    if version_of is not None and not any(map(has_pieces, (address, *mirrors))):
        why = "no address holds a piece such as {version}"
        table.invalid("version_of", why, "remove it, or write {version} into `url`")
    return replace(source, mirrors=tuple(each for each in others if each is not None))


def _read_rules(table: Table, source: UrlSource) -> UrlSource:
    unpack, executable = table.flag("unpack") or False, table.flag("executable") or False
    strip, subdir, archive = table.number("strip"), table.text("subdir"), table.text("archive")
    for key in ("strip", "subdir", "archive"):
        if table.has(key) and not unpack:
            table.invalid(key, "it has no meaning without `unpack`", "add `unpack = true`")
    if executable and unpack:
        why = "what is unpacked has the modes of the archive"
        table.invalid("executable", why, "remove it, or `unpack`")
    if strip is not None and not 0 <= strip <= MAX_STRIP:
        table.invalid("strip", f"it is not within 0..{MAX_STRIP}", "count leading directories")
    if subdir is not None and (subdir in {"", "."} or path_fault(subdir)):
        table.invalid("subdir", "it is not a plain relative path", 'write for example "src/lib"')
    if archive is not None and archive not in ARCHIVES:
        table.invalid("archive", f"it is none of {', '.join(ARCHIVES)}", "write one of them")
    return replace(
        source,
        unpack=unpack,
        executable=executable,
        strip=USUAL_STRIP if strip is None else strip,
        subdir=subdir or "",
        archive=archive or "",
    )


def _version_of(table: Table, atom: DeclaringAtom) -> Label | None:
    text = table.text("version_of")
    if text is None:
        return None
    try:
        label = Label(text)
    except EkaError as error:
        table.add(error, "version_of")
        return None
    if atom.labels.count(label) != 1:
        found = "no dependency" if label not in atom.labels else "dependencies of several sets"
        fix = "write the label of one line of [deps.from.<set>]"
        table.invalid("version_of", f"it names {found}", fix)
    return label


def _address(
    table: Table, text: str, version: Version | None, key: str, *place: int
) -> str | None:
    """Return an address with its version filled in; None where a problem was recorded."""
    if why := pieces_fault(text):
        table.invalid(key, why, _EXAMPLE, *place)
        return None
    url = text if version is None else filled(text, version)
    if holds_userinfo(url):
        where = place_of(table.reader.document.value_span(*table.path, key, *place))
        table.add(CredentialsInUrl(url, where), key, *place)
        return None
    if why := download_url_fault(url):
        table.invalid(key, why, _EXAMPLE, *place)
        return None
    return url
