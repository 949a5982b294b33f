"""Words for facts and conclusions."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve.explanation import Leaf, Sentence, here
from eka.resolve.facts import Alone, Requires, Unmet, Unusable
from eka.resolve.incompatibility import ABSENT, NOBODY
from eka.resolve.together import ALIKE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve.core import Core
    from eka.resolve.incompatibility import Edge
    from eka.resolve.listing import Listing
    from eka.resolve.model import Request, ResolveKey, Wanted
    from eka.resolve.places import Place, Places
    from eka.resolve.telling import RuledOut
    from eka.resolve.together import Told

ROOT = "your project"
NOTHING_FITS = "no choice of versions fits"
_MAX_RUNS = 3
_MAX_WORDINGS = 3
_MOST_DEMANDS = 3
_GENESIS_LETTERS = 8


class Words:
    """Names what the nodes of a core stand for."""

    def __init__(self, core: Core, places: Places) -> None:
        self._core = core
        self._places = places
        keys = {self._place(node).atom.key for node in range(len(core.nodes))}
        keys.update(wanted.key for edge in core.edges for wanted in _lines(edge))
        labels = [label.text for _, label in keys]
        self._ambiguous = {label for label in labels if labels.count(label) > 1}

    def singles(self) -> list[str]:
        """Return the labels, sorted, of which the project allows one version only."""
        atoms = {self._place(node).atom for node in range(len(self._core.nodes))}
        return sorted(self._label(each.key) for each in atoms if each.known.is_confined)

    def leaves(self, edge: Edge) -> Iterator[Leaf]:
        """Yield the facts of an edge, one for each version that it speaks of."""
        for bit in sorted(edge.facts):
            owner: Request | None = None
            if edge.dependant != NOBODY:
                place = self._place(edge.dependant)
                owner = place.atom.key, place.version(bit)
            match edge.facts[bit]:
                case Requires(wanted):
                    yield Leaf(owner, "requires", wanted)
                case Unmet(wanted, why, cause):
                    yield Leaf(owner, "unmet", wanted, cause, why)
                case Unusable(reason, cause):
                    yield Leaf(owner, "unusable", None, cause, reason)
                case _:  # Alone; what is true by construction is never told
                    yield Leaf(owner, "single")

    def fact(self, told: Told) -> Sentence:
        """Return what is told together, as one sentence, with its place where it is one line."""
        edge = told.edge
        who, verb = ROOT, "requires"
        if edge.dependant != NOBODY:
            who, verb = self._versions(edge.dependant, edge.mask)
        fact = next(iter(told.parts[0].facts.values()))
        if isinstance(fact, Unusable):
            return Sentence(f"{who} cannot be used: {_reason(told)}")
        if isinstance(fact, Alone):
            label = self._label(self._place(edge.dependant).atom.key)
            return Sentence(f"{who} must be the only version of {label}")
        lines = [wanted for part in told.parts for wanted in _lines(part)]
        text = f"{who} {verb} {self._label(lines[0].key)} {_wordings(lines)}"
        if isinstance(fact, Unmet):
            text = f"{text}: {' '.join(fact.why.split())}"
        elif edge.dependency == NOBODY:
            text = f"{text}, which cannot stand beside it"
        return Sentence(text, here(lines[0]))

    def conclusion(self, end: RuledOut) -> Sentence:
        """Return what follows from the facts told before."""
        why = self._clash(end)
        if end.node == NOBODY:
            return Sentence(f"so {why}", is_conclusion=True)
        who, _ = self._versions(end.node, end.mask)
        because = "" if end.clash == end.node else f": {why}"
        return Sentence(f"so {who} cannot be selected{because}", is_conclusion=True)

    def _clash(self, end: RuledOut) -> str:
        label = self._label(self._place(end.clash).atom.key)
        texts = [
            wanted.requirement.text
            for told in end.demands
            for part in told.parts[:1]
            for wanted in list(_lines(part))[:1]
            if len(told.parts) == 1
        ]
        different = list(dict.fromkeys(texts))
        if len(texts) == len(end.demands) and 1 < len(different) <= _MOST_DEMANDS:
            both = "both " if len(different) == _BOTH else ""
            return f"no version of {label} meets {both}{' and '.join(different)}"
        return f"no version of {label} is left"

    def _place(self, node: int) -> Place:
        return self._places[self._core.nodes[node]]

    def _label(self, key: ResolveKey) -> str:
        genesis, label = key
        if label.text in self._ambiguous:
            return f"{label.text} (set {genesis.hex[:_GENESIS_LETTERS]})"
        return label.text

    def _versions(self, node: int, mask: int) -> tuple[str, str]:
        """Return a mask of a node as words, and the form of "require" that follows them."""
        place = self._place(node)
        bits = self._places.coverage(self._core.nodes[node], mask & ~ABSENT)
        label, listing = self._label(place.atom.key), place.atom.known
        if bits.bit_count() == 1:
            return f"{label} {listing.at(bits).text}", "requires"
        if bits == listing.every:
            return f"every version of {label}", "requires"
        return f"{label} {_runs(bits, listing)}", "require"


_BOTH = 2


def _reason(told: Told) -> str:
    """Return why versions cannot be used: what is said of the one, or what all have in common."""
    facts = [fact for part in told.parts for fact in part.facts.values()]
    found = {fact.reason: fact.cause for fact in facts if isinstance(fact, Unusable)}
    (reason, cause), *more = found.items()
    return ALIKE[cause] if more else " ".join(reason.split())


def _lines(edge: Edge) -> Iterator[Wanted]:
    """Yield the requirement lines behind an edge, one for each wording, the newest first."""
    seen: set[str] = set()
    for bit in sorted(edge.facts, reverse=True):
        fact = edge.facts[bit]
        if isinstance(fact, Requires | Unmet) and fact.wanted.requirement.text not in seen:
            seen.add(fact.wanted.requirement.text)
            yield fact.wanted


def _wordings(lines: Sequence[Wanted]) -> str:
    """Return the requirements of several lines, the first ones and the last: ``^1.2 / ^1.1``."""
    texts = list(dict.fromkeys(wanted.requirement.text for wanted in lines))
    if len(texts) > _MAX_WORDINGS:
        texts = [*texts[: _MAX_WORDINGS - 1], "…", texts[-1]]
    return " / ".join(texts)


def _runs(bits: int, listing: Listing) -> str:
    """Return ``1.0.0 to 1.4.2, 2.0.0`` for versions that follow each other in the listing."""
    runs: list[str] = []
    low = 0
    while bits >> low:
        low += (bits >> low & -(bits >> low)).bit_length() - 1
        high = low + (~(bits >> low) & (bits >> low) + 1).bit_length() - 1
        first, last = listing.versions[low].text, listing.versions[high - 1].text
        runs.append(first if first == last else f"{first} to {last}")
        low = high
    if len(runs) > _MAX_RUNS:
        return f"{', '.join(runs[: _MAX_RUNS - 1])} and {len(runs) - _MAX_RUNS + 1} more ranges"
    return ", ".join(runs)
