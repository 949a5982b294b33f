"""Finding store paths in bytes, wherever the bytes are cut."""

from __future__ import annotations

import pytest

from eka.store import StorePath
from eka.store.references import Candidates, ReferenceScanner, rewrite

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


@pytest.mark.spec("reference-strict")
@pytest.mark.parametrize("size", [1, 31, 32, 33, 42, 43, 57, 1000])
@pytest.mark.parametrize("around", [b"%s", b"0v%sv0", b"..\\%s\xff", b"x%sx"])
def test_a_strict_scan_finds_digests_that_stand_alone(size: int, around: bytes) -> None:
    scanner = ReferenceScanner(OWN, Candidates.of([DEP, OTHER, OWN], strict=True))
    text = around % (b"c" * 32) + TEXT
    positions: list[int] = []

    blanked = b"".join(scanner.blank(cut(text, size), positions))

    assert scanner.found == (DEP, OTHER)
    assert [text[at - 11 : at + 32] for at in positions] == [b"/eka/store/" + b"a" * 32] * 3
    assert len(blanked) == len(text)
    assert not scanner.hides_itself


@pytest.mark.spec("reference-strict")
@pytest.mark.parametrize("size", [1, 32, 42, 43, 44, 1000])
@pytest.mark.parametrize("before", [b"", b"eka/store/", b"/eka/stor/", b"\0" * 50])
def test_a_strict_scan_tells_where_the_own_digest_could_not_be_written(
    size: int, before: bytes
) -> None:
    strict = ReferenceScanner(OWN, Candidates.of([DEP], strict=True))
    plain = ReferenceScanner(OWN, [DEP])
    text = OWN.text.encode() + before + b"a" * 32

    for scanner in (strict, plain):
        list(scanner.blank(cut(text, size), []))

    assert (strict.hides_itself, plain.hides_itself) == (True, False)


@pytest.mark.spec("reference-strict")
def test_a_strict_scan_looks_at_names() -> None:
    strict = ReferenceScanner(OWN, Candidates.of([DEP, OTHER], strict=True))
    plain = ReferenceScanner(OWN, [DEP, OTHER])

    for scanner in (strict, plain):
        scanner.look_at(b"cache-" + b"c" * 32)
        scanner.blank_link(b"x" + b"b" * 32, [])

    assert (strict.found, plain.found) == ((DEP, OTHER), ())
