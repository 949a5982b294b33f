"""The runner: what git may see, how much it may say, and that it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eka.git import (
    ChildProcess,
    GitFailed,
    GitRunner,
    OutputTooLarge,
    ProgramMissing,
    Spawn,
    TimedOut,
)

PYTHON = sys.executable


def child(code: str, *, timeout_s: float | None = 30, cap: int = 1 << 20) -> ChildProcess:
    return ChildProcess(
        Spawn(
            argv=[PYTHON, "-S", "-c", code],
            env=dict(os.environ),
            title="test",
            timeout_s=timeout_s,
            max_output_bytes=cap,
        )
    )


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


def test_the_variables_that_move_a_repository_do_not_reach_git(home: Path) -> None:
    hostile = {
        "GIT_DIR": "/nowhere",
        "GIT_WORK_TREE": "/nowhere",
        "GIT_OBJECT_DIRECTORY": "/nowhere",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Mallory",
        "GIT_CONFIG_PARAMETERS": "'user.name=Mallory'",
        "GIT_EXEC_PATH": "/nowhere",
        "GIT_TRACE": "1",
    }
    runner = GitRunner("git", {**os.environ, **hostile}, home)

    assert runner.run(["config", "user.name"], ok=(0, 1)) == b""
    assert not set(hostile) & set(runner.env)


def test_what_carries_credentials_reaches_git(home: Path) -> None:
    kept = {"GIT_SSH_COMMAND": "ssh -i key", "GIT_ASKPASS": "/bin/ask", "GIT_SSL_CAINFO": "/ca"}

    runner = GitRunner("git", {**os.environ, **kept, "HTTPS_PROXY": "http://proxy"}, home)

    assert kept.items() <= runner.env.items()
    assert runner.env["HTTPS_PROXY"] == "http://proxy"


@pytest.mark.parametrize(("prompt", "expected"), [(True, "1"), (False, "0")])
def test_git_asks_at_the_terminal_only_where_a_person_sits(
    home: Path, *, prompt: bool, expected: str
) -> None:
    runner = GitRunner("git", dict(os.environ), home, prompt=prompt)

    assert runner.env["GIT_TERMINAL_PROMPT"] == expected


def test_a_repository_above_our_own_directory_is_not_found(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    home = tmp_path / "home"
    home.mkdir()

    with pytest.raises(GitFailed) as caught:
        GitRunner("git", dict(os.environ), home).run(["rev-parse", "--git-dir"])

    assert "not a git repository" in caught.value.stderr


def test_a_failure_carries_what_git_said_made_safe(runner: GitRunner) -> None:
    with pytest.raises(GitFailed) as caught:
        runner.run(["cat-file", "-t", "\x1b[31mred"])

    assert (caught.value.code, caught.value.command) == ("git-failed", "cat-file")
    assert "\x1b" not in f"{caught.value}{caught.value.stderr}"


def test_a_status_may_be_declared_to_be_no_failure(runner: GitRunner) -> None:
    assert runner.run(["config", "--get", "no.such"], ok=(0, 1)) == b""
    assert runner.execute(["config", "--get", "no.such"]).status == 1


def test_megabytes_go_in_and_out_without_a_deadlock(runner: GitRunner, home: Path) -> None:
    data = os.urandom(3_000_000)
    runner.run(["init", "-q", "--bare", str(home / "x.git")])

    oid = runner.run(["hash-object", "-w", "--stdin"], git_dir=home / "x.git", stdin=data).strip()

    assert runner.run(["cat-file", "blob", oid.decode()], git_dir=home / "x.git") == data


def test_a_child_that_answers_before_it_has_read_all_does_not_block() -> None:
    code = (
        "import sys\n"
        "while block := sys.stdin.buffer.read(1000):\n"
        "    sys.stdout.buffer.write(block)\n"
        "    sys.stderr.write('x' * 5000)\n"
    )

    with child(code, cap=1 << 24) as process:
        answer = process.exchange(b"y" * 1_000_000)
        assert process.finish() == 0

    assert answer == b"y" * 1_000_000
    assert len(process.stderr) == 64 * 1024


def test_writing_while_the_child_answers_does_not_lose_anything() -> None:
    code = (
        "import sys\n"
        "sys.stdout.buffer.write(b'a' * 60000); sys.stdout.buffer.flush()\n"
        "data = sys.stdin.buffer.read()\n"
        "sys.stdout.buffer.write(str(len(data)).encode())\n"
    )

    with child(code) as process:
        process.write(b"x" * 1_000_000)
        process.close_input()
        answer = b"".join(iter(process.read, b""))

    assert answer == b"a" * 60000 + b"1000000"


def test_output_over_the_cap_ends_the_child() -> None:
    with child("import sys\nwhile True: sys.stdout.write('x' * 1000)", cap=100_000) as process:
        with pytest.raises(OutputTooLarge) as caught:
            process.exchange(b"")
        pid = process.pid

    assert caught.value.limit_bytes == 100_000
    wait_until_gone(pid)


def test_a_child_that_does_not_answer_is_ended_with_its_own_children() -> None:
    code = (
        "import subprocess, sys, time\n"
        "grandchild = subprocess.Popen(['sleep', '600'])\n"
        "print(grandchild.pid, flush=True)\n"
        "time.sleep(600)\n"
    )

    with child(code, timeout_s=2) as process:
        grandchild = int(process.read())
        with pytest.raises(TimedOut) as caught:
            process.read()

    assert (caught.value.code, caught.value.exit_status) == ("timed-out", 4)
    wait_until_gone(process.pid)
    wait_until_gone(grandchild)


def test_a_child_that_ignores_the_polite_signal_is_killed() -> None:
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )

    with child(code) as process:
        process.read()

    wait_until_gone(process.pid)


def test_an_interrupt_ends_the_child() -> None:
    process = child("import time; print('ready', flush=True); time.sleep(600)")

    def interrupted() -> None:
        with process:
            process.read()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    wait_until_gone(process.pid)


def test_a_child_that_ends_early_is_no_error_for_who_writes() -> None:
    with child("import sys; sys.stderr.write('no'); sys.exit(3)") as process:
        process.write(b"x" * 1_000_000)

        assert process.finish() == 3

    assert process.stderr == b"no"


def test_a_missing_program_is_an_error_with_a_fix(home: Path) -> None:
    with pytest.raises(ProgramMissing) as caught:
        GitRunner("/nowhere/git", {}, home).run(["version"])

    assert (caught.value.code, caught.value.program) == ("program-missing", "/nowhere/git")
    assert "install git" in caught.value.fix


def test_a_missing_directory_is_named(runner: GitRunner, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing) as caught:
        runner.run(["version"], cwd=tmp_path / "gone")

    assert "gone" in caught.value.why
