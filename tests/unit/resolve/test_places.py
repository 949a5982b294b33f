"""What the nodes of a search stand for."""

from __future__ import annotations

from eka.atom import Version
from eka.resolve import Answer, Catalog
from eka.resolve.engine import Engine
from eka.resolve.places import Places, Target
from tests.fakes.versions import key, lines

HISTORY = [Version(1, 0, 0), Version(1, 1, 0), Version(2, 0, 0)]


def pointed(places: Places, text: str) -> Target:
    """Return where a requirement on ``a`` points."""
    catalog = Catalog()
    catalog.accept(Answer({key("a"): HISTORY}))
    target = places.target(catalog.lines(lines([text]))[0])
    assert isinstance(target, Target)
    return target


def test_a_node_of_one_bucket_covers_versions_of_it() -> None:
    places = Places(Engine(), {}, "highest", ())

    target = pointed(places, "a ^2")

    assert places.coverage(target.node, target.allowed) == 0b100


def test_a_choice_covers_what_its_options_do() -> None:
    places = Places(Engine(), {}, "highest", ())

    target = pointed(places, "a >=1.1")

    assert places.coverage(target.node, target.allowed) == 0b110
    assert places.coverage(target.node, 0b10) == 0b10


def test_an_atom_that_is_wanted_once_has_one_node() -> None:
    places = Places(Engine(), {}, "minimal", [key("a")])

    target = pointed(places, "a >=1.1")

    assert not places[target.node].options
    assert places.coverage(target.node, target.allowed) == 0b110
    assert places.choose(target.allowed, 0) == 0b100
