"""Whatever several processes remember of a source, in whatever order: the last word counts."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from eka.atom import Aliases, Genesis, Label, ObjectId, SourceUrl, Version, atom_id
from eka.workflow import listing_cache
from eka.workflow.first_seen import ACCEPTED, AGAIN, FirstSeen
from eka.workflow.line_file import LineFile
from eka.workflow.listing_cache import Entry, ListingCache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOURCE = SourceUrl("https", "git.example.org", "/core")
MIRROR = SourceUrl("https", "mirror.example.org", "/core")
GENESIS = Genesis(ObjectId("1" * 40))
LABELS = [Label(text) for text in ("a", "ab", "größe", "zlib")]
VERSIONS = [Version.parse(text) for text in ("0.1.0", "1.0.0", "1.0.0-rc.1", "2.3.4")]

oids = st.integers(1, 2**160 - 1).map(lambda number: ObjectId(f"{number:040x}"))
entries = st.builds(
    Entry,
    versions=st.dictionaries(st.sampled_from(VERSIONS), oids, max_size=4),
    statuses=st.dictionaries(st.sampled_from(VERSIONS), oids, max_size=2),
    at_s=st.integers(0, 2**40),
    by=st.sampled_from([SOURCE, MIRROR]),
    protocol=st.sampled_from([0, 2]),
)
answers = st.dictionaries(st.sampled_from(LABELS), entries, min_size=1)
lists = st.lists(st.tuples(st.booleans(), answers), max_size=8)


def cache(folder: str) -> ListingCache:
    """Return the cache as another process would open it."""
    return ListingCache(Path(folder), SOURCE, Aliases({}))


def digest_of(answer: Mapping[Label, Entry]) -> str:
    """Return what tells listings apart that say different things, whenever they were made."""
    said = [
        (
            label.text,
            sorted(entry.versions.items()),
            sorted(entry.statuses.items()),
            entry.by.public,
            entry.protocol,
        )
        for label, entry in answer.items()
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()


@pytest.mark.spec("listing-remembered")
@given(said=lists, compacts=st.booleans())
def test_the_last_answer_about_each_label_is_remembered(
    said: Sequence[tuple[bool, dict[Label, Entry]]], *, compacts: bool
) -> None:
    expected: dict[Label, Entry] = {}
    whole_s: int | None = None
    before = listing_cache.COMPACT_BYTES
    listing_cache.COMPACT_BYTES = 300 if compacts else before
    try:
        with tempfile.TemporaryDirectory() as folder:
            cache(folder).add_genesis(GENESIS, 5)
            for time_s, (is_whole, answer) in enumerate(said, start=10):
                if is_whole:
                    told = {label: replace(each, at_s=time_s) for label, each in answer.items()}
                    mark = digest_of(told)
                    cache(folder).replace(told, mark, time_s)
                    expected, whole_s = dict(told), time_s
                else:
                    cache(folder).add(answer)
                    expected |= answer

            found = cache(folder).read(None)
            some = cache(folder).read(LABELS)
            told_genesis = cache(folder).genesis()
    finally:
        listing_cache.COMPACT_BYTES = before

    assert found.entries == expected
    assert found.whole_at_s == whole_s
    assert told_genesis == (GENESIS, 5)
    for label in LABELS:
        if label in expected:
            assert some.entries[label] == expected[label]
        elif whole_s is None:
            assert label not in some.entries
        else:
            assert some.entries[label].versions == {}


@given(answer=answers, again=st.integers(1, 3))
def test_an_unchanged_listing_is_not_written_again(answer: dict[Label, Entry], again: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mark = digest_of(answer)
        cache(folder).replace(answer, mark, 100)
        size = Path(cache(folder).files[0]).stat().st_size
        for number in range(again):
            cache(folder).replace(answer, mark, 200 + number)

        found = cache(folder).read(None)
        grown = Path(cache(folder).files[0]).stat().st_size - size

    assert grown < 120 * again
    assert all(each.at_s >= 200 for each in found.entries.values())


@pytest.mark.spec("listing-remembered", "seen-torn")
@given(answer=answers, cut=st.integers(0, 400), noise=st.binary(max_size=40))
def test_a_file_cut_anywhere_loses_no_whole_line_and_takes_new_ones(
    answer: dict[Label, Entry], cut: int, noise: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cache(folder).add(answer)
        path = Path(cache(folder).files[0])
        data = path.read_bytes()
        path.write_bytes(data[: max(0, len(data) - cut)] + noise.replace(b"\n", b""))
        kept = data[: max(0, len(data) - cut)].count(b'\n{"label"')

        cache(folder).add({LABELS[0]: Entry(versions={}, at_s=1, by=SOURCE)})
        found = cache(folder).read(None)

    assert found.entries[LABELS[0]].versions == {}
    assert len(found.entries) >= min(kept, 1)


seen = st.dictionaries(st.sampled_from(VERSIONS), oids, max_size=4)


@pytest.mark.spec("seen-facts", "seen-age")
@given(steps=st.lists(st.tuples(st.sampled_from(["seen", AGAIN, ACCEPTED]), seen), max_size=8))
def test_the_first_sighting_counts_until_a_change_is_told(
    steps: Sequence[tuple[str, dict[Version, ObjectId]]],
) -> None:
    atom = atom_id(GENESIS, LABELS[0])
    expected: dict[Version, tuple[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        log = FirstSeen(Path(folder))
        for now_s, (kind, versions) in enumerate(steps, start=1):
            texts = {version.text: oid.hex for version, oid in versions.items()}
            with log.held(SOURCE) as held:
                if kind == "seen":
                    held.add_seen([(atom, LABELS[0], texts)], now_s, SOURCE.public)
                elif texts:
                    held.add_change(kind, atom, texts, now_s, SOURCE.public)
            for version, oid in versions.items():
                if kind == "seen":
                    expected.setdefault(version, (oid.hex, now_s))
                elif kind == ACCEPTED:
                    expected[version] = (oid.hex, now_s)
                elif version in expected:
                    expected[version] = (oid.hex, expected[version][1])

        record = log.known(SOURCE).get(atom.text)
        ages = {version: log.when(SOURCE, atom, version) for version in VERSIONS}

    found = record.versions if record else {}
    assert {text: (sighting.commit, sighting.when_s) for text, sighting in found.items()} == {
        version.text: fact for version, fact in expected.items()
    }
    assert ages == {
        version: expected[version][1] if version in expected else None for version in VERSIONS
    }


@given(lines=st.lists(st.sampled_from([b"a1", b"ab2", b"b3", b"", b"a"]), max_size=10))
def test_lines_are_found_by_how_they_begin(lines: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = LineFile(Path(folder) / "file")
        with file.locked() as held:
            held.append(lines)
            last = held.last_with(b"a", b"b")

        found = file.lines([b"a"])
        both = file.lines([b"b", b"ab"])

    assert found == [line for line in lines if line.startswith(b"a")]
    assert both == [line for line in lines if line.startswith((b"b", b"ab"))]
    assert last == next((line for line in reversed(lines) if line[:1] in (b"a", b"b")), b"")
