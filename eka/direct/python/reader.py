"""Bytes of a lock file into what it says, whichever tool wrote it."""

from __future__ import annotations

from eka.atom import InvalidToml, read_toml
from eka.checking import TYPE_CHECKING
from eka.direct.python.entry import Entry
from eka.direct.python.errors import ForeignLockInvalid
from eka.direct.python.poetry_lock import read_poetry_lock
from eka.direct.python.pylock import read_pylock
from eka.direct.python.uv_lock import read_uv_lock

if TYPE_CHECKING:
    from eka.direct.python.model import ForeignLock

MAX_BYTES = 32 * 1024 * 1024
PROJECT = "pyproject.toml"


def read_foreign_lock(data: bytes, file: str, project: bytes | None = None) -> ForeignLock:
    """Return what a lock file says; its form is told from what is in it.

    Args:
        data: At most `MAX_BYTES`.
        file: What messages call it.
        project: The ``pyproject.toml`` beside it, if there is one.

    Raises:
        ForeignLockInvalid: it is not a lock file of uv, Poetry or PEP 751, or contradicts itself.
    """
    root = _root(data, file)
    if root.has("lock-version"):
        return read_pylock(root)
    if root.has("metadata"):
        return read_poetry_lock(root, _root(project, PROJECT) if project is not None else None)
    if root.has("requires-python") or root.has("package"):
        return read_uv_lock(root)
    raise ForeignLockInvalid(file, "it is not a lock file of uv or Poetry, and no pylock.toml")


def _root(data: bytes, file: str) -> Entry:
    try:
        return Entry(file, dict(read_toml(data, file, max_bytes=MAX_BYTES).data))
    except InvalidToml as error:
        raise ForeignLockInvalid(error.where, error.why) from error
