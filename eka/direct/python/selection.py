"""Which packages of a foreign lock an environment needs, and which wheel of each."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.direct.python.environment import Environment
from eka.direct.python.errors import (
    ForeignLockInvalid,
    ForeignLockUnfit,
    NotInForeignLock,
    PackagesUnmapped,
)
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eka.atom import PypiSource
    from eka.direct.python.model import Edges, ForeignLock, Package, Wheel

MAX_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """A package and the wheel that installs it."""

    package: Package
    wheel: Wheel


def choose_wheels(
    lock: ForeignLock, source: PypiSource, system: str, file: str
) -> tuple[Chosen, ...]:
    """Return the wheels that ``source`` stands for on one system, by name.

    Args:
        lock: What the lock file says.
        source: Which extras and groups of it, for which Python.
        system: One that `MACHINES` has.
        file: What messages call the lock file.

    Raises:
        NotInForeignLock: the lock knows an extra, a group or a skipped package not.
        ForeignLockUnfit: it was made for other versions of Python or other systems.
        PackagesUnmapped: a package that is needed has no wheel for this system.
        ForeignLockInvalid: markers or names in it make no sense.
    """
    return _Selection(lock, source, system, file).run()


class _Selection:
    """One walk through the graph of a lock."""

    def __init__(self, lock: ForeignLock, source: PypiSource, system: str, file: str) -> None:
        self._lock, self._source, self._file = lock, source, file
        self._system = system
        self._environment = Environment(source.python, source.platform, system)
        self._groups = source.groups or lock.default_groups
        self._by_name: dict[str, list[Package]] = {}
        for package in lock.packages:
            self._by_name.setdefault(package.name, []).append(package)
        self._needed: dict[tuple[str, str], Package] = {}
        self._faults: dict[str, str] = {}
        self._steps = 0

    def run(self) -> tuple[Chosen, ...]:
        self._check_fit()
        self._check_known("extra", self._source.extras, self._lock.extras)
        self._check_known("group", self._groups, self._lock.groups)
        self._check_known("package", self._source.skip, self._by_name)
        self._walk()
        self._check_single()
        chosen = [each for package in self._needed.values() if (each := self._choose(package))]
        if self._faults:
            raise PackagesUnmapped(self._file, self._system, sorted(self._faults.items()))
        if not chosen:
            raise ForeignLockUnfit(self._file, "nothing of it is needed; are groups missing?")
        return tuple(sorted(chosen, key=lambda each: each.package.name))

    def _check_fit(self) -> None:
        lock, environment = self._lock, self._environment
        if not environment.admits(lock.requires_python, self._file):
            why = f"it is for Python {lock.requires_python}, and {environment.python} is asked for"
            raise ForeignLockUnfit(self._file, why)
        holds = [self._holds(marker) for marker in lock.environments]
        if holds and not any(holds):
            raise ForeignLockUnfit(self._file, f"it was not made for {self._system}")

    def _check_known(
        self, kind: str, wanted: tuple[str, ...], known: Mapping[str, object]
    ) -> None:
        for name in wanted:
            if name not in known:
                raise NotInForeignLock(self._file, kind, name, tuple(known))

    def _holds(self, marker: str, extras: tuple[str, ...] | None = None) -> bool:
        asked = self._source.extras if extras is None else extras
        return self._environment.holds(
            marker, self._file, extras=asked, dependency_groups=self._groups
        )

    def _walk(self) -> None:
        lock = self._lock
        pending = [(edges, self._source.extras) for edges in self._starts(lock)]
        seen: set[tuple[str, str, str]] = set()
        while pending:
            edges, extras = pending.pop()
            for edge in edges:
                self._count()
                if edge.name in self._source.skip or not self._holds(edge.marker, extras):
                    continue
                for package in self._targets(edge.name, edge.version):
                    self._needed[package.name, package.version] = package
                    for extra in ("", *edge.extras):
                        key = (package.name, package.version, extra)
                        if key not in seen:
                            seen.add(key)
                            below = package.extras.get(extra, ()) if extra else package.edges
                            pending.append((below, (extra,) if extra else ()))

    def _starts(self, lock: ForeignLock) -> Iterator[Edges]:
        yield lock.roots
        yield from (lock.groups[group] for group in self._groups)
        yield from (lock.extras[extra] for extra in self._source.extras)

    def _count(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ForeignLockInvalid(self._file, f"its graph has more than {MAX_STEPS} edges")

    def _targets(self, name: str, version: str) -> list[Package]:
        found = [
            package
            for package in self._by_name.get(name, ())
            if version in ("", package.version)
            and self._environment.admits(package.requires_python, self._file)
        ]
        if not found:
            self._faults[name] = "it is needed, and the lock file does not have it"
        return found

    def _check_single(self) -> None:
        versions: dict[str, list[str]] = {}
        for name, version in self._needed:
            versions.setdefault(name, []).append(version)
        for name, several in versions.items():
            if len(several) > 1:
                self._faults[name] = f"several versions are needed: {', '.join(sorted(several))}"

    def _choose(self, package: Package) -> Chosen | None:
        wheel = None if package.fault else self._environment.best(package)
        if wheel is None:
            why = package.fault or "none of its wheels is for this Python and system"
            self._faults.setdefault(package.name, f"{package.version}: {why}")
            return None
        return Chosen(package, wheel)
