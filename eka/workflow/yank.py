"""``eka yank`` and ``eka deprecate``: what owners say of versions after they were published."""

from __future__ import annotations

from eka.atom import Label, Version, parse_set_manifest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git import (
    Deprecation,
    StatusRequest,
    StatusWriter,
    VersionStatus,
    WorkRepository,
    combined,
)
from eka.workflow.project import SET_MANIFEST, read_capped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.git import StatusEdit, StatusReport
    from eka.workflow.services import Services


class VersionNotNamed(EkaError):
    """A command needs exact versions, and a word names none."""

    code = "version-not-named"
    exit_status = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            what="this names no version of an atom",
            where=text,
            fix="write LABEL@VERSION, such as zlib@1.3.1",
        )


def yanked(reason: str) -> StatusEdit:
    """Return the change that yanks a version."""
    VersionStatus(reason)  # refused before anything is asked
    return lambda before: VersionStatus(reason, before.deprecated if before else None)


def unyanked(before: VersionStatus | None) -> VersionStatus | None:
    """Take back that a version is yanked."""
    return combined(None, before.deprecated if before else None)


def deprecated(reason: str, replaced_by: Label | None) -> StatusEdit:
    """Return the change that deprecates a version."""
    said = Deprecation(reason, replaced_by)
    return lambda before: VersionStatus(before.yanked if before else None, said)


def undeprecated(before: VersionStatus | None) -> VersionStatus | None:
    """Take back that a version is deprecated; what cannot be read stays yanked."""
    return combined(before.yanked if before else None, None)


def mark_versions(
    services: Services,
    words: Sequence[str],
    edit: StatusEdit,
    *,
    remote: str | None = None,
    dry_run: bool = False,
) -> StatusReport:
    """Change what is said of published versions of the set around the command.

    Args:
        services: Ports.
        words: The versions, as ``LABEL@VERSION``.
        edit: What is to be said of each, from what is said now.
        remote: Where, as for a publish.
        dry_run: Change nothing.

    Raises:
        VersionNotNamed: a word names no version.
        VersionNotPublished: the remote has no such version; and what stops a push.
    """
    versions = tuple(dict.fromkeys(map(_parsed, words)))
    repository = WorkRepository.open(services.directory, services.runner)
    request = StatusRequest(
        versions=versions,
        edit=edit,
        remote=remote,
        configured=_configured_remote(repository.work_tree),
        dry_run=dry_run,
    )
    services.progress.step("asking the remote")
    return StatusWriter(repository, aliases=services.aliases).write(request)


def _parsed(word: str) -> tuple[Label, Version]:
    label, at, version = word.removeprefix("::").rpartition("@")
    if not at or not label:
        raise VersionNotNamed(word)
    return Label.typed(label), Version.parse(version)


def _configured_remote(root: Path | None) -> str | None:
    path = root / SET_MANIFEST if root else None
    if path is None or not path.is_file():
        return None
    return parse_set_manifest(read_capped(path), str(path)).remote
