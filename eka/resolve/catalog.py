"""All that was answered so far: the versions of atoms and the needs of versions."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve.facts import Requires
from eka.resolve.listing import Listing
from eka.resolve.model import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Requirement, Version
    from eka.resolve.model import Answer, Dependencies, ResolveKey, Wanted


class Atom:
    """One atom: its versions, what each needs, and what was ever required of it."""

    __slots__ = ("aims", "key", "listing", "needs")

    def __init__(self, key: ResolveKey) -> None:
        self.key = key
        self.listing: Listing | Unavailable | None = None
        self.needs: dict[str, Needs | Unavailable] = {}  # by version
        self.aims: dict[str, Aim] = {}  # by requirement


class Aim:
    """What some lines require of an atom, in the same words."""

    __slots__ = ("atom", "requirement")

    def __init__(self, atom: Atom, requirement: Requirement) -> None:
        self.atom = atom
        self.requirement = requirement


class Line(Requires):
    """A requirement line, and what it aims at."""

    __slots__ = ("aim",)

    def __init__(self, wanted: Wanted, aim: Aim) -> None:
        self.wanted = wanted
        self.aim = aim


class Needs:
    """What one version needs; ``is_listed``: the versions of all atoms in it are known."""

    __slots__ = ("is_listed", "lines", "single")

    def __init__(self, lines: tuple[Line, ...], *, single: bool) -> None:
        self.lines = lines
        self.single = single
        self.is_listed = False


class Catalog:
    """Keeps answers; searches may share one, whatever they prefer, and ask nothing twice."""

    def __init__(self) -> None:
        self.size = 0
        self._atoms: dict[tuple[str, str], Atom] = {}

    def accept(self, answer: Answer) -> list[Needs]:
        """Keep what is new in an answer, and return it; what is known is never replaced."""
        for key, versions in answer.versions.items():
            atom = self.atom(key)
            if atom.listing is None:
                self.size += 1
                atom.listing = _listed(versions)
        new: list[Needs] = []
        for (key, version), dependencies in answer.dependencies.items():
            known = self.atom(key).needs
            if version.text not in known:
                self.size += 1
                needs = known[version.text] = self._understand(dependencies)
                if isinstance(needs, Needs):
                    new.append(needs)
        return new

    def lines(self, wanted: Iterable[Wanted]) -> tuple[Line, ...]:
        """Connect requirement lines with what they aim at."""
        lines: list[Line] = []
        for each in wanted:
            atom, requirement = self.atom(each.key), each.requirement
            aim = atom.aims.get(requirement.text)
            if aim is None:
                aim = atom.aims[requirement.text] = Aim(atom, requirement)
            lines.append(Line(each, aim))
        return tuple(lines)

    def atom(self, key: ResolveKey) -> Atom:
        """Return the atom of a key."""
        # Hashing two texts is several times cheaper than hashing the values that hold them.
        genesis, label = key
        texts = genesis.hex, label.text
        atom = self._atoms.get(texts)
        if atom is None:
            atom = self._atoms[texts] = Atom(key)
        return atom

    def _understand(self, dependencies: Dependencies | Unavailable) -> Needs | Unavailable:
        if isinstance(dependencies, Unavailable):
            return dependencies
        return Needs(self.lines(dependencies.wanted), single=dependencies.single)


def _listed(versions: Sequence[Version] | Unavailable) -> Listing | Unavailable:
    return versions if isinstance(versions, Unavailable) else Listing(versions)


def unlisted(lines: Sequence[Line]) -> list[Atom]:
    """Return the atoms in ``lines`` whose versions are not known, each once."""
    return list(dict.fromkeys(line.aim.atom for line in lines if line.aim.atom.listing is None))
