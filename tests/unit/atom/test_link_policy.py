"""Where the symlinks of an atom may lead."""

from __future__ import annotations

import pytest

from eka.atom import link_policy
from eka.atom.link_policy import LinkWalk

pytestmark = pytest.mark.spec("tree-link-inside")


def bad_links(links: dict[str, str]) -> list[str]:
    """Return the paths of the links that are refused."""
    walk = LinkWalk()
    for path, target in links.items():
        walk.add(path.encode(), target.encode())
    return [path.decode() for path, _ in walk.faults()]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", "a"),
        ("l", "."),
        ("l", "./a/../b//c/"),
        ("d/l", ".."),
        ("d/l", "../x"),
        ("d/e/l", "../../x/./y"),
        ("l", "missing"),
        ("l", "a/.."),
        ("l", "...."),
        ("l", "..a/b"),
        ("l", "é"),
        ("l", "l"),
    ],
)
def test_a_link_to_a_place_inside_is_accepted(path: str, target: str) -> None:
    assert bad_links({path: target}) == []


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", ".."),
        ("l", "../x"),
        ("LICENSE", "../../LICENSE"),
        ("d/l", "../.."),
        ("d/l", "../../d/x"),
        ("l", "a/../.."),
        ("l", "./../x"),
        ("d/l", "..//../x"),
        ("d/l", ".././.."),
    ],
)
def test_a_link_that_leads_out_is_refused(path: str, target: str) -> None:
    assert bad_links({path: target}) == [path]


def test_the_message_says_what_to_do_with_a_shared_license() -> None:
    walk = LinkWalk()
    walk.add(b"LICENSE", b"../../LICENSE")

    ((path, (why, fix)),) = walk.faults()

    assert path == b"LICENSE"
    assert "../../LICENSE" in why
    assert "copy the file" in fix


def test_a_link_that_leads_out_through_another_is_refused() -> None:
    links = {"a/b/up": "../..", "a/b/out": "up/../x"}

    assert bad_links(links) == ["a/b/out"]


def test_a_link_that_leads_out_through_two_others_is_refused() -> None:
    links = {"a/b/one": "../two", "a/two": "..", "a/b/out": "one/../x"}

    assert bad_links(links) == ["a/b/out"]


def test_a_link_through_a_deeper_one_stays_inside() -> None:
    links = {"short": "a/b/c", "l": "short/../../x"}

    assert bad_links(links) == []


@pytest.mark.parametrize(
    "links",
    [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "a/../.."}, {"a": "b/x", "b": "c", "c": "a/y"}],
)
def test_a_loop_leads_nowhere(links: dict[str, str]) -> None:
    assert bad_links(links) == []


def test_a_chain_of_forty_is_followed_to_its_end() -> None:
    chain = {f"l{number}": f"l{number + 1}" for number in range(40)} | {"l40": ".."}

    assert "l0" in bad_links(chain)


def test_a_way_through_an_absolute_link_is_told_once() -> None:
    assert bad_links({"a": "/etc", "b": "a/passwd"}) == ["a"]


@pytest.mark.spec("tree-link-target")
@pytest.mark.parametrize(
    "target", ["", "/", "/etc/passwd", "//x", "C:", "c:\\x", "z:/x", "a\\b", "a\0b"]
)
def test_a_target_that_is_no_relative_path_is_refused(target: str) -> None:
    assert bad_links({"d/l": target}) == ["d/l"]


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_policy, "MAX_STEPS", 100)
    doubling = {f"l{number}": f"l{number + 1}/./../l{number + 1}" for number in range(30)}

    assert bad_links(doubling) != []
