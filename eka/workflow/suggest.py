"""What a person may have meant who named a label that is not there."""

from __future__ import annotations

from os.path import commonprefix

from eka.atom import nearest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import RefLayout, parse_atom_ref
from eka.workflow.listing_cache import ListingCache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.atom import Label, SourceUrl
    from eka.workflow.services import Services

CLONE = "a clone brings no atoms: git fetch origin 'refs/atoms/*:refs/atoms/*' does"
_MOST_COMPARED = 5000  # comparing takes some microseconds each
_LENGTH_DIFFERENCE = 3


def hint(services: Services, source: SourceUrl, label: Label) -> str:
    """Return what to try in place of ``label``, to be shown as the fix of an error.

    Of labels of a source those are looked at that begin as ``label`` does: one small request.
    """
    similar = similar_label(label.text, _neighbours(services, source, label))
    guess = f"did you mean {similar}? " if similar is not None else ""
    clone = f"; {CLONE}" if source.is_local and similar is None else ""
    return f"{guess}eka list {source.public} names all labels{clone}"


def similar_label(typed: str, known: Iterable[str]) -> str | None:
    """Return the label that ``typed`` may stand for; None when none is like it."""
    size = len(typed)
    near = [each for each in known if abs(len(each) - size) <= _LENGTH_DIFFERENCE]
    # Of very many those are compared that begin alike the longest.
    near.sort(key=lambda each: (-len(commonprefix((typed, each))), each))
    return nearest(typed, near[:_MOST_COMPARED])


def _neighbours(services: Services, source: SourceUrl, label: Label) -> set[str]:
    if services.offline:
        known = ListingCache(services.listings, source, services.aliases).read(None).entries
        return {known_label.text for known_label in known}
    prefixes = [f"{layout.prefix}{label.text[0]}" for layout in RefLayout]
    try:
        listed = services.transport.ls_refs(source, prefixes)
    except EkaError:
        return set()  # the error at hand says enough
    found = (parse_atom_ref(name) for name in listed.refs)
    return {each.label.text for each in found if each is not None}
