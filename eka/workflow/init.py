"""``eka init``: a repository becomes a set of atoms."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import parse_set_manifest
from eka.atom.edit import new_set_manifest
from eka.checking import TYPE_CHECKING
from eka.git import (
    AmbiguousGenesis,
    InitRequest,
    WorkRepository,
    first_commit,
    init_set,
    recorded_genesis,
    require_identity,
)
from eka.workflow.durable import replace_file
from eka.workflow.errors import SetNotFound
from eka.workflow.project import SET_MANIFEST, read_capped

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Genesis, ObjectId, SetManifest
    from eka.workflow.services import Services

FIRST_COMMIT = "Begin a set of atoms"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitOptions:
    """How to begin a set."""

    genesis: ObjectId | None = None  # the choice among several first commits
    remote: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class InitOutcome:
    """What the repository is now."""

    root: Path
    genesis: Genesis | None  # None: a dry run on a branch without commits
    roots: tuple[ObjectId, ...]  # every first commit; the genesis is one of them
    manifest_written: bool
    committed: bool  # the branch had no commit; one with ekala.toml was made
    is_new: bool  # no genesis was on record here before
    remote: str | None  # who was asked for a genesis


def begin_set(services: Services, options: InitOptions) -> InitOutcome:
    """Record the genesis and write ``ekala.toml`` if there is none; nothing if one is refused.

    Raises:
        NoIdentity: a first commit is to be made, and git does not know who the user is.
        AmbiguousGenesis: there are several first commits and none was chosen.
        GenesisConflict: another genesis is on record, here or at the remote.
        ShallowClone: the first commit is not here.
        NetworkFailed: the remote does not answer and was not left out with ``offline``.
    """
    repository = WorkRepository.open(services.directory, services.runner)
    root = _top(repository, services.directory)
    manifest = _manifest(root)
    committed = repository.head is None
    if committed and not options.dry_run:
        require_identity(repository)
        _write_manifest(root, manifest)
        first_commit(repository, {SET_MANIFEST: read_capped(root / SET_MANIFEST)}, FIRST_COMMIT)
    request = InitRequest(
        genesis=options.genesis,
        remote=options.remote,
        configured=manifest.remote if manifest else None,
        offline=services.offline or committed,
        dry_run=options.dry_run,
    )
    report = init_set(repository, request, aliases=services.aliases)
    roots = tuple(found.oid for found in report.roots)
    if report.genesis is None and roots:
        raise AmbiguousGenesis([oid.hex for oid in roots])
    if not options.dry_run:
        _write_manifest(root, manifest)
    return InitOutcome(
        root, report.genesis, roots, manifest is None, committed, report.is_new, report.remote
    )


def known_genesis(services: Services, repository: WorkRepository) -> Genesis:
    """Return a repository's genesis: on record here, else at its remote (a clone brings none).

    Raises:
        SetNotFound: neither knows one.
    """
    recorded = recorded_genesis(repository)
    if recorded is not None:
        return recorded
    manifest = _manifest(repository.work_tree) if repository.work_tree else None
    configured = manifest.remote if manifest else None
    request = InitRequest(configured=configured, offline=services.offline, dry_run=True)
    report = init_set(repository, request, aliases=services.aliases)
    if report.genesis is None or (report.is_new and report.remote is None):
        asked = ", and --offline forbids asking the remote" if services.offline else ""
        raise SetNotFound(str(repository.work_tree), f"no genesis is on record here{asked}")
    return report.genesis


def _top(repository: WorkRepository, directory: Path) -> Path:
    """Return the directory that ``ekala.toml`` belongs in: the one with the ``.git`` in it.

    A stranger's repository may claim in its configuration that its files are elsewhere.
    """
    root = repository.work_tree
    if root is None:
        raise SetNotFound(str(repository.git_dir), "a bare repository has no files")
    here = directory.resolve()
    found = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
    if found != root.resolve():
        why = f"its setting core.worktree says that its files are in {root}"
        raise SetNotFound(str(found or repository.git_dir), why)
    return root


def _manifest(root: Path) -> SetManifest | None:
    path = root / SET_MANIFEST
    return parse_set_manifest(read_capped(path), str(path)) if path.exists() else None


def _write_manifest(root: Path, known: SetManifest | None) -> None:
    if known is None:
        replace_file(root / SET_MANIFEST, new_set_manifest().encode())
