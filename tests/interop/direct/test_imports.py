"""Lock files of other tools are taken over: what they pin, and nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.python_root import VERSION
from tests.fakes.wheels import METADATA, Recipe
from tests.servers.git_http import serve as serve_git
from tests.servers.package_index import PackageIndex, serve
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Generator

BIN = Path(sys.executable).parent
POETRY = BIN.parent / "poetry" / "bin" / "poetry"
LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
# name -> what it needs; `web` is an extra of `base`
WORLD = {
    "base": (
        "needed>=1", "win ; sys_platform == 'win32'", "old ; python_version < '3'",
        "extended ; extra == 'web'",
    ),
    "needed": ("deeper",), "deeper": (), "extended": (), "win": (), "old": (), "tool": ("deeper",),
    "served": (),
}  # fmt: skip
PROJECT = """\
[project]
name = "app"
version = "1"
requires-python = ">=3.11"
dependencies = ["base[web]", "win ; sys_platform == 'win32'"]
[project.optional-dependencies]
serve = ["served"]
[dependency-groups]
dev = ["tool"]
"""


@dataclass(frozen=True)
class Desk:
    """Somebody with a project, and the index that its packages come from."""

    index: PackageIndex
    person: Person
    place: Path

    def lock(self, lock: str) -> None:
        """Let the tool of a lock file write it."""
        environment = {
            **os.environ, "HOME": str(self.place.parent), "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "UV_CACHE_DIR": str(self.place.parent / "uv"), "UV_NO_CONFIG": "1",
            "UV_DEFAULT_INDEX": self.index.simple, "UV_PYTHON": sys.executable,
            "POETRY_CACHE_DIR": str(self.place.parent / "poetry"),
            "POETRY_VIRTUALENVS_CREATE": "false",
        }  # fmt: skip
        source = f'[[tool.poetry.source]]\nname = "loopback"\nurl = "{self.index.simple}"\n'
        (self.place / "pyproject.toml").write_text(PROJECT + source)
        uv = str(BIN / "uv")
        commands = [[uv, "lock", "-q"]]
        if lock == "poetry.lock":
            commands = [[str(POETRY), "lock", "-n", "-q"]]
        if lock == "pylock.toml":
            export = [uv, "export", "-q", "--format", lock, "-o", lock]
            commands.append([*export, "--no-default-groups", "--no-emit-project"])
        for command in commands:
            done = subprocess.run(
                command,
                cwd=self.place,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr

    def imports(self, *words: str) -> Answer:
        """Import for the Python of this machine."""
        return self.person.json(self.place, "import", *words, "--python", VERSION)


def names(answer: Answer) -> list[str]:
    assert answer.status == 0, answer.out
    return [each["name"] for each in answer.document["packages"]]


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk]:
    files, place = tmp_path / "files", tmp_path / "app"
    files.mkdir()
    place.mkdir()
    for name, needs in WORLD.items():
        extra = "Provides-Extra: web\n" if name == "base" else ""
        lines = "".join(f"Requires-Dist: {each}\n" for each in needs)
        info = f"{name}-1.0.dist-info/METADATA"
        text = METADATA.format(name, "1.0") + extra + lines
        recipe = Recipe(name=name, files={f"{name}.py": b""}, metadata={info: text})
        (files / recipe.file).write_bytes(recipe.build())
    manifest = '[package]\nlabel = "app"\nversion = "1.0.0"\nsystems = ["x86_64-linux"]\n'
    (place / "atom.toml").write_text(manifest)
    with serve(files) as index:
        person = Person(
            tmp_path / "home", no_proxy="127.0.0.1", PIP_INDEX_URL=index.simple,
            PIP_EXTRA_INDEX_URL="", PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1",
            PIP_FIND_LINKS="", EKA_PYPI_INDEX=index.simple,
        )  # fmt: skip
        yield Desk(index, person, place)


@pytest.mark.spec("pypi-lock")
@pytest.mark.spec("pypi-import")
@pytest.mark.parametrize("lock", LOCKS)
def test_what_the_tool_would_install_here_is_pinned(desk: Desk, lock: str) -> None:
    desk.lock(lock)

    found = desk.imports(lock)

    assert names(found) == ["base", "deeper", "extended", "needed"]
    assert found.document["form"] == "python"
    text = (desk.place / "atom.lock").read_text()
    for file in desk.index.directory.iterdir():
        pinned = hashlib.sha256(file.read_bytes()).hexdigest() in text
        assert pinned == (file.name.partition("-")[0] in names(found))


@pytest.mark.spec("pypi-lock")
@pytest.mark.parametrize("lock", LOCKS[:2])
def test_extras_and_groups_are_taken_when_asked_for(desk: Desk, lock: str) -> None:
    desk.lock(lock)

    more = desk.imports(lock, "--extra", "serve", "--group", "dev")
    again = desk.imports(lock, "--skip", "needed", "--skip", "deeper")

    assert {"served", "tool"} < set(names(more))
    assert not {"needed", "deeper"} & set(names(again))
    assert again.document["declared"] == [{"kind": "pypi", "name": "site"}]


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    desk.lock("uv.lock")
    before = (desk.place / "atom.toml").read_text()

    found = desk.imports("uv.lock", "--dry-run")

    assert names(found)
    assert not found.document["written"]
    assert (desk.place / "atom.toml").read_text() == before
    assert not (desk.place / "atom.lock").exists()


@pytest.mark.spec("pypi-pin")
@pytest.mark.parametrize("lock", LOCKS)
def test_other_bytes_than_the_lock_file_pins_are_refused(desk: Desk, lock: str) -> None:
    desk.lock(lock)
    desk.index.replaced["needed-1.0-py3-none-any.whl"] = b"other"

    found = desk.imports(lock)

    assert found.code == "wheel-mismatch"
    assert found.status == 5
    assert not (desk.place / "atom.lock").exists()


@pytest.mark.spec("pypi-unmapped")
def test_what_does_not_map_is_named_whole(desk: Desk) -> None:
    desk.lock("uv.lock")
    lock = desk.place / "uv.lock"
    text = lock.read_text()
    for name in ("needed", "deeper"):
        start = text.index(f'[[package]]\nname = "{name}"')
        wheels = text.index("wheels = [", start)
        text = text[:wheels] + text[text.index("]\n", wheels) + 2 :]
    lock.write_text(text)

    refused = desk.imports("uv.lock")
    skipped = desk.imports("uv.lock", "--skip", "needed")

    assert refused.code == "packages-unmapped"
    assert refused.status == 1
    said = [refused.document["error"]["why"], *refused.document["error"]["details"]]
    assert [each.partition(" ")[0] for each in said] == ["deeper", "needed"]
    assert names(skipped) == ["base", "extended"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["gone.lock"], "foreign-lock-missing"),
        (["../outside.lock"], "foreign-lock-missing"),
        (["link.lock"], "foreign-lock-missing"),
        (["atom.toml"], "foreign-lock-invalid"),
        (["uv.lock", "--extra", "x"], "not-in-foreign-lock"),
        (["uv.lock", "--python", "3.7"], "foreign-lock-unfit"),
        (["uv.lock", "--platform", "windows"], "invalid-value"),
        (["uv.lock", "--name", "a b"], "invalid-label"),
    ],
)
def test_what_cannot_be_imported_is_said(desk: Desk, words: list[str], code: str) -> None:
    desk.lock("uv.lock")
    (desk.place.parent / "outside.lock").write_bytes((desk.place / "uv.lock").read_bytes())
    (desk.place / "link.lock").symlink_to("../outside.lock")
    python = [] if "--python" in words else ["--python", VERSION]

    assert desk.person.json(desk.place, "import", *words, *python).code == code


@pytest.mark.spec("pypi-import")
def test_for_which_python_must_be_known(desk: Desk) -> None:
    desk.lock("uv.lock")

    assert desk.person.json(desk.place, "import", "uv.lock").code == "python-unknown"


@pytest.mark.spec("pypi-requirements")
def test_requirements_are_resolved_by_pip(desk: Desk) -> None:
    added = desk.person.json(desk.place, "add", f"web=pypi:base[web]>=1,<2#python={VERSION}")
    assert added.status == 0, added.out
    text = (desk.place / "atom.lock").read_text()
    refused = desk.person.json(desk.place, "add", f"pypi:base>=2#python={VERSION}")
    untyped = desk.person.json(desk.place, "add", "pypi:base")

    assert [name for name in WORLD if f'name = "{name}"' in text] == [
        "base", "needed", "deeper", "extended",
    ]  # fmt: skip
    assert refused.code == "requirements-unresolved"
    assert untyped.code == "invalid-direct-source"


SHA256 = hashlib.sha256(b"x").digest()
OLD = """\
version = 1
[sets.{genesis}]
tag = "village"
mirrors = ["{url}"]
[locker]
label = "nix-lock"
version = "0.1.0"
set = "{genesis}"
id = "{zeros}"
rev = "{rev}"
[[deps]]
type = "atom"
label = "shell"
version = "1.0.0"
set = "{genesis}"
rev = "{rev}"
id = "{zeros}"
[[deps]]
type = "nix+src"
name = "file"
url = "{server}/files/served-1.0-py3-none-any.whl"
hash = "sha256-{sri}"
[[deps]]
type = "nix"
name = "weak"
url = "https://example.org/x"
hash = "md5:00"
[[deps]]
type = "nix"
name = "local"
url = "path:./x"
hash = "sha256-{sri}"
"""


@pytest.mark.spec("pypi-import")
@pytest.mark.spec("lock-v1")
def test_a_lock_of_version_1_becomes_requirements_and_sources(desk: Desk) -> None:
    village = Village(desk.place.parent / "village")
    village.publish(desk.person)
    genesis = git(village.mono, "rev-parse", "refs/ekala/init")
    served = (desk.index.directory / "served-1.0-py3-none-any.whl").read_bytes()
    (desk.place / "old.lock").write_text(
        OLD.format(
            genesis=genesis, url=village.url, zeros="0" * 52, server=desk.index.url,
            rev=git(village.server, "rev-parse", "refs/atoms/shell/1.0.0"),
            sri=b64encode(hashlib.sha256(served).digest()).decode(),
        )
    )  # fmt: skip

    local = desk.person.json(desk.place, "import", "old.lock", "--dry-run")
    with serve_git(village.server.parent) as server:
        old = desk.place / "old.lock"
        old.write_text(old.read_text().replace(village.url, f"{server.url}/pkgs.git"))
        found = desk.person.json(desk.place, "import", "old.lock")

    assert local.status == found.status == 0, found.out
    assert found.document["form"] == "atom-v1"
    assert local.document["declared"] == [{"kind": "url", "name": "file"}]
    assert found.document["declared"] == [
        {"kind": "village", "name": "shell"}, {"kind": "url", "name": "file"},
    ]  # fmt: skip
    assert [each["name"] for each in local.document["left"]] == [
        "shell", "weak", "local", "nix-lock",
    ]  # fmt: skip
    assert 'shell = "^1.0.0"' in (desk.place / "atom.toml").read_text()
    assert [each["label"] for each in found.document["changes"]] == ["shell"]


@pytest.mark.spec("publish-lock-foreign")
@pytest.mark.parametrize("change", ["written anew", "left out"])
def test_an_atom_is_published_with_the_lock_file_it_was_pinned_from(
    desk: Desk, change: str
) -> None:
    village = Village(desk.place.parent / "village")
    village.publish(desk.person)
    desk.lock("uv.lock")
    for name in ("atom.toml", "uv.lock"):
        village.write(f"app/{name}", (desk.place / name).read_text())
    app, lock = village.mono / "app", village.mono / "app" / "uv.lock"
    desk.person.does(app, "import", "uv.lock", "--python", VERSION)
    good = lock.read_text()
    if change == "left out":
        lock.unlink()
    else:
        lock.write_text(f"{good}# changed\n")
    village.commit()

    refused = desk.person.json(village.mono, "publish", "app", "--push-source")
    lock.write_text(good)
    village.commit()
    published = desk.person.json(village.mono, "publish", "app", "--push-source")

    assert refused.code == "lock-outdated"
    assert published.status == 0, published.out
