"""Reads the ``[package]`` table and the sets it declares."""

from __future__ import annotations

import re

from eka.atom.download_url import CredentialsInUrl
from eka.atom.label import Label, Tag
from eka.atom.manifest_model import Package, SetDeclaration
from eka.atom.reading import place_of
from eka.atom.source_url import UNSAFE, SourceUrl
from eka.atom.uri import parse_source_url
from eka.atom.version import Version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.aliases import Aliases
    from eka.atom.reading import Table

OWN_SET = "::"
MAX_DESCRIPTION_CHARACTERS = 2000
MAX_LICENSE_CHARACTERS = 256
_SYSTEM = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+){1,3}", re.ASCII)


def read_package(root: Table, aliases: Aliases) -> Package | None:
    """Return the ``[package]`` table; None where a problem left no package to speak of."""
    table = root.table("package")
    if table is None:
        if not root.has("package"):
            root.missing("package", "[package]")
        return None
    label = table.required("label", Label, 'label = "my-atom"')
    version = table.required("version", Version.parse, 'version = "0.1.0"')
    description = _plain_text(table, "description", MAX_DESCRIPTION_CHARACTERS)
    tags = _tags(table)
    if (meta := table.table("meta")) is not None:  # the wild keeps them here, beside anything
        description = description or _plain_text(meta, "description", MAX_DESCRIPTION_CHARACTERS)
        tags = tags or _tags(meta)
    license_name = _plain_text(table, "license", MAX_LICENSE_CHARACTERS)
    systems = _systems(table)
    sets = read_sets(table, aliases)
    single = table.flag("single") or False
    table.finish()
    if label is None or version is None:
        return None
    return Package(
        label=label,
        version=version,
        description=description,
        license=license_name,
        tags=tags,
        systems=systems,
        sets=sets,
        single=single,
    )


def read_sets(package: Table, aliases: Aliases) -> Mapping[str, SetDeclaration]:
    """Return the sets that ``[package.sets]`` declares."""
    table = package.table("sets")
    if table is None:
        return {}
    sets: dict[str, SetDeclaration] = {}
    for name in table.data:
        table.has(name)
        try:
            Tag(name)
        except EkaError as error:
            table.reader.add(error, *table.path, name)
        sets[name] = _read_set(table, name, aliases)
    return sets


def declared_sets(root: Table) -> tuple[str, ...]:
    """Return the names in ``[package.sets]``, whatever else is wrong with the package."""
    package = root.data.get("package")
    sets = package.get("sets") if isinstance(package, dict) else None
    return tuple(sets) if isinstance(sets, dict) else ()


def _read_set(table: Table, name: str, aliases: Aliases) -> SetDeclaration:
    value = table.data[name]
    span = table.reader.document.span(*table.path, name)
    if not isinstance(value, str | list):
        table.wrong_type(name, 'a string or an array of strings ("::" or URLs)')
        return SetDeclaration(own=False, span=span)
    written = (value,) if isinstance(value, str) else table.texts(name)
    if not written:
        table.invalid(name, "it is empty", 'write "::" or the URL of a repository')
    found: list[SourceUrl | str | None] = []
    for index, text in enumerate(written):
        place = (index,) if isinstance(value, list) else ()
        url = OWN_SET if text == OWN_SET else _read_url(table, name, text, aliases, place)
        found.append(url)
    table.distinct(name, found, is_array=isinstance(value, list))
    urls = tuple(each for each in found if isinstance(each, SourceUrl))
    return SetDeclaration(OWN_SET in written, urls, written, span)


def _read_url(
    table: Table, name: str, text: str, aliases: Aliases, place: tuple[int, ...]
) -> SourceUrl | None:
    if table.reader.is_full:
        return None
    try:
        url = parse_source_url(text, aliases)
    except EkaError as error:
        table.add(error, name, *place)
        return None
    if url.has_credentials:
        where = place_of(table.reader.document.value_span(*table.path, name, *place))
        table.add(CredentialsInUrl(url.public, where), name, *place)
        return None
    return url


def _plain_text(table: Table, key: str, limit: int) -> str:
    text = table.text(key)
    if text is None:
        return ""
    if len(text) > limit:
        table.invalid(key, f"it is longer than {limit} characters", "shorten it")
    if UNSAFE.search(text.replace("\n", " ").replace("\t", " ")):
        table.invalid(key, "it holds control or invisible characters", "remove them")
    return text


def _tags(table: Table) -> tuple[Tag, ...]:
    tags: list[Tag] = []
    for index, text in enumerate(table.texts("tags")):
        try:
            tags.append(Tag(text))
        except EkaError as error:
            table.add(error, "tags", index)
    return tuple(dict.fromkeys(tags))


def _systems(table: Table) -> tuple[str, ...]:
    systems = table.texts("systems")
    for index, system in enumerate(systems):
        if _SYSTEM.fullmatch(system) is None:
            fix = 'write for example "x86_64-linux"'
            table.invalid("systems", "it is not <cpu>-<kernel>", fix, index)
    table.distinct("systems", systems)
    return systems
