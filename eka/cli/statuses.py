"""Statuses of versions as programs read them."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.cli.reply import Json
    from eka.git import VersionStatus


def status_document(status: VersionStatus | None) -> Json:
    """Return a status as JSON; null where nothing is said."""
    if status is None:
        return None
    said = status.deprecated
    deprecated: Json = None
    if said is not None:
        instead = said.replaced_by.text if said.replaced_by else None
        deprecated = {"reason": said.reason, "replaced_by": instead}
    yanked_document: Json = None if status.yanked is None else {"reason": status.yanked}
    return {
        "yanked": yanked_document,
        "deprecated": deprecated,
        "unreadable": status.is_unreadable,
    }


def status_words(status: VersionStatus | None) -> str:
    """Return ``yanked``, ``deprecated`` or nothing, for lists: why is told by ``eka info``."""
    if status is None:
        return ""
    return "yanked" if status.is_yanked else "deprecated"
