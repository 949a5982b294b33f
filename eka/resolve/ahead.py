"""What a search will probably ask soon: the best candidates of all lines, breadth first."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve.catalog import Needs
from eka.resolve.listing import Listing
from eka.resolve.model import Need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.resolve.catalog import Aim, Atom, Line
    from eka.resolve.model import Request, ResolveKey
    from eka.resolve.places import Places


class Ahead:
    """Walks from the lines of a project through all that is known, to where knowledge ends."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._seen: set[Aim] = set()
        self._open: list[Aim] = []
        self._asked: set[tuple[Atom, str]] = set()

    def note(self, lines: Iterable[Line]) -> None:
        """Walk through these lines as well."""
        seen, open_ = self._seen, self._open
        for line in lines:
            aim = line.aim
            if aim not in seen:
                seen.add(aim)
                open_.append(aim)

    def need(self) -> Need:
        """Return what is missing on the way; what a version needs is asked once."""
        keys: dict[Atom, ResolveKey] = {}
        requests: list[Request] = []
        waiting: list[Aim] = []
        for aim in self._open:  # which grows
            atom = aim.atom
            if atom.listing is None:
                keys[atom] = atom.key
                waiting.append(aim)
            elif isinstance(atom.listing, Listing) and (
                mask := atom.listing.mask(aim.requirement)
            ):
                version = atom.listing.at(self._places.choose(mask, self._places.kept(atom)))
                needs = atom.needs.get(version.text)
                if isinstance(needs, Needs):
                    self.note(needs.lines)
                elif needs is None and (atom, version.text) not in self._asked:
                    self._asked.add((atom, version.text))
                    requests.append((atom.key, version))
        self._open = waiting
        return Need(tuple(keys.values()), tuple(requests))
