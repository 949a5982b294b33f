"""The environment of a build without the build: what is started in it, and where there is none."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed, NoShell
from eka.store import ActionInput, ActionStarted, FetchAction, Plan, Store, action_id
from tests.fakes.workbench import Workbench, plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from eka.build import Environment


def said(environment: Environment, *words: str) -> str:
    """Start something in an environment and return what it says."""
    filter_fd = os.memfd_create("filter")
    os.write(filter_fd, environment.opened.seccomp or b"")
    os.lseek(filter_fd, 0, os.SEEK_SET)
    argv = environment.opened.command(words, seccomp=str(filter_fd), terminal="")
    done = subprocess.run(argv, capture_output=True, check=False, pass_fds=(filter_fd,), text=True)
    os.close(filter_fd)
    return done.stdout


@pytest.mark.spec("build-enter")
def test_an_environment_is_that_of_the_build(bench: Workbench) -> None:
    source = bench.tree({"f": b"text\n"})
    script = "cat $src/f; pwd; env | sort; ls -A / /eka/store; grep Seccomp: /proc/self/status"
    action = bench.script(
        f"{script}; touch $out",
        inputs={"src": source},
        stage={"src": "src"},
        env={"src": "{{stage:src}}"},
        cwd="/build/src",
    )
    bench.realise(action, jobs=1)

    with bench.realiser.environment(plan_of(action), action_id(action)) as environment:
        inside = said(environment, environment.shell, "-eu", "-c", script)

    assert inside.splitlines() == bench.log()


@pytest.mark.spec("build-enter")
def test_only_what_is_needed_for_it_is_built(bench: Workbench) -> None:
    lower = bench.script("echo lower > $out", name="lower")
    upper = bench.script(
        "exit 1",
        name="upper",
        inputs={"lower": ActionInput(action_id(lower))},
        env={"lower": "{{input:lower}}"},
    )

    with bench.realiser.environment(plan_of(lower, upper), action_id(upper)) as environment:
        inside = said(environment, environment.shell, "-c", "cat $lower")

    started = [event.name for event in bench.events if isinstance(event, ActionStarted)]
    assert (inside, started) == ("lower\n", ["lower"])
    assert list((bench.store.root / "tmp").glob("*/*/*")) == []


def test_without_a_shell_there_is_no_way_in(bench: Workbench) -> None:
    bare = bench.tree({"bin/program*": b"", "etc/x": b""}, name="bare")
    action = bench.script("true", inputs={"bare": bare}, rootfs="bare")
    odd = replace(action, builder="/bin/program")
    fetched = FetchAction(name="file", urls=("http://127.0.0.1/f",), size=1, sha256="0" * 64)

    for each in (odd, fetched):
        identity = action_id(each)
        with (
            pytest.raises(NoShell),
            bench.realiser.environment(Plan.of([each], [ActionInput(identity)]), identity),
        ):
            pass


@pytest.mark.spec("build-keep-failed")
def test_what_is_kept_can_be_entered_and_built_again(store: Store, tmp_path: Path) -> None:
    bench = Workbench(store)
    script = "test -e /build/mended; echo 'made it' > $out; cat $out; test -s /tmp/note"

    with pytest.raises(BuildFailed) as caught:
        bench.realise(
            bench.script(f"echo 'it''s' > /tmp/note; {script}"), keep_failed=tmp_path / "a b"
        )

    kept = caught.value.kept
    assert kept is not None
    enter = [str(kept / "enter")]
    mended = subprocess.run(enter, input=b"touch /build/mended", check=False)
    again = subprocess.run([*enter, "--build"], capture_output=True, check=False)
    assert (mended.returncode, again.returncode, again.stdout) == (0, 0, b"made it\n")
    assert kept.stat().st_mode & 0o777 == 0o700
