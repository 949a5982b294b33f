"""Makes a repository's history the history of a set: finds its genesis and records it, once.

Source: atom-spec/publishing.md, the clauses on genesis.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from eka.atom import Aliases
from eka.checking import TYPE_CHECKING
from eka.git.genesis import (
    find_roots,
    listed_genesis,
    record_genesis,
    recorded_genesis,
    refuse_shallow,
    settle_genesis,
)
from eka.git.local_refs import locked
from eka.git.publish_errors import PushRefused, SourceNotOnRemote
from eka.git.refs import INIT_REF, OLD_ROOT_TAG
from eka.git.registries import RemoteRegistry
from eka.git.remotes import IdentifiedRunner, NoRemote, choose_remote
from eka.git.repository_errors import GenesisConflict

if TYPE_CHECKING:
    from eka.atom import Genesis, ObjectId
    from eka.git.remotes import Remote
    from eka.git.work_repository import RootCommit, WorkRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """How a set is to be begun."""

    genesis: ObjectId | None = None
    """The person's choice among several first commits."""
    remote: str | None = None
    """As in `PublishRequest`; without any remote the set begins here alone."""
    configured: str | None = None
    """``[set] remote`` of an ``ekala.toml`` that is there already."""
    push: bool = False
    """Whether the remote shall learn the genesis now, and not with the first publish."""
    offline: bool = False
    """Whether not even to ask the remote for its record."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InitReport:
    """What is known of a set's beginning."""

    genesis: Genesis | None
    """None: nothing was recorded, for want of a commit or of a choice."""
    roots: tuple[RootCommit, ...] = ()
    """The first commits of the history, the oldest (the usual choice) first; empty: no commit."""
    remote: str | None = None
    """The remote's URL without credentials."""
    is_new: bool = False
    """Whether this repository had no genesis on record before."""
    is_pushed: bool = False
    """Whether the remote learnt it now."""


def init_set(
    repository: WorkRepository, request: InitRequest, *, aliases: Aliases | None = None
) -> InitReport:
    """Record the genesis of the set that HEAD belongs to; a second time changes nothing.

    What the remote has on record counts first, then what is on record here, then the choice. With
    several first commits and none of these, nothing is recorded: the caller shows them and asks.

    Raises:
        ShallowClone, GenesisConflict, InvalidGenesis; what `choose_remote` raises but NoRemote;
        SourceNotOnRemote and PushRefused when the genesis cannot be pushed.
    """
    refuse_shallow(repository)
    head = repository.head
    if head is None:
        return InitReport(genesis=None)
    with ExitStack() as stack:
        remote = None if request.offline else _remote(repository, request, aliases or Aliases())
        registry = None
        theirs = None
        if remote is not None:
            runner = IdentifiedRunner(repository)
            registry = stack.enter_context(RemoteRegistry(repository, remote, runner))
            theirs = listed_genesis(registry.listed([INIT_REF, OLD_ROOT_TAG]))
        before = recorded_genesis(repository)
        roots = find_roots(repository, head)
        public = None if remote is None else remote.url.public
        if len(roots) > 1 and not (theirs or before or request.genesis):
            return InitReport(genesis=None, roots=roots, remote=public)
        genesis = settle_genesis(repository, head, remote=theirs, chosen=request.genesis)
        is_pushed = False
        if not request.dry_run:
            with locked(repository) as refs:
                record_genesis(repository, refs, genesis)
            if registry is not None and theirs is None and request.push:
                _push(registry, genesis)
                is_pushed = True
        return InitReport(
            genesis=genesis,
            roots=roots,
            remote=public,
            is_new=before is None,
            is_pushed=is_pushed,
        )


def _remote(repository: WorkRepository, request: InitRequest, aliases: Aliases) -> Remote | None:
    try:
        return choose_remote(
            repository, argument=request.remote, configured=request.configured, aliases=aliases
        )
    except NoRemote:
        return None


def _push(registry: RemoteRegistry, genesis: Genesis) -> None:
    """Let the remote record the genesis; it must hold that commit already."""
    if registry.missing_sources([genesis]):
        raise SourceNotOnRemote([genesis.hex], registry.where)
    report = registry.push({INIT_REF: genesis}, [])
    if report is None or not report.refused:
        return
    found = registry.listed([INIT_REF]).get(INIT_REF)
    if found is None:
        raise PushRefused(registry.where, report.reasons)
    if found != genesis:
        where = registry.where
        raise GenesisConflict(expected=genesis.hex, found=found.hex, where=where)
