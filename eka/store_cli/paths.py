"""Store paths and numbers as people and programs write and read them."""

from __future__ import annotations

from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT, StorePath

if TYPE_CHECKING:
    from eka.store import PathInfo, Store

_MAX_LINKS = 16


def typed_path(store: Store, text: str) -> StorePath:
    """Return the store path that ``text`` means.

    Args:
        store: The open store.
        text: ``/eka/store/<base>``, ``<base>``, where the store keeps it, or a link to that.
    """
    place = Path(text).absolute()
    if not text.startswith(f"{LOGICAL_ROOT}/"):
        for _ in range(_MAX_LINKS):
            if place.is_relative_to(store.physical_root) and place != store.physical_root:
                return StorePath.parse(place.relative_to(store.physical_root).as_posix())
            if not place.is_symlink():
                break
            place = place.parent / place.readlink()
    return StorePath.parse(text)


def path_document(info: PathInfo, physical: str) -> dict[str, object]:
    """Return what is known of a path as JSON."""
    return {
        "path": info.path.text,
        "physical": physical,
        "kind": info.kind,
        "content": info.content,
        "size_bytes": info.size_bytes,
        "references": [path.text for path in info.references],
        "registered": info.registered,
    }


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
