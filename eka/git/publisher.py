"""Publishes atoms of a commit: all or nothing, never over what is published already.

The order of writes: the objects, then one push that may only create refs, then the refs here. A
kill between any two of them leaves what the next run completes.

Source: atom-spec/publishing.md.
"""

from __future__ import annotations

import time
from contextlib import ExitStack

from eka.atom import Aliases
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.delivery import Delivery
from eka.git.genesis import refuse_shallow
from eka.git.local_refs import LocalRefs, locked
from eka.git.pack import build_pack
from eka.git.preparation import Preparation
from eka.git.publication import (
    PublishReport,
    PublishRequest,
    PublishStage,
    set_refs,
    silent,
)
from eka.git.publish_errors import SourceNotOnRemote
from eka.git.registries import nobody_listens
from eka.git.source_push import missing_sources, push_source, source_branch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eka.atom import ObjectId
    from eka.git.preparation import Destination
    from eka.git.publication import PlannedAtom, PublicationPlan, PublishProgress
    from eka.git.work_repository import WorkRepository


class Publisher:
    """Publishes from one repository."""

    def __init__(
        self,
        repository: WorkRepository,
        *,
        aliases: Aliases | None = None,
        progress: PublishProgress = silent,
        on_sent: Callable[[int, int], None] = nobody_listens,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare a publisher.

        Args:
            repository: Where the atoms are.
            aliases: What short names in URLs mean; the built-in ones by default.
            progress: Is told each stage, and how many atoms or refs it is about.
            on_sent: Is told how many bytes of how many went to the remote, again and again.
            pause: Waits some seconds between two tries.
        """
        self._repository = repository
        self._aliases = aliases or Aliases()
        self._progress = progress
        self._on_sent = on_sent
        self._pause = pause

    def publish(self, request: PublishRequest) -> PublishReport:
        """Publish what is asked for; return what became of each atom.

        Raises:
            Problems, or the one problem: nothing was published. Every check is made before the
            first write, and all that fail are told together.
            VersionConflict: a version is published with another content, perhaps since a moment.
            SourceNotOnRemote, SourceNotPushed, PushRefused, NetworkFailed and what else stops it.
        """
        refuse_shallow(self._repository)
        with ExitStack() as stack:
            refs = None
            if not request.dry_run:
                waiting = lambda: self._progress(PublishStage.WAITING, 0)  # noqa: E731 - one use
                refs = stack.enter_context(locked(self._repository, waiting=waiting))
            destination, plan = self._plan(request, stack)
            branch = self._provide_source(destination, plan, request)
            if refs is None:
                return _report(plan, plan.atoms, _wanted(plan), branch, dry_run=True)
            return self._carry_out(destination, plan, refs, branch)

    def _plan(
        self, request: PublishRequest, stack: ExitStack
    ) -> tuple[Destination, PublicationPlan]:
        """Return what is to be done, and where; everything that may forbid it is raised here."""
        start = Preparation(self._repository, self._aliases, self._progress, self._on_sent)
        prepared = start.prepare(request, stack)
        plan = prepared.planner.plan(prepared.reader, request, prepared.destination.remote)
        if request.signer is not None:
            from eka.git.signature_publish import signed_plan  # noqa: PLC0415 - few sign

            self._progress(PublishStage.SIGNING, len(plan.new))
            plan = signed_plan(plan, request.signer, prepared.reader)
        return prepared.destination, plan

    def _provide_source(
        self, destination: Destination, plan: PublicationPlan, request: PublishRequest
    ) -> str | None:
        """Push the source if need be and asked for; return the branch that went forward."""
        registry, remote = destination.registry, destination.remote
        if registry is None or remote is None or plan.no_origin:
            return None
        missing = missing_sources(registry, plan)
        if not missing:
            return None
        if not request.push_source:
            raise SourceNotOnRemote([commit.hex for commit in missing], registry.where)
        branch = source_branch(self._repository, remote, missing)
        if not request.dry_run:
            self._progress(PublishStage.PUSHING_SOURCE, 1)
            push_source(self._repository, registry, branch)
        return branch

    def _carry_out(
        self,
        destination: Destination,
        plan: PublicationPlan,
        refs: LocalRefs,
        branch: str | None,
    ) -> PublishReport:
        self._add_objects(plan.atoms, refs)
        if destination.registry is None or destination.remote is None:
            created = _wanted(plan)
            self._progress(PublishStage.RECORDING, len(created))
            refs.create(self._local_refs(plan, plan.atoms))
            return _report(plan, plan.atoms, created, None, dry_run=False)
        delivery = Delivery(destination.registry, plan, pause=self._pause)
        self._progress(PublishStage.PUSHING, len(plan.new))
        try:
            delivery.run()
        except EkaError:
            if delivery.created:  # what got through stays published: record that much
                self._record(plan, delivery.atoms, refs)
            raise
        self._record(plan, delivery.atoms, refs)
        return _report(plan, delivery.atoms, delivery.created, branch, dry_run=False)

    def _record(
        self, plan: PublicationPlan, atoms: Sequence[PlannedAtom], refs: LocalRefs
    ) -> None:
        """Let the refs here say what the remote has accepted."""
        self._progress(PublishStage.RECORDING, len(atoms))
        # Those of the plan are here since before the push, unless somebody else brought them.
        added = {atom.oid for atom in plan.atoms}
        self._add_objects([atom for atom in atoms if atom.oid not in added], refs)
        refs.write(self._local_refs(plan, atoms))

    def _local_refs(
        self, plan: PublicationPlan, atoms: Sequence[PlannedAtom]
    ) -> dict[str, ObjectId]:
        """Return the refs the repository itself has after a publish: those of the remote."""
        here = self._repository.present(sorted({atom.commit.origin for atom in atoms}))
        # Of versions that others published, this repository may not have the source.
        known = [atom for atom in atoms if atom.commit.origin in here]
        refs = set_refs(known, plan.genesis, no_origin=plan.no_origin)
        refs |= {atom.ref: atom.oid for atom in atoms}
        for atom in known:
            refs |= atom.refs(no_origin=plan.no_origin)
        return refs

    def _add_objects(self, atoms: Iterable[PlannedAtom], refs: LocalRefs) -> None:
        """Add what is published and not here yet, as one pack."""
        objects: dict[ObjectId, tuple[str, bytes]] = {}
        for atom in atoms:
            if atom.body is not None:
                objects[atom.oid] = ("commit", atom.body)
            objects.update({side.oid: (side.kind, side.body) for side in atom.beside})
        present = self._repository.present(sorted(objects))
        missing = [found for oid, found in objects.items() if oid not in present]
        if missing:
            refs.add_pack(build_pack(missing, self._repository.algorithm, is_compressed=False))


def _wanted(plan: PublicationPlan) -> set[str]:
    """Return the refs that the destination lacks."""
    refs = set_refs(plan.new, plan.genesis, no_origin=plan.no_origin)
    for atom in plan.new:
        refs |= atom.refs(no_origin=plan.no_origin)
    return refs.keys() - plan.listed.keys()


def _report(
    plan: PublicationPlan,
    atoms: Sequence[PlannedAtom],
    created: Iterable[str],
    branch: str | None,
    *,
    dry_run: bool,
) -> PublishReport:
    return PublishReport(
        genesis=plan.genesis,
        commit=plan.commit,
        remote=None if plan.remote is None else plan.remote.url.public,
        atoms=tuple(atom.published() for atom in atoms),
        refs=tuple(sorted(created)),
        left_out=plan.left_out,
        source_pushed=branch,
        dry_run=dry_run,
        signed_by=plan.signed_by,
    )
