"""``eka-store export`` and ``import`` as people use them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.fakes.store_program import StoreProgram, script_plan
from tests.store_nodes import SAMPLE, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


@pytest.fixture
def sample(eka_store: StoreProgram, tmp_path: Path) -> str:
    write(SAMPLE, tmp_path / "source")
    added = eka_store("add", tmp_path / "source", "--root", tmp_path / "kept")
    return added.stdout.strip()


def test_a_path_is_carried_from_store_to_store(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    other, file, link = ("--store", tmp_path / "other"), tmp_path / "file", tmp_path / "link"

    out = eka_store("export", sample, "-o", file, "--json").document
    dry = eka_store("import", file, *other, "--dry-run", "--json").document
    taken = eka_store("import", file, *other, "--root", link, "--json").document
    again = eka_store("import", "-", *other, stdin=file.read_bytes())
    piped = eka_store("import", *other, stdin=file.read_bytes())

    assert (out["paths"], out["size_bytes"]) == ([sample], file.stat().st_size)
    assert dry == {**taken, "dry_run": True}
    assert taken["added"] == taken["roots"] == [sample]
    assert (again.stdout, again.stderr) == (f"{sample}\n", "added 0 paths; 1 were here already\n")
    assert piped.stdout == again.stdout
    assert (link / "lib" / "a.c").read_text() == "int a;\n"
    assert eka_store("gc", *other, "--json").document["deleted"] == []


def test_a_stream_on_standard_output_is_the_file(
    eka_store: StoreProgram, sample: str, tmp_path: Path
) -> None:
    eka_store("export", sample, "-o", tmp_path / "file")

    lines = eka_store("export", sample, "--json").documents
    plain = eka_store("export", sample)

    data = (tmp_path / "file").read_bytes()
    assert b"".join(base64.b64decode(each["base64"]) for each in lines[:-1]) == data
    assert plain.stdout.encode() == data


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["export", "0" * 32 + "-x"], 3, "path-not-found"),
        (["import", "missing"], 3, "stream-file-unusable"),
        (["import", "-"], 5, "broken-stream"),
    ],
)
def test_what_cannot_be_carried_is_told(
    eka_store: StoreProgram, words: list[str], status: int, code: str
) -> None:
    ran = eka_store(*words, "--json", stdin=b"nonsense\n")

    assert (ran.status, ran.document["error"]["code"]) == (status, code)


def test_no_half_file_is_left(eka_store: StoreProgram, sample: str, tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()

    ran = eka_store("export", sample, "-o", tmp_path / "directory", "--json")

    assert ran.document["error"]["code"] == "stream-file-unusable"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["directory", "kept", "s", "source"]


@pytest.mark.spec("reduction-signed")
def test_what_a_trusted_builder_built_is_not_built_again(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    data = script_plan(tmp_path / "s", "date +%N > $out")
    here = eka_store("realise", "-", "--json", stdin=data).documents[-1]["outputs"][0]
    key, file = tmp_path / "key", tmp_path / "file"
    public = eka_store("sign", "--generate", "builder-1", "--key", key).stdout.strip()
    signed = eka_store("sign", here["path"], "--closure", "--key", key, "--json").document
    eka_store("export", here["path"], "-o", file)

    def realised(name: str, *trust: str) -> tuple[object, str]:
        at = ("--store", tmp_path / name, "--json")
        if trust:
            eka_store("trust", *trust, *at)
        taken = eka_store("import", file, "--root", tmp_path / f"root-{name}", *at).document
        ran = eka_store("realise", "-", *at, stdin=data).documents[-1]
        return taken["reductions"], ran["outputs"][0]["path"] if "outputs" in ran else "not known"

    assert [each["subject"].partition(" ")[0] for each in signed["signed"]] == [
        here["path"], "resolved", "action",
    ]  # fmt: skip
    assert realised("trusting", "--add", public) == (2, here["path"])
    assert realised("partly", "--add", public, "--kind", "atom") == (0, "not known")
    assert realised("wary") == (0, "not known")
