"""Pins of direct sources, and the actions they become."""

from __future__ import annotations

import pytest

from eka.atom import LockedDirect, LockedFile
from eka.compose import (
    ROOT,
    InputUnpinned,
    KindUnsupported,
    SourcesAdjacent,
    SystemUnsupported,
    compose_fetches,
)
from eka.store import FetchAction, LayerFormat, UnpackAction
from tests.fakes.locked_world import SCRIPT, World, needs

URL = '[deps.direct.url]\nx = {{ url = "{}" }}\n'
DEBS = '[deps.direct.deb]\none = { source = "one" }\ntwo = { source = "two" }\ntools = { package = "jq" }\n'  # noqa: E501 - one manifest table
MANY = DEBS + '[deps.direct.url]\nfile = { url = "http://a.org/file.tar.gz" }\n'


def unpacking(names: str, *, links: str = "") -> World:
    """Return a world whose root unpacks the named sources of ``MANY``."""
    world = World()
    listed = ", ".join(f'"{name}"' for name in names.split())
    world.root(f"{MANY}[build]\nunpack = [{listed}]\n{links}")
    for name in ("one", "two"):
        world.pin(ROOT, name, f"{name}.dsc", f"{name}.orig.tar.gz")
    world.pin(ROOT, "tools", "jq.deb", "libjq.deb", system="x86_64-linux")
    world.pin(ROOT, "file", "http://a.org/file.tar.gz")
    return world


def files_of(world: World, action: UnpackAction) -> list[tuple[str, LayerFormat]]:
    """Return names and formats of the layers of an action, in order."""
    actions = world.compose().plan.actions
    found: list[tuple[str, LayerFormat]] = []
    for layer in action.layers:
        wanted = action.inputs[layer.input]
        name = next(each.name for key, each in actions.items() if f"'{key}'" in repr(wanted))
        found.append((name, layer.format))
    return found


@pytest.mark.spec("compose-unpack")
def test_layers_are_the_files_of_the_sources_in_the_order_of_the_recipe() -> None:
    world = unpacking("one tools two file", links='links = { "b" = "a", "a" = "c" }')

    action = world.unpacking()

    assert files_of(world, action) == [
        ("one.dsc", LayerFormat.DEBIAN_SOURCE),
        ("one.orig.tar.gz", LayerFormat.DEBIAN_SOURCE),
        ("jq.deb", LayerFormat.DEB),
        ("libjq.deb", LayerFormat.DEB),
        ("two.dsc", LayerFormat.DEBIAN_SOURCE),
        ("two.orig.tar.gz", LayerFormat.DEBIAN_SOURCE),
        ("file.tar.gz", LayerFormat.TAR),
    ]
    assert action.links == {"a": "c", "b": "a"}
    assert action.name == "app-1.0.0"


@pytest.mark.spec("compose-unpack")
def test_two_debian_source_packages_never_look_like_one() -> None:
    with pytest.raises(SourcesAdjacent) as caught:
        unpacking("tools one two").compose()

    assert "one, two" in caught.value.where


@pytest.mark.spec("compose-strip")
@pytest.mark.parametrize(("names", "strip"), [("tools", 0), ("file", 1), ("tools file", 1)])
def test_archives_of_releases_lose_their_one_directory(names: str, strip: int) -> None:
    assert unpacking(names).unpacking().strip == strip


@pytest.mark.spec("compose-fetch")
@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a.org/logo%20x.png?size=2", "logo_x.png"),
        ("http://a.org/dl?file=a/b.tar", "dl"),
        ("http://a.org/release/", "release"),
        ("http://a.org/%2e%2e%2fetc", "_._etc"),
        ("http://a.org", "a.org"),
        ("http://a.org/%2ehidden", "_hidden"),
    ],
)
def test_a_download_is_named_after_the_end_of_its_path(url: str, name: str) -> None:
    world = World()
    world.root(f'{URL.format(url)}[build]\nunpack = ["x"]\n')
    world.pin(ROOT, "x", url)

    actions = world.compose().plan.actions.values()

    (fetch,) = (each for each in actions if isinstance(each, FetchAction))
    assert (fetch.name, fetch.urls, fetch.size, fetch.sha256) == (name, (url,), 1, f"{1:064x}")


@pytest.mark.spec("compose-pins")
def test_a_pin_is_that_of_the_system_or_of_all_systems() -> None:
    world = World()
    world.root(DEBS + '[build]\nunpack = ["tools"]\n')
    world.pin(ROOT, "tools", "jq_arm64.deb", system="aarch64-linux")
    world.pin(ROOT, "tools", "jq_amd64.deb", system="x86_64-linux")

    found = files_of(world, world.unpacking())

    assert found == [("jq_amd64.deb", LayerFormat.DEB)]
    with pytest.raises(SystemUnsupported) as caught:
        world.compose(system="riscv64-linux")
    assert caught.value.known == ("aarch64-linux", "x86_64-linux")


@pytest.mark.spec("compose-pins")
def test_a_pin_belongs_to_one_owner() -> None:
    world = World()
    text = URL.format("http://a.org/x.tar") + '[build]\nunpack = ["x"]\n'
    lib = world.atom("lib", text)
    world.root(text, requires=[lib])
    world.pin(lib, "x", "http://a.org/x.tar")

    assert world.compose(lib).plan.roots
    with pytest.raises(InputUnpinned):
        world.compose(ROOT)


@pytest.mark.spec("compose-pins")
def test_the_pin_of_another_declaration_is_none() -> None:
    world = World()
    world.root(URL.format("http://a.org/x.tar") + '[build]\nunpack = ["x"]\n')
    world.pin(ROOT, "x", "http://a.org/x.tar", declared="0" * 64)

    with pytest.raises(InputUnpinned) as caught:
        world.compose()

    assert caught.value.name == "url source x"


@pytest.mark.spec("compose-kinds")
def test_a_source_of_another_kind_is_refused_even_if_it_is_pinned() -> None:
    world = World()
    text = needs(core="shell") + '[deps.direct.nix]\nx = { git = "https://a.org/x" }\n' + SCRIPT
    world.root(text, requires=[world.atom("shell")])
    world.pin(ROOT, "x", "http://a.org/x.tar")

    with pytest.raises(KindUnsupported) as caught:
        world.compose()

    assert caught.value.where == "deps.direct.nix.x"


@pytest.mark.spec("compose-source")
def test_the_source_package_of_a_script_is_one_tree() -> None:
    world = World()
    world.root(needs(core="shell") + DEBS + SCRIPT, requires=[world.atom("shell")])
    for name in ("one", "two"):
        world.pin(ROOT, name, f"{name}.dsc", f"{name}.orig.tar.gz")
    world.pin(ROOT, "tools", "jq.deb")

    actions = world.compose().plan.actions.values()

    unpacked = {each.name: each for each in actions if isinstance(each, UnpackAction)}
    assert {name: len(each.layers) for name, each in unpacked.items()} == {
        "one": 2,
        "tools": 1,
        "two": 2,
    }


def test_all_files_of_pins_are_fetched_once() -> None:
    file = LockedFile("http://a.org/x.tar", "", "", 1, "0" * 64)
    pins = [LockedDirect(None, "url", name, "", "0" * 64, (file,)) for name in ("a", "b")]

    plan = compose_fetches(pins)

    assert [plan.actions[root.action].name for root in plan.roots] == ["x.tar"]
