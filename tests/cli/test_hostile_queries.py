"""Who looks around among strangers' atoms reads letters, and waits for nothing endless."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes.raw_git import RawRepository
from tests.story import Answer, Person
from tests.tame import TRICKS, wild_letters

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import ObjectId

BUG, INTEGRITY = 70, 5
LOUD = ["-v", "--color", "always"]
FIELDS = {
    "description": "description = {}",
    "license": "license = {}",
    "tag": "tags = [{}]",
    "composer": "[compose.as]\n{} = {}",
    "direct source": "[deps.direct.nix]\nx = {{ url = {} }}",
    "pipeline": "[pipeline.x]\n{} = {}",
    "service": "[service]\n{} = [{}]",
}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def raw(tmp_path: Path) -> RawRepository:
    return RawRepository(tmp_path / "evil.git")


def tame(person: Person, *words: str) -> Answer:
    """Run a command for people and for programs; both answers must be harmless."""
    answer = person.eka(person.home, *words, *LOUD)
    assert wild_letters(answer.out + answer.err) == [], answer
    assert answer.status != BUG, answer
    document = person.json(person.home, *words)
    assert wild_letters(document.out) == []
    return answer


def look_around(person: Person, raw: RawRepository, *versions: str) -> list[Answer]:
    """Ask everything about the atom ``x`` of a repository."""
    url = f"file://{raw.path}"
    calls = [
        ["list", url, "--long"],
        ["list", url, "--all-versions"],
        ["search", "x", url],
        ["log", f"{url}::x"],
        *(["info", f"{url}::x@{version}"] for version in versions[:3]),
        ["diff", f"{url}::x@{versions[0]}", versions[-1], "--patch"],
    ]
    return [tame(person, *words) for words in calls]


def quoted(trick: str) -> str:
    """Return a trick as a TOML string."""
    return json.dumps(trick).replace("\\udb40\\udc41", "\\U000e0041")


def source_commit(raw: RawRepository, tree: ObjectId, author: str, message: str) -> ObjectId:
    """Write a source commit whose author and message are whatever they are."""
    name = author.replace("\n", "").replace("<", "").replace(">", "").encode()
    head = b"tree %b\nparent %b\n" % (tree.hex.encode(), raw.genesis.hex.encode())
    who = b"%b <a@example.org> 1700000000 +0000" % name
    return raw.put(
        "commit", head + b"author %b\ncommitter %b\n\n%b" % (who, who, message.encode())
    )


@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_a_manifest_steers_the_terminal(
    field: str, person: Person, raw: RawRepository
) -> None:
    versions = ["1.0.0"]
    raw.publish(raw.atom("x", raw.manifest("x"), raw.file("f", "1")))
    for trick in ("".join(TRICKS.values()), TRICKS["markup"]):
        versions.append(f"2.0.{len(versions)}")
        text = FIELDS[field].format(quoted(trick), quoted(trick))
        manifest = raw.manifest("x", versions[-1], f"{text}\n")
        raw.publish(raw.atom("x", manifest, version=versions[-1]))

    answers = look_around(person, raw, *versions)

    assert answers[0].status == answers[2].status == 0
    tame(person, "diff", f"file://{raw.path}::x@1.0.0", versions[1], "--patch")


def test_no_author_and_no_subject_steers_the_terminal(person: Person, raw: RawRepository) -> None:
    versions = ["1.0.0"]
    raw.publish(raw.atom("x", raw.manifest("x")))
    for number, trick in enumerate(TRICKS.values()):
        versions.append(f"2.0.{number}")
        honest = raw.atom("x", raw.manifest("x", versions[-1]), version=versions[-1])
        tree = raw.tree((b"40000", b"x", honest.tree))
        raw.publish(replace(honest, origin=source_commit(raw, tree, trick, trick)))

    answers = look_around(person, raw, *versions)

    assert [each.status for each in answers] == [0] * len(answers)
    shown = tame(person, "diff", f"file://{raw.path}::x@1.0.0", versions[5])
    assert "2023-11-14" in shown.out


def test_no_file_steers_the_terminal_from_a_patch(person: Person, raw: RawRepository) -> None:
    old = raw.manifest("x"), raw.file("bytes", b"\xff\xfe\n"), raw.file("f", "x\ty\r\n")
    tricks = "".join(f"{trick}\n" for trick in TRICKS.values())
    new = raw.manifest("x", "2.0.0"), raw.file("bytes", b"\xff\xfd"), raw.file("f", tricks)
    raw.publish(raw.atom("x", *old))
    raw.publish(raw.atom("x", *new, version="2.0.0"))

    answer = look_around(person, raw, "1.0.0", "2.0.0")[-1]

    assert answer.status == 0
    assert "x       y\\u{d}" in answer.out
    assert "\\xff\\xfd" in answer.out


def test_no_word_of_the_command_line_is_echoed_as_it_is(person: Person) -> None:
    calls = [
        ["list", "{}"],
        ["list", ".", "{}"],
        ["search", "{}"],
        ["search", "x", "{}"],
        ["info", "{}"],
        ["log", "./x::{}"],
        ["diff", "{}"],
        ["diff", "x@1.0.0", "{}"],
    ]
    for number, trick in enumerate(["".join(TRICKS.values()), *TRICKS.values()]):
        # All tricks at once everywhere, each of them somewhere.
        for call in calls if number == 0 else [calls[number % len(calls)]]:
            tame(person, *(word.replace("{}", trick) for word in call))


@pytest.mark.spec("log-versions")
def test_what_is_no_atom_is_named_and_does_not_hide_the_others(
    person: Person, raw: RawRepository
) -> None:
    url = f"file://{raw.path}"
    honest = raw.atom("x", raw.manifest("x"))
    raw.publish(honest)
    raw.publish_as("x/2.0.0", raw.genesis, honest.encode() + b" and more")
    raw.ref("refs/atoms/x/3.0.0", raw.readme)

    listed = person.json(person.home, "list", url, "--long").document["labels"]
    log = person.json(person.home, "log", f"{url}::x").document["versions"]
    tame(person, "log", f"{url}::x")
    info = person.json(person.home, "info", f"{url}::x@2.0.0")

    assert [(each["label"], each["count"]) for each in listed] == [("x", 3)]
    assert [(each["version"], each["error"] is None) for each in log] == [
        ("3.0.0", False),
        ("2.0.0", False),
        ("1.0.0", True),
    ]
    assert (info.status, info.code) == (INTEGRITY, "not-an-atom-commit")


@pytest.mark.spec("diff-lines")
def test_large_files_are_measured_and_not_read(person: Person, raw: RawRepository) -> None:
    size, count = 2 * 1024 * 1024, 1024
    for version, letter in (("1.0.0", b"a"), ("2.0.0", b"b")):
        line = letter * (size // count - 1) + b"\n"
        entries = (
            raw.manifest("x", version),
            raw.file("big", line * count + b"\n"),
            raw.file("fits", line * count),
        )
        raw.publish(raw.atom("x", *entries, version=version))

    answer = person.json(
        person.home, "diff", f"file://{raw.path}::x@1.0.0", "2.0.0", "--patch"
    ).document

    _, big, fits = answer["files"]
    assert (big["binary"], big["lines"], big["patch"]) == (False, None, [])
    assert big["old"]["size_bytes"] == size + 1
    assert fits["lines"] == {"added": count, "removed": count}
    assert "large" in tame(person, "diff", f"file://{raw.path}::x@1.0.0", "2.0.0").out


@pytest.mark.spec("diff-lines")
def test_after_so_many_bytes_files_are_only_measured(person: Person, raw: RawRepository) -> None:
    count, size = 20, 2 * 1024 * 1024
    for version, letter in (("1.0.0", b"\0a"), ("2.0.0", b"\0b")):
        files = [raw.file(f"f{n:02}", letter * (size // 2)) for n in range(count)]
        raw.publish(raw.atom("x", raw.manifest("x", version), *files, version=version))

    answer = person.json(person.home, "diff", f"file://{raw.path}::x@1.0.0", "2.0.0").document

    looked_at = [each["binary"] for each in answer["files"][1:]]
    assert looked_at == [True] * 7 + [False] * (count - 7)
    assert answer["files"][0]["lines"] is not None


def test_a_broken_atom_does_not_hide_what_others_say(person: Person, raw: RawRepository) -> None:
    for label in ("a", "b", "c", "d", "e"):
        raw.publish(raw.atom(label, raw.manifest(label, more='description = "Sound"\n')))
    honest = raw.atom("f", raw.manifest("f"))
    missing = replace(honest, tree=type(honest.tree)("7" * 40))
    raw.publish(missing)

    answer = person.json(person.home, "list", f"file://{raw.path}", "--long").document

    said = {each["label"]: each["description"] for each in answer["labels"]}
    assert said == {**dict.fromkeys("abcde", "Sound"), "f": None}


def test_trees_that_unfold_without_end_are_not_unfolded(
    person: Person, raw: RawRepository
) -> None:
    for version, data in (("1.0.0", b"1"), ("2.0.0", b"2")):
        inner, mode = raw.blob(data), b"100644"
        for _ in range(10):
            inner, mode = raw.tree(*((mode, b"%d" % n, inner) for n in range(10))), b"40000"
        tree = raw.tree((mode, b"0", inner), raw.manifest("x", version))
        raw.publish(raw.atom_of_tree("x", tree, [raw.manifest("x", version)], version=version))
    url = f"file://{raw.path}"

    log = person.json(person.home, "log", f"{url}::x").document["versions"]
    diff = person.json(person.home, "diff", f"{url}::x@1.0.0", "2.0.0")
    info = person.json(person.home, "info", f"{url}::x")
    found = person.json(person.home, "list", url, "--long")

    assert [each["changes"] for each in log] == [None, None]
    assert [each["origin"]["note"]["subject"] for each in log] == ["work", "work"]
    assert (diff.status, info.status, found.status) == (INTEGRITY, INTEGRITY, 0)
