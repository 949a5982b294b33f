"""A bare repository that holds versions of one set, and stands in when the set's source is down.

Objects come first, from eka's cache, then all refs in one transaction: after a kill the mirror is
as it was, or the next run completes it.

Source: atom-spec/mirrors.md.
"""

from __future__ import annotations

import os
import shutil

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.failures import fetch_failure
from eka.git.local_refs import locked
from eka.git.refs import ATOMS_PREFIX, EKA_ATOMS_PREFIX, EKA_META_PREFIX, INIT_REF, SET_PREFIX
from eka.git.work_repository import WorkRepository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.atom import Genesis, ObjectId, SourceUrl
    from eka.git.runner import GitRunner

_NAMESPACES = (ATOMS_PREFIX, EKA_ATOMS_PREFIX, EKA_META_PREFIX, SET_PREFIX)
_INIT = ("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
# What whoever fetches from the mirror may ask for.
_SERVING = (("uploadpack.allowFilter", "true"), ("uploadpack.allowAnySHA1InWant", "true"))
_FETCH = (
    "fetch",
    "--stdin",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-write-commit-graph",
)
_FETCH_SETTINGS = (
    "fetch.unpackLimit=1",  # packs, not thousands of files
    "fetch.negotiationAlgorithm=noop",
    "core.fsync=committed",
    "core.fsyncMethod=fsync",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)
_HALF = ".eka-new"


class MirrorPlaceTaken(EkaError):
    """A mirror was to be made where something else is."""

    code = "mirror-place-taken"
    exit_status = Exit.CONFLICT

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="no mirror can be made here",
            where=where,
            why=why,
            fix="name an empty directory, a new one, or the mirror of an earlier run",
        )


class MirrorRepository:
    """One mirror."""

    def __init__(self, git_dir: Path, runner: GitRunner) -> None:
        """Use the bare repository at ``git_dir``, which may not exist yet."""
        self.git_dir = git_dir
        self._runner = runner

    @property
    def exists(self) -> bool:
        """Whether there is a bare repository."""
        return (self.git_dir / "HEAD").is_file() and (self.git_dir / "objects").is_dir()

    def check_place(self, genesis: Genesis) -> None:
        """Refuse a place that holds anything but a mirror of the set of ``genesis``.

        Raises:
            MirrorPlaceTaken: it holds another set, a repository that is no mirror, or files.
        """
        where = str(self.git_dir)
        if not self.exists:
            if os.path.lexists(self.git_dir) and not self.git_dir.is_dir():
                raise MirrorPlaceTaken(where, "it is no directory")
            if self.git_dir.is_dir() and any(self.git_dir.iterdir()):
                raise MirrorPlaceTaken(where, "the directory is not empty, and no bare repository")
            return
        init = self.refs().get(INIT_REF)
        if init is not None and init != genesis:
            raise MirrorPlaceTaken(where, f"it holds the set of genesis {init.hex}")
        if init is None and self._open().refs(["refs/"]):
            raise MirrorPlaceTaken(where, "it is a repository with refs, and no mirror")

    def refs(self) -> dict[str, ObjectId]:
        """Return the refs of the set; none when there is no mirror yet."""
        return self._open().refs(_NAMESPACES) if self.exists else {}

    def add(self, objects: Path, refs: Mapping[str, ObjectId]) -> None:
        """Bring what ``refs`` name here from a repository of this machine, then write them.

        Args:
            objects: A bare repository that has all of it.
            refs: Those that do not exist here yet, or name something else.

        Raises:
            RefLocked, RefsMoved, RepositoryNotWritable: another program is in the way.
        """
        self._make()
        repository = self._open()
        missing = sorted(set(refs.values()) - repository.present(sorted(set(refs.values()))))
        with locked(repository) as local:
            if missing:
                self._fetch(str(objects), missing, [local.descriptor])
            local.write(refs)

    def add_history(self, url: SourceUrl, origins: Sequence[ObjectId]) -> None:
        """Bring source commits with all their ancestors here from a source of the set.

        Raises:
            As `ObjectCache.ensure`: the source does not have them, or does not answer.
        """
        self._make()
        repository = self._open()
        with locked(repository) as local:
            finished = self._fetch_from(url.text, origins, [local.descriptor])
            if finished is not None:
                raise fetch_failure(url, origins, finished)

    def has_history(self, origin: ObjectId, genesis: Genesis) -> bool:
        """Return whether a source commit is here, and its ancestors back to the genesis."""
        if not self.exists or not self._open().present([origin, genesis]) >= {origin, genesis}:
            return False
        test = ["merge-base", "--is-ancestor", genesis.hex, origin.hex]
        return self._runner.execute(test, git_dir=self.git_dir).status == 0

    def _fetch(self, source: str, oids: Sequence[ObjectId], inherited: Sequence[int]) -> None:
        stderr = self._fetch_from(source, oids, inherited)
        if stderr is not None:
            raise MirrorIncomplete(str(self.git_dir), stderr.decode(errors="replace"))

    def _fetch_from(
        self, source: str, oids: Sequence[ObjectId], inherited: Sequence[int]
    ) -> bytes | None:
        """Fetch by id; return what git complains of, None when all is well."""
        finished = self._runner.execute(
            [*_FETCH, "--", source],
            git_dir=self.git_dir,
            network=True,
            stdin="".join(f"{oid.hex}\n" for oid in oids).encode(),
            config=_FETCH_SETTINGS,
            inherited=inherited,
        )
        return finished.stderr if finished.status else None

    def _open(self) -> WorkRepository:
        return WorkRepository.open(self.git_dir, self._runner)

    def _make(self) -> None:
        """Make an empty mirror where there is none, whole or not at all."""
        if self.exists:
            return
        parent, name = self.git_dir.parent, self.git_dir.name
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f".{name}.*{_HALF}"):
            shutil.rmtree(left, ignore_errors=True)  # of a run that was killed
        half = parent / f".{name}.{os.getpid()}{_HALF}"
        self._runner.run([*_INIT, "--", str(half)])
        for key, value in _SERVING:
            self._runner.run(["config", key, value], git_dir=half)
        half.rename(self.git_dir)


class MirrorIncomplete(EkaError):
    """Objects did not arrive in a mirror."""

    code = "mirror-incomplete"

    def __init__(self, where: str, said: str) -> None:
        from eka.git.safe import safe_line  # noqa: PLC0415 - rarely needed

        super().__init__(
            what="the mirror could not be filled",
            where=where,
            why=safe_line(said) or "git said nothing",
            fix="make room there and run the command again: it goes on where it stopped",
        )
