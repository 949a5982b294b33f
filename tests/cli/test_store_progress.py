"""Long work of ``eka-store`` tells a person how far it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from eka.store_cli.console import Console
from tests.fakes.store_program import StoreProgram

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

MIB = 1 << 20


class Display:
    """What would move on a terminal."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int, int | None]] = []

    def count(self, what: str, done: int, total: int | None) -> None:
        """Remember what was shown."""
        self.shown.append((what, done, total))


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    """Show what moves to us."""
    made = Display()

    @contextmanager
    def moving(_: Console, environment: Mapping[str, str]) -> Generator[Display, None, None]:
        assert environment["HOME"]
        yield made

    monkeypatch.setattr(Console, "moving", moving)
    return made


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of three files, four mebibytes and a half."""
    (tmp_path / "tree").mkdir()
    for number, size in enumerate((3 * MIB, MIB, MIB // 2)):
        (tmp_path / "tree" / str(number)).write_bytes(bytes([number]) * size)
    (tmp_path / "tree" / "link").symlink_to("0")
    return tmp_path / "tree"


@pytest.mark.parametrize("nar", [(), ("--nar",)])
def test_adding_tells_how_much_was_added(
    eka_store: StoreProgram, display: Display, tree: Path, nar: tuple[str, ...]
) -> None:
    counted = eka_store("add", tree, *nar).stdout
    shown, display.shown = display.shown, []

    assert shown[0] == ("MiB added", 0, None)
    assert [done for _, done, _ in shown] == sorted({done for _, done, _ in shown})
    assert shown[-1][1] == 4
    assert counted == eka_store("add", tree).stdout


def test_streams_tell_how_much_of_them_is_done(
    eka_store: StoreProgram, display: Display, tree: Path, tmp_path: Path
) -> None:
    path = eka_store("add", tree).stdout.strip()
    display.shown.clear()

    eka_store("export", path, "-o", tmp_path / "stream")
    written, display.shown = display.shown, []
    there = eka_store("import", tmp_path / "stream", "--store", tmp_path / "other")
    from_file, display.shown = display.shown, []
    data = (tmp_path / "stream").read_bytes()
    eka_store("import", "-", "--store", tmp_path / "third", stdin=data)

    assert there.stdout == f"{path}\n"
    assert written[0] == ("MiB written", 0, 5)
    assert from_file[0] == ("MiB read", 0, 5)
    assert display.shown[0] == ("MiB read", 0, None)
    assert [shown[-1][1] for shown in (written, from_file, display.shown)] == [4, 4, 4]


def test_checking_and_collecting_tell_how_many_paths_are_done(
    eka_store: StoreProgram, display: Display, tree: Path
) -> None:
    eka_store("add", tree)
    eka_store("add", tree / "0")
    display.shown.clear()

    eka_store("verify")
    checked, display.shown = display.shown, []
    eka_store("gc")

    assert checked == [("paths checked", 0, 2), ("paths checked", 1, 2)]
    assert display.shown[-1] == ("paths deleted", 2, 2)


def test_nothing_is_counted_where_nobody_sees_it(eka_store: StoreProgram, tree: Path) -> None:
    added = eka_store("add", tree)
    checked = eka_store("verify", "--json")

    assert added.stderr == ""
    assert checked.document["checked"] == 1
