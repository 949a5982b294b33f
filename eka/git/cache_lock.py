"""Repositories of eka's own: made whole or not at all, with one writer at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress

from eka.checking import TYPE_CHECKING
from eka.git.failures import CacheUnusable
from eka.git.runner import GitFailed

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from eka.git.runner import GitRunner

_INIT = ("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
_TEMPORARY_PREFIXES = ("tmp_pack_", "tmp_idx_", "tmp_rev_", "tmp_obj_", "tmp_objdir-")


@contextmanager
def exclusive(git_dir: Path) -> Generator[int]:
    """Hold the lock of ``git_dir`` (a file beside it); yields its descriptor.

    Children that inherit the descriptor hold the lock as long as they live: a git that outlives
    a killed eka keeps the next one waiting, and whoever gets the lock knows that nobody writes.
    """
    git_dir.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(f"{git_dir}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def sweep(git_dir: Path) -> int:
    """Remove the lock files and half-written objects of killed writers; returns how many.

    Only to be called while holding the lock of ``git_dir``.
    """
    swept = 0
    for directory, subdirectories, names in os.walk(git_dir):
        for name in names:
            if name.endswith(".lock") or name.startswith(_TEMPORARY_PREFIXES):
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(directory, name))  # noqa: PTH108, PTH118 - os.walk gives strings
                    swept += 1
        for name in [name for name in subdirectories if name.startswith(_TEMPORARY_PREFIXES)]:
            subdirectories.remove(name)
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)  # noqa: PTH118 - as above
            swept += 1
    return swept


def make_bare(runner: GitRunner, git_dir: Path) -> None:
    """Make an empty bare repository at ``git_dir``, where nothing is."""
    for left in git_dir.parent.glob(f"{git_dir.name}.new*"):
        shutil.rmtree(left, ignore_errors=True)
    # Not the same name again: the git of a run that was killed may still be at work there.
    half = git_dir.with_name(f"{git_dir.name}.new-{os.urandom(8).hex()}")
    try:
        runner.run([*_INIT, "--", str(half)])
    except GitFailed as error:
        raise CacheUnusable(git_dir, error.why) from error
    half.rename(git_dir)


def is_readable(runner: GitRunner, git_dir: Path) -> bool:
    """Return whether ``git_dir`` is a repository whose refs, and what they name, can be read."""
    if not (git_dir / "HEAD").exists():
        return False
    # Names the kind of each object that a ref names, hence reads its header. About a broken ref
    # git only warns.
    check = runner.execute(["for-each-ref", "--format=%(objecttype)"], git_dir=git_dir)
    return check.status == 0 and not check.stderr
