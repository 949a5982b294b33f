"""The same plan built by eka's sandbox and by real Nix comes to the same outputs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.build import BuildFailed, BuildTimedOut, UnsupportedCapability
from eka.build.errors import NixFailed
from eka.build.nix_sandbox import NixSandbox
from eka.build.nix_store import NixStore
from eka.store import ActionFinished, ActionInput, ReductionKind, Store, action_id
from eka.store.nix.derivation import Derivation
from eka.store.nix.path import NixPath
from tests.fakes.nix import Nix
from tests.fakes.workbench import SYSTEM, Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator


def bench(home: Path, *, by_nix: bool) -> Workbench:
    store = Store.open(home / ("theirs" if by_nix else "ours"), durable=False)
    if not by_nix:
        return Workbench(store)
    program, busybox = shutil.which("nix-store"), shutil.which("busybox")
    assert program is not None
    assert busybox is not None
    nix = NixStore(program, home / "nix", os.environ["PATH"])
    return Workbench(store, sandbox=NixSandbox(store, nix, Path(busybox)))


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Workbench]:
    found = bench(tmp_path, by_nix=False)
    yield found
    found.store.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Workbench]:
    found = bench(tmp_path, by_nix=True)
    yield found
    found.store.close()


def build(workbench: Workbench, script: str, **changes: Any) -> dict[str, str]:  # noqa: ANN401
    """Build a script that has a library and a staged source tree; return its outputs."""
    inputs = {
        "lib": workbench.tree({"lib/code": b"code", "link": "lib/code"}, "lib"),
        "source": workbench.tree({"a.c": b"int a;", "sub/run*": b"#!/bin/sh\necho ran\n"}),
    }
    options: dict[str, Any] = {"stage": {"source": "source"}, "cwd": "/build/source", **changes}
    env = {"lib": "{{input:lib}}", **options.pop("env", {})}
    path = workbench.build(script, inputs=inputs, env=env, **options)
    return {path.text: path.name}


@pytest.mark.spec("nix-backend")
@pytest.mark.spec("nix-import-stream")
def test_an_output_that_mentions_itself_and_inputs_is_the_same(
    ours: Workbench, theirs: Workbench
) -> None:
    script = """
        mkdir -p $out/bin; cp a.c $out/; echo "$out uses $lib" > $out/info
        echo more >> a.c; sub/run > $out/ran; ln -s $lib/lib/code $out/code; ln -s $out/bin $out/b
        cp sub/run $out/bin/; cat /etc/os-release > $out/os; test ! -e /root
        echo x > /tmp/x; test -w /build
    """

    assert build(theirs, script) == build(ours, script)
    assert theirs.store.verify() == []


@pytest.mark.spec("nix-backend")
def test_several_outputs_mention_each_other(ours: Workbench, theirs: Workbench) -> None:
    script = "mkdir $dev; echo $out > $dev/out; echo library > $out"
    changes: dict[str, Any] = {"outputs": ("out", "dev"), "env": {"dev": "{{output:dev}}"}}

    assert build(theirs, script, **changes) == build(ours, script, **changes)
    assert theirs.store.info().paths == ours.store.info().paths


@pytest.mark.spec("nix-backend")
def test_words_arrive_as_they_are(ours: Workbench, theirs: Workbench) -> None:
    env = {"odd": "a 'b' \"c\" \\ $x `y` *\n\tz {{open:}} caf\u00e9 %s \\n", "empty": ""}
    script = 'printf "%s|" "$odd" "$empty" "$(pwd)" "$HOME" "$PATH" "$TZ" > $out'

    assert build(theirs, script, env=env) == build(ours, script, env=env)


@pytest.mark.spec("nix-backend")
def test_a_failure_is_told_with_its_status_and_log(theirs: Workbench) -> None:
    with pytest.raises(BuildFailed) as failed:
        build(theirs, "echo about to fail; exit 7")

    assert "7" in failed.value.why
    assert "about to fail" in theirs.log()
    assert not [line for line in theirs.log() if "will be built" in line]


@pytest.mark.spec("capability-refused")
def test_the_files_of_a_build_by_nix_cannot_be_kept_and_that_is_said_before(
    theirs: Workbench, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedCapability) as refused:
        theirs.realise(theirs.script("exit 3"), keep_failed=tmp_path / "kept")

    assert (refused.value.backend, refused.value.capability) == ("nix", "enter")
    assert "--keep-failed" in refused.value.fix
    assert theirs.log() == []


@pytest.mark.spec("nix-backend")
def test_a_missing_output_is_a_failure(theirs: Workbench) -> None:
    with pytest.raises(BuildFailed) as failed:
        build(theirs, "true")

    assert (failed.value.name, failed.value.why) == ("thing", "it did not make its output 'out'")


@pytest.mark.spec("nix-backend")
def test_an_output_that_nix_does_not_keep_is_a_failure(theirs: Workbench) -> None:
    with pytest.raises(BuildFailed) as failed:
        build(theirs, "mkfifo $out")

    assert "cannot be kept" in failed.value.why


@pytest.mark.spec("nix-backend")
def test_what_nix_itself_cannot_do_is_no_fault_of_the_build(tmp_path: Path) -> None:
    (tmp_path / "nix").write_text("in the way")
    broken = bench(tmp_path, by_nix=True)

    with broken.store, pytest.raises(NixFailed) as failed:
        build(broken, "true > $out")

    assert "not a directory" in failed.value.why


@pytest.mark.spec("nix-backend")
def test_evidence_says_who_built(ours: Workbench, theirs: Workbench) -> None:
    for each in (ours, theirs):
        build(each, "echo > $out")

    assert evidence(ours) == {"bubblewrap"}
    assert evidence(theirs) == {"nix"}


def evidence(workbench: Workbench) -> set[str]:
    """Return what stands behind all that is known of builds."""
    (action,) = (each.action for each in workbench.events if isinstance(each, ActionFinished))
    (known,) = workbench.store.counted(ReductionKind.ACTION, action)
    found = workbench.store.counted(ReductionKind.RESOLVED, f"{known.refined}!out")
    return {each.evidence for each in found}


@pytest.mark.spec("nix-backend")
def test_a_build_that_takes_too_long_is_stopped(theirs: Workbench) -> None:
    with pytest.raises(BuildTimedOut):
        build(theirs, "sleep 60", timeout_s=1)


@pytest.mark.spec("nix-backend")
def test_a_failure_stops_the_builds_beside_it(theirs: Workbench) -> None:
    slow, bad = theirs.script("sleep 600", name="slow"), theirs.script("exit 1", name="bad")

    with pytest.raises(BuildFailed) as failed:
        theirs.realise(slow, bad, needs(theirs, slow, bad))

    assert failed.value.name == "bad"


def needs(workbench: Workbench, *actions: Any) -> Any:  # noqa: ANN401 - actions
    """Return an action that has the outputs of others as inputs."""
    inputs = {each.name: ActionInput(action_id(each)) for each in actions}
    return workbench.script("touch $out", name="both", inputs=inputs)


@pytest.mark.spec("nix-backend")
def test_nix_is_asked_to_build_again_when_rounds_are(theirs: Workbench) -> None:
    path = theirs.build("echo same > $out; echo building", rounds=2)

    assert theirs.read(path) == "same\n"
    assert theirs.log().count("building") == 2


@pytest.mark.spec("nix-derivation")
def test_a_derivation_is_what_nix_writes(tmp_path: Path) -> None:
    nix = Nix(tmp_path / "nix")
    (tmp_path / "source").write_text("source")
    source = nix.says("nix-store", "--add", tmp_path / "source")
    expression = f"""let source = builtins.storePath "{source}"; in derivation {{
        name = "thing-1.0"; system = "{SYSTEM}"; builder = "/bin/sh"; outputs = [ "out" "dev" ];
        args = [ "-c" "echo \\"quoted\\" \\\\ tab\\tline\\nreturn\\r ${{source}}" ];
        odd = "caf\u00e9 $x"; empty = "";
    }}"""

    file = nix.says("nix-instantiate", "--expr", expression).removesuffix("!out")

    ours = Derivation(
        name="thing-1.0",
        outputs=("out", "dev"),
        sources=(NixPath.parse(source),),
        system=SYSTEM,
        builder="/bin/sh",
        args=("-c", f'echo "quoted" \\ tab\tline\nreturn\r {source}'),
        env={
            "name": "thing-1.0", "system": SYSTEM, "builder": "/bin/sh", "outputs": "out dev",
            "odd": "caf\u00e9 $x", "empty": "",
        },
    )  # fmt: skip
    theirs = nix.physical(file.split("\n")[0].split("!")[0])
    assert ours.encode() == theirs.read_bytes()
    assert ours.path().base == theirs.name
