"""Adds signatures to versions that are published already: creates refs, never moves one.

Source: atom-spec/signature.md [sign-later].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.local_refs import locked
from eka.git.pack import build_pack
from eka.git.publish_errors import PushRefused
from eka.git.registries import RemoteRegistry
from eka.git.remotes import IdentifiedRunner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.git.publication import SideObject
    from eka.git.remotes import Remote
    from eka.git.work_repository import WorkRepository


def push_signatures(
    objects: WorkRepository,
    identity: WorkRepository,
    remote: Remote,
    signatures: Sequence[SideObject],
) -> None:
    """Create the refs of signatures at a remote; those that are there already are left.

    All or none, but where thousands have to go through git's own push over HTTP: then in parts.

    Args:
        objects: A repository that holds the signed commits; the signatures are added to it.
        identity: Whose settings say who the person is to the server.
        remote: Where the versions are published.
        signatures: What to add.

    Raises:
        PushRefused: the remote does not take them; and what a broken conversation is told as.
    """
    pack = build_pack([(each.kind, each.body) for each in signatures], objects.algorithm)
    objects.git(["index-pack", "--stdin"], stdin=pack)
    with RemoteRegistry(objects, remote, IdentifiedRunner(identity)) as registry:
        size = registry.max_refs_per_push or len(signatures)
        if _push(registry, signatures):
            return
        # Nothing was sent: they are too many for the way that is left.
        for at in range(0, len(signatures), size):
            _push(registry, signatures[at : at + size])


def _push(registry: RemoteRegistry, signatures: Sequence[SideObject]) -> bool:
    """Push some signatures; return False when nothing was sent."""
    wanted = {each.ref: each.oid for each in signatures}
    report = registry.push(wanted, [(each.kind, each.body) for each in signatures])
    if report is not None and report.refused:
        listed = registry.listed(sorted(wanted))
        if any(listed.get(ref) != oid for ref, oid in wanted.items()):
            raise PushRefused(registry.where, report.reasons or report.messages)
    return report is not None


def record_signatures(repository: WorkRepository, signatures: Sequence[SideObject]) -> None:
    """Let the repository say what its remote has accepted, as far as it has the versions."""
    targets = {each.target for each in signatures if each.target is not None}
    present = repository.present(sorted(targets))
    known = [each for each in signatures if each.target in present]
    if not known:
        return
    with locked(repository) as refs:
        refs.add_pack(build_pack([(each.kind, each.body) for each in known], repository.algorithm))
        refs.write({each.ref: each.oid for each in known})
