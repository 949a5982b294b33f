"""Reads the manifest of an atom of format 1: a file ``<name>.atom`` with a table ``[atom]``."""

from __future__ import annotations

from eka.atom.label import Label
from eka.atom.manifest_model import Manifest, Package
from eka.atom.toml import InvalidToml, read_toml
from eka.atom.version import Version

_FORM = "a manifest of format 1 has a table [atom] with the strings `id` and `version`"


def parse_manifest_v1(data: bytes, file: str) -> Manifest:
    """Return what an old manifest says in today's words; all else in it is passed over.

    Raises:
        InvalidToml: it is not TOML, or has no table ``[atom]`` with ``id`` and ``version``.
        InvalidLabel, InvalidVersion: these are none.

    Source: atom-spec/queries.md [query-formats].
    """
    table = read_toml(data, file).data.get("atom")
    if not isinstance(table, dict):
        raise InvalidToml(file, _FORM)
    label, version = table.get("id"), table.get("version")
    description = table.get("description", "")
    if not isinstance(label, str) or not isinstance(version, str):
        raise InvalidToml(file, _FORM)
    return Manifest(
        package=Package(
            label=Label(label),
            version=Version.parse(version),
            description=description if isinstance(description, str) else "",
        )
    )
