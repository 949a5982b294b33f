"""The same lock, byte for byte: whoever asks, where and when, and whoever answers first.

Several repositories are served over a line that holds answers back at random.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.big_world import BASE, BigWorld, Shape
from tests.servers.apache import serve
from tests.servers.caged import free_port
from tests.servers.relay import relay
from tests.story import Person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.servers.relay import Line

PROGRAM = str(Path(sys.executable).with_name("eka"))
NOBODY = "65534"
SHORT, LONG = Shape(repositories=7, atoms=42, layers=5), Shape(repositories=30, atoms=300)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of one run."""

    delays: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    user: str = ""
    down: tuple[str, ...] = ()  # repositories that cannot be reached


CIRCUMSTANCES = {
    "answers in another order": Circumstances(1),
    "and in yet another": Circumstances(2, {"PYTHONHASHSEED": "3"}),
    "hash seed 0": Circumstances(3, {"PYTHONHASHSEED": "0"}),
    "far east, Turkish": Circumstances(4, {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8"}),
    "far west, no UTF-8": Circumstances(
        5, {"TZ": "Etc/GMT+12", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ),
    "another user": Circumstances(6, user=NOBODY),
    "asked by git itself": Circumstances(7, {"GIT_SSL_CERT_PASSWORD_PROTECTED": "1"}),
}


@dataclass
class Stage:
    """A served world, and a project in it."""

    world: BigWorld
    line: Line
    usual: bytes = b""

    def lock(self, place: Path, how: Circumstances, manifest: str = "") -> bytes:
        """Lock in a new home and directory, with nothing remembered; return the lock."""
        app = self.world.project(place / "app")
        if manifest:
            (app / "atom.toml").write_text(manifest)
        home = place / "home"
        person = Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"), **how.variables)
        url = f"http://127.0.0.1:{self.line.port}"
        nowhere = f"http://127.0.0.1:{free_port()}"
        settings = BigWorld.settings(url)
        for name in how.down:
            settings += f'[url "{nowhere}/{name}.git"]\n\tinsteadOf = {BASE}{name}.git\n'
        (home / "gitconfig").write_text(settings)
        self.line.hesitates = None if how.delays is None else random.Random(how.delays)
        cage = ["bwrap", "--unshare-user", "--uid", how.user, "--gid", how.user]
        cage += ["--dev-bind", "/", "/", "--"]
        done = subprocess.run(
            [*(cage if how.user else ()), PROGRAM, "lock"],
            cwd=app,
            env=person.environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return (app / "atom.lock").read_bytes()


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Stage]:
    root = tmp_path_factory.mktemp("bytes")
    world = BigWorld(root / "server", LONG if pytestconfig.getoption("--long") else SHORT, seed=4)
    for mirror in ("m0", "n0"):
        shutil.copytree(world.root / "r0.git", world.root / f"{mirror}.git")
    with serve(world.root) as apache, relay(apache.port) as line:
        made = Stage(world, line)
        made.usual = made.lock(root, Circumstances())
        yield made


@pytest.mark.spec("flow-same", "fetch-rounds", "lock-canonical")
@pytest.mark.parametrize("how", CIRCUMSTANCES)
def test_a_lock_does_not_depend_on(how: str, stage: Stage, tmp_path: Path) -> None:
    found = stage.lock(tmp_path, CIRCUMSTANCES[how])

    assert found == stage.usual
    assert found.count(b"[[set]]") == stage.world.shape.repositories


@pytest.mark.spec("flow-same", "mirror-order")
@pytest.mark.parametrize("down", [(), ("r0",), ("r0", "m0")], ids=["none", "first", "two"])
def test_a_lock_does_not_depend_on_which_mirror_answers(
    down: tuple[str, ...], stage: Stage, tmp_path: Path
) -> None:
    addresses = ", ".join(f'"{BASE}{name}.git"' for name in ("r0", "m0", "n0"))
    manifest = stage.world.manifest().replace(f'"{BASE}r0.git"', f"[{addresses}]")
    usual = stage.usual.replace(
        f'urls = [\n  "{BASE}r0.git",\n]'.encode(),
        f"urls = [\n  {addresses.replace(', ', f',{chr(10)}  ')},\n]".encode(),
    )

    found = stage.lock(tmp_path, Circumstances(8, down=down), manifest)

    assert manifest.count(BASE) > stage.world.manifest().count(BASE)
    assert _without_requirements(found) == _without_requirements(usual)


def _without_requirements(lock: bytes) -> list[bytes]:
    """Return the lines of a lock but the digest of its manifest's requirements."""
    return [line for line in lock.splitlines() if not line.startswith(b"requirements")]
