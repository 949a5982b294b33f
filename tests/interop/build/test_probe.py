from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from eka.build import Finding, probe
from eka.build.cgroup import BuildGroup, ControlGroups
from eka.build.sandbox import Limits

if TYPE_CHECKING:
    from pathlib import Path


def test_this_machine_can_build(tmp_path: Path) -> None:
    report = probe(shutil.which("bwrap"), tmp_path)

    findings = {check.name: check.finding for check in report.checks}
    assert report.works
    assert findings.pop("control groups") in {Finding.OK, Finding.UNAVAILABLE}
    assert findings == dict.fromkeys(
        [
            "bubblewrap",
            "user namespaces",
            "network isolation",
            "read-only inputs",
            "no capabilities",
            "system call filter",
        ],
        Finding.OK,
    )


@pytest.mark.parametrize("program", [None, "/bin/false", "/no/such/bwrap"])
def test_a_machine_without_bubblewrap_is_told_how_to_get_it(
    tmp_path: Path, program: str | None
) -> None:
    report = probe(program, tmp_path)

    assert not report.works
    assert report.checks[0].finding is Finding.FAILED
    assert "bubblewrap" in report.checks[0].fix


def fake(tmp_path: Path, script: str) -> str:
    """Return a program that stands for bubblewrap."""
    program = tmp_path / "bwrap"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo bubblewrap 9\n{script}\n')
    program.chmod(0o755)
    return str(program)


def test_a_kernel_without_namespaces_is_told_apart(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo 'bwrap: No permissions to create new namespace' >&2; exit 1")

    report = probe(program, tmp_path)

    (check,) = [each for each in report.checks if each.name == "user namespaces"]
    assert not report.works
    assert "No permissions" in check.found
    assert "max_user_namespaces" in check.fix


def test_a_sandbox_that_isolates_nothing_is_found_out(tmp_path: Path) -> None:
    # Runs the trial as it is, outside of any sandbox.
    program = fake(tmp_path, 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"')

    report = probe(program, tmp_path)

    failed = {check.name for check in report.checks if check.finding is Finding.FAILED}
    assert {"network isolation", "read-only inputs"} <= failed
    assert not report.works


def test_a_report_is_json(tmp_path: Path) -> None:
    said = json.dumps(probe(None, tmp_path).to_json())

    assert json.loads(said)["works"] is False


def hierarchy(tmp_path: Path, own: str, files: dict[str, str]) -> ControlGroups | None:
    """Return what is found in a made-up control group file system."""
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "own").write_text(own)
    return ControlGroups.find(tmp_path, tmp_path / "own")


def test_a_delegated_parent_group_of_version_2_is_used(tmp_path: Path) -> None:
    groups = hierarchy(
        tmp_path,
        "0::/user/app/me.scope\n",
        {
            "user/app/cgroup.subtree_control": "cpu memory pids\n",
            "user/app/me.scope/cgroup.subtree_control": "\n",
        },
    )

    assert groups is not None
    group = groups.make(Limits(processes=7, memory_bytes=4096))
    assert groups.controllers == {"memory", "pids"}
    assert group.directories[0].parent == tmp_path / "user" / "app"
    assert (group.directories[0] / "pids.max").read_text() == "7"
    assert (group.directories[0] / "memory.max").read_text() == "4096"


def test_groups_of_version_1_are_used_per_controller(tmp_path: Path) -> None:
    groups = hierarchy(
        tmp_path,
        "5:pids:/a\n4:memory:/b\n3:cpu,cpuacct:/c\n0::/\n",
        {"pids/a/x": "", "memory/b/x": "", "cgroup.subtree_control": ""},
    )

    assert groups is not None
    group = groups.make(Limits(processes=7, memory_bytes=4096))
    assert (group.directories[0] / "pids.max").read_text() == "7"
    assert (group.directories[1] / "memory.limit_in_bytes").read_text() == "4096"


@pytest.mark.parametrize("own", ["", "0::/\n", "7:cpu:/\n", "5:pids:/gone\n"])
def test_where_nothing_can_be_limited_nothing_is_promised(tmp_path: Path, own: str) -> None:
    assert hierarchy(tmp_path, own, {"cgroup.subtree_control": "cpu io\n"}) is None
    assert ControlGroups.find(tmp_path, tmp_path / "absent") is None


def test_a_group_that_refuses_a_process_does_not_hold_it(tmp_path: Path) -> None:
    group = BuildGroup([tmp_path / "gone"])

    group.add(1)
    held = group.holds(1)
    group.remove()

    assert not held
    assert not BuildGroup().holds(1)
