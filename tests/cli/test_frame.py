"""What surrounds every command: options, output, errors, exit statuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.cli.main import main
from eka.cli.table import COMMANDS
from eka.errors import Exit

if TYPE_CHECKING:
    from tests.cli.conftest import Eka

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("echo", "pass_on", "fail", "fail_twice", "be_refused", "be_buggy", "be_stopped")


@pytest.fixture(autouse=True)
def fake_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setitem(COMMANDS, name, (f"tests.fakes.commands:{name}", "For tests."))


def test_an_answer_goes_to_standard_output_and_talk_to_standard_error(eka: Eka) -> None:
    ran = eka("echo", "one", "two")

    assert (ran.status, ran.stdout) == (0, "one\ntwo\n")
    assert ran.stderr == "echoing\nnote: it echoes\n"


def test_json_is_one_document_that_names_its_schema(eka: Eka) -> None:
    ran = eka("echo", "one", "--json")

    assert list(ran.document) == ["schema", "said", "directory", "verbosity"]
    assert ran.document["schema"] == "eka.echo/1"
    assert ran.stderr == ""


def test_json_is_ascii_whatever_it_tells(eka: Eka) -> None:
    ran = eka("echo", "\x9b2J\u202e\udcff圧", "--json")

    assert ran.stdout.isascii()
    assert ran.document["said"] == ["\x9b2J\u202e\udcff圧"]


@pytest.mark.parametrize("words", [
    ("--json", "-v", "-C", "{}", "echo", "x"),
    ("echo", "x", "--json", "-v", "-C", "{}"),
    ("-C", "{}", "echo", "--json", "x", "--verbose"),
    ("--directory={}", "--json", "echo", "-v", "x"),
])  # fmt: skip
def test_global_options_stand_before_or_after_the_command(
    eka: Eka, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = eka(*(word.format(tmp_path) for word in words))

    assert ran.document["directory"] == str(tmp_path)
    assert ran.document["verbosity"] == 1


def test_quiet_says_only_the_answer(eka: Eka) -> None:
    ran = eka("-q", "echo", "x")

    assert (ran.stdout, ran.stderr) == ("x\n", "")


def test_a_flag_is_off_until_it_is_given(eka: Eka) -> None:
    assert eka("echo", "x").stdout == "x\n"
    assert eka("echo", "--loud", "x").stdout == "X\n"


def test_words_after_two_hyphens_are_no_options(eka: Eka) -> None:
    ran = eka("echo", "--", "--json", "-v")

    assert ran.stdout == "--json\n-v\n"


@pytest.mark.parametrize(("terminal", "words", "environment", "coloured"), [
    (False, (), {}, False),
    (True, (), {}, True),
    (True, (), {"NO_COLOR": "1"}, False),
    (True, (), {"TERM": "dumb"}, False),
    (False, (), {"FORCE_COLOR": "1"}, True),
    (False, (), {"CLICOLOR_FORCE": "1"}, True),
    (False, ("--color", "always"), {"NO_COLOR": "1"}, True),
    (True, ("--color=never",), {"FORCE_COLOR": "1"}, False),
])  # fmt: skip
def test_colour_is_for_terminals_unless_told_otherwise(
    eka: Eka,
    *,
    terminal: bool,
    words: tuple[str, ...],
    environment: dict[str, str],
    coloured: bool,
) -> None:
    ran = eka("-q", *words, "echo", "x", terminal=terminal, **environment)

    assert ran.stdout == ("\x1b[1mx\x1b[0m\n" if coloured else "x\n")


def test_a_command_may_print_by_itself_and_choose_its_status(eka: Eka) -> None:
    ran = eka("pass_on")

    assert (ran.status, ran.stdout) == (7, "")


def test_an_error_goes_to_standard_error_with_its_status(eka: Eka, tmp_path: Path) -> None:
    ran = eka("fail", "-C", str(tmp_path))

    assert (ran.status, ran.stdout) == (5, "")
    assert ran.stderr.splitlines() == [
        "error[broken]: a pin is wrong \\u{1b}[2J",
        "  --> atom.toml:3:1",
        "   |",
        " 3 | zlib = 1",
        "   | ^^^^",
        f"  where: {tmp_path}",
    ]


@pytest.mark.parametrize(("command", "status", "code"), [
    ("fail", 5, "broken"),
    ("fail_twice", 5, "problems"),
    ("be_refused", 1, "system"),
    ("be_buggy", 70, "bug"),
    ("be_stopped", 130, "interrupted"),
])  # fmt: skip
def test_errors_are_json_too(eka: Eka, command: str, status: int, code: str) -> None:
    ran = eka(command, "--json")

    error = ran.checked("error")["error"]
    assert (ran.status, error["exit_status"], error["code"]) == (status, status, code)
    assert ran.stderr == ""


def test_every_problem_is_told(eka: Eka) -> None:
    ran = eka("fail_twice", "--json")

    assert [each["what"] for each in ran.document["error"]["problems"]] == ["one", "two"]


@pytest.mark.parametrize("command", ["be_buggy", "be_refused"])
def test_the_story_of_a_failure_is_told_on_request(eka: Eka, command: str) -> None:
    short, long = eka(command), eka(command, "-v")

    assert "Traceback" not in short.stderr
    assert "Traceback" in long.stderr
    assert short.status == long.status


@pytest.mark.parametrize(("words", "code"), [
    (("publsh",), "unknown-command"),
    (("-C", "x"), "usage"),
    (("-q",), "usage"),
    (("echo", "--loudd"), "usage"),
    (("echo", "--color", "blue"), "usage"),
    (("echo", "-C"), "usage"),
])  # fmt: skip
def test_wrong_words_end_with_status_2(eka: Eka, words: tuple[str, ...], code: str) -> None:
    ran = eka(*words)

    assert ran.status == 2
    assert ran.stderr.startswith(f"error[{code}]")


def test_a_misspelled_command_is_guessed(eka: Eka) -> None:
    ran = eka("publsh")

    assert "did you mean eka publish?" in ran.stderr


def test_mistakes_in_the_words_are_json_when_json_was_asked_for(eka: Eka) -> None:
    ran = eka("echo", "--json", "--loudd")

    assert ran.checked("error")["error"]["code"] == "usage"


def test_a_directory_that_does_not_exist_is_named(eka: Eka, tmp_path: Path) -> None:
    ran = eka("echo", "--json", "-C", str(tmp_path / "none"))

    assert ran.status == 3
    assert ran.document["error"]["where"] == str(tmp_path / "none")


def test_help_of_a_command_is_its_docstring_and_its_options(
    eka: Eka, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = eka("echo", "--help")

    told = capsys.readouterr().out
    assert ran.status == 0
    assert "Say what was said." in told
    assert "At length, if need be." in told
    assert "Not for users" not in told
    assert "--no-loud" not in told
    assert all(option in told for option in ("--loud", "--json", "--directory", "--color"))


def test_a_reader_that_goes_away_is_no_error() -> None:
    ran = subprocess.run(
        f"{sys.executable} -m tests.fakes.commands much -q | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip

    assert ran.stdout.splitlines() == ["x" * 80, "141"]
    assert ran.stderr == ""


def test_an_interrupt_while_loading_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("eka.cli.dispatch.dispatch", stop)

    assert main(["versions"]) == Exit.INTERRUPTED
