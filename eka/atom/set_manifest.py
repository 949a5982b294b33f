"""Reads ``ekala.toml``, the file that makes a repository a set of atoms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from eka.atom.aliases import Aliases
from eka.atom.commit import CommitFormat
from eka.atom.download_url import CredentialsInUrl
from eka.atom.label import Tag
from eka.atom.reading import Reader, place_of
from eka.atom.source_url import UNSAFE
from eka.atom.toml import read_toml
from eka.atom.uri import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.reading import Table
    from eka.atom.source_url import SourceUrl
    from eka.atom.toml import TomlValue

SET_MANIFEST_NAME = "ekala.toml"
WRITABLE_FORMATS = (CommitFormat.V2, CommitFormat.PRE1, CommitFormat.PRE1_0)
_REMOTE_NAME = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII
)
_CLASS = re.compile(r"\[([^\]]+)\]")
_RANGE = re.compile(r"(?=(.)-(.))", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetManifest:
    """A whole ``ekala.toml``."""

    packages: tuple[str, ...] = ()
    """Directories of atoms, and globs of them, relative to this file."""
    remote: str | None = None
    """Name or URL of the git remote to publish to."""
    format: CommitFormat = CommitFormat.V2
    mirrors: tuple[SourceUrl, ...] = ()
    metadata: Mapping[str, TomlValue] = field(default_factory=dict[str, "TomlValue"])


def parse_set_manifest(data: bytes, file: str, aliases: Aliases | None = None) -> SetManifest:
    """Return the set manifest in ``data``.

    Raises:
        InvalidToml: it is not TOML.
        Problems: several things in it are wrong; a single one is raised as itself.

    Source: atom-spec/set-manifest.md; vectors in fixtures/set-manifest.
    """
    reader = Reader(read_toml(data, file))
    root = reader.root
    result = SetManifest()
    known = aliases or Aliases()
    metadata = root.table("metadata")
    if metadata is not None:
        _check_tags(metadata)
    table = root.table("set")
    if table is not None:
        result = SetManifest(
            packages=_packages(table),
            remote=_remote(table, known),
            format=_format(table),
            mirrors=_mirrors(table, known),
            metadata={} if metadata is None else metadata.data,
        )
        table.finish()
    elif not root.has("set"):
        root.missing("set", "[set]")
    root.finish()
    reader.finish(f"{file} has several problems")
    return result


def pattern_fault(pattern: str) -> str:
    """Say why ``pattern`` cannot name directories of the set; empty when it can."""
    if pattern == ".":
        return ""
    if UNSAFE.search(pattern) or "\\" in pattern:
        return "it holds control characters or backslashes"
    parts = pattern.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "it is not a relative path without `.`, `..` and empty parts"
    if any(part.casefold() == ".git" for part in parts):
        return "it leads into git's own directory"
    for part in parts:
        if why := _segment_fault(part):
            return why
    return ""


def _segment_fault(part: str) -> str:
    if "**" in part and part != "**":
        return "`**` stands for whole directories: write it between slashes"
    classes = (match[1] for match in _CLASS.finditer(part))
    if any(first > last for each in classes for first, last in _RANGE.findall(each)):
        return "a range in brackets is reversed"
    return ""


def _packages(table: Table) -> tuple[str, ...]:
    packages = table.texts("packages")
    for index, pattern in enumerate(packages):
        if why := pattern_fault(pattern):
            table.invalid("packages", why, 'write for example "pkgs/*" or "apps/tool"', index)
    table.distinct("packages", packages)
    if not table.has("packages"):
        table.missing("packages", 'packages = ["pkgs/*"]')
    return packages


def _remote(table: Table, aliases: Aliases) -> str | None:
    text = table.text("remote")
    if text is None or _REMOTE_NAME.fullmatch(text):
        return text
    _read_url(table, "remote", text, aliases)
    return text


def _format(table: Table) -> CommitFormat:
    text = table.text("format")
    for choice in WRITABLE_FORMATS:
        if text in {None, choice.value}:
            return choice
    listed = ", ".join(f'"{choice.value}"' for choice in WRITABLE_FORMATS)
    table.invalid("format", f"{text!r} is no format that eka writes", f"write one of {listed}")
    return CommitFormat.V2


def _mirrors(table: Table, aliases: Aliases) -> tuple[SourceUrl, ...]:
    texts = enumerate(table.texts("mirrors"))
    urls = [_read_url(table, "mirrors", text, aliases, index) for index, text in texts]
    return tuple(dict.fromkeys(url for url in urls if url is not None))


def _read_url(
    table: Table, key: str, text: str, aliases: Aliases, *place: int
) -> SourceUrl | None:
    try:
        url = parse_source_url(text, aliases)
    except EkaError as error:
        table.add(error, key, *place)
        return None
    if url.has_credentials:
        where = place_of(table.reader.document.value_span(*table.path, key, *place))
        table.add(CredentialsInUrl(url.public, where), key, *place)
        return None
    return url


def _check_tags(metadata: Table) -> None:
    for index, text in enumerate(metadata.texts("tags")):
        try:
            Tag(text)
        except EkaError as error:
            metadata.add(error, "tags", index)
