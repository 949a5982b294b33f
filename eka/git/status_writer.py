"""Writes statuses of published versions to the remote of a set, and beside it to the repository.

Source: atom-spec/status.md [status-published], [status-lease].
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from eka.atom import Aliases, object_id
from eka.checking import TYPE_CHECKING
from eka.errors import raise_problems
from eka.git.delivery import FIRST_PAUSE_S, is_final
from eka.git.local_refs import locked
from eka.git.pack import build_pack
from eka.git.publish_errors import PushRefused, VersionNotPublished
from eka.git.refs import label_prefixes, parse_atom_ref, status_ref
from eka.git.registries import LocalRegistry, RemoteRegistry
from eka.git.remotes import IdentifiedRunner, choose_remote
from eka.git.status import VersionStatus, read_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from eka.atom import Label, ObjectId, Version
    from eka.git.local_refs import LocalRefs
    from eka.git.publication import VersionKey
    from eka.git.work_repository import WorkRepository

StatusEdit: TypeAlias = "Callable[[VersionStatus | None], VersionStatus | None]"
"""From what a version's status says to what it is to say; None says nothing."""
MAX_TRIES = 6
_KIND = "blob"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    """Which versions are to be said what of, and where."""

    versions: tuple[VersionKey, ...]
    edit: StatusEdit
    remote: str | None = None
    """As for a publish; ``.`` is this repository alone."""
    configured: str | None = None
    """``[set] remote`` of ``ekala.toml``."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What is said of one version, before and after."""

    label: Label
    version: Version
    before: VersionStatus | None
    after: VersionStatus | None

    @property
    def ref(self) -> str:
        """The ref that says it."""
        return status_ref(self.label, self.version)

    @property
    def is_change(self) -> bool:
        """Whether anything changed."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of the statuses, in the order they were asked for."""

    remote: str | None
    """The remote's URL without credentials; None: this repository alone."""
    changes: tuple[StatusChange, ...]
    dry_run: bool


class StatusWriter:
    """Writes statuses from one repository."""

    def __init__(
        self,
        repository: WorkRepository,
        *,
        aliases: Aliases | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._repository = repository
        self._aliases = aliases or Aliases()
        self._pause = pause

    def write(self, request: StatusRequest) -> StatusReport:
        """Let statuses say what is asked for, all or none; a change of nothing writes nothing.

        Raises:
            VersionNotPublished: the remote has no such version (`Problems` if several).
            PushRefused: the remote does not take it; what else stops a push.
        """
        repository = self._repository
        remote = choose_remote(
            repository,
            argument=request.remote,
            configured=request.configured,
            aliases=self._aliases,
        )
        with ExitStack() as stack:
            refs = None if request.dry_run else stack.enter_context(locked(repository))
            local = LocalRegistry(repository)
            registry = None
            if remote is not None:
                runner = IdentifiedRunner(repository)
                registry = stack.enter_context(RemoteRegistry(repository, remote, runner))
            changes = self._deliver(registry, local, request, refs)
        where = None if remote is None else remote.url.public
        return StatusReport(where, changes, request.dry_run)

    def _deliver(
        self,
        registry: RemoteRegistry | None,
        local: LocalRegistry,
        request: StatusRequest,
        refs: LocalRefs | None,
    ) -> tuple[StatusChange, ...]:
        place = registry or local
        refusal = ""
        for attempt in range(MAX_TRIES):
            if attempt:
                self._pause(FIRST_PAUSE_S * 2 ** (attempt - 1))
            listed = place.listed(_prefixes(request))
            changes = _planned(request, listed, place)
            wanted = {each.ref: self._oid(each.after) for each in changes}
            if refs is None:
                return changes
            self._add_documents(changes, refs)
            moved = {ref: oid for ref, oid in wanted.items() if listed.get(ref) != oid}
            if registry is not None and moved:
                report = registry.update({ref: (listed.get(ref), moved[ref]) for ref in moved})
                if report.refused:
                    refusal = report.reasons or report.messages
                    if is_final(refusal):
                        break
                    continue
            refs.write({ref: oid for ref, oid in wanted.items() if oid is not None})
            refs.remove([ref for ref, oid in wanted.items() if oid is None])
            return changes
        raise PushRefused(place.where, refusal)

    def _oid(self, status: VersionStatus | None) -> ObjectId | None:
        if status is None:
            return None
        return object_id(_KIND, status.encode(), self._repository.algorithm)

    def _add_documents(self, changes: Sequence[StatusChange], refs: LocalRefs) -> None:
        bodies = {self._oid(each.after): each.after.encode() for each in changes if each.after}
        if bodies:
            objects = [(_KIND, body) for body in bodies.values()]
            refs.add_pack(build_pack(objects, self._repository.algorithm))


def _prefixes(request: StatusRequest) -> list[str]:
    labels = sorted({label for label, _ in request.versions})
    prefixes = [prefix for label in labels for prefix in label_prefixes(label)]
    return prefixes + [status_ref(*key) for key in request.versions]


def _planned(
    request: StatusRequest, listed: Mapping[str, ObjectId], place: RemoteRegistry | LocalRegistry
) -> tuple[StatusChange, ...]:
    """Return what is to change, seen from what is listed now."""
    published: dict[Label, set[Version]] = {}
    for name in listed:
        if (found := parse_atom_ref(name)) is not None:
            published.setdefault(found.label, set()).add(found.version)
    raise_problems(
        [
            VersionNotPublished(label, version, published.get(label, ()), place.where)
            for label, version in request.versions
            if version not in published.get(label, ())
        ]
    )
    names = [status_ref(*key) for key in request.versions]
    oids = {name: listed[name] for name in names if name in listed}
    documents = place.blobs(list(dict.fromkeys(oids.values())))
    changes: list[StatusChange] = []
    for label, version in request.versions:
        oid = oids.get(status_ref(label, version))
        before = None if oid is None else read_status(documents.get(oid))
        changes.append(StatusChange(label, version, before, request.edit(before)))
    return tuple(changes)
