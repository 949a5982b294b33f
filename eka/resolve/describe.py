"""Words for nodes, masks, edges and conclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve.errors import place_of
from eka.resolve.facts import Requires, Unmet, Unusable
from eka.resolve.incompatibility import ABSENT, NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eka.resolve.core import Core
    from eka.resolve.incompatibility import Edge
    from eka.resolve.listing import Listing
    from eka.resolve.model import ResolveKey, Wanted
    from eka.resolve.places import Place, Places

ROOT = "your project"
NOTHING_FITS = "no choice of versions fits"
_MAX_RUNS = 3
_GENESIS_LETTERS = 8


class Words:
    """Names what the nodes of a proof stand for."""

    def __init__(self, core: Core, places: Places) -> None:
        self._core = core
        self._places = places
        keys = {self._place(node).atom.key for node in range(len(core.nodes))}
        keys.update(wanted.key for edge in core.edges for wanted in lines_of(edge))
        labels = [label.text for _, label in keys]
        self._ambiguous = {label for label in labels if labels.count(label) > 1}

    def singles(self) -> list[str]:
        """Return the labels, sorted, of which the project allows one version only."""
        atoms = {self._place(node).atom for node in range(len(self._core.nodes))}
        return sorted(self._label(each.key) for each in atoms if each.known.is_confined)

    def edge(self, edge: Edge) -> str:
        """Return the fact behind an edge as a clause, with the place it is written."""
        who, verb = ROOT, "requires"
        if edge.dependant != NOBODY:
            who, verb = self._versions(edge.dependant, edge.mask)
        fact = edge.facts[max(edge.facts)]
        match fact:
            case Requires():
                beside = edge.dependency == NOBODY
                tail = ", which cannot stand beside it" if beside else ""
                return f"{who} {verb} {self._line(edge)}{tail}"
            case Unmet():
                return f"{who} {verb} {self._line(edge)} ({fact.why})"
            case Unusable():
                return f"{who} cannot be used ({fact.reason})"
            case _:  # Alone; what is true by construction is never told
                label = self._label(self._place(edge.dependant).atom.key)
                return f"{who} must be the only version of {label}"

    def conclusion(self, terms: Mapping[int, int]) -> str:
        """Return what an incompatibility says, as a clause."""
        selected = [(node, mask) for node, mask in terms.items() if not mask & ABSENT]
        needed = [
            self._versions(node, self._core.full[node] & ~mask)[0]
            for node, mask in terms.items()
            if mask & ABSENT
        ]
        what = " or ".join(needed)
        if not selected:
            return f"{ROOT} needs {what}" if needed else NOTHING_FITS
        who, verb = self._versions(*selected[0])
        others = " and ".join(self._versions(*each)[0] for each in selected[1:])
        if needed:
            return f"{who} {f'with {others} ' if others else ''}{verb} {what}"
        return f"{who} cannot be used{f' with {others}' if others else ''}"

    def _place(self, node: int) -> Place:
        return self._places[self._core.nodes[node]]

    def _label(self, key: ResolveKey) -> str:
        genesis, label = key
        if label.text in self._ambiguous:
            return f"{label.text} (set {genesis.hex[:_GENESIS_LETTERS]})"
        return label.text

    def _line(self, edge: Edge) -> str:
        """Return a requirement as it is written, with the place of the newest such line.

        Versions may write the same need in different words: ``lib ^1.2 / ^1.1``.
        """
        written = list(lines_of(edge))
        texts = [wanted.requirement.text for wanted in written]
        if len(texts) > _MAX_RUNS:
            texts = [*texts[:_MAX_RUNS], "…"]
        line = f"{self._label(written[0].key)} {' / '.join(texts)}"
        place = place_of(written[0])
        return f"{line} ({place})" if place else line

    def _versions(self, node: int, mask: int) -> tuple[str, str]:
        """Return a mask of a node as words, and the form of "require" that follows them."""
        place = self._place(node)
        bits = self._places.coverage(self._core.nodes[node], mask)
        label, listing = self._label(place.atom.key), place.atom.known
        if bits.bit_count() == 1:
            return f"{label} {listing.at(bits).text}", "requires"
        if bits == listing.every:
            return f"every version of {label}", "requires"
        return f"{label} {_runs(bits, listing)}", "require"


def lines_of(edge: Edge) -> Iterator[Wanted]:
    """Yield the requirement lines behind an edge, one for each wording, the newest first."""
    seen: set[str] = set()
    for bit in sorted(edge.facts, reverse=True):
        fact = edge.facts[bit]
        if isinstance(fact, Requires | Unmet) and fact.wanted.requirement.text not in seen:
            seen.add(fact.wanted.requirement.text)
            yield fact.wanted


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
