"""Finding store paths in bytes, wherever the bytes are cut."""

from __future__ import annotations

import pytest

from eka.store import StorePath
from eka.store.references import ReferenceScanner, rewrite

OWN = StorePath("a" * 32, "own")
DEP = StorePath("b" * 32, "dep")
OTHER = StorePath("c" * 32, "other")
TEXT = (
    f"{OWN.text}/bin {DEP.text} /eka/store/{'d' * 32}-x {'b' * 32} {OWN.text}{OWN.text}".encode()
)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.mark.spec("reference-scan")
@pytest.mark.parametrize("size", [1, 2, 10, 11, 42, 43, 44, 57, 1000])
def test_references_are_found_across_every_cut(size: int) -> None:
    scanner = ReferenceScanner(OWN, [DEP, OTHER, OWN])
    positions: list[int] = []

    blanked = b"".join(scanner.blank(cut(TEXT, size), positions))

    assert scanner.found == (DEP,)
    assert blanked == TEXT.replace(b"/eka/store/" + b"a" * 32, b"/eka/store/" + b"0" * 32)
    assert [TEXT[at : at + 32] for at in positions] == [b"a" * 32] * 3


@pytest.mark.parametrize("size", [1, 31, 32, 33, 1000])
def test_the_final_digest_is_written_across_every_cut(size: int) -> None:
    scanner = ReferenceScanner(OWN, [])
    positions: list[int] = []
    list(scanner.blank([TEXT], positions))

    written = b"".join(rewrite(cut(TEXT, size), positions, "e" * 32))

    assert written == TEXT.replace(b"/eka/store/" + b"a" * 32, b"/eka/store/" + b"e" * 32)


@pytest.mark.parametrize(
    "text", [b"", b"/eka/store/", b"/eka/store/" + b"b" * 31, b"x" * 100, b"/eka/stor" * 50]
)
def test_what_only_begins_like_a_reference_is_none(text: bytes) -> None:
    scanner = ReferenceScanner(OWN, [DEP])

    passed = b"".join(scanner.blank([text], []))

    assert passed == text
    assert scanner.found == ()


def test_a_reference_right_after_a_broken_one_is_found() -> None:
    scanner = ReferenceScanner(OWN, [DEP])

    list(scanner.blank([b"/eka/store/bbbb", DEP.text.encode()], []))

    assert scanner.found == (DEP,)
