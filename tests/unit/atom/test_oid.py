"""Ids of git objects."""

from __future__ import annotations

import pytest

from eka.atom import InvalidObjectId, ObjectId, object_id
from eka.errors import Exit

SHA1 = "4abbd2644bc3585e9be95deb277ccf48f6ed26ac"
SHA256 = "0" * 64


@pytest.mark.parametrize(("text", "algorithm"), [(SHA1, "sha1"), (SHA256, "sha256")])
def test_the_length_tells_the_hash_function(text: str, algorithm: str) -> None:
    oid = ObjectId(text)

    assert oid.algorithm == algorithm
    assert oid.raw.hex() == text
    assert ObjectId.from_raw(oid.raw) == oid


@pytest.mark.spec("object-id")
@pytest.mark.parametrize(
    "text",
    ["", SHA1[:39], SHA1 + "0", SHA1.upper(), SHA1[:39] + "g", SHA1 + "\n", "0" * 63, "0" * 65],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidObjectId) as caught:
        ObjectId(text)

    assert caught.value.code == "invalid-object-id"
    assert caught.value.exit_status == Exit.USAGE
    assert caught.value.raw == text


def test_raw_bytes_of_any_other_length_are_refused() -> None:
    with pytest.raises(InvalidObjectId):
        ObjectId.from_raw(b"\0" * 21)


def test_an_error_shows_only_the_start_of_a_long_text() -> None:
    with pytest.raises(InvalidObjectId) as caught:
        ObjectId("x" * 10_000)

    assert len(str(caught.value)) < 300


@pytest.mark.spec("object-id-computed")
@pytest.mark.parametrize(
    ("kind", "algorithm", "expected"),
    [
        ("blob", "sha1", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ("tree", "sha1", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
        (
            "blob",
            "sha256",
            "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
        ),
    ],
)
def test_empty_objects_have_the_ids_git_gives(kind: str, algorithm: str, expected: str) -> None:
    assert object_id(kind, b"", algorithm).hex == expected
