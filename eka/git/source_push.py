"""Sees to it that the remote holds the source commits that atoms name as their origin.

Source: atom-spec/publishing.md [publish-source].
"""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.git.publish_errors import SourceNotOnRemote, SourceNotPushed
from eka.git.refs import origin_ref
from eka.git.remotes import upstream_branch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.git.publication import PublicationPlan
    from eka.git.registries import RemoteRegistry
    from eka.git.remotes import Remote
    from eka.git.work_repository import WorkRepository


def missing_sources(registry: RemoteRegistry, plan: PublicationPlan) -> tuple[ObjectId, ...]:
    """Return the origins of the plan's new atoms that the remote does not hold."""
    origins = {atom.commit.origin for atom in plan.new}
    unkept = sorted(origin for origin in origins if origin_ref(origin) not in plan.listed)
    return registry.missing_sources(unkept, plan.listed) if unkept else ()


def source_branch(repository: WorkRepository, remote: Remote, missing: Sequence[ObjectId]) -> str:
    """Return the branch of the remote that may go forward so that it holds ``missing``.

    Raises:
        SourceNotPushed: no branch is checked out, or a hook of the repository wants to see pushes.
        SourceNotOnRemote: the branch that is checked out does not hold the commits either.
    """
    branch, head = repository.branch, repository.head
    if branch is None or head is None:
        why = "HEAD is on no branch, so there is none to push"
        raise SourceNotPushed("HEAD", why, "`git push <remote> HEAD:<branch>`, then publish again")
    if not all(repository.is_ancestor(commit, head) for commit in missing):
        raise SourceNotOnRemote([commit.hex for commit in missing], remote.url.public)
    if hook := _pre_push_hook(repository):
        why = f"{hook} checks or completes each push, and eka runs no hooks"
        raise SourceNotPushed(branch, why, "`git push`, then publish again")
    return upstream_branch(repository, branch, remote)


def push_source(repository: WorkRepository, registry: RemoteRegistry, branch: str) -> None:
    """Let ``branch`` of the remote go forward to HEAD; raises SourceNotPushed."""
    report = registry.push_branch(repository.resolve("HEAD"), branch)
    if report.refused:
        raise SourceNotPushed(branch, report.reasons)


def _pre_push_hook(repository: WorkRepository) -> Path | None:
    """Return the hook that ``git push`` would run; such a push (of LFS, say) needs it."""
    hook = repository.hooks_dir / "pre-push"
    return hook if os.access(hook, os.X_OK) else None
