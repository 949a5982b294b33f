"""How labels begin that could be taken for another one; pure.

Whoever asks a registry for labels like a new one need not read all of its labels.
"""

from __future__ import annotations

from functools import cache

from eka.atom import confusables_table
from eka.atom.confusables import skeleton_of
from eka.atom.label import Label, case_fold, skeleton
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What folds to ASCII though the table of look-alikes does not name it.
_FOLDED = "\u00df\u1e9e"
# What nothing is drawn for, of what a label may begin with.
_INVISIBLE = "\u115f\u1160"


def lookalike_starts(label: Label) -> frozenset[str] | None:
    """Return the first characters of all labels that are too close to ``label``; None: any.

    Labels are too close when their case folds or their skeletons are equal, so that the first
    character of either must fold, or look, like the beginning of the other. Only for labels in
    ASCII is that said of one character alone: no others are combined with the next.

    Source: atom-spec/publishing.md [publish-confusable].
    """
    if not label.text.isascii():
        return None
    wanted = (skeleton(label), case_fold(label))
    found = {
        start
        for start, keys in _keys_of_starts().items()
        if any(whole.startswith(key) for whole, key in zip(wanted, keys, strict=True) if key)
        or not keys[0]  # nothing is drawn for it: what follows decides
    }
    return frozenset(found)


@cache
def _keys_of_starts() -> Mapping[str, tuple[str, str]]:
    """Return characters that look or fold like ASCII, with their skeleton and case fold."""
    keys: dict[str, tuple[str, str]] = {}
    for code_point, shape in confusables_table.load().items():
        character = chr(code_point)
        if shape.isascii() and character.isidentifier():
            keys[character] = (shape, character)
    letters = (*map(chr, range(ord("A"), ord("z") + 1)), *_FOLDED, *_INVISIBLE)
    for character in filter(str.isidentifier, letters):
        shape = skeleton_of(character)
        keys[character] = (shape if shape.isascii() else character, character.casefold())
    return keys
