"""The Python that packages are meant for: which markers hold in it, which wheels fit it.

The one module that uses the library ``packaging``, which is Python's own word on both questions.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from eka.checking import TYPE_CHECKING
from eka.direct.python.errors import ForeignLockInvalid
from eka.direct.python.model import Edge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from packaging.tags import Tag

    from eka.direct.python.model import Package, Wheel

MAX_MARKER_CHARACTERS = 4096
MAX_MARKER_DEPTH = 50  # parentheses within one another; the library reads them by recursion
MAX_FILE_CHARACTERS = 512
MAX_FILE_TAGS = 2000  # of one wheel: each part of its name multiplies them
MACHINES = {
    "aarch64-linux": "aarch64",
    "armv7l-linux": "armv7l",
    "i686-linux": "i686",
    "powerpc64le-linux": "ppc64le",
    "riscv64-linux": "riscv64",
    "s390x-linux": "s390x",
    "x86_64-linux": "x86_64",
}
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
_OTHER_OLDEST_GLIBC = 17
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_LIBRARY = re.compile(r"(?P<family>many|musl)linux_(?P<major>\d+)_(?P<minor>\d+)")


class Fit(NamedTuple):
    """A wheel that fits; the smallest is the best."""

    rank: int
    build: tuple[()] | tuple[int, str]
    file: str


class Environment:
    """A version of CPython on one system.

    Args:
        python: Such as ``3.11`` or ``3.11.2``.
        platform: The C library, as ``manylinux_2_28``.
        system: Such as ``x86_64-linux``; one of `MACHINES`.
    """

    def __init__(self, python: str, platform: str, system: str) -> None:
        self.python = Version(python)
        self._platform = platform
        self._machine = MACHINES[system]
        self._known: dict[tuple[str, frozenset[str], frozenset[str]], bool] = {}

    @property
    def _markers(self) -> dict[str, str]:
        full = ".".join(str(part) for part in (*self.python.release, 0)[:3])
        return {
            "implementation_name": "cpython",
            "implementation_version": full,
            "os_name": "posix",
            "platform_machine": self._machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": full,
            "python_version": f"{self.python.major}.{self.python.minor}",
            "sys_platform": "linux",
        }

    @cached_property
    def _ranks(self) -> dict[Tag, int]:
        version = (self.python.major, self.python.minor)
        platforms = list(self.platforms())
        interpreter = f"cp{version[0]}{version[1]}"
        tags = [
            *cpython_tags(python_version=version, abis=[interpreter], platforms=platforms),
            *compatible_tags(python_version=version, interpreter=interpreter, platforms=platforms),
        ]
        return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}

    def platforms(self) -> Iterator[str]:
        """Yield what wheels may say they are for, the newest C library first."""
        match = _LIBRARY.fullmatch(self._platform)
        if match is None:
            raise AssertionError(self._platform)
        family, major, newest = match["family"], match["major"], int(match["minor"])
        oldest = 0
        if family == "many":
            oldest = _OLDEST_GLIBC.get(self._machine, _OTHER_OLDEST_GLIBC)
        for minor in range(newest, oldest - 1, -1):
            yield f"{family}linux_{major}_{minor}_{self._machine}"
            if family == "many" and major == "2" and minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{self._machine}"
        yield f"linux_{self._machine}"

    def holds(self, marker: str, where: str, **context: Collection[str]) -> bool:
        """Tell whether a marker holds; an empty one does.

        Args:
            marker: As PEP 508 and PEP 751 have it.
            where: What messages call its place.
            context: ``extras`` and ``dependency_groups`` that were asked for.

        Raises:
            ForeignLockInvalid: it is no marker.
        """
        if not marker:
            return True
        if len(marker) > MAX_MARKER_CHARACTERS or marker.count("(") > MAX_MARKER_DEPTH:
            raise ForeignLockInvalid(where, "a marker is longer or deeper than markers are")
        extras = frozenset(context.get("extras", ()))
        groups = frozenset(context.get("dependency_groups", ()))
        key = (marker, extras, groups)
        if key not in self._known:
            try:
                self._known[key] = self._evaluate(*key)
            except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName) as error:
                raise ForeignLockInvalid(where, f"{marker[:128]!r} is not a marker") from error
        return self._known[key]

    def _evaluate(self, marker: str, extras: frozenset[str], groups: frozenset[str]) -> bool:
        parsed = Marker(marker)
        given: dict[str, str | AbstractSet[str]] = {
            **self._markers,
            "extras": extras,
            "dependency_groups": groups,
        }
        # `extra` stands for one name at a time, `extras` for all of them.
        names = ("", *sorted(extras)) if "extra" in marker else ("",)
        return any(parsed.evaluate({**given, "extra": name}) for name in names)

    def admits(self, versions: str, where: str) -> bool:
        """Tell whether this Python is one of those a specifier such as ``>=3.9`` allows.

        Raises:
            ForeignLockInvalid: it is no specifier.
        """
        try:
            return SpecifierSet(versions).contains(self.python, prereleases=True)
        except InvalidSpecifier as error:
            raise ForeignLockInvalid(where, f"{versions[:128]!r} names no versions") from error

    def best(self, package: Package) -> Wheel | None:
        """Return the wheel of a package that fits this Python best; None where none does."""
        fits = [(fit, wheel) for wheel in package.wheels if (fit := self._fit(package, wheel))]
        return min(fits, key=_order)[1] if fits else None

    def _fit(self, package: Package, wheel: Wheel) -> Fit | None:
        if not _is_sane(wheel.file):
            return None
        try:
            name, version, build, tags = parse_wheel_filename(wheel.file)
            is_same = version == Version(package.version)
        except (InvalidWheelFilename, InvalidVersion):
            return None
        ranks = [self._ranks[tag] for tag in tags if tag in self._ranks]
        if not ranks or name != package.name or not is_same:
            return None
        return Fit(min(ranks), build, wheel.file)


def _order(found: tuple[Fit, Wheel]) -> tuple[int, int, str, str]:
    # Of two builds of one wheel the later one counts.
    fit = found[0]
    number, suffix = fit.build or (-1, "")
    return fit.rank, -number, suffix, fit.file


def _is_sane(file: str) -> bool:
    if len(file) > MAX_FILE_CHARACTERS or not file.isascii():
        return False
    count = 1
    for part in file.removesuffix(".whl").split("-")[-3:]:
        count *= part.count(".") + 1
    return count <= MAX_FILE_TAGS


def edge_of(text: str, where: str) -> Edge:
    """Return the requirement written as ``text``.

    Raises:
        ForeignLockInvalid: it is none.
    """
    try:
        found = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        raise ForeignLockInvalid(where, f"{text[:128]!r} is not a requirement") from error
    name = re.sub(r"[-_.]+", "-", found.name).lower()
    marker = str(found.marker) if found.marker is not None else ""
    extras = tuple(sorted(re.sub(r"[-_.]+", "-", each).lower() for each in found.extras))
    return Edge(name=name, marker=marker, extras=extras)


def edges_of(texts: Iterable[str], where: str) -> tuple[Edge, ...]:
    """Return the requirements written as ``texts``."""
    return tuple(edge_of(text, where) for text in texts)
