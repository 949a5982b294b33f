"""Genesis: the commit a set began with, from which every atom of it takes its identity.

It is chosen once, recorded in a ref, and from then on only checked.

Source: atom-spec/publishing.md, the clauses on genesis.
"""

from __future__ import annotations

from pathlib import Path

from eka.atom import Genesis, ObjectId
from eka.checking import TYPE_CHECKING
from eka.git.refs import INIT_REF, OLD_ROOT_TAG
from eka.git.repository_errors import (
    AmbiguousGenesis,
    GenesisConflict,
    HistoryExists,
    InvalidGenesis,
    NoCommitYet,
    NoIdentity,
    ObjectUnavailable,
    ShallowClone,
)
from eka.git.runner import GitFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.git.local_refs import LocalRefs
    from eka.git.work_repository import RootCommit, WorkRepository


def find_roots(repository: WorkRepository, commit: ObjectId) -> tuple[RootCommit, ...]:
    """Return the commits that may be the genesis of a set, the oldest (the default) first.

    Raises:
        ShallowClone: what looks like a first commit may be where history was cut off.
    """
    refuse_shallow(repository)
    return repository.roots(commit)


def recorded_genesis(repository: WorkRepository) -> Genesis | None:
    """Return the genesis this repository has on record; None when it has none."""
    found = repository.exact_refs([INIT_REF]).get(INIT_REF)
    return None if found is None else Genesis(found)


def listed_genesis(refs: Mapping[str, ObjectId]) -> Genesis | None:
    """Return the genesis that a listing of refs tells; None when it tells none."""
    found = refs.get(INIT_REF) or refs.get(OLD_ROOT_TAG)
    return None if found is None else Genesis(found)


def check_genesis(repository: WorkRepository, genesis: Genesis, commit: ObjectId) -> None:
    """Check that ``genesis`` is a commit without parents from which ``commit`` descends.

    Raises:
        InvalidGenesis, ShallowClone.
    """
    refuse_shallow(repository)
    try:
        header = repository.commit(genesis).partition(b"\n\n")[0]
    except ObjectUnavailable as error:
        why = "it is no commit of this repository"
        raise InvalidGenesis(genesis.hex, why) from error
    if b"\nparent " in header:
        raise InvalidGenesis(genesis.hex, "it has a parent, so it is no first commit")
    if not repository.is_ancestor(genesis, commit):
        raise InvalidGenesis(genesis.hex, f"commit {commit.hex} does not come after it")


def settle_genesis(
    repository: WorkRepository,
    commit: ObjectId,
    *,
    remote: Genesis | None = None,
    chosen: ObjectId | None = None,
) -> Genesis:
    """Return the genesis of the set that ``commit`` belongs to, checked.

    Args:
        repository: Where the commit is.
        commit: What is to be published.
        remote: What the remote has on record.
        chosen: What the person says it is.

    Raises:
        GenesisConflict: two of record, remote and choice differ.
        AmbiguousGenesis: none of them says anything, and there are several first commits.
        InvalidGenesis, ShallowClone.
    """
    refuse_shallow(repository)
    said = [
        ("the remote", remote),
        (f"{INIT_REF} of this repository", recorded_genesis(repository)),
        ("the choice", None if chosen is None else Genesis(chosen)),
    ]
    known = [(where, genesis) for where, genesis in said if genesis is not None]
    for where, genesis in known:
        if genesis != known[0][1]:
            raise GenesisConflict(expected=known[0][1].hex, found=genesis.hex, where=where)
    if known:
        genesis = known[0][1]
        check_genesis(repository, genesis, commit)
        return genesis
    oldest, *others = find_roots(repository, commit)
    if others:
        raise AmbiguousGenesis([root.oid.hex for root in (oldest, *others)])
    genesis = Genesis(oldest.oid)
    check_genesis(repository, genesis, commit)
    return genesis


def record_genesis(repository: WorkRepository, refs: LocalRefs, genesis: Genesis) -> None:
    """Record the genesis for ever; the same one again is no change.

    Raises:
        GenesisConflict: another one is on record.
    """
    found = recorded_genesis(repository)
    if found is not None and found != genesis:
        where = f"{INIT_REF} of this repository"
        raise GenesisConflict(expected=found.hex, found=genesis.hex, where=where)
    refs.create({INIT_REF: genesis})


def first_commit(repository: WorkRepository, files: Mapping[str, bytes], message: str) -> ObjectId:
    """Make the first commit of a branch, with ``files`` and nothing else; return its id.

    The files must stand in the working tree already: they become tracked, the rest stays as it is.
    The commit carries the name and e-mail that git is configured with; no hook runs.
    """
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - needed once in the life of a set

    if repository.head is not None:
        raise HistoryExists(_place(repository))
    blobs = {
        path: repository.git(["hash-object", "-w", "--stdin"], stdin=data).decode().strip()
        for path, data in files.items()
    }
    info = "".join(f"100644 {oid}\t{path}\0" for path, oid in sorted(blobs.items())).encode()
    with TemporaryDirectory(prefix="eka-index-") as directory:
        index = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
        repository.git(["update-index", "--add", "-z", "--index-info"], stdin=info, env=index)
        tree = repository.git(["write-tree"], env=index).decode().strip()
    commit = repository.git(["commit-tree", "-m", message, tree]).decode().strip()
    repository.git(["update-ref", "-m", "commit (initial)", "HEAD", commit, "0" * len(commit)])
    repository.git(["update-index", "--add", "-z", "--index-info"], stdin=info)
    return ObjectId(commit)


def require_identity(repository: WorkRepository) -> None:
    """Raise NoIdentity unless git knows whom a commit is by."""
    for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
        try:
            repository.git(["var", who])
        except GitFailed as error:
            raise NoIdentity(_place(repository)) from error


def require_commit(repository: WorkRepository, revision: str) -> ObjectId:
    """Return the commit that ``revision`` names; raises RevisionNotFound or NoCommitYet."""
    if revision == "HEAD" and repository.head is None:
        raise NoCommitYet(_place(repository))
    return repository.resolve(revision)


def refuse_shallow(repository: WorkRepository) -> None:
    """Raise ShallowClone when the history of a repository is cut off."""
    if repository.is_shallow:
        raise ShallowClone(_place(repository))


def _place(repository: WorkRepository) -> str:
    return str(repository.work_tree or repository.git_dir)
