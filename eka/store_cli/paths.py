"""Store paths and numbers as people and programs write and read them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT, InvalidStorePath, StorePath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.store import NodePath, PathInfo, Store

_MAX_LINKS = 16
_BASE = re.compile(r"[0-9a-v]{32}-")


def typed_path(store: Store, text: str) -> StorePath:
    """Return the store path that ``text`` means.

    Args:
        store: The open store.
        text: ``/eka/store/<base>``, ``<base>``, where the store keeps it, or a link to that.
    """
    path, below = typed_place(store, text)
    if below:
        raise InvalidStorePath(text, f"not directly below {LOGICAL_ROOT}")
    return path


def typed_place(store: Store, text: str) -> tuple[StorePath, NodePath]:
    """Return the store path, and the names of what is meant inside it.

    Args:
        store: The open store.
        text: As for `typed_path`; more names may follow.
    """
    logical = text.removeprefix(f"{LOGICAL_ROOT}/")
    if logical == text and not _BASE.match(text):
        with suppress(OSError, ValueError):  # not even a name that a file could have
            logical = _below(store.physical_root, text)
    base, _, rest = logical.partition("/")
    names = [os.fsencode(name) for name in rest.split("/") if name]
    try:
        return StorePath.parse(base), tuple(names)
    except InvalidStorePath as error:
        raise InvalidStorePath(text, error.why) from error


def _below(home: Path, text: str) -> str:
    """Return what a place in the file system is called below the directory of the store."""
    pending = list(reversed(Path(text).absolute().parts))
    place, links = Path(pending.pop()), 0
    while pending:
        place /= pending.pop()
        if place.parent == home:
            return "/".join((place.name, *reversed(pending)))
        if place.is_symlink() and links < _MAX_LINKS:
            links += 1
            target = place.parent / place.readlink()
            pending += reversed(target.parts)
            place = Path(pending.pop())
    return text


def path_document(info: PathInfo, physical: str, signers: Sequence[str]) -> dict[str, object]:
    """Return what is known of a path as JSON."""
    return {
        "path": info.path.text,
        "physical": physical,
        "kind": info.kind,
        "content": info.content,
        "size_bytes": info.size_bytes,
        "references": [path.text for path in info.references],
        "registered": info.registered,
        "signers": list(signers),
    }


def nar_fields(store: Store, path: StorePath) -> dict[str, object]:
    """Return SHA-256 and size of the NAR of a path as JSON; computed when first asked for."""
    from eka.store.nix_view.remember import nar_of  # noqa: PLC0415 - only where asked for

    found = nar_of(store, path)
    return {"nar_sha256": found.sha256.hex(), "nar_size_bytes": found.size_bytes}


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
