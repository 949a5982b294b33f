"""``eka-store gc`` and ``eka-store keep`` as users see them."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from eka.store_cli.amounts import in_words, size_bytes
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from tests.schemas import check_store_line

if TYPE_CHECKING:
    from pathlib import Path


class Program:
    """Runs ``eka-store`` on one store."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def talk(self, *words: str) -> tuple[int, str, str]:
        """Return exit status, data and talk of a command."""
        stdout, stderr = io.StringIO(), io.StringIO()
        world = {"HOME": str(self._home), "EKA_STORE_DIR": str(self._home / "s")}
        status = dispatch(words, world, Console(io.BytesIO(), stdout, stderr))
        return status, stdout.getvalue(), stderr.getvalue()

    def json(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Return the document of a command, checked against its schema."""
        document = json.loads(self.talk(*words, "--json")[1])
        check_store_line(document)
        return document

    def add(self, name: str, size: int) -> str:
        """Add a file of a size; return its store path."""
        (self._home / name).write_bytes(b"x" * size)
        path: str = self.json("add", str(self._home / name))["path"]
        return path

    def age(self) -> None:
        """Let all have been added long ago, a second apart."""
        with closing(sqlite3.connect(self._home / "s" / "db.sqlite")) as database, database:
            database.execute("UPDATE paths SET registered = id")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_collection_tells_what_is_gone_and_what_stays(program: Program) -> None:
    big, small = program.add("big", 3000), program.add("small", 10)
    program.age()

    dry = program.json("gc", "--dry-run", "--max-size", "1K")
    status, data, talk = program.talk("gc", "--max-size", "1K")

    assert dry["deleted"] == [big]
    assert (dry["left_bytes"], dry["unneeded"], dry["dry_run"]) == (10, 1, True)
    assert (status, data) == (0, f"{big}\n")
    assert talk == "deleted 1 path, 2.9 KiB; kept 1 path (1 of them unneeded), 10 bytes\n"
    assert program.json("gc")["deleted"] == [small]


def test_what_was_used_of_late_may_stay(program: Program) -> None:
    path = program.add("file", 10)

    assert program.json("gc", "--keep-since", "1h")["deleted"] == []
    assert program.json("gc", "--keep-since", "1h", "--max-size", "0")["deleted"] == []
    assert program.json("gc", "--max-size", "0")["deleted"] == [path]


def test_it_is_said_when_the_size_cannot_be_reached(program: Program) -> None:
    program.talk("keep", "kept", program.add("file", 10))

    status, _, talk = program.talk("gc", "--max-size", "4")

    assert status == 0
    assert "that is 6 bytes more than --max-size: the rest is needed" in talk


def test_names_are_made_listed_and_removed(program: Program) -> None:
    path = program.add("file", 10)

    dry = program.json("keep", "v1", path, "--dry-run")
    made = program.json("keep", "v1", path)
    listed = program.talk("keep")[1]
    collected = program.json("gc")
    removed = program.json("keep", "--remove", "v1")

    assert (dry["kept"], dry["added"]) == ([], [{"name": "v1", "path": path}])
    assert made["kept"] == made["added"] == [{"name": "v1", "path": path}]
    assert listed == f"v1 {path}\n"
    assert (collected["deleted"], collected["kept"]) == ([], 1)
    assert (removed["kept"], removed["removed"]) == ([], [{"name": "v1", "path": path}])
    assert program.json("gc")["deleted"] == [path]


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["gc", "--max-size", "ten"], "store-usage", 2),
        (["gc", "--max-size", "-1"], "store-usage", 2),
        (["gc", "--keep-since", "7"], "store-usage", 2),
        (["keep", "name"], "store-usage", 2),
        (["keep", "--remove"], "store-usage", 2),
        (["keep", "--remove", "name"], "nothing-kept", 3),
        (["keep", "--remove", "--dry-run", "name"], "nothing-kept", 3),
        (["keep", "name", f"/eka/store/{'m' * 32}-missing"], "path-not-found", 3),
        (["keep", "name", "nonsense"], "invalid-store-path", 2),
    ],
)
def test_wrong_words_end_with_an_error(
    program: Program, words: list[str], code: str, status: int
) -> None:
    error = program.json(*words)["error"]

    assert (error["code"], error["exit_status"]) == (code, status)


def test_sizes_are_written_and_read_in_units_of_1024() -> None:
    texts = ("0", "4096", "1K", "1.5M", "2gib", "3TB")

    assert [size_bytes(text) for text in texts] == [
        0, 4096, 1024, 1536 * 1024, 2 << 30, 3 << 40
    ]  # fmt: skip
    assert [in_words(size) for size in (0, 1, 1023, 1024, 1536 * 1024, 5 << 40)] == [
        "0 bytes", "1 byte", "1023 bytes", "1.0 KiB", "1.5 MiB", "5.0 TiB"
    ]  # fmt: skip
