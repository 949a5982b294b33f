from __future__ import annotations

import os
from pathlib import Path

import pytest

from eka.build import (
    BuildFailed,
    BuildTimedOut,
    NonDeterministic,
    Realiser,
    WrongSystem,
    log_directory,
)
from eka.store import (
    ActionInput,
    ActionStarted,
    InvalidPlan,
    Outcome,
    PathAdded,
    PathNotFound,
    Plan,
    Store,
    TreeInput,
    WorkLeft,
    action_id,
    log_lines,
)
from tests.fakes.sandbox import BrokenSandbox, NoDownloads
from tests.fakes.workbench import Workbench, plan_of, real_sandbox
from tests.processes import sleepers

LONG = f"72{os.getpid()}"  # seconds; the number marks our own processes
BUILT, CACHED = Outcome.BUILT, Outcome.CACHED


@pytest.mark.spec("build-outputs")
def test_what_a_script_writes_becomes_the_output(bench: Workbench) -> None:
    path = bench.build("mkdir $out; echo hello > $out/greeting; echo done")

    assert bench.read(path, "greeting") == "hello\n"
    assert bench.log() == ["done"]
    assert path.name == "thing"


@pytest.mark.spec("build-outputs")
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("echo x > $out", "file"),
        ("echo x > $out; chmod +x $out", "executable"),
        ("ln -s /etc/passwd $out", "link"),
        ("mkdir $out", "directory"),
    ],
)
def test_an_output_may_be_of_any_kind(bench: Workbench, script: str, kind: str) -> None:
    path = bench.build(script)

    assert bench.store.path_info(path).kind == kind


@pytest.mark.spec("build-outputs")
def test_an_action_may_have_several_outputs_that_refer_to_each_other(bench: Workbench) -> None:
    action = bench.script(
        "mkdir $out $dev; echo $out > $dev/path; echo lib > $out/lib",
        outputs=("out", "dev"),
        env={"dev": "{{output:dev}}"},
    )
    identity = action_id(action)
    plan = Plan({identity: action}, (ActionInput(identity), ActionInput(identity, "dev")))

    found = bench.realiser.realise(plan)

    out, dev = found[identity, "out"], found[identity, "dev"]
    assert (out.name, dev.name) == ("thing", "thing-dev")
    assert bench.read(dev, "path") == out.text + "\n"
    assert bench.store.path_info(dev).references == (out,)


@pytest.mark.spec("build-siblings")
def test_siblings_are_named_in_the_order_in_which_they_mention_each_other(
    bench: Workbench,
) -> None:
    action = bench.script(
        "mkdir $a; echo $b > $a/f; echo $out > $b; ln -s $a/f $out; chmod 000 $b",
        outputs=("out", "a", "b"),
        env={"a": "{{output:a}}", "b": "{{output:b}}", "out": "{{output:out}}"},
    )
    # out mentions a, a mentions b, b mentions out: a circle, until the last is cut.
    straight = bench.script(
        "mkdir $a; echo $b > $a/f; echo end > $b; ln -s $a/f $out; chmod 000 $b",
        outputs=("out", "a", "b"),
        env={"a": "{{output:a}}", "b": "{{output:b}}", "out": "{{output:out}}"},
    )
    identity = action_id(straight)
    roots = tuple(ActionInput(identity, name) for name in ("out", "a", "b"))

    found = bench.realiser.realise(Plan({identity: straight}, roots))
    with pytest.raises(BuildFailed) as caught:
        bench.realise(action)

    out, a, b = (found[identity, name] for name in ("out", "a", "b"))
    assert bench.read(a, "f") == b.text + "\n"
    assert str(bench.store.physical(out).readlink()) == f"{a.text}/f"
    assert bench.store.path_info(out).references == (a,)
    assert bench.store.path_info(a).references == (b,)
    assert "circle" in caught.value.why


@pytest.mark.spec("build-outputs")
@pytest.mark.parametrize("script", ["true", "mkdir ${out}x"])
def test_a_missing_output_is_a_failure(bench: Workbench, script: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build(script)

    assert caught.value.name == "thing"
    assert caught.value.exit_status == 100


@pytest.mark.spec("build-outputs")
def test_an_output_that_cannot_be_kept_is_a_failure(bench: Workbench) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build("mkdir $out; mkfifo $out/pipe")

    assert "pipe" in caught.value.why


@pytest.mark.spec("build-placeholder")
def test_an_output_that_names_itself_names_its_final_place(bench: Workbench) -> None:
    path = bench.build("mkdir $out; echo $out > $out/self; ln -s $out/self $out/link")

    assert bench.read(path, "self") == path.text + "\n"
    assert (bench.store.physical(path) / "link").readlink() == Path(path.text) / "self"


@pytest.mark.spec("build-failure")
def test_a_failure_says_where_its_log_is_and_shows_the_end(bench: Workbench) -> None:
    script = "for i in $(seq 100); do echo line $i; done; echo broken >&2; exit 3"

    with pytest.raises(BuildFailed) as caught:
        bench.build(script)

    error = caught.value
    assert error.log is not None
    assert error.log.parent == log_directory(bench.store)
    assert len(list(log_lines(error.log))) == 101
    assert error.details[-1] == "broken"
    assert len(error.details) == 25
    assert "3" in error.why


@pytest.mark.spec("build-keep-failed")
def test_a_failed_build_can_be_kept_for_a_look(store: Store, tmp_path: Path) -> None:
    bench = Workbench(store, keep_failed=tmp_path / "failed")

    script = "echo evidence > config.log; mkdir d; chmod 0 d; exit 1"

    with pytest.raises(BuildFailed):
        bench.build(script)
    with pytest.raises(BuildFailed) as caught:
        bench.build(script)

    (kept,) = (tmp_path / "failed").iterdir()
    assert caught.value.kept == kept
    assert str(kept) in caught.value.fix
    assert (kept / "build" / "config.log").read_text() == "evidence\n"


def test_a_place_that_cannot_be_written_to_does_not_hide_the_failure(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    bench = Workbench(store, keep_failed=tmp_path / "file" / "failed")

    with pytest.raises(BuildFailed) as caught:
        bench.build("exit 7")

    assert "7" in caught.value.why
    assert "could not be kept" in caught.value.fix


def test_a_builder_that_is_not_there_is_the_builds_fault(bench: Workbench) -> None:
    action = bench.script("true", rootfs=None)

    with pytest.raises(BuildFailed) as caught:
        bench.realise(action)

    assert "/bin/sh" in caught.value.why


def test_a_command_line_too_long_for_the_system_is_the_builds_fault(bench: Workbench) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build("#" * 200_000)

    assert "too long" in caught.value.why


def test_too_many_inputs_are_the_builds_fault(bench: Workbench) -> None:
    with pytest.raises(BuildFailed) as caught:
        bench.build("mkdir $out", env={f"V{number}": "x" for number in range(3000)})

    assert "too many" in caught.value.why


def test_an_action_for_another_machine_is_refused(bench: Workbench) -> None:
    action = bench.script("mkdir $out", system="riscv64-linux")

    with pytest.raises(WrongSystem) as caught:
        bench.realise(action)

    assert caught.value.expected == "riscv64-linux"


def test_a_tree_that_was_not_added_is_named(bench: Workbench) -> None:
    action = bench.script("mkdir $out", inputs={"src": TreeInput("0" * 64, "absent")})

    with pytest.raises(PathNotFound) as caught:
        bench.realise(action)

    assert caught.value.path.endswith("-absent")


@pytest.mark.spec("build-once")
def test_a_second_realisation_does_nothing(bench: Workbench) -> None:
    script = "mkdir $out; echo x > $out/x"
    first = bench.build(script)
    bench.outcomes()
    idle = Workbench(bench.store, sandbox=BrokenSandbox(), downloader=NoDownloads())

    second = idle.build(script)

    assert second == first
    assert not any(isinstance(event, ActionStarted) for event in idle.events)
    assert idle.outcomes() == [("thing", CACHED)]


@pytest.mark.spec("build-once")
def test_what_an_output_was_made_of_need_not_exist_any_more(
    bench: Workbench, tmp_path: Path
) -> None:
    lower = bench.script("echo lower > $out", name="lower")
    upper = bench.script(
        "cat $lower > $out",
        name="upper",
        inputs={"lower": ActionInput(action_id(lower))},
        env={"lower": "{{input:lower}}"},
    )
    path = bench.realise(lower, upper)
    bench.store.add_root(tmp_path / "result", path)
    bench.realiser.close()
    bench.store.close()
    with Store.open(tmp_path / "eka", durable=False) as store:
        deleted = {each.name for each in store.gc().deleted}
        idle = Workbench(store, sandbox=BrokenSandbox())

        again = idle.realiser.realise(plan_of(lower, upper))

    assert "lower" in deleted
    assert list(again.values()) == [path]


@pytest.mark.spec("build-resolved")
def test_an_input_that_comes_out_the_same_cuts_the_rebuild_off(bench: Workbench) -> None:
    def build(comment: str) -> None:
        lower = bench.script(f"echo same > $out # {comment}", name="lower")
        upper = bench.script(
            "cp $lower $out",
            name="upper",
            inputs={"lower": ActionInput(action_id(lower))},
            env={"lower": "{{input:lower}}"},
        )
        bench.realise(lower, upper)

    build("first")
    first = bench.outcomes()
    build("second")
    second = bench.outcomes()

    assert first == [("lower", BUILT), ("upper", BUILT)]
    assert second == [("lower", BUILT), ("upper", CACHED)]


@pytest.mark.spec("build-check")
def test_a_check_runs_the_roots_again_and_is_content(bench: Workbench) -> None:
    action = bench.script("mkdir $out; echo $out > $out/self")

    first = bench.realise(action)
    bench.outcomes()
    second = bench.realise(action, check=True)

    assert first == second
    assert bench.outcomes() == [("thing", CACHED), ("thing", BUILT)]
    assert bench.store.nondeterminism() == []


@pytest.mark.spec("build-check")
def test_a_check_names_the_first_file_that_differs(bench: Workbench) -> None:
    script = """
        mkdir -p $out/b
        echo $out > $out/a
        cat /proc/sys/kernel/random/uuid > $out/b/c
        cat /proc/sys/kernel/random/uuid > $out/d
    """
    action = bench.script(script)
    first = bench.realise(action)

    with pytest.raises(NonDeterministic) as caught:
        bench.realise(action, check=True)

    error = caught.value
    assert error.differs == "b/c"
    assert error.first == first.text
    assert error.exit_status == 104
    (disputed,) = bench.store.nondeterminism()
    assert {outcome.refined for outcome in disputed.outcomes} == {
        text.rsplit("/", 1)[1] for text in (error.first, error.second)
    }


@pytest.mark.spec("build-check")
def test_a_check_builds_what_the_roots_need_first(bench: Workbench) -> None:
    lower = bench.script("echo lower > $out", name="lower")
    upper = bench.script(
        "cat $lower > $out",
        name="upper",
        inputs={"lower": ActionInput(action_id(lower))},
        env={"lower": "{{input:lower}}"},
    )

    bench.realise(lower, upper, check=True)

    assert bench.outcomes() == [("lower", BUILT), ("upper", BUILT), ("upper", BUILT)]


@pytest.mark.spec("build-stage")
def test_a_staged_input_is_a_writable_copy(bench: Workbench) -> None:
    source = bench.tree({"run*": b"#!/bin/sh\necho ran\n", "d/f": b"old", "d/l": "f"})
    script = """
        test "$src" = /build/work/src; cd $src
        ./run > d/f; touch new; rm d/l; chmod 755 d
        stat -c %Y run
        mkdir $out; cp -r . $out/
    """
    action = bench.script(
        script,
        inputs={"src": source},
        stage={"src": "work/src"},
        env={"src": "{{stage:src}}"},
    )

    path = bench.realise(action)

    assert bench.read(path, "d/f") == "ran\n"
    assert bench.log() == ["1"]
    assert not (bench.store.physical(source.path) / "new").exists()
    assert bench.store.verify([source.path]) == []


@pytest.mark.spec("build-stage")
def test_a_file_can_be_staged_and_a_directory_be_worked_in(bench: Workbench) -> None:
    one = bench.script("echo text > $out", name="one")
    two = bench.script(
        "pwd > $out; cat ../in >> $out",
        name="two",
        inputs={"in": ActionInput(action_id(one))},
        stage={"in": "in"},
        cwd="/build/deep/er",
    )

    with pytest.raises(BuildFailed):
        bench.realise(one, two)

    path = bench.realise(one, bench.script(
        "pwd > $out; cat ../../in >> $out",
        name="two",
        inputs={"in": ActionInput(action_id(one))},
        stage={"in": "in"},
        cwd="/build/deep/er",
    ))  # fmt: skip
    assert bench.read(path) == "/build/deep/er\ntext\n"


@pytest.mark.spec("build-stage")
def test_a_link_in_a_staged_tree_leads_no_write_out_of_the_build(
    bench: Workbench, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    source = bench.tree({"escape": str(victim), "f": b""})
    action = bench.script(
        "mkdir $out",
        inputs={"src": source},
        stage={"src": "src"},
        cwd="/build/src/escape/made",
    )

    with pytest.raises(BuildFailed):
        bench.realise(action)

    assert list(victim.iterdir()) == []


@pytest.mark.spec("sandbox-root")
def test_an_etc_made_of_links_leads_no_write_out_of_the_build(
    bench: Workbench, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    hostile = bench.tree({"etc/passwd": str(victim), "etc/hosts": str(victim), "bin/x": b""})
    action = bench.script("mkdir $out", inputs={"hostile": hostile}, rootfs="hostile")

    with pytest.raises(BuildFailed):
        bench.realise(action)

    assert not victim.exists()


@pytest.mark.spec("sandbox-time")
def test_a_build_out_of_time_is_ended_with_all_its_processes(bench: Workbench) -> None:
    script = f"echo begun; sleep {LONG} & setsid sleep {LONG} & sleep {LONG}"

    with pytest.raises(BuildTimedOut) as caught:
        bench.build(script, timeout_s=1)

    assert caught.value.exit_status == 101
    assert caught.value.details == ("begun",)
    assert sleepers(LONG) == []


def test_the_first_failure_stops_the_others(bench: Workbench) -> None:
    slow = bench.script(f"sleep {LONG}; mkdir $out", name="slow")
    broken = bench.script("sleep 0.2; exit 1", name="broken")
    last = bench.script(
        "mkdir $out",
        name="last",
        inputs={"a": ActionInput(action_id(slow)), "b": ActionInput(action_id(broken))},
    )

    with pytest.raises(BuildFailed) as caught:
        bench.realise(slow, broken, last)

    assert caught.value.name == "broken"
    assert sleepers(LONG) == []


def test_independent_actions_run_at_the_same_time(bench: Workbench) -> None:
    actions = [bench.script(f"sleep 1; echo {name} > $out", name=name) for name in ("a", "b")]
    inputs = {action.name: ActionInput(action_id(action)) for action in actions}
    last = bench.script("mkdir $out", name="last", inputs=inputs)

    bench.realise(*actions, last)

    others = (PathAdded, WorkLeft)
    kinds = [type(event) for event in bench.events if not isinstance(event, others)]
    assert kinds[:2] == [ActionStarted, ActionStarted]


def test_nothing_is_left_in_scratch(bench: Workbench) -> None:
    bench.build("mkdir -p $out a/b; chmod 000 a/b a")
    with pytest.raises(BuildFailed):
        bench.build("mkdir -p a/b; chmod 500 a; exit 1", name="failing")

    assert list((bench.store.root / "tmp").glob("*/*/*")) == []


def test_a_plan_with_an_undeclared_placeholder_is_refused_before(bench: Workbench) -> None:
    with pytest.raises(InvalidPlan):
        bench.script("echo {{input:nothing}}")


@pytest.mark.spec("build-same")
def test_the_umask_and_environment_of_the_user_do_not_matter(bench: Workbench) -> None:
    script = "mkdir $out; umask; env | sort; touch $out/f; id > $out/id; pwd > $out/pwd"
    mask = os.umask(0o077)
    try:
        strict = bench.realise(bench.script(script))
        told = bench.log()
    finally:
        os.umask(mask)

    lax = bench.realise(bench.script(script + " # again"))

    assert told[0] == "0022"
    assert bench.store.path_info(strict).content == bench.store.path_info(lax).content


def test_jobs_are_at_least_one(store: Store) -> None:
    events: list[object] = []
    realiser = Realiser(
        store, sandbox=real_sandbox(), downloader=NoDownloads(), emit=events.append, jobs=0
    )

    with realiser:
        assert realiser.realise(Plan({}, ())) == {}


@pytest.mark.parametrize("keeps", [True, False])
def test_a_realiser_keeps_results_from_collection_until_its_end(
    bench: Workbench, tmp_path: Path, *, keeps: bool
) -> None:
    action = bench.script("mkdir $out")
    path = bench.realise(action)
    bench.store.close()
    with Store.open(tmp_path / "eka", durable=False) as store:
        again = Workbench(store, sandbox=BrokenSandbox())
        if keeps:
            with again.realiser as realiser:
                realiser.realise(plan_of(action))
                store.gc()
                inside = store.has(path)
        else:
            again.realiser.realise(plan_of(action))
            store.gc()
            inside = store.has(path)
        store.gc()
        after = store.has(path)

    assert (inside, after) == (keeps, False)
