"""Somebody builds and runs: what a script finds, and what is said when it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import log_lines, parse_plan
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXIT_USAGE, EXIT_NOT_FOUND = 2, 3
BUILD_FAILED, BUILD_TIMEOUT, NONDETERMINISTIC, INTERRUPTED = 100, 101, 104, 130
DEPENDS = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'
PATIENCE_S = 20


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def app(person: Person, published: Village, tmp_path: Path) -> Path:
    """A project that depends on greet."""
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{published.url}::greet@^1")
    return tmp_path / "app"


def recipe(village: Village, script: str, *, more: str = "", deps: str = DEPENDS) -> Path:
    """Write the atom ``work`` with this script; returns its directory."""
    text = f"{deps}[build]\nrootfs = \"shell\"\nscript = '''\n{script}\n'''\n{more}"
    village.atom("work", text)
    return village.mono / "work"


def output(answer: Answer) -> Path:
    """Return where the one output is."""
    assert answer.status == 0, answer.out
    (built,) = answer.document["outputs"]
    return Path(built["physical"])


def test_a_failing_script_shows_the_end_of_its_log(person: Person, village: Village) -> None:
    work = recipe(village, "for n in 1 2 3; do echo line $n; done\necho oh no >&2\nfalse\necho on")

    answer = person.json(work, "build")
    told = person.eka(work, "build").err

    error = answer.document["error"]
    assert (answer.status, answer.code) == (BUILD_FAILED, "build-failed")
    assert error["details"] == ["line 1", "line 2", "line 3", "oh no"]
    assert list(log_lines(Path(error["where"]))) == [b"line 1", b"line 2", b"line 3", b"oh no"]
    assert "  | oh no\n" in told
    assert str(Path(error["where"]).parent) in told
    assert "failed work" not in told
    assert not (work / "result").exists()


def test_a_log_is_shown_as_it_grows_on_demand_and_cannot_steer_the_terminal(
    person: Person, village: Village
) -> None:
    work = recipe(village, "echo first; printf '\\033[2Jgone\\n'; echo > $out")

    quiet, told = (
        person.eka(work, "build", "--no-link"),
        person.eka(work, "build", "-v", "--check"),
    )

    assert "first" not in quiet.err
    assert "work-1.0.0> first\n" in told.err
    assert "\x1b" not in told.err
    assert "gone" in told.err


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("true", "did not make its output"),
        ("no-such-program", "status 127"),
        ("echo $unset", "status 2"),
        ("exit 3", "status 3"),
    ],
)
def test_why_a_build_failed_is_said(
    person: Person, village: Village, script: str, why: str
) -> None:
    answer = person.json(recipe(village, script), "build")

    assert answer.status == BUILD_FAILED
    assert why in answer.document["error"]["why"]


def test_a_script_that_takes_too_long_is_ended(person: Person, village: Village) -> None:
    work = recipe(village, "echo waiting; sleep 60", more="timeout_s = 1\n")

    answer = person.json(work, "build")

    assert (answer.status, answer.code) == (BUILD_TIMEOUT, "build-timed-out")
    assert answer.document["error"]["details"] == ["waiting"]
    assert "timeout_s" in answer.document["error"]["fix"]


def test_a_check_builds_again_and_compares(person: Person, village: Village) -> None:
    same = recipe(village, "echo same > $out")
    first = person.json(same, "build", "--check", "--no-link")
    second = person.json(same, "build", "--check", "--no-link")
    recipe(village, "cat /proc/sys/kernel/random/uuid > $out")
    person.does(same, "build", "--no-link")

    differs = person.json(same, "build", "--check", "--no-link")

    assert (first.status, second.status) == (0, 0)
    assert second.document["built"] == 1
    assert (differs.status, differs.code) == (NONDETERMINISTIC, "nondeterministic")


@pytest.mark.spec("compose-text")
def test_rounds_compare_and_show_what_differs(person: Person, village: Village) -> None:
    work = recipe(village, "echo the same each time > $out")
    same = person.json(work, "build", "--no-link", "--rounds", "2")
    recipe(village, 'mkdir $out; cat /proc/sys/kernel/random/uuid > "$out/it"')

    differs = person.eka(work, "build", "--no-link", "--rounds", "2")

    assert (same.status, same.document["built"]) == (0, 2)
    assert differs.status == NONDETERMINISTIC
    assert "  | it: a file of 37 bytes each" in differs.err


def test_the_last_log_is_shown_again(person: Person, village: Village) -> None:
    work = recipe(village, r"echo said; printf 'a\033[2Jb\n'; false")
    before = person.json(work, "build", "--log")
    person.eka(work, "build")

    after, shown = person.json(work, "build", "--log"), person.eka(work, "build", "--log")

    assert (before.status, before.code) == (EXIT_NOT_FOUND, "never-built")
    assert after.document["log"]["lines"] == ["said", "a\x1b[2Jb"]
    assert after.document["log"]["outcome"] == "failed"
    assert (shown.status, shown.out) == (0, "said\na\\u{1b}[2Jb\n")


def test_after_a_failure_the_rest_is_built_on_demand(person: Person, village: Village) -> None:
    for name, script in (("bad", "exit 3"), ("worse", "exit 4"), ("good", "touch $out")):
        text = f"[build]\nrootfs = \"shell\"\nscript = '''{script}'''\n"
        village.atom(name, f"{DEPENDS}{text}")
    needs = 'bad = "^1"\nworse = "^1"\ngood = "^1"\n'
    work = recipe(village, "touch $out", deps=f"{DEPENDS}{needs}")

    plain = person.eka(work, "build", "--no-link", "-j", "1", "--keep-going")
    again = person.json(work, "build", "--no-link", "-k")

    assert plain.status == BUILD_FAILED
    assert "failed bad-1.0.0: the builder ended with status 3" in plain.err
    assert "skipped work-1.0.0: it needs " in plain.err
    assert "2 actions failed, 1 more could not be performed without them" in plain.err
    problems = again.document["error"]["problems"]
    assert [each["what"].split()[-2] for each in problems] == ["bad-1.0.0", "worse-1.0.0"]


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--rounds", "0"], ["-j", "many"]])
def test_odd_numbers_of_jobs_and_rounds_are_refused(
    person: Person, app: Path, words: list[str]
) -> None:
    assert person.json(app, "build", "greet", *words).status == EXIT_USAGE


def test_braces_in_a_script_reach_the_shell_as_they_are(person: Person, village: Village) -> None:
    text = "{{input:shell}} {{input:nope}} {{output:out}} {{open:}} {{stage:atom}} {{x}}"
    work = recipe(
        village, f"echo '{text}' > $out; echo \"$T\" >> $out", more=f"env = {{ T = '{text}' }}\n"
    )

    assert output(person.json(work, "build")).read_text() == f"{text}\n{text}\n"


@pytest.mark.spec("compose-variables")
@pytest.mark.spec("compose-staged")
def test_a_script_finds_its_inputs_in_variables(person: Person, village: Village) -> None:
    village.atom("größe-x")
    village.write("größe-x/data", "fine\n")
    deps = f'{DEPENDS}"größe-x" = "*"\n'
    work = recipe(
        village,
        "cat $u_6772c3b6c39f652d78/data > $out; echo changed > word; echo $(pwd) >> $out\n"
        'cat $atom/word >> $out; echo "$CFLAGS $JOBS $HOME" >> $out',
        deps=deps,
        more='env = { CFLAGS = "-O2" }\n',
    )
    village.write("work/word", "old\n")

    lines = output(person.json(work, "build")).read_text().splitlines()

    assert lines[:3] == ["fine", "/build/atom", "changed"]
    assert lines[3].startswith("-O2 ")
    assert (work / "word").read_text() == "old\n"


@pytest.mark.spec("compose-own-tree")
def test_the_own_tree_is_what_git_would_take_without_links_to_results(
    person: Person, village: Village
) -> None:
    work = recipe(village, "for name in *; do echo $name; done > $out")
    village.write(".gitignore", "*.o\n")
    village.write("work/x.o", "ignored")
    village.write("work/x.c", "new")
    person.does(work, "build")

    again = person.json(work, "build")

    assert output(again).read_text().split() == ["atom.lock", "atom.toml", "x.c"]
    assert again.document["built"] == 0
    assert (work / "result").is_symlink()


@pytest.mark.spec("compose-dev")
def test_an_atom_is_built_alike_by_its_author_and_by_its_consumers(
    person: Person, village: Village, tmp_path: Path
) -> None:
    village.atom("tester")
    manifest = village.mono / "greet/atom.toml"
    text = manifest.read_text().replace("[build]", '[deps.dev.from.here]\ntester = "*"\n[build]')
    manifest.write_text(text.replace('version = "1.0.0"', 'version = "1.5.0"'))
    village.release(person, "greet", "tester")

    author = person.json(village.mono / "greet", "build", "--no-link")
    person.does(tmp_path, "new", "user")
    person.does(tmp_path / "user", "add", f"{village.url}::greet")
    consumer = person.json(tmp_path / "user", "build", "greet", "--no-link")

    assert output(author) == output(consumer)
    assert consumer.document["built"] == 0
    assert "tester" not in (tmp_path / "user/atom.lock").read_text()


@pytest.mark.spec("compose-rootfs")
def test_a_script_without_a_root_file_system_is_refused_before_it_runs(
    person: Person, village: Village
) -> None:
    village.atom("bare", '[build]\nscript = "true"\n')

    answer = person.json(village.mono / "bare", "build")

    assert (answer.status, answer.code) == (EXIT_USAGE, "rootfs-missing")


def test_a_project_without_a_recipe_names_what_can_be_built(person: Person, app: Path) -> None:
    answer = person.json(app, "build")

    assert (answer.status, answer.code) == (EXIT_USAGE, "nothing-to-build")
    assert "eka build greet" in answer.document["error"]["fix"]


def test_an_unknown_target_names_the_known_ones(person: Person, app: Path) -> None:
    answer = person.json(app, "build", "gret")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "not-in-lock")
    assert "greet" in answer.document["error"]["fix"]


def test_a_target_named_twice_is_built_once(person: Person, app: Path) -> None:
    answer = person.json(app, "build", "greet", "greet")

    assert [each["target"] for each in answer.document["outputs"]] == ["greet"]
    assert (app / "result-greet").is_symlink()


def test_one_label_of_two_sets_is_named_with_its_set(
    person: Person, app: Path, published: Village, tmp_path: Path
) -> None:
    other = Village(tmp_path / "other")
    other.greet("salut", version="3.0.0")
    other.publish(person)
    with (app / "atom.toml").open("a") as manifest:
        manifest.write('[deps.dev.from.second]\ngreet = "*"\n')
    text = (app / "atom.toml").read_text()
    (app / "atom.toml").write_text(
        text.replace("[package.sets]\n", f'[package.sets]\nsecond = "{other.url}"\n')
    )
    assert published.url in text

    refused = person.json(app, "build", "greet")
    first = person.json(app, "build", "pkgs::greet")
    second = person.json(app, "build", "second::greet")

    assert (refused.status, refused.code) == (EXIT_USAGE, "target-ambiguous")
    assert "pkgs::greet" in refused.document["error"]["where"]
    assert "hello" in (output(first) / "bin/greet").read_text()
    assert "salut" in (output(second) / "bin/greet").read_text()
    assert (app / "result-second-greet").is_symlink()


@pytest.mark.spec("flow-current")
def test_a_missing_or_stale_lock_is_written_by_a_build_and_that_is_said(
    person: Person, app: Path
) -> None:
    lock, manifest = (app / "atom.lock").read_bytes(), (app / "atom.toml").read_text()
    (app / "atom.lock").unlink()

    missing = person.does(app, "build", "greet")
    renewed = (app / "atom.lock").read_bytes()
    current = person.does(app, "build", "greet")
    (app / "atom.toml").write_text(manifest.replace('greet = "^1"', 'greet = "*"'))
    stale = person.does(app, "build", "greet")

    assert "atom.lock was written: added greet 1.0.0, added shell 1.0.0" in missing.err
    assert renewed == lock
    assert "atom.lock" not in current.err
    assert "atom.lock was written\n" in stale.err
    assert (app / "atom.lock").read_bytes() != lock


def test_run_names_the_programs_there_are(person: Person, app: Path) -> None:
    answer = person.json(app, "run", "greet", "--program", "greeet")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "program-not-found")
    assert "greet" in answer.document["error"]["fix"]


def test_the_plan_is_printed_and_nothing_is_built(person: Person, app: Path) -> None:
    as_json = person.json(app, "build", "greet", "--plan", "--store", "../fresh").document["plan"]
    plain = person.does(app, "build", "greet", "--plan", "--store", "../fresh").out

    plan = parse_plan(plain.encode(), "plan")
    assert json.loads(plan.encode()) == as_json
    assert [plan.actions[root.action].name for root in plan.roots] == ["greet-1.0.0"]
    assert not (app / "result-greet").exists()


def processes(text: str) -> Iterator[int]:
    """Yield the ids of the processes that have ``text`` among their arguments."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in place.read_bytes():
                yield int(place.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_an_interrupted_build_ends_at_once_and_the_next_one_works(
    person: Person, village: Village
) -> None:
    seconds = 2_000_000 + os.getpid()  # that no other run of the tests on this machine sleeps
    nap = f"sleep {seconds}"
    work = recipe(village, f"echo begun; {nap}")
    command = [str(Path(sys.executable).with_name("eka")), "build", "--no-link"]
    with subprocess.Popen(
        command, cwd=work, env=person.environment, stderr=subprocess.PIPE, text=True
    ) as child:
        until(lambda: list(processes(f"sleep\0{seconds}")), "the build never began")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=PATIENCE_S)

    assert child.returncode == INTERRUPTED
    assert "interrupted" in told
    until(lambda: not list(processes(f"sleep\0{seconds}")), "the build went on")
    recipe(village, "echo done > $out")
    assert output(person.json(work, "build")).read_text() == "done\n"
    assert git(village.mono, "status", "--short", "--", "work").startswith("??")


def test_the_place_of_the_link_is_looked_at_before_anything_is_built(
    person: Person, app: Path
) -> None:
    answer = person.json(app, "build", "greet", "--link", "nowhere/result", "--store", "../fresh")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "link-place-missing")
    assert not (app.parent / "fresh").exists()
