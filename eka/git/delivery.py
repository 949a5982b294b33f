"""Pushes planned atoms: creates refs only, all or none, and settles races with other publishers.

Source: atom-spec/publishing.md, the clauses on pushing.
"""

from __future__ import annotations

import re
from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.git.failures import NetworkFailed
from eka.git.process import TimedOut
from eka.git.publication import AtomStatus, conflicts, planned, read_existing, set_refs
from eka.git.publish_errors import PushRefused
from eka.git.refs import INIT_REF
from eka.git.repository_errors import GenesisConflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eka.atom import ObjectId
    from eka.git.publication import PlannedAtom, PublicationPlan, VersionKey
    from eka.git.push_report import PushReport
    from eka.git.registries import RemoteRegistry

MAX_TRIES = 6
FIRST_PAUSE_S = 0.05
# A refusal that another try will not change; others may come of two pushes that met.
_FINAL = re.compile(
    r"declined|denied|deny|protected|prohibited|not allowed|hidden|forbidden|unpack|shallow",
    re.IGNORECASE,
)


def is_final(refusal: str) -> bool:
    """Return whether another try would be refused as well."""
    return _FINAL.search(refusal) is not None


class Delivery:
    """Brings the new atoms of a plan to a remote."""

    def __init__(
        self,
        registry: RemoteRegistry,
        plan: PublicationPlan,
        *,
        pause: Callable[[float], None],
    ) -> None:
        self._registry = registry
        self._plan = plan
        self._pause = pause
        self._listed = dict(plan.listed)
        self._pending: dict[VersionKey, PlannedAtom] = {atom.key: atom for atom in plan.new}
        self._settled: dict[VersionKey, PlannedAtom] = {
            atom.key: atom for atom in plan.atoms if atom.status is AtomStatus.UNCHANGED
        }
        self.created: set[str] = set()
        """Refs that were created."""

    @property
    def atoms(self) -> tuple[PlannedAtom, ...]:
        """The atoms that stand at the remote by now, as they stand there, in the plan's order."""
        found = (self._settled.get(atom.key) for atom in self._plan.atoms)
        return tuple(atom for atom in found if atom is not None)

    def run(self) -> None:
        """Push until everything is there; what is there already stays, whatever is raised.

        Raises:
            VersionConflict: somebody published another content meanwhile (`Problems` if several).
            GenesisConflict: somebody recorded another genesis meanwhile.
            PushRefused: the remote does not take it; and what `source_failure` tells of a broken
            conversation.
        """
        refusal = ""
        for attempt in range(MAX_TRIES):
            if attempt:
                self._pause(FIRST_PAUSE_S * 2 ** (attempt - 1))
            batch = self._next_batch()
            refusal = ""
            while batch and not refusal:
                refusal = self._push(batch)
                batch = self._next_batch()
            if not batch:
                return
            if is_final(refusal):
                break
        raise PushRefused(self._registry.where, refusal, len(self.created))

    def _next_batch(self) -> dict[str, ObjectId]:
        """Return refs to push together: those of the set first, each atom's never apart."""
        no_origin = self._plan.no_origin
        limit = self._registry.max_refs_per_push
        atoms = list(self._pending.values())
        batch = {
            name: oid
            for name, oid in set_refs(atoms, self._plan.genesis, no_origin=no_origin).items()
            if name not in self._listed
        }
        for atom in atoms:
            refs = atom.refs(no_origin=no_origin)
            if limit is not None and batch and len(batch) + len(refs) > limit:
                break
            batch |= refs
        return batch

    def _push(self, batch: Mapping[str, ObjectId]) -> str:
        """Push once; return why the remote refused, empty when it did not."""
        try:
            report = self._registry.push(batch, self._objects(batch))
        except EkaError as error:
            # The connection broke: the server may have done its work all the same.
            try:
                self._look_again(batch, is_ours=True)
            except (NetworkFailed, TimedOut):
                raise error from None
            if any(name not in self._listed for name in batch):
                raise
            return ""
        if report is None:
            return ""  # to be cut into smaller batches
        if report.refused:
            self._look_again(batch, is_ours=report.is_unknown)
            return report.reasons or report.messages
        self._settle(batch, report)
        return ""

    def _objects(self, batch: Mapping[str, ObjectId]) -> list[tuple[str, bytes]] | None:
        """Return the objects behind a batch that the remote lacks; None when nobody knows.

        Where the source is, there are the trees: an atom is one object more.
        """
        if self._plan.no_origin:
            return None
        found: dict[ObjectId, tuple[str, bytes]] = {}
        for atom in self._pending.values():
            if atom.ref not in batch:
                continue
            if atom.body is None:
                return None
            found[atom.oid] = ("commit", atom.body)
            found |= {side.oid: (side.kind, side.body) for side in atom.beside}
        return list(found.values())

    def _settle(self, batch: Mapping[str, ObjectId], report: PushReport) -> None:
        self._listed |= batch
        self.created |= set(report.created)
        for key, atom in list(self._pending.items()):
            if atom.ref in batch:
                status = AtomStatus.UNCHANGED if atom.ref in report.present else AtomStatus.NEW
                self._settled[key] = replace(atom, status=status)
                del self._pending[key]

    def _look_again(self, batch: Mapping[str, ObjectId], *, is_ours: bool) -> None:
        """Find out what stands at the remote now, after a push that failed.

        Versions that carry our tree are done, whoever brought them; another tree is a conflict.

        Args:
            batch: What was pushed.
            is_ours: Whether what stands there with our values may have come from that push.
        """
        listed = self._registry.listed(sorted(batch))
        refs = {name: oid for name, oid in listed.items() if name in batch}
        init = refs.get(INIT_REF, self._plan.genesis)
        if init != self._plan.genesis:
            where = self._registry.where
            raise GenesisConflict(expected=self._plan.genesis.hex, found=init.hex, where=where)
        self._listed |= refs
        if is_ours:
            self.created |= {name for name, oid in refs.items() if batch[name] == oid}
        existing = read_existing(refs, self._bodies(refs), self._registry.where)
        raise_problems(conflicts([atom.source for atom in self._pending.values()], existing))
        for found in existing:
            atom = self._pending.pop(found.key)
            is_new = is_ours and found.oid == atom.oid
            status = AtomStatus.NEW if is_new else AtomStatus.UNCHANGED
            self._settled[found.key] = planned(atom.source, status, found)

    def _bodies(self, refs: Mapping[str, ObjectId]) -> Mapping[ObjectId, bytes]:
        names = {atom.ref for atom in self._pending.values()}
        return self._registry.bodies(
            list(dict.fromkeys(oid for name, oid in refs.items() if name in names))
        )
