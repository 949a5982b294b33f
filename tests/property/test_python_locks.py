"""Laws of what reads Python's lock files, indexes and wheels: nothing but our errors comes out."""

from __future__ import annotations

import io
import json
import random
import re
from typing import TYPE_CHECKING

import pytest

from eka.atom import Label, PypiSource
from eka.build.spool import LayerFile
from eka.build.unpack import unpacked
from eka.direct import choose_wheels, read_foreign_lock
from eka.direct.python.index import parse_page
from eka.direct.python.pip import parse_report
from eka.errors import EkaError
from eka.store import FileNode, Layer, LayerFormat, PythonTree, TreeInput, UnpackAction
from tests.fakes.wheels import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

SHA = "a" * 64
UV = f"""\
version = 1
requires-python = ">=3.9"
[[package]]
name = "me"
version = "0"
source = {{ virtual = "." }}
dependencies = [{{ name = "a", extra = ["x"], marker = "sys_platform == 'linux'" }}]
[package.optional-dependencies]
web = [{{ name = "b", version = "2" }}]
[[package]]
name = "a"
version = "1"
source = {{ registry = "https://i.org/simple" }}
wheels = [{{ url = "https://w.org/a-1-py3-none-any.whl", hash = "sha256:{SHA}", size = 7 }}]
[package.optional-dependencies]
x = [{{ name = "b" }}]
[[package]]
name = "b"
version = "2"
source = {{ registry = "https://i.org/simple" }}
wheels = [{{ url = "https://w.org/b-2-py3-none-linux_x86_64.whl", hash = "sha256:{SHA}" }}]
"""
POETRY = f"""\
[[package]]
name = "a"
version = "1"
optional = false
python-versions = ">=3.8"
groups = ["main"]
markers = "python_version >= '3.8'"
files = [{{ file = "a-1-py3-none-any.whl", hash = "sha256:{SHA}" }}]
[package.dependencies]
b = {{ version = "*", extras = ["x"], markers = "extra == 'x'" }}
[package.source]
type = "legacy"
url = "https://i.org/simple"
[extras]
x = ["a"]
[metadata]
lock-version = "2.1"
python-versions = ">=3.9"
"""
PYLOCK = f"""\
lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
extras = ["web"]
default-groups = ["d"]
dependency-groups = ["d"]
[[packages]]
name = "a"
version = "1"
marker = "'web' in extras or 'd' in dependency_groups"
wheels = [{{ url = "https://w.org/a-1-py3-none-any.whl", hashes = {{ sha256 = "{SHA}" }} }}]
"""
PROJECT = "[project]\ndependencies = [\"a[x]>=1 ; python_version > '3'\"]\n"
PAGE = f'<a href="../files/a-1-py3-none-any.whl#sha256={SHA}">a</a>'
LISTING = json.dumps({"files": [{"filename": "a.whl", "url": "a.whl", "hashes": {"sha256": SHA}}]})
REPORT = json.dumps(
    {
        "install": [
            {
                "download_info": {"url": "https://w.org/a-1-py3-none-any.whl", "archive_info": {}},
                "metadata": {"name": "a", "version": "1", "requires_dist": ["b>=1 ; x == 'y'"]},
            }
        ]
    }
)
WORDS = (
    "", "0", "-1", "1" * 400, "true", '"', "'", "[", "]", "{", "}", "[[package]]\n", "(" * 60,
    "[package]\n", "==", ">=", "and", "or", "in", "extra", "é", "\x00", "\n", "git", "virtual",
    "a", "b", "name", "version", "=", ",", "~=", "*", ";", "@", "#", "%", "<a href='", "//[",
    "py2.py3", "-cp311-", ".whl", "manylinux_2_99", "1979-05-27", "nan", "[project]\n", "../",
    "9" * 30, "\\", ".",
)  # fmt: skip
SOURCES = [
    PypiSource(name=Label("s"), lock="x", python=python, extras=extras, groups=groups)
    for python in ("3.11", "3.14.1")
    for extras, groups in (((), ()), (("web",), ()), (("x",), ("d",)))
]


def mutated(text: str, chance: random.Random) -> str:
    """Return a text with a few pieces replaced, swapped, repeated or left out."""
    pieces = re.findall(r"\w+|\s+|[^\w\s]", text)
    for _ in range(chance.randrange(1, 4)):
        at, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
        match chance.randrange(4):
            case 0:
                pieces[at] = chance.choice(WORDS)
            case 1:
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case 2:
                pieces[at : at + chance.randrange(12)] = []
            case _:
                pieces[at:at] = pieces[other : other + chance.randrange(30)]
        pieces = pieces or ["x"]
    return "".join(pieces)


def test_a_lock_file_is_read_or_refused(rounds: Callable[[int, int], int]) -> None:
    chance = random.Random(7)
    good = 0
    for _ in range(rounds(3_000, 1_000_000)):
        text = mutated(chance.choice((UV, POETRY, PYLOCK)), chance)
        project = mutated(PROJECT, chance).encode() if chance.randrange(2) else None
        try:
            lock = read_foreign_lock(text.encode(errors="surrogatepass"), "x", project)
            choose_wheels(lock, chance.choice(SOURCES), "x86_64-linux", "x")
            good += 1
        except EkaError:
            continue

    assert good > 0


def test_pages_and_reports_are_read_or_refused(rounds: Callable[[int, int], int]) -> None:
    chance = random.Random(8)
    for _ in range(rounds(2_000, 500_000)):
        try:
            parse_page(
                mutated(chance.choice((PAGE, LISTING)), chance).encode(), "https://i.org/a/"
            )
            parse_report(mutated(REPORT, chance).encode(), "pip")
        except EkaError:
            continue


def install(recipe: Recipe, data: bytes) -> list[bytes]:
    """Return the paths of what a wheel comes to."""
    action = UnpackAction(
        name="site",
        layers=(Layer("f", LayerFormat.WHEEL),),
        inputs={"f": TreeInput("0" * 64, "x")},
        python=PythonTree("3.11"),
    )
    files = {"f": LayerFile(recipe.file, lambda: io.BytesIO(data))}
    nodes = list(unpacked(action, files, io.BytesIO(), max_bytes=1 << 20))
    return [b"/".join(node.path) for node in nodes if isinstance(node, FileNode)]


@pytest.mark.spec("unpack-wheel")
def test_a_wheel_with_flipped_bytes_is_refused_or_the_same(
    rounds: Callable[[int, int], int],
) -> None:
    chance = random.Random(9)
    recipe = Recipe(files={"demo.py": b"x = 1\n" * 50, "demo-1.0.data/scripts/x": b"#!python\n"})
    data = recipe.build()
    expected = set(install(recipe, data))
    for _ in range(rounds(1_500, 300_000)):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            found = install(recipe, bytes(broken))
        except EkaError:
            continue
        # What is not covered by a hash: times, modes, comments, and the record itself.
        assert set(found) <= expected
