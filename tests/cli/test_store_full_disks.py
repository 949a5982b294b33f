"""A disk that is full while something comes in: it is the store's trouble, not the stream's."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

from eka.store import Store, export_stream
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def full(*_: object) -> None:
    """Refuse as a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def told(store: Path, *words: str, stdin: bytes = b"") -> tuple[str, str]:
    """Run a command; return code and place of its error."""
    out = io.StringIO()
    console = Console(io.BytesIO(stdin), out, io.StringIO())
    dispatch(["--store", str(store), "--json", *words], {}, console)
    error = json.loads(out.getvalue())["error"]
    return error["code"], error["where"]


def test_an_import_without_room_names_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "from", durable=False) as store:
        path = store.add_tree("thing", nodes(b"x"))
        (tmp_path / "file").write_bytes(b"".join(export_stream(store, [path])))
    monkeypatch.setattr("eka.store.write.write_all", full)

    found = told(tmp_path / "to", "import", str(tmp_path / "file"))

    assert found == ("store-unusable", str(tmp_path / "to"))


def test_a_tree_without_room_names_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    monkeypatch.setattr("eka.build.spool.Spool.append", full)

    found = told(tmp_path, "add-tree", "thing", stdin=packed.getvalue())

    assert found == ("store-unusable", str(tmp_path))


def test_an_export_may_have_the_longest_name_there_is(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("thing", nodes(b"x"))
    out = tmp_path / ("漢" * 85)
    console = Console(io.BytesIO(), io.StringIO(), io.StringIO())

    words = ["--store", str(tmp_path / "store"), "export", path.text, "--output", str(out)]

    assert dispatch(words, {}, console) == 0
    assert out.is_file()
