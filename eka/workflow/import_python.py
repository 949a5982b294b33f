"""For which Python an atom's packages are: what the pins of its root file system tell."""

from __future__ import annotations

import re
from urllib.parse import unquote

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import Lock, Manifest

_PYTHON = re.compile(r"/python3\.\d+_(?P<version>3\.\d+(?:\.\d+)?)[^/_]*_[a-z0-9]+\.deb$")
_GLIBC = re.compile(r"/libc6_(?P<major>\d+)\.(?P<minor>\d+)[^/]*\.deb$")


class PythonUnknown(EkaError):
    """Nothing says for which Python a lock file's packages are to be chosen."""

    code = "python-unknown"
    exit_status = Exit.USAGE

    def __init__(self, why: str) -> None:
        super().__init__(
            what="for which Python the packages are meant is not known",
            why=why,
            fix="say it, for example: --python 3.11; or add a root file system that has Python",
        )


@dataclass(frozen=True, slots=True)
class PythonFound:
    """A Python, and the C library beside it as wheels name it; empty where nothing is known."""

    python: str = ""
    platform: str = ""


def find_python(manifest: Manifest, lock: Lock | None, platform: str | None) -> PythonFound:
    """Return the Python among the Debian packages that an atom pins.

    Those of the input that is the recipe's root file system count, else those of any.

    Raises:
        PythonUnknown: there is none, or there are several.
    """
    rootfs = manifest.build.rootfs if manifest.build else None
    for wanted in (rootfs, None):
        files = list(_files(lock, wanted))
        pythons = {match["version"] for file in files if (match := _PYTHON.search(file))}
        if len(pythons) > 1:
            raise PythonUnknown(f"the lock pins several: {', '.join(sorted(pythons))}")
        if pythons:
            libraries = {
                f"manylinux_{match['major']}_{match['minor']}"
                for file in files
                if (match := _GLIBC.search(file))
            }
            single = libraries.pop() if len(libraries) == 1 else ""
            return PythonFound(pythons.pop(), platform or single)
    raise PythonUnknown("no Debian package of Python is pinned for this atom")


def _files(lock: Lock | None, name: str | None) -> Iterator[str]:
    """Yield the paths of Debian packages that an input, or any, is made of."""
    for pin in lock.direct if lock else ():
        owner = pin.owner.label.text if pin.owner else pin.name
        if pin.kind == "deb" and name in (None, owner):
            yield from (f"/{unquote(file.path)}" for file in pin.files)
