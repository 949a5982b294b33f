"""``eka init``: a repository becomes a set of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import Genesis, parse_set_manifest
from eka.atom.edit import new_set_manifest
from eka.errors import EkaError
from eka.git import (
    INIT_REF,
    NoRemote,
    WorkRepository,
    choose_remote,
    find_roots,
    first_commit,
    listed_genesis,
    locked,
    record_genesis,
    recorded_genesis,
    settle_genesis,
)
from eka.workflow.errors import SetNotFound
from eka.workflow.pair import replace_file
from eka.workflow.project import SET_MANIFEST, read_capped

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.workflow.services import Services

FIRST_COMMIT = "Begin a set of atoms"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions:
    """How to begin a set."""

    genesis: ObjectId | None = None  # the choice among several first commits
    remote: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class InitReport:
    """What the repository is now."""

    root: Path
    genesis: Genesis | None  # None: a dry run on a branch without commits
    roots: tuple[ObjectId, ...]  # every first commit; the genesis is one of them
    manifest_written: bool
    committed: bool  # the branch had no commit; one with ekala.toml was made
    known_from: str | None  # the remote that told the genesis


def init_set(services: Services, options: InitOptions) -> InitReport:
    """Write ``ekala.toml`` if there is none and record the genesis.

    Raises:
        AmbiguousGenesis: there are several first commits and none was chosen.
        GenesisConflict: another genesis is on record, here or at the remote.
        ShallowClone: the first commit is not here.
    """
    repository = WorkRepository.open(services.directory, services.runner)
    root = repository.work_tree
    if root is None:
        raise SetNotFound(str(repository.git_dir), "a bare repository has no files")
    written = _write_manifest(root, dry_run=options.dry_run)
    head = repository.head
    committed = head is None
    if head is None:
        if options.dry_run:
            return InitReport(root, None, (), written, committed, None)
        files = {SET_MANIFEST: read_capped(root / SET_MANIFEST)}
        head = first_commit(repository, files, FIRST_COMMIT)
    told, where = (None, None) if committed else _remote_genesis(services, repository, options)
    genesis = settle_genesis(repository, head, remote=told, chosen=options.genesis)
    if not options.dry_run:
        with locked(repository) as refs:
            record_genesis(repository, refs, genesis)
    roots = tuple(found.oid for found in find_roots(repository, head))
    return InitReport(root, genesis, roots, written, committed, where)


def known_genesis(services: Services, repository: WorkRepository) -> Genesis:
    """Return a repository's genesis: on record here, else at its remote (a clone brings none).

    Raises:
        SetNotFound: neither knows one.
    """
    recorded = recorded_genesis(repository)
    if recorded is not None:
        return recorded
    told, _ = _remote_genesis(services, repository, InitOptions())
    head = repository.head
    if told is None or head is None:
        raise SetNotFound(str(repository.work_tree), "no genesis is recorded, here or remotely")
    genesis = settle_genesis(repository, head, remote=told)
    with locked(repository) as refs:
        record_genesis(repository, refs, genesis)
    return genesis


def _write_manifest(root: Path, *, dry_run: bool) -> bool:
    path = root / SET_MANIFEST
    if path.exists():
        parse_set_manifest(read_capped(path), str(path))
        return False
    if not dry_run:
        replace_file(path, new_set_manifest().encode())
    return True


def _remote_genesis(
    services: Services, repository: WorkRepository, options: InitOptions
) -> tuple[Genesis | None, str | None]:
    """Ask the remote for its genesis; one that does not answer is noted, not an error."""
    if services.offline:
        return None, None
    try:
        remote = choose_remote(
            repository, argument=options.remote, configured=None, aliases=services.aliases
        )
    except NoRemote:
        return None, None
    if remote is None:
        return None, None
    try:
        listed = services.transport.ls_refs(remote.url, [INIT_REF])
    except EkaError as error:
        services.progress.note(f"{remote.url.public} could not be asked: {error}")
        return None, None
    told = listed_genesis(listed.refs)
    return told, None if told is None else remote.url.public
