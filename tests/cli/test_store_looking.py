"""Looking into a store: closures, directories, files, roots and logs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, FileNode, LinkNode, Store, StorePath
from tests.fakes.store_program import StoreProgram, script_plan
from tests.store_nodes import SAMPLE, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.store import Node


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


@pytest.fixture
def sample(eka_store: StoreProgram, tmp_path: Path) -> str:
    """Add a tree, kept by the link ``kept``; return its path."""
    write(SAMPLE, tmp_path / "source")
    added = eka_store("add", tmp_path / "source", "--root", tmp_path / "kept", "--json")
    return str(added.document["path"])


def tree(tmp_path: Path, name: str, *nodes: Node, references: Sequence[StorePath] = ()) -> str:
    with Store.open(tmp_path / "s") as store:
        path = store.add_tree(name, [DirNode(()), *nodes], references=references)
        store.add_root(tmp_path / f"root-{name}", path)
        return path.text


def test_a_closure_is_a_path_and_all_it_refers_to(eka_store: StoreProgram, tmp_path: Path) -> None:
    below = tree(tmp_path, "below", FileNode((b"f",), executable=False, chunks=(b"12345",)))
    above = tree(tmp_path, "above", references=[StorePath.parse(below)])

    document = eka_store("closure", above, "--json").document
    shown = eka_store("closure", below)

    assert document["paths"] == sorted([above, below])
    assert document["size_bytes"] == 5
    assert (shown.stdout, shown.stderr) == (f"{below}\n", "1 path, 5 bytes\n")


def test_a_directory_is_listed_in_byte_order(eka_store: StoreProgram, sample: str) -> None:
    top = eka_store("ls", sample, "--json").document["entries"]
    binaries = eka_store("ls", f"{sample}/bin", "--json").document["entries"]
    deep = eka_store("ls", sample, "-R", "--json").document["entries"]

    assert [each["name"] for each in top] == ["bin", "caf\\xe9", "empty", "lib"]
    assert binaries == [
        {"name": "link", "kind": "link", "size_bytes": 10, "target": "../lib/a.c"},
        {"name": "run", "kind": "executable", "size_bytes": 10},
    ]
    assert [each["name"] for each in deep] == [
        "bin", "bin/link", "bin/run", "caf\\xe9", "empty", "lib", "lib/a", "lib/a-b", "lib/a.c",
    ]  # fmt: skip


def test_people_see_kind_size_and_where_links_lead(eka_store: StoreProgram, sample: str) -> None:
    lines = eka_store("ls", f"{sample}/bin").stdout.splitlines()

    assert [line.split() for line in lines] == [
        ["l", "10", "link", "->", "../lib/a.c"],
        ["x", "10", "run"],
    ]


def test_places_are_named_as_in_the_store_on_disk_or_through_a_link(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    base = sample.rpartition("/")[2]
    places = [sample, base, tmp_path / "s" / "store" / base, tmp_path / "kept"]

    found = [eka_store("cat", f"{place}/lib/a.c") for place in places]

    assert [each.stdout for each in found] == ["int a;\n"] * 4


def test_a_file_is_printed_as_it_is(eka_store: StoreProgram, sample: str) -> None:
    lines = eka_store("cat", f"{sample}/bin/link", "--json").documents

    assert b"".join(base64.b64decode(each["base64"]) for each in lines[:-1]) == b"int a;\n"
    assert lines[-1] == {
        "schema": "eka-store.cat/1", "path": sample, "sub": "bin/link", "size_bytes": 7,
    }  # fmt: skip


@pytest.mark.spec("inside-links")
def test_links_are_followed_through_the_store_and_no_further(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    links = {
        b"there": f"{sample}/lib".encode(),
        b"beside": b"../" + sample.rpartition("/")[2].encode() + b"/lib/a.c",
        b"out": str(tmp_path / "secret").encode(),
        b"up": b"../../../secret",
        b"round": b"round",
        b"gone": b"nothing",
    }
    path = tree(tmp_path, "links", *(LinkNode((name,), to) for name, to in links.items()))

    assert eka_store("cat", f"{path}/there/a.c").stdout == "int a;\n"
    assert eka_store("cat", f"{path}/beside").stdout == "int a;\n"
    for name in ("out", "up", "round", "gone", "nowhere", "there/a.c/below", "a" * 300, "x\0y"):
        ran = eka_store("cat", f"{path}/{name}", "--json")
        assert (ran.status, ran.document["error"]["code"]) == (3, "not-in-path"), name
    assert eka_store("ls", f"{path}/out", "--json").document["entries"] == [
        {
            "name": "",
            "kind": "link",
            "size_bytes": len(links[b"out"]),
            "target": links[b"out"].decode(),
        }
    ]


def test_only_files_can_be_printed(eka_store: StoreProgram, sample: str) -> None:
    ran = eka_store("cat", f"{sample}/lib", "--json")
    gone = eka_store("cat", "0" * 32 + "-x", "--json")

    assert (ran.status, ran.document["error"]["code"]) == (2, "not-a-file")
    assert (gone.status, gone.document["error"]["code"]) == (3, "path-not-found")


def test_roots_are_added_listed_and_removed(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    kept, more = str(tmp_path / "kept"), str(tmp_path / "more")

    dry = eka_store("roots", "--add", sample, more, "--dry-run", "--json").document
    added = eka_store("roots", "--add", sample, more, "--json").document
    listed = eka_store("roots")
    removed = eka_store("roots", "--remove", kept, "--json").document

    assert [each["link"] for each in dry["roots"]] == [kept]
    assert added["added"] == dry["added"] == [{"link": more, "path": sample}]
    assert listed.stdout == f"{kept} -> {sample}\n{more} -> {sample}\n"
    assert removed["removed"] == [{"link": kept, "path": sample}]
    assert removed["roots"] == [{"link": more, "path": sample}]
    assert not (tmp_path / "kept").is_symlink()


def test_paths_that_are_kept_by_name_are_listed_with_the_roots(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    eka_store("keep", "release/1.0", sample)

    told = eka_store("roots", "--json").document
    lines = eka_store("roots").stdout

    assert told["kept"] == [{"name": "release/1.0", "path": sample}]
    assert [each["link"] for each in told["roots"]] == [str(tmp_path / "kept")]
    assert lines.endswith(f"\nrelease/1.0 -> {sample} (kept by name)\n")
    assert eka_store("gc", "--json").document["deleted"] == []


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["roots", "somewhere"], 2, "store-usage"),
        (["roots", "--remove"], 2, "store-usage"),
        (["roots", "--add", "0" * 32 + "-a"], 2, "store-usage"),
        (["roots", "--remove", "nowhere"], 3, "root-not-found"),
        (["roots", "--add", "0" * 32 + "-a", "link"], 3, "path-not-found"),
        (["roots", "--add", "0" * 32 + "-a", "link", "--dry-run"], 3, "path-not-found"),
        (["log", "nothing"], 3, "log-not-found"),
    ],
)
def test_what_cannot_be_done_is_explained(
    eka_store: StoreProgram, words: list[str], status: int, code: str
) -> None:
    ran = eka_store(*words, "--json")

    assert (ran.status, ran.document["error"]["code"]) == (status, code)


def test_a_link_of_somebody_else_is_not_removed(eka_store: StoreProgram, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to("anything")

    ran = eka_store("roots", "--remove", tmp_path / "other")

    assert ran.status == 3
    assert (tmp_path / "other").is_symlink()


def test_the_log_of_a_build_is_read_by_action_and_by_output(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    data = script_plan(tmp_path / "s", "echo one; echo two; echo three; touch $out")
    made = eka_store("realise", "-", "--json", stdin=data).documents[-1]["outputs"][0]

    by_path = eka_store("log", made["path"])
    by_digits = eka_store("log", made["action"][:8], "--last", "1")
    document = eka_store("log", made["action"], "--json").documents
    runs = eka_store("log", "--runs", "--json").document["runs"]

    assert by_path.stdout == "one\ntwo\nthree\n"
    assert by_digits.stdout == "three\n"
    assert [each["line"] for each in document[:-1]] == ["one", "two", "three"]
    assert document[-1]["run"]["outcome"] == "built"
    assert [(run["action"], run["outcome"]) for run in runs] == [(made["action"], "built")]
