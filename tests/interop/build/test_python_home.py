"""Which loader a Python of a tree is started by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.build.python_home import find_interpreter

if TYPE_CHECKING:
    from pathlib import Path


def tree(home: Path, loader: bytes) -> Path:
    """Make a tree whose Python names a loader."""
    (home / "tree" / "usr" / "bin").mkdir(parents=True)
    (home / "tree" / "usr" / "lib").mkdir()
    program = b"\x7fELF" + bytes(60) + b"/lib" + loader + b"\0" + bytes(60)
    (home / "tree" / "usr" / "bin" / "python3.11").write_bytes(program)
    return home / "tree"


def test_a_loader_of_the_tree_starts_its_python(tmp_path: Path) -> None:
    place = tree(tmp_path, b"/ld-linux-x86-64.so.2")
    (place / "usr" / "lib" / "ld-linux-x86-64.so.2").write_bytes(b"loader")

    found = find_interpreter(place, "/eka/store/x", "3.11")

    assert found.loader == "/eka/store/x/usr/lib/ld-linux-x86-64.so.2"


@pytest.mark.spec("unpack-python")
@pytest.mark.parametrize("name", [b"/ld-linux/../../../../outside", b'/ld.so";reboot;"'])
def test_a_loader_is_a_plain_name_of_the_tree(tmp_path: Path, name: bytes) -> None:
    place = tree(tmp_path, name)
    (place / "usr" / "lib" / "ld-linux").mkdir()
    (place / "usr" / "lib" / name.decode().rpartition("/")[2]).write_bytes(b"loader")
    (tmp_path / "outside").write_bytes(b"of this machine")

    assert find_interpreter(place, "/eka/store/x", "3.11").loader == ""
