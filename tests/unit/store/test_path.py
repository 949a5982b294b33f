"""Store paths: what is one, and how it is computed."""

from __future__ import annotations

import pytest

from eka.store import (
    InvalidStoreName,
    InvalidStorePath,
    NodeKind,
    StorePath,
    path_name,
    store_path,
    tree_path,
)

DIGEST = "0123456789abcdefghijklmnopqrstuv"
CONTENT = bytes(range(32))


@pytest.mark.spec("path-form")
@pytest.mark.parametrize(
    "text", [f"/eka/store/{DIGEST}-a", f"{DIGEST}-a", f"{DIGEST}-{'n' * 200}"]
)
def test_a_store_path_is_read_with_and_without_its_directory(text: str) -> None:
    path = StorePath.parse(text)

    assert path.digest32 == DIGEST
    assert path.text == f"/eka/store/{text.removeprefix('/eka/store/')}"


@pytest.mark.spec("path-form")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "/eka/store",
        "/eka/store/",
        f"/eka/store/{DIGEST}",
        f"/eka/store/{DIGEST}-",
        f"/eka/store/{DIGEST}-a/bin",
        f"/eka/store//{DIGEST}-a",
        f"/nix/store/{DIGEST}-a",
        f"/eka/store/{DIGEST.upper()}-a",
        f"/eka/store/{DIGEST[:-1]}w-a",
        f"/eka/store/{DIGEST[:-1]}-a",
        f"/eka/store/{DIGEST}0-a",
        f"/eka/store/{DIGEST}-.a",
        f"/eka/store/{DIGEST}-a b",
        f"/eka/store/{DIGEST}-é",
        f"/eka/store/{DIGEST}-a\n",
        f"/eka/store/{DIGEST}-{'n' * 201}",
    ],
)
def test_what_is_not_a_store_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidStorePath) as caught:
        StorePath.parse(text)

    assert caught.value.raw == text
    assert caught.value.why


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zlib-1.3.1", "zlib-1.3.1"),
        ("中-1.0.0", "_-1.0.0"),
        (".hidden", "_hidden"),
        ("a/b c", "a_b_c"),
        ("", "_"),
        ("n" * 300, "n" * 200),
    ],
)
def test_any_text_becomes_a_valid_name(text: str, name: str) -> None:
    found = path_name(text)

    assert found == name
    assert store_path(NodeKind.FILE, CONTENT, found).name == name


def test_a_path_says_kind_content_name_and_mentions() -> None:
    paths = {
        store_path(NodeKind.FILE, CONTENT, "a"),
        store_path(NodeKind.DIRECTORY, CONTENT, "a"),
        store_path(NodeKind.FILE, CONTENT[::-1], "a"),
        store_path(NodeKind.FILE, CONTENT, "b"),
        store_path(NodeKind.FILE, CONTENT, "a", self_positions=CONTENT),
    }

    assert len({path.digest32 for path in paths}) == 5


def test_the_path_of_a_tree_follows_from_its_content_hash() -> None:
    assert tree_path(CONTENT.hex(), "a") == store_path(NodeKind.DIRECTORY, CONTENT, "a")


def test_a_name_with_a_slash_has_no_path() -> None:
    with pytest.raises(InvalidStoreName) as caught:
        store_path(NodeKind.FILE, CONTENT, "a/b")

    assert caught.value.raw == "a/b"


def test_digests_of_a_wrong_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        store_path(NodeKind.FILE, b"short", "a")
