"""Edits of ``atom.toml`` and ``ekala.toml`` that leave all else as its author wrote it."""

from __future__ import annotations

from eka.atom.aliases import Aliases
from eka.atom.manifest_package import OWN_SET
from eka.atom.toml_edit import append_value, render_value, set_string, set_value, value_at
from eka.atom.uri import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom.label import Label
    from eka.atom.manifest_model import Dependency
    from eka.atom.requirement import Requirement
    from eka.atom.toml import TomlValue
    from eka.atom.version import Version

SCHEMA_BASE = "https://eka.example/schemas"
_NEW_MANIFEST = """\
#:schema {schema}
[package]
label = {label}
version = {version}
description = ""
"""
_NEW_SET_MANIFEST = """\
#:schema {schema}
[set]
packages = []
"""


def add_dependency(  # noqa: PLR0913 - keywords only, one for each part of the lines written
    text: str,
    *,
    set_name: str,
    urls: Sequence[str] | None,
    label: Label,
    requirement: str,
    dev: bool = False,
    aliases: Aliases | None = None,
) -> str:
    """Return a manifest with a dependency added, or its requirement changed.

    Args:
        text: A valid manifest.
        set_name: The set's name in the manifest; it is declared if it is not.
        urls: Public URLs of the set (at least one), added where they are missing; None for the
            own set.
        label: What to depend on.
        requirement: Which versions will do.
        dev: Whether only this project's own development needs it.
        aliases: What short names in the manifest mean; the built-in ones by default.

    Raises:
        EditFailed: the manifest is written in a way that cannot be edited.
    """
    declared = ("package", "sets", set_name)
    known = _known_addresses(value_at(text, declared), aliases or Aliases())
    for url in [OWN_SET] if urls is None else urls:
        if known is None:
            text, known = set_value(text, declared, url), {url}
        elif url not in known:
            text = append_value(text, declared, url)
    return set_value(text, (*table_of(dev=dev), set_name, label.text), requirement)


def table_of(*, dev: bool) -> tuple[str, ...]:
    """Return the keys of the table that dependency lines stand in, set by set."""
    return ("deps", "dev", "from") if dev else ("deps", "from")


def _known_addresses(declared: TomlValue | None, aliases: Aliases) -> set[str] | None:
    """Return what a set is declared as, with aliases expanded too; None where it is not."""
    if declared is None:
        return None
    written = declared if isinstance(declared, list) else [declared]
    texts = {each for each in written if isinstance(each, str)}
    return texts.union(*(_expanded(text, aliases) for text in texts))


def _expanded(text: str, aliases: Aliases) -> tuple[str, ...]:
    try:
        return (parse_source_url(text, aliases).public,)
    except EkaError:
        return ()  # "::", or something the manifest's reader reports


def add_direct(text: str, kind: str, name: Label, spec: Mapping[str, TomlValue]) -> str:
    """Return a manifest with a direct source added, or replaced.

    Raises:
        EditFailed: the manifest is written in a way that cannot be edited.
    """
    return set_value(text, ("deps", "direct", kind, name.text), dict(spec))


def set_version(text: str, version: Version) -> str:
    """Return a manifest with another version; nothing but the version's letters changes.

    Raises:
        EditFailed: the manifest is written in a way that cannot be edited.
    """
    return set_string(text, ("package", "version"), version.text)


def set_requirement(text: str, line: Dependency, requirement: Requirement, *, dev: bool) -> str:
    """Return a manifest in which a dependency line asks for other versions.

    Raises:
        EditFailed: the manifest is written in a way that cannot be edited.
    """
    keys = (*table_of(dev=dev), line.set_name, line.label.text)
    return set_string(text, keys, requirement.text)


def add_package(text: str, path: str) -> str:
    """Return a set manifest with a directory added to its ``packages``.

    Raises:
        EditFailed: the file is written in a way that cannot be edited.
    """
    return append_value(text, ("set", "packages"), path)


def new_manifest(label: Label, version: Version) -> str:
    """Return the text of a new ``atom.toml``."""
    return _NEW_MANIFEST.format(
        schema=f"{SCHEMA_BASE}/atom.schema.json",
        label=render_value(label.text),
        version=render_value(version.text),
    )


def new_set_manifest() -> str:
    """Return the text of a new ``ekala.toml``."""
    return _NEW_SET_MANIFEST.format(schema=f"{SCHEMA_BASE}/ekala.schema.json")
