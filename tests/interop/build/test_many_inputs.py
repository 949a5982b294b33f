"""Inputs too many for bubblewrap to bind one by one: as safe, as few, and shown as they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed, SandboxUnavailable, bubblewrap
from eka.build.bubblewrap import MANY_INPUTS
from eka.build.mounts import Mounts
from eka.store import ActionInput, Store, action_id
from tests.fakes.workbench import NOBODY, Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.store import RunAction, TreeInput

PROJECT = Path(__file__).parents[3]
MANY = 40
SCRIPT = """
ls -A /eka/store | wc -l
for n in $(seq 38); do eval cat \\$i$n/f; done | sha256sum
cat $file; readlink $link
echo evil > $i1/f || echo refused
touch $i1/new || echo refused
rm -rf $i1 || echo refused
umount $i1 || echo refused
mv $file moved || echo refused
chmod 700 $file || echo refused
cat $hidden/f || echo hidden
grep -c " /eka/store/" /proc/self/mountinfo
touch $out
"""


def with_many(bench: Workbench, script: str = SCRIPT) -> list[RunAction]:
    """Return an action, the last, with many directories, a file and a link as inputs."""
    inputs: dict[str, TreeInput | ActionInput] = {
        f"i{number}": bench.tree({"f": b"input %d\n" % number}, name=f"in{number}")
        for number in range(1, MANY - 1)
    }
    made = [
        bench.script("echo a file > $out", name="file"),
        bench.script("ln -s /etc/shadow $out", name="link"),
    ]
    inputs |= {each.name: ActionInput(action_id(each)) for each in made}
    env = {name: f"{{{{input:{name}}}}}" for name in inputs}
    hidden = bench.tree({"f": b"hidden\n"}, name="undeclared")
    env["hidden"] = hidden.path.text
    return [*made, bench.script(script, inputs=inputs, env=env)]


def build(place: Path) -> list[str]:
    """Build in a new store; returns what the build says, and whether its inputs are as before."""
    with Store.open(place, durable=False) as store:
        bench = Workbench(store)
        bench.realise(*with_many(bench))
        return [*bench.log(), f"faults: {len(store.verify())}"]


def take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take one of the ways to show inputs."""
    if way == "bound before":
        monkeypatch.setattr(bubblewrap, "can_attach", lambda: False)
    elif way == "by bubblewrap":
        monkeypatch.setattr(bubblewrap, "MANY_INPUTS", 10_000)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a directory every user may write to; pytest's own are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="eka-many-"))
    directory.chmod(0o777)
    yield directory
    subprocess.run(["chmod", "-R", "u+w", str(directory)], check=True)
    shutil.rmtree(directory)


@pytest.mark.spec("sandbox-store")
@pytest.mark.parametrize("way", ["attached", "bound before", "by bubblewrap"])
def test_inputs_are_shown_alike_however_they_get_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    take(way, monkeypatch)

    said = build(tmp_path / "s")

    text = "".join(f"input {number}\n" for number in range(1, MANY - 1))
    summed = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    assert said[:4] == [str(MANY + 1), summed.stdout.decode().strip(), "a file", "/etc/shadow"]
    refused = [line for line in said if line in {"refused", "hidden"}]
    assert refused == ["refused"] * 6 + ["hidden"]
    assert said[-2:] == [str(MANY), "faults: 0"]  # all but the link, and the root file system


@pytest.mark.spec("sandbox-store")
def test_who_is_not_root_gets_the_same(tmp_path: Path, open_directory: Path) -> None:
    if os.geteuid() != 0:
        return  # the other tests did it
    place = open_directory / "s"
    program = (
        "import json, sys; from pathlib import Path; "
        "from tests.interop.build.test_many_inputs import build; "
        "print(json.dumps(build(Path(sys.argv[1]))))"
    )

    theirs = subprocess.run(
        [*NOBODY, sys.executable, "-B", "-c", program, str(place)],
        cwd=PROJECT, env={"PATH": os.environ["PATH"]}, capture_output=True, check=False,
    )  # fmt: skip

    assert theirs.returncode == 0, theirs.stderr.decode()
    assert json.loads(theirs.stdout) == build(tmp_path / "ours")


@pytest.mark.spec("sandbox-end")
def test_nothing_stays_mounted_here(bench: Workbench) -> None:
    before = Path("/proc/self/mountinfo").read_text()

    bench.realise(*with_many(bench))
    with pytest.raises(BuildFailed):
        bench.realise(*with_many(bench, "exit 1"))

    assert Path("/proc/self/mountinfo").read_text() == before
    assert list((bench.store.root / "tmp").glob("*/*/*")) == []


def test_more_inputs_than_bubblewrap_takes_options_are_no_failure(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "MAX_OPTIONS", 300)

    bench.realise(*with_many(bench, "ls /eka/store | wc -l; touch $out"))

    assert bench.log() == [str(MANY + 1)]


def test_a_machine_that_lets_us_bind_nothing_falls_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Mounts) -> None:
        raise OSError(1, "no")

    take("bound before", monkeypatch)
    monkeypatch.setattr(Mounts, "bind", refuse)

    assert build(tmp_path / "s")[-1] == "faults: 0"


def test_inputs_that_cannot_be_attached_are_an_error_and_not_left_out(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_mounts: Mounts, _pid: int, _gate: int) -> bool:
        return False

    monkeypatch.setattr(bubblewrap, "can_attach", lambda: True)
    monkeypatch.setattr(Mounts, "attach", refuse)

    with pytest.raises(SandboxUnavailable):
        bench.realise(*with_many(bench))

    assert bench.log() == []
    assert MANY_INPUTS <= MANY
