"""What a plan comes to, as other programs see it: a plan goes in, lines and a status come out."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import ActionInput, FetchAction, Plan, Store, TreeInput, action_id
from tests.fakes.store_program import Ran, StoreProgram, script_plan
from tests.fakes.workbench import NOBODY, Workbench, plan_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from eka.store import Action

EKA_STORE = Path(sys.executable).with_name("eka-store")
CONTENT = b"what the server has\n"


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    """Run the program on the store ``s``, with bubblewrap and Nix in reach."""
    return StoreProgram(tmp_path)


@contextmanager
def bench(root: Path) -> Generator[Workbench, None, None]:
    """Open the store to make plans for it; what they need stays in it."""
    with Store.open(root / "s") as store:
        workbench = Workbench(store)
        store.add_root(root / "rootfs", workbench.rootfs().path)
        yield workbench


def realise(eka_store: StoreProgram, plan: bytes, *words: object) -> Ran:
    return eka_store("realise", "-", *words, "--json", stdin=plan, PATH=os.environ["PATH"])


def outcomes(ran: Ran) -> list[tuple[str, str]]:
    """Return the names of the actions that were finished, and how."""
    done = [each for each in ran.documents if each.get("event") == "action-finished"]
    return [(each["name"], each["outcome"]) for each in done]


def error(ran: Ran) -> Any:  # noqa: ANN401 - JSON
    """Return the error that the last line tells of; it carries the exit status."""
    found = ran.documents[-1]["error"]
    assert found["exit_status"] == ran.status
    return found


@pytest.mark.spec("build-resolved")
def test_a_change_that_changes_no_output_rebuilds_nothing_above_it(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    def plan(comment: str) -> bytes:
        with bench(tmp_path) as workbench:
            library = workbench.script(f"echo library > $out # {comment}", "library")
            uses: dict[str, Any] = {
                "inputs": {"library": ActionInput(action_id(library))},
                "env": {"library": "{{input:library}}"},
            }
            program = workbench.script("cat $library > $out", "program", **uses)
            return plan_of(library, program).encode()

    first, second = (realise(eka_store, plan(comment)) for comment in ("one", "two"))

    assert outcomes(first) == [("library", "built"), ("program", "built")]
    assert outcomes(second) == [("library", "built"), ("program", "cached")]
    assert first.documents[-1]["outputs"][0]["path"] == second.documents[-1]["outputs"][0]["path"]


@pytest.mark.spec("build-outputs")
@pytest.mark.spec("build-siblings")
def test_outputs_that_mention_others_have_them_in_their_closure(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    with bench(tmp_path) as workbench:
        script = "echo code > $lib; echo uses $lib > $out; echo apart > $doc"
        action = workbench.script(
            script,
            outputs=("out", "lib", "doc"),
            env={"lib": "{{output:lib}}", "doc": "{{output:doc}}"},
        )
        roots = tuple(ActionInput(action_id(action), each) for each in ("out", "lib", "doc"))
        plan = Plan({action_id(action): action}, roots).encode()

    made = {
        each["output"]: each["path"] for each in realise(eka_store, plan).documents[-1]["outputs"]
    }
    closures = {
        name: eka_store("closure", path, "--json").document["paths"] for name, path in made.items()
    }

    assert closures["out"] == sorted([made["lib"], made["out"]])
    assert (closures["lib"], closures["doc"]) == ([made["lib"]], [made["doc"]])
    assert {name: path.partition("-")[2] for name, path in made.items()} == {
        "out": "thing", "lib": "thing-lib", "doc": "thing-doc",
    }  # fmt: skip


@contextmanager
def serving() -> Generator[str, None, None]:
    """Serve one file; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file"
        server.shutdown()


@pytest.mark.spec("fetch-pinned")
def test_a_file_of_another_hash_ends_with_102_and_both_hashes(eka_store: StoreProgram) -> None:
    found = hashlib.sha256(CONTENT).hexdigest()

    with serving() as url:
        wrong = FetchAction(name="file", urls=(url,), size=len(CONTENT), sha256="0" * 64)
        ran = realise(eka_store, plan_of(wrong).encode())

    told = error(ran)
    assert (ran.status, told["code"]) == (102, "fetch-mismatch")
    assert "0" * 64 in told["why"]
    assert found in told["why"]
    assert told["where"] == url


@pytest.mark.spec("sandbox-time")
def test_a_build_out_of_time_ends_with_101(eka_store: StoreProgram, tmp_path: Path) -> None:
    with bench(tmp_path) as workbench:
        plan = plan_of(workbench.script("echo begun; sleep 600", timeout_s=1)).encode()

    ran = realise(eka_store, plan)

    told = error(ran)
    assert (ran.status, told["code"]) == (101, "build-timed-out")
    assert "1 s" in told["why"]
    assert told["where"].endswith(".log.gz")


@pytest.mark.spec("build-check")
@pytest.mark.spec("build-difference")
def test_a_build_that_differs_ends_with_104_both_paths_and_what_differs(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    plan = script_plan(tmp_path / "s", "mkdir $out; cat /proc/sys/kernel/random/uuid > $out/id")

    ran = realise(eka_store, plan, "--rounds", 2)

    told = error(ran)
    names = [each["path"] for each in ran.documents if each.get("event") == "path-added"]
    assert (ran.status, told["code"]) == (104, "nondeterministic")
    assert len(names) == len(set(names)) == 2
    assert all(name in told["why"] for name in names)
    assert "id" in told["where"]
    assert eka_store("verify", "--json").status == 104


@pytest.mark.spec("build-outputs")
def test_a_builder_that_fails_ends_with_100_and_the_end_of_its_log(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    ran = realise(eka_store, script_plan(tmp_path / "s", "echo no such thing; exit 3"))

    told = error(ran)
    assert (ran.status, told["code"]) == (100, "build-failed")
    assert "3" in told["why"]


def two(workbench: Workbench, **changes: Any) -> list[Action]:  # noqa: ANN401 - of an action
    """Return an action, and one above it that has changes."""
    below = workbench.script("echo > $out", "below")
    inputs = {"below": ActionInput(action_id(below)), **changes.pop("inputs", {})}
    return [below, workbench.script("echo > $out", "above", inputs=inputs, **changes)]


@pytest.mark.spec("plan-trees")
def test_an_input_that_is_missing_ends_with_3_before_anything_is_built(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    missing = TreeInput("0" * 64, "gone")
    with bench(tmp_path) as workbench:
        plan = plan_of(*two(workbench, inputs={"gone": missing})).encode()

    ran = realise(eka_store, plan)

    told = error(ran)
    assert (ran.status, told["code"]) == (3, "path-not-found")
    assert "gone" in told["where"] + told["what"]
    assert outcomes(ran) == []


@pytest.mark.spec("plan-run")
@pytest.mark.spec("capability-refused")
def test_an_action_for_another_machine_ends_with_its_error(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    with bench(tmp_path) as workbench:
        plan = plan_of(*two(workbench, system="riscv64-linux")).encode()

    ran = realise(eka_store, plan)

    assert (ran.status, error(ran)["code"]) == (1, "wrong-system")
    assert "riscv64-linux" in error(ran)["why"]
    assert outcomes(ran) == []


@pytest.mark.spec("capability-refused")
@pytest.mark.parametrize("capability", ["limit-memory", "enter", "plain-user"])
def test_what_nix_cannot_do_is_refused_before_anything_is_built(
    eka_store: StoreProgram, tmp_path: Path, capability: str
) -> None:
    with bench(tmp_path) as workbench:
        plan = plan_of(*two(workbench, requires=(capability,))).encode()

    ran = realise(eka_store, plan, "--nix", tmp_path / "nix")

    told = error(ran)
    assert (ran.status, told["code"], told["where"]) == (1, "unsupported-capability", "above")
    assert capability in told["what"]
    assert "nix" in told["what"]
    assert told["why"]
    assert "without --nix" in told["fix"]
    assert not [each for each in ran.documents if each.get("event") == "action-started"]


@pytest.mark.spec("capability-refused")
@pytest.mark.spec("plan-requires")
def test_a_capability_nobody_knows_is_refused_and_what_is_there_needs_none(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    with bench(tmp_path) as workbench:
        future = plan_of(*two(workbench, requires=("time-travel",))).encode()
        plain = plan_of(*two(workbench)).encode()

    refused, built, there = (realise(eka_store, each) for each in (future, plain, future))

    assert (error(refused)["code"], refused.status) == ("unsupported-capability", 1)
    assert "time-travel" in error(refused)["what"]
    assert outcomes(refused) == []
    assert outcomes(built) == [("below", "built"), ("above", "built")]
    assert outcomes(there) == [("above", "cached")]


@pytest.mark.spec("capability-refused")
def test_a_wish_that_nix_cannot_grant_is_refused(eka_store: StoreProgram, tmp_path: Path) -> None:
    plan = script_plan(tmp_path / "s", "true > $out")
    nix = ("--nix", tmp_path / "nix")

    memory = realise(eka_store, plan, *nix, "--max-memory", "1G")
    files = realise(eka_store, plan, *nix, "--keep-failed", tmp_path / "kept")

    assert [error(each)["code"] for each in (memory, files)] == ["unsupported-capability"] * 2
    assert "limit-memory" in error(memory)["what"]
    assert "enter" in error(files)["what"]
    assert "--keep-failed" in error(files)["fix"]


def as_ordinary_user(store: Path, *words: str, stdin: bytes = b"") -> Ran:
    """Run the program as a user who may make no control groups."""
    done = subprocess.run(
        [*(NOBODY if os.geteuid() == 0 else ()), EKA_STORE, *words, "--store", store, "--json"],
        cwd="/",
        env={"PATH": os.environ["PATH"], "HOME": str(store)},
        input=stdin,
        capture_output=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.spec("capability-names")
@pytest.mark.spec("sandbox-limits")
@pytest.mark.spec("sandbox-limits")
def test_outputs_may_hold_so_much_together_and_not_more(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    plan = script_plan(
        tmp_path / "s", "mkdir -p $out/a; for n in a/1 2 3; do echo $n-------- > $out/$n; done"
    )
    left = Path(tmp_path / "s" / "store")

    refused = realise(eka_store, plan, "--max-output", "31")
    there = sorted(path.name for path in left.iterdir())
    taken = realise(eka_store, plan, "--max-output", "32")

    assert error(refused)["code"] == "build-output-too-large"
    assert "31 bytes" in error(refused)["why"]
    assert len(there) == 1
    assert taken.status == 0


def test_a_limit_is_enforced_or_refused_as_the_store_tells(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    """A memory limit is never only pretended: it holds, or the build does not begin."""
    # Twice the limit is read at once.
    bomb = script_plan(tmp_path / "s", "dd if=/dev/zero of=$out bs=96M count=1")
    told = {each["name"]: each for each in eka_store("info", "--json").document["backends"]}

    ran = realise(eka_store, bomb, "--max-memory", "48M")
    free = realise(eka_store, bomb)

    can = "limit-memory" in told["bubblewrap"]["capabilities"]
    assert error(ran)["code"] == ("build-out-of-memory" if can else "unsupported-capability")
    assert "memory" in error(ran)["why"]
    assert free.status == 0
    assert told["nix"]["capabilities"] == ["rootfs", "several-outputs"]


@pytest.mark.spec("capability-names")
@pytest.mark.spec("capability-refused")
def test_an_ordinary_user_without_control_groups_is_told_so() -> None:
    with tempfile.TemporaryDirectory(prefix="eka-outcomes-") as name:
        directory = Path(name)
        directory.chmod(0o777)
        store = directory / "a" / "store"
        info = as_ordinary_user(store, "info").document
        lacks = {each["capability"]: each for each in info["backends"][0]["lacks"]}
        with bench(directory) as workbench:
            plan = json.loads(plan_of(workbench.script("true > $out")).encode())
        # The rootfs is not in that store: what cannot be limited is refused before it is missed.
        ran = as_ordinary_user(
            store, "realise", "-", "--max-memory", "1G", stdin=json.dumps(plan).encode()
        )
        subprocess.run(["chmod", "-R", "u+w", directory], check=True)

    if "limit-memory" in lacks:
        assert error(ran)["code"] == "unsupported-capability"
        assert "control group" in error(ran)["why"]
        assert error(ran)["why"] == lacks["limit-memory"]["why"]
    else:
        assert error(ran)["code"] == "path-not-found"


@pytest.mark.parametrize("size", ["0", "1K", "lots"])
def test_a_memory_limit_in_which_nothing_runs_is_a_mistake(
    eka_store: StoreProgram, size: str
) -> None:
    ran = eka_store("realise", "-", "--max-memory", size, "--json")

    assert (ran.status, error(ran)["code"]) == (2, "store-usage")
