"""A small Flask application, locked by uv and by Poetry, is built and answers.

Its Python is this machine's, in a root file system of its own; the long run takes Debian's. Wheels
come from the machine's package index once, and from a loopback index from then on.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fakes.python_root import VERSION, write_python_root
from tests.servers.package_index import PackageIndex, serve
from tests.story import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ROOT = Path(__file__).parents[3]
APPLICATION = ROOT / "fixtures" / "flask-pages"
BIN = Path(sys.executable).parent
POETRY = BIN.parent / "poetry" / "bin" / "poetry"
GREETING = b"hello from the sandbox\n"
LOCKS = ("uv.lock", "poetry.lock")


@dataclass(frozen=True)
class Stage:
    """An index with the wheels of the application, and somebody who uses eka."""

    index: PackageIndex
    person: Person
    root: Path

    def project(self, name: str, *, debian: bool) -> Path:
        """Return a copy of the application; its root file system is the one that is served."""
        place = self.root / name
        shutil.copytree(APPLICATION, place)
        if not debian:
            manifest = place / "atom.toml"
            lines = manifest.read_text().splitlines()
            url = f'root = {{ url = "{self.index.url}/files/root.tar", unpack = true }}'
            kept = [url if line.startswith("root = ") else line for line in lines]
            text = "\n".join(kept).replace("[deps.direct.deb]", "[deps.direct.url]")
            manifest.write_text(text + "\n")
        return place

    def lock(self, place: Path, lock: str) -> None:
        """Let the ecosystem's own tool write its lock file."""
        environment = {
            **os.environ,
            "HOME": str(self.root),
            "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "UV_CACHE_DIR": str(self.root / "uv"),
            "UV_DEFAULT_INDEX": self.index.simple,
            "UV_NO_CONFIG": "1",
            "UV_PYTHON": sys.executable,
            "POETRY_VIRTUALENVS_CREATE": "false",
            "POETRY_CACHE_DIR": str(self.root / "poetry"),
        }
        command = [str(BIN / "uv"), "lock", "--quiet"]
        if lock == "poetry.lock":
            command = [str(POETRY), "lock", "--no-interaction", "--quiet"]
            with (place / "pyproject.toml").open("a") as file:
                file.write(
                    f'\n[[tool.poetry.source]]\nname = "loopback"\nurl = "{self.index.simple}"\n'
                    'priority = "primary"\n'
                )
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr + done.stdout


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    root = tmp_path_factory.mktemp("flask")
    files = root / "files"
    files.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "-d"]
    done = subprocess.run(
        [*command, str(files), "flask>=3", "pillow>=10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    write_python_root(files / "root.tar")
    with serve(files) as index:
        yield Stage(index, Person(root / "home", no_proxy="127.0.0.1"), root)


@contextmanager
def running(person: Person, place: Path) -> Generator[str]:
    """Start the application as a user would; gives its address."""
    with subprocess.Popen(
        [str(BIN / "eka"), "run", "pages"],
        cwd=place,
        env=person.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(child.stdout.readline())}"
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def page(url: str) -> bytes:
    # The machine's proxy does not know what runs on loopback.
    with build_opener(ProxyHandler({})).open(url) as answer:
        body: bytes = answer.read()
    return body


def size_of_png(data: bytes) -> tuple[int, int]:
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


@pytest.mark.spec("pypi-lock")
@pytest.mark.spec("pypi-import")
@pytest.mark.spec("unpack-python")
@pytest.mark.parametrize("lock", LOCKS)
def test_an_application_locked_by_the_tool_of_its_ecosystem_builds_and_answers(
    stage: Stage, lock: str, rounds: Callable[[int, int], int]
) -> None:
    for number in range(rounds(1, 2)):
        is_debian = number == 1
        place = stage.project(f"{lock}-{number}", debian=is_debian)
        if is_debian and VERSION != "3.11":
            continue  # the wheels that were fetched are for another Python than Debian 12 has
        stage.lock(place, lock)

        python = [] if is_debian else ["--python", VERSION]
        imported = stage.person.json(place, "import", lock, *python)
        built = stage.person.json(place, "build", "--no-link")

        assert imported.status == built.status == 0, built.err
        packages = {each["name"] for each in imported.document["packages"]}
        assert packages >= {"flask", "jinja2", "markupsafe", "pillow", "werkzeug"}
        answers = answers_of(built.document)
        assert answers.startswith(GREETING)
        assert size_of_png(answers.removeprefix(GREETING)) == (16, 8)
        with running(stage.person, place) as address:
            assert page(address) == GREETING
            assert size_of_png(page(f"{address}/picture/40/30")) == (40, 30)


def answers_of(built: dict[str, Any]) -> bytes:
    """Return what the application answered while it was built, in the sandbox."""
    (output,) = built["outputs"]
    return Path(output["physical"], "answers").read_bytes()


@pytest.mark.spec("pypi-stale")
def test_a_lock_file_written_anew_is_followed(stage: Stage) -> None:
    place = stage.project("followed", debian=False)
    stage.lock(place, "uv.lock")
    stage.person.does(place, "import", "uv.lock", "--python", VERSION)
    before = json.loads(stage.person.does(place, "build", "--json", "--no-link").out)
    text = (place / "pyproject.toml").read_text()
    (place / "pyproject.toml").write_text(text.replace('"flask>=3", ', ""))
    (place / "pages.py").write_text("import PIL\nprint(PIL.__name__)\n")
    stage.lock(place, "uv.lock")

    refused = stage.person.json(place, "build", "--locked", "--no-link")
    after = json.loads(stage.person.does(place, "build", "--json", "--no-link").out)

    assert refused.code == "lock-stale"
    assert before["outputs"][0]["content"] != after["outputs"][0]["content"]
    assert '"flask"' not in (place / "atom.lock").read_text()
    assert answers_of(after) == b"PIL\n"
