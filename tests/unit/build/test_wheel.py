"""Wheels become trees as the binary distribution format says; what breaks it is refused."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import partial

import pytest

from eka.build.errors import (
    ArchiveTooLarge,
    BrokenArchive,
    UnsafeArchive,
    UnsupportedArchive,
)
from eka.build.python_scripts import Interpreter
from eka.build.spool import LayerFile
from eka.build.unpack import unpacked
from eka.store import FileNode, Layer, LayerFormat, PythonTree, TreeInput, UnpackAction
from tests.fakes.wheels import Recipe, row_hash, zipped

SITE = "lib/python3.11/site-packages"
PYTHON = Interpreter("/eka/store/x-root/usr/bin/python3.11", "", ())
PROGRAMS = (
    "[console_scripts]\ndemo = demo:main\n[gui_scripts]\nshow = demo.gui:App.start [extra]\n"
)


def tree(
    *wheels: Recipe, interpreter: Interpreter | None = None, max_bytes: int = 1 << 20
) -> dict[str, tuple[bytes, bool]]:
    """Return the files of a tree that wheels were laid into: content, and whether executable."""
    files = {
        f"f{index}": LayerFile(each.file, partial(io.BytesIO, each.build()))
        for index, each in enumerate(wheels)
    }
    inputs = dict.fromkeys([*files, "python"], TreeInput("0" * 64, "x"))
    action = UnpackAction(
        name="site",
        layers=tuple(Layer(key, LayerFormat.WHEEL) for key in files),
        inputs=inputs,
        python=PythonTree("3.11", "python" if interpreter else ""),
    )
    nodes = unpacked(action, files, io.BytesIO(), max_bytes=max_bytes, interpreter=interpreter)
    return {
        b"/".join(node.path).decode(): (b"".join(node.chunks), node.executable)
        for node in nodes
        if isinstance(node, FileNode)
    }


@pytest.mark.spec("unpack-wheel")
def test_files_go_where_their_schemes_say() -> None:
    data = "demo-1.0.data"
    recipe = Recipe(
        files={
            "demo/__init__.py": b"1",
            "demo/run.sh": b"2",
            f"{data}/purelib/pure.py": b"3",
            f"{data}/platlib/flat.so": b"4",
            f"{data}/data/share/demo.txt": b"5",
            f"{data}/headers/demo.h": b"6",
            f"{data}/scripts/plain": b"#!/bin/sh\n",
        },
        executable=frozenset({"demo/run.sh"}),
    )

    found = tree(recipe)

    info = f"{SITE}/demo-1.0.dist-info"
    assert {path: executable for path, (_, executable) in found.items()} == {
        f"{SITE}/demo/__init__.py": False,
        f"{SITE}/demo/run.sh": True,
        f"{SITE}/pure.py": False,
        f"{SITE}/flat.so": False,
        "share/demo.txt": False,
        "include/python3.11/demo/demo.h": False,
        "bin/plain": True,
        **{f"{info}/{name}": False for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")},
    }
    assert found[f"{info}/INSTALLER"][0] == b"eka\n"


@pytest.mark.spec("unpack-wheel")
def test_the_record_lists_what_was_installed() -> None:
    recipe = Recipe(files={"demo.py": b"1", "demo-1.0.data/scripts/x": b"#!python\nprint()\n"})

    found = tree(recipe, interpreter=PYTHON)

    text = found[f"{SITE}/demo-1.0.dist-info/RECORD"][0].decode()
    rows = {path: (hashed, size) for path, hashed, size in csv.reader(text.splitlines())}
    script = found["bin/x"][0]
    assert rows["demo.py"] == (row_hash(b"1"), "1")
    assert rows["../../../bin/x"] == (row_hash(script), str(len(script)))
    assert rows["demo-1.0.dist-info/RECORD"] == ("", "")
    assert set(rows) == {
        "demo.py", "../../../bin/x",
        *(f"demo-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
    }  # fmt: skip


@pytest.mark.spec("unpack-wheel-programs")
@pytest.mark.spec("unpack-python")
def test_programs_are_started_by_the_python_beside_them() -> None:
    script = {"demo-1.0.data/scripts/tool": b"#!python3\nprint('tool')\n"}
    recipe = Recipe(files=script, entry_points=PROGRAMS)

    found = tree(recipe, interpreter=PYTHON)

    programs = {path for path, (_, executable) in found.items() if executable}
    assert programs == {f"bin/{name}" for name in ("demo", "show", "tool", "python", "python3")}
    assert b"from demo.gui import App\n" in found["bin/show"][0]
    assert b"App.start()" in found["bin/show"][0]
    assert found["bin/tool"][0].endswith(b"' '''\nprint('tool')\n")
    assert b"home = /eka/store/x-root/usr/bin\n" in found["pyvenv.cfg"][0]
    for name in ("demo", "show", "tool"):
        compile(found[f"bin/{name}"][0], name, "exec")  # a shell reads it, and Python too


@pytest.mark.spec("unpack-wheel-programs")
def test_without_an_interpreter_there_are_packages_only() -> None:
    script = {"demo.py": b"", "demo-1.0.data/scripts/tool": b"#!python\n"}

    found = tree(Recipe(files=script, entry_points=PROGRAMS))

    assert {path.partition("/")[0] for path in found} == {"lib"}


@pytest.mark.spec("unpack-wheel")
@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512"])
def test_every_strong_hash_is_checked(method: str) -> None:
    path = "demo.py"
    good = Recipe(files={path: b"1"}, record={path: row_hash(b"1", method)})
    bad = replace(good, record={path: row_hash(b"2", method)})

    assert f"{SITE}/{path}" in tree(good)
    with pytest.raises(BrokenArchive) as caught:
        tree(bad)
    assert path in caught.value.why


WRONG = {
    "a weak hash": Recipe(record={"demo/__init__.py": row_hash(b"x = 1\n", "md5")}),
    "no hash": Recipe(record={"demo/__init__.py": ""}),
    "not listed": Recipe(left_out=frozenset({"demo/__init__.py"})),
    "listed only": Recipe(more="gone.py,sha256=x,1\n"),
    "half a row": Recipe(more="gone.py\n"),
    "listed twice": Recipe(more="demo/__init__.py,sha256=x,1\n"),
    "an endless record": Recipe(more="".join(f"x{number},,\n" for number in range(99))),
    "a row that is open": Recipe(more='"' + "x" * 200_000 + "\n"),
    "other metadata": Recipe(info="other-1.0.dist-info"),
    "another version": Recipe(info="demo-2.0.dist-info"),
    "no WHEEL": Recipe(wheel=""),
    "two packages": Recipe(files={"other-1.0.dist-info/METADATA": b""}),
    "no reference": Recipe(entry_points="[console_scripts]\nx = demo\n"),
    "a path": Recipe(entry_points="[console_scripts]\n../x = demo:main\n"),
    "a word": Recipe(entry_points="[console_scripts]\nx = demo:main; import os\n"),
    "no section": Recipe(entry_points="x = y\n"),
    "many": Recipe(entry_points="[gui_scripts]\n" + "".join(f"x{n} = a:b\n" for n in range(1001))),
}


@pytest.mark.spec("unpack-wheel")
@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_wheel_is_refused(case: str) -> None:
    with pytest.raises(BrokenArchive):
        tree(WRONG[case], interpreter=PYTHON)


UNSAFE = {
    "outside": {"../x": b""},
    "absolute": {"/x": b""},
    "outside by data": {"demo-1.0.data/scripts/../../x": b""},
    "an unknown scheme": {"demo-1.0.data/stdlib/os.py": b""},
    "a file for a scheme": {"demo-1.0.data/purelib": b""},
    "a file for all schemes": {"demo-1.0.data": b""},
}


@pytest.mark.spec("unpack-wheel")
@pytest.mark.parametrize("case", UNSAFE)
def test_names_that_lead_elsewhere_are_refused(case: str) -> None:
    with pytest.raises(UnsafeArchive):
        tree(Recipe(files=UNSAFE[case]))


@pytest.mark.spec("unpack-wheel")
def test_a_link_is_refused() -> None:
    recipe = Recipe()
    data = bytearray(zipped({"link": b"target"}))
    at = data.rfind(b"PK\1\2")
    data[at + 38 : at + 42] = ((0o120777) << 16).to_bytes(4, "little")
    file = LayerFile(recipe.file, lambda: io.BytesIO(bytes(data)))
    action = UnpackAction(
        name="x",
        layers=(Layer("f", LayerFormat.WHEEL),),
        inputs={"f": TreeInput("0" * 64, "x")},
        python=PythonTree("3.11"),
    )

    with pytest.raises(UnsafeArchive):
        list(unpacked(action, {"f": file}, io.BytesIO()))


@pytest.mark.spec("unpack-wheel")
def test_a_later_format_is_left_to_later_programs() -> None:
    with pytest.raises(UnsupportedArchive):
        tree(Recipe(wheel="Wheel-Version: 2.0\n"))


def test_metadata_are_no_longer_than_metadata_are() -> None:
    with pytest.raises(ArchiveTooLarge):
        tree(Recipe(wheel="x" * (1 << 20) + "\n"), max_bytes=1 << 24)


def test_a_wheel_unpacks_to_no_more_than_is_allowed() -> None:
    with pytest.raises(ArchiveTooLarge):
        tree(Recipe(files={"big": bytes(1 << 16)}), max_bytes=1 << 15)


def test_the_name_of_a_file_and_its_metadata_may_be_spelled_differently() -> None:
    found = tree(Recipe(name="My.Demo", info="my_demo-1.0.dist-info"))

    assert f"{SITE}/my_demo-1.0.dist-info/RECORD" in found


def test_the_same_wheels_make_the_same_tree() -> None:
    pair = (Recipe(), Recipe(name="other", files={"other.py": b""}, entry_points=PROGRAMS))

    assert tree(*pair, interpreter=PYTHON) == tree(*pair, interpreter=PYTHON)
