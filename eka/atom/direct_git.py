"""Direct sources of kind ``git``: a directory of a commit."""

from __future__ import annotations

import re

from eka.atom.aliases import Aliases
from eka.atom.commit import path_fault
from eka.atom.download_url import CredentialsInUrl
from eka.atom.oid import ObjectId
from eka.atom.reading import place_of
from eka.atom.requirement import Requirement
from eka.atom.source_url import UNSAFE
from eka.atom.uri import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.direct_kinds import DeclaringAtom
    from eka.atom.label import Label
    from eka.atom.reading import Table
    from eka.atom.source_url import SourceUrl
    from eka.atom.toml import TomlValue

FORMS = ("rev", "tag", "branch", "version")
MAX_REF_BYTES = 255
# What git-check-ref-format(1) refuses, but for control characters.
_NO_REF = re.compile(r"^[/.-]|[/.]$|\.\.|//|/\.|@\{|\.lock(?:/|$)|[ ~^:?*\[\\]")
_EXAMPLE = 'url = "https://example.org/project.git"'
_FORM_EXAMPLE = 'write for example `{ url = "https://example.org/x.git", tag = "v1.2.3" }`'


@dataclass(frozen=True, slots=True)
class GitSource:
    """A directory of the commit that a name or a requirement leads to."""

    name: Label
    url: str
    """Of the repository, in its public form."""
    rev: ObjectId | None = None
    """The commit itself; else one of the next three says what leads to it."""
    tag: str = ""
    branch: str = ""
    version: Requirement | None = None
    """The highest version among the tags that fits."""
    tag_prefix: str = ""
    """What stands before the version in tags."""
    subdir: str = ""
    """The directory that is the source; empty: all."""

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "git"

    @property
    def wanted(self) -> str:
        """What of the repository is meant, for messages."""
        if self.rev is not None:
            return f"commit {self.rev.hex}"
        if self.version is not None:
            return f"tag that fits {self.tag_prefix}{self.version.text}"
        return f"tag {self.tag}" if self.tag else f"branch {self.branch}"

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        found = {
            "url": self.url,
            "rev": self.rev.hex if self.rev else "",
            "tag": self.tag,
            "branch": self.branch,
            "version": self.version.text if self.version else "",
            "tag_prefix": self.tag_prefix,
            "subdir": self.subdir,
        }
        return {key: value for key, value in found.items() if value}


def read(table: Table, name: Label, atom: DeclaringAtom) -> GitSource | None:
    """Return what a table declares; see `ReadSource`."""
    del atom
    url = _url(table)
    texts = {key: table.text(key) for key in FORMS}
    given = [key for key in FORMS if table.has(key)]
    prefix, subdir = table.text("tag_prefix"), table.text("subdir")
    if len(given) != 1:
        found = " and ".join(f"`{key}`" for key in given) or "none of them"
        key, why = str(table.path[-1]), f"expected one of {', '.join(FORMS)}, found {found}"
        type(table)(table.reader, table.path[:-1], {}).invalid(key, why, _FORM_EXAMPLE)
    rev = table.build("rev", ObjectId, texts["rev"])
    version = table.build("version", Requirement.parse, texts["version"])
    for key in ("tag", "branch"):
        _check_ref(table, key, texts[key])
    _check_ref(table, "tag_prefix", None if prefix is None else f"{prefix}1")
    if prefix is not None and "version" not in given:
        table.invalid("tag_prefix", "it has no meaning without `version`", "remove it")
    if subdir is not None and (subdir in {"", "."} or path_fault(subdir)):
        table.invalid("subdir", "it is not a plain relative path", 'write for example "src/lib"')
    if table.has("submodules"):
        why = "submodules are not fetched: what they mean is not in the tree of the commit"
        fix = "declare each of them as a git source, and put them together in the script"
        table.invalid("submodules", why, fix)
    if url is None or len(given) != 1:
        return None
    return GitSource(
        name=name,
        url=url.public,
        rev=rev,
        tag=texts["tag"] or "",
        branch=texts["branch"] or "",
        version=version,
        tag_prefix=prefix or "",
        subdir=subdir or "",
    )


def _url(table: Table) -> SourceUrl | None:
    text = table.required("url", str, _EXAMPLE)
    if text is None:
        return None
    try:
        url = parse_source_url(text, Aliases({}))
    except EkaError as error:
        table.add(error, "url")
        return None
    if url.has_credentials:
        where = place_of(table.reader.document.value_span(*table.path, "url"))
        table.add(CredentialsInUrl(text, where), "url")
        return None
    is_relative = url.is_local and not url.path.startswith("/")
    if is_relative or "://" not in text:
        table.invalid("url", "it is not a full URL with its scheme", f"write {_EXAMPLE}")
        return None
    return url


def _check_ref(table: Table, key: str, text: str | None) -> None:
    if text is None:
        return
    fault = not text or len(text.encode(errors="replace")) > MAX_REF_BYTES
    if fault or _NO_REF.search(text) or UNSAFE.search(text):
        table.invalid(key, "git does not take this as a name", f"write the name of a {key}")
