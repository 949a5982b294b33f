"""Every error a user can meet has a code of its own, and a page."""

from __future__ import annotations

import pickle
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from eka.errors import EkaError, Exit, Problems
from tests.house.error_pages import BY_HAND, FOLDER, error_classes, pages

if TYPE_CHECKING:
    from collections.abc import Iterable


def test_codes_are_words_joined_by_hyphens_and_never_inherited_from_the_root() -> None:
    bad = [
        kind.__qualname__
        for kind in error_classes()
        if kind.code == EkaError.code or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    ]

    assert bad == []


def test_two_errors_share_a_code_only_when_one_is_a_kind_of_the_other() -> None:
    owners: defaultdict[str, list[type[EkaError]]] = defaultdict(list)
    for kind in error_classes():
        owners[kind.code].append(kind)

    assert {code: kinds for code, kinds in owners.items() if not _related(kinds)} == {}


def _related(kinds: Iterable[type[EkaError]]) -> bool:
    first, *others = kinds
    return all(issubclass(other, first) for other in others)


def test_every_error_ends_the_program_with_a_documented_status() -> None:
    assert all(isinstance(kind.exit_status, Exit) for kind in error_classes())
    assert all(kind.exit_status is not Exit.OK for kind in error_classes())


def test_every_error_has_a_page_that_says_what_the_class_says() -> None:
    committed = {
        path.name: path.read_text(encoding="utf-8").partition(BY_HAND)[0].rstrip() + "\n"
        for path in FOLDER.glob("*.md")
    }

    fresh = {name: text.rstrip() + "\n" for name, text in pages().items()}

    stale = {name for name in fresh | committed if fresh.get(name) != committed.get(name)}
    assert stale == set(), "run ./run docs"


def test_errors_cross_a_process_border() -> None:
    error = Problems([EkaError(what="one", where="here", why="so", fix="that")])

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)

    assert (str(copy), copy.worst) == (str(error), error.worst)
    assert copy.problems[0].fix == "that"
