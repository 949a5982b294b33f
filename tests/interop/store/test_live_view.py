"""``eka-store realise`` on a terminal: a board that moves while work lasts, and is gone then."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import ActionInput, Plan, Store, action_id
from tests.fakes.workbench import Workbench

if TYPE_CHECKING:
    from eka.store import RunAction

EKA_STORE = Path(sys.executable).with_name("eka-store")
SLOW = "echo said; sleep 1.5; echo $name > $out"


def planned(home: Path, *scripts: str) -> str:
    """Write a plan of scripts, the second after the first and so on; return where it is."""
    actions: list[RunAction] = []
    with Store.open(home / "s", durable=False) as store:
        bench = Workbench(store)
        for number, script in enumerate(scripts):
            needs = {"before": ActionInput(action_id(actions[-1]))} if actions else {}
            name = f"thing-{number}"
            actions.append(bench.script(script, name=name, inputs=needs, env={"name": name}))
    roots = (ActionInput(action_id(actions[-1])),)
    (home / "plan.json").write_bytes(Plan.of(actions, roots).encode())
    return str(home / "plan.json")


def seen(home: Path, *words: str, **world: str) -> tuple[int, str]:
    """Run ``eka-store realise`` on a terminal; return its exit status and all that appeared."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(EKA_STORE), "realise", *words, "--store", str(home / "s")],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", **world},
    )  # fmt: skip
    os.close(theirs)
    found = b""
    try:
        while data := os.read(ours, 1 << 16):
            found += data
    except OSError:  # how Linux tells that the other end is closed
        pass
    os.close(ours)
    return process.wait(), found.decode()


def plain(shown: str) -> str:
    """Return text without what moves the cursor or colours it."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "")


def test_a_person_sees_what_runs_and_what_is_left(tmp_path: Path) -> None:
    plan = planned(tmp_path, "echo > $out", SLOW)

    status, shown = seen(tmp_path, plan, "-v")

    text = plain(shown)
    assert status == 0
    assert re.search(r"actions .* 1 of 2\n +[01] s  thing-1\n  1 left", text)
    assert "thing-1: said\n" in text  # above the board
    assert shown.rstrip().endswith("-thing-1")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1  # the cursor is back


def test_a_failure_is_told_once_the_board_is_gone(tmp_path: Path) -> None:
    plan = planned(tmp_path, "echo > $out", "sleep 1.5; false", SLOW)

    status, shown = seen(tmp_path, plan, "--keep-going")

    before, _, after = shown.rpartition("\x1b[?25h")
    assert status == 100
    assert "failed thing-1: " in plain(before)
    assert "skipped thing-2: it needs thing-1" in plain(before)
    assert "error[build-failed]" in after


@pytest.mark.parametrize(
    ("words", "world"), [(["-q"], {}), (["--json"], {}), ([], {"TERM": "dumb"})]
)
def test_who_asks_for_lines_gets_lines(
    tmp_path: Path, words: list[str], world: dict[str, str]
) -> None:
    status, shown = seen(tmp_path, planned(tmp_path, "sleep 0.6; echo > $out"), *words, **world)

    assert status == 0
    assert "\x1b" not in shown
    assert ("building thing-0" in shown) is ("TERM" in world)
