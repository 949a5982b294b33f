"""A Python of one tree of the store runs the packages of another, wherever it is started."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import pytest

from eka.build.errors import InterpreterMissing
from eka.build.python_home import find_interpreter
from eka.build.python_scripts import launcher_text
from eka.store import (
    ActionInput,
    FetchAction,
    Layer,
    LayerFormat,
    PythonTree,
    UnpackAction,
    action_id,
)
from tests.fakes.web_server import reply, web_server
from tests.fakes.wheels import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.workbench import Workbench

LOGICAL = "/eka/store/x-root"
LOADER = "ld-linux-x86-64.so.2"


def program(loader: str = f"/lib64/{LOADER}") -> bytes:
    """Return the beginning of a program that names its loader."""
    return b"\x7fELF" + struct.pack("<12x") + b"\0" * 48 + loader.encode() + b"\0rest"


def root(place: Path, *files: str, data: bytes = b"") -> Path:
    """Return a tree with some empty files."""
    for file in files:
        target = place / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return place


@pytest.mark.spec("unpack-python")
def test_python_is_found_with_the_loader_and_libraries_of_its_tree(tmp_path: Path) -> None:
    tree = root(tmp_path, "usr/bin/python3.11", data=program())
    root(tmp_path, f"usr/lib/x86_64-linux-gnu/{LOADER}", "usr/lib/python3.11/os.py")
    (tree / "lib").symlink_to("usr/lib")

    found = find_interpreter(tree, LOGICAL, "3.11")

    assert found.program == f"{LOGICAL}/usr/bin/python3.11"
    assert found.loader == f"{LOGICAL}/usr/lib/x86_64-linux-gnu/{LOADER}"
    assert found.libraries == (f"{LOGICAL}/usr/lib/x86_64-linux-gnu", f"{LOGICAL}/usr/lib")


@pytest.mark.spec("unpack-python")
@pytest.mark.parametrize("place", ["usr/bin", "bin", "usr/local/bin"])
def test_python_may_lie_in_the_usual_places(tmp_path: Path, place: str) -> None:
    tree = root(tmp_path, f"{place}/python3.12", data=b"#!/bin/sh\n")

    found = find_interpreter(tree, LOGICAL, "3.12")

    assert (found.program, found.loader) == (f"{LOGICAL}/{place}/python3.12", "")
    assert b"PYTHONPATH=" in launcher_text(found, "3.12")


@pytest.mark.spec("unpack-python")
@pytest.mark.parametrize("data", [program("/odd/loader"), program(), b"\x7fELF"])
def test_without_a_loader_python_starts_as_it_is(tmp_path: Path, data: bytes) -> None:
    tree = root(tmp_path, "bin/python3.11", data=data)

    assert find_interpreter(tree, LOGICAL, "3.11").loader == ""


@pytest.mark.spec("unpack-python")
def test_no_link_is_followed_out_of_a_tree(tmp_path: Path) -> None:
    outside = root(tmp_path / "outside", "bin/python3.11", data=b"x")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "bin").symlink_to(outside / "bin")
    (tree / "usr").mkdir()
    (tree / "usr" / "bin").mkdir()
    (tree / "usr" / "bin" / "python3.11").symlink_to("/usr/bin/env")

    with pytest.raises(InterpreterMissing) as caught:
        find_interpreter(tree, LOGICAL, "3.11")

    assert caught.value.version == "3.11"


@pytest.mark.spec("unpack-python")
@pytest.mark.spec("unpack-wheel")
def test_a_tree_of_packages_keeps_its_python_alive(bench: Workbench, tmp_path: Path) -> None:
    wheel = Recipe(entry_points="[console_scripts]\ndemo = demo:main\n")
    data = wheel.build()
    python = bench.tree({"bin/python3.11*": b"#!/bin/sh\necho python $*\n"}, "root")
    with web_server() as server:
        file = FetchAction(
            name=wheel.file,
            urls=(server.serve(f"/{wheel.file}", reply("200 OK", data)),),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        action = UnpackAction(
            name="site",
            layers=(Layer("f0", LayerFormat.WHEEL),),
            inputs={"f0": ActionInput(action_id(file)), "python": python},
            python=PythonTree("3.11", "python"),
        )
        site = bench.realise(file, action)
    bench.store.add_root(tmp_path / "link", site)

    bench.store.gc()

    assert bench.store.path_info(site).references == (python.path,)
    assert bench.store.has(python.path)
    text = bench.read(site, "bin/python")
    assert f'exec "{python.path.text}/bin/python3.11" "$@"' in text
    assert "demo" in {entry.name for entry in (bench.store.physical(site) / "bin").iterdir()}


@pytest.mark.spec("unpack-python")
def test_a_tree_without_the_python_is_refused(bench: Workbench) -> None:
    data = Recipe().build()
    with web_server() as server:
        file = FetchAction(
            name=Recipe().file,
            urls=(server.serve("/x", reply("200 OK", data)),),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        action = UnpackAction(
            name="site",
            layers=(Layer("f0", LayerFormat.WHEEL),),
            inputs={"f0": ActionInput(action_id(file)), "python": bench.tree({"a": b""}, "root")},
            python=PythonTree("3.11", "python"),
        )

        with pytest.raises(InterpreterMissing):
            bench.realise(file, action)
