"""What ``[NAME=]KIND:…`` means to ``eka add``: a direct source of some kind, as typed.

A kind that can be added so stands in `TYPED`; its function turns what follows ``KIND:`` into the
declaration a manifest has, which the manifest's reader then checks.

Source: atom-spec/changes.md [change-add-direct].
"""

from __future__ import annotations

from importlib import import_module

from eka.atom import Label
from eka.checking import TYPE_CHECKING, Protocol, cast
from eka.errors import EkaError, Exit
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import Aliases, TomlValue

# kind -> module:function, a `ReadTyped`
TYPED: dict[str, str] = {
    "deb": "eka.workflow.add_kinds:typed_deb",
    "git": "eka.workflow.add_git:typed_git",
    "npm": "eka.workflow.add_npm:typed_npm",
    "pypi": "eka.workflow.add_pypi:typed_pypi",
    "url": "eka.workflow.add_kinds:typed_url",
}
_FORM = pattern(r"(?:([^=:/@\s]+)=)?([a-z][a-z0-9]*):(?!//)(.+)")
_ARCHIVE = pattern(r"\.(?:tar(?:\.[a-z0-9]+)?|tgz|txz|tbz2|zip)$")
_VERSION = pattern(r"[-_.]v?[0-9].*$")
_SHA256 = "#sha256="
_SOURCE_PACKAGE = "src:"


class InvalidDirectSource(EkaError):
    """What was typed is no direct source of its kind."""

    code = "invalid-direct-source"
    exit_status = Exit.USAGE

    def __init__(self, text: str, why: str, fix: str) -> None:
        super().__init__(
            what="this names no direct source", where=repr(text[:300]), why=why, fix=fix
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """A declaration, and the name it gets when the person gave none; "" where none suggests."""

    spec: Mapping[str, TomlValue]
    name: str = ""


class ReadTyped(Protocol):
    """Understands what stands after ``KIND:``."""

    def __call__(self, rest: str) -> Typed:
        """Return the declaration; raises InvalidDirectSource."""
        ...


@dataclass(frozen=True, slots=True)
class TypedSource:
    """A direct source to be added."""

    kind: str
    name: Label
    spec: Mapping[str, TomlValue]


def typed_source(text: str, aliases: Aliases) -> TypedSource | None:
    """Return the direct source that was typed; None where something else was.

    An alias that is called like a kind means atoms where a label follows.

    Raises:
        InvalidDirectSource: it cannot be one of its kind, or has no name.
        InvalidLabel: the name given is not a label.
    """
    match = _FORM.fullmatch(text)
    if match is None or match[2] not in TYPED:
        return None
    name, kind, rest = match.groups()
    if name is None and kind in aliases and "::" in rest:
        return None
    module, _, function = TYPED[kind].partition(":")
    typed = cast("ReadTyped", getattr(import_module(module), function))(rest)
    if name is None and not typed.name:
        fix = f"name it: NAME={kind}:{rest}"
        raise InvalidDirectSource(text, "nothing in it can be its name in the manifest", fix)
    return TypedSource(kind, Label.typed(name or typed.name), typed.spec)


def label_in(text: str) -> str:
    """Return a label that the start of a file's name is, without version; "" if none is."""
    stem = _VERSION.sub("", _ARCHIVE.sub("", text))
    try:
        return Label.typed(stem.replace(".", "-")).text
    except EkaError:
        return ""


def typed_url(rest: str) -> Typed:
    """Return a file behind an address; an archive is unpacked."""
    url, has_digest, digest = rest.partition(_SHA256)
    if not url.startswith(("https://", "http://")):
        why = "`url:` is followed by an http or https address"
        fix = "write url:https://example.org/file.tar.gz, with #sha256=HEX if you know it"
        raise InvalidDirectSource(f"url:{rest}", why, fix)
    spec: dict[str, TomlValue] = {"url": url}
    if has_digest:
        spec["sha256"] = digest
    file = url.partition("?")[0].partition("#")[0].rpartition("/")[2]
    if _ARCHIVE.search(file):
        spec["unpack"] = True
    return Typed(spec, label_in(file))


def typed_deb(rest: str) -> Typed:
    """Return Debian packages, ``a,b/suite``, or a source package, ``src:a/suite``."""
    names, has_suite, suite = rest.removeprefix(_SOURCE_PACKAGE).partition("/")
    packages = names.split(",")
    spec: dict[str, TomlValue] = {"packages": [*packages]}
    if rest.startswith(_SOURCE_PACKAGE):
        if len(packages) > 1:
            why = "a source package stands alone"
            raise InvalidDirectSource(f"deb:{rest}", why, "add one after the other")
        spec = {"source": packages[0]}
    if has_suite:
        spec["suite"] = suite
    return Typed(spec, label_in(packages[0].replace("+", "p")))
