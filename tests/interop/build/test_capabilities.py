"""What the sandbox finds out about a machine: real ones, and ones that are made up of files."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from eka.build import Bubblewrap, ControlGroups, Limits, UnsupportedCapability
from eka.build.capability import Capability
from eka.store import Store
from eka.store_cli.push import sign_closure
from tests.fakes.caches import KEY, pushed, taker
from tests.fakes.workbench import Workbench, plan_of, real_sandbox

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(processes=50, memory_bytes=1 << 26)
MACHINE_BOUND = {
    Capability.LIMIT_MEMORY, Capability.LIMIT_PROCESSES, Capability.SYSTEM_CALL_FILTER,
}  # fmt: skip


def machine(tmp_path: Path, groups: str) -> Bubblewrap:
    """Return a sandbox on a machine with some control groups, files that limit nothing."""
    for line in groups.splitlines():
        _, controller, directory = line.split(":")
        (tmp_path / controller / directory.lstrip("/")).mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text(groups)
    found = ControlGroups.find(tmp_path, own)
    return Bubblewrap("bwrap", seccomp=b"", limits=LIMITS, groups=found)


@pytest.mark.spec("capability-names")
def test_a_machine_without_control_groups_limits_no_memory(tmp_path: Path) -> None:
    sandbox = machine(tmp_path, "")

    lack = sandbox.lack(Capability.LIMIT_MEMORY)

    assert lack is not None
    assert "memory" in lack.why
    assert "delegated" in lack.fix
    assert (sandbox.lack(Capability.LIMIT_PROCESSES) is None) == (os.geteuid() != 0)


@pytest.mark.spec("capability-names")
def test_a_controller_that_is_not_there_limits_nothing(tmp_path: Path) -> None:
    sandbox = machine(tmp_path, "5:pids:/a\n")

    assert sandbox.lack(Capability.LIMIT_PROCESSES) is None
    assert sandbox.lack(Capability.LIMIT_MEMORY) is not None


@pytest.mark.spec("capability-names")
def test_a_limit_is_only_believed_when_it_can_be_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = machine(tmp_path, "4:memory:/b\n")
    before = sandbox.lack(Capability.LIMIT_MEMORY)
    monkeypatch.setattr("eka.build.cgroup._limit", Mock())

    after = sandbox.lack(Capability.LIMIT_MEMORY)

    assert before is None
    assert after is not None
    assert "do not limit" in after.why


@pytest.mark.spec("capability-names")
def test_without_a_filter_for_this_machine_that_is_said() -> None:
    sandbox = Bubblewrap("bwrap", seccomp=None)

    lack = sandbox.lack(Capability.SYSTEM_CALL_FILTER)

    assert lack is not None
    assert os.uname().machine in lack.why


@pytest.mark.spec("capability-names")
def test_what_does_not_depend_on_the_machine_is_always_there() -> None:
    sandbox = real_sandbox()

    lacking = {each for each in Capability if sandbox.lack(each) is not None}

    assert lacking <= MACHINE_BOUND


@pytest.mark.spec("capability-refused")
def test_what_a_cache_has_needs_no_capability_and_what_it_lacks_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path / "there", durable=False) as store:
        workbench = Workbench(store)
        action = workbench.script("echo > $out")
        path = workbench.realise(action)
        sign_closure(store, [path], KEY)
        store.keep("result", path)
    pushed(tmp_path / "there", tmp_path / "cache")
    known = replace(action, requires=("time-travel",))
    unknown = replace(known, env={**known.env, "other": "1"})

    with taker(tmp_path / "here", tmp_path / "cache") as here:
        had = here.take(plan_of(known))
        with pytest.raises(UnsupportedCapability) as refused:
            here.take(plan_of(unknown))

    assert had == path
    assert refused.value.capability == "time-travel"
