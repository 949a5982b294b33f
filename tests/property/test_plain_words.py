"""The plainest command lines mean the same to eka's own reading and to typer."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eka.cli.arguments import parse
from eka.cli.dispatch import load_command
from eka.cli.errors import UsageFailed
from eka.cli.plain import SHAPES, plain_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.cli.call import Call

WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "--offline", "--refresh", "--all-versions", "--json", "-q", "-v", "-qv", "--quiet",
                "--verbose", "-C", "--directory", "-C.", "--directory=.", "--color", "never", "--",
                "--no-offline", "--off", "--offline=1", "-", "", "--long", "-l",
            ]
        ),
        st.sampled_from(["file:///x::zlib", "gh:owner/repo", "zlib", ".", "a b", "ü"]),
        st.text(min_size=1, max_size=4).filter(lambda text: "-h" not in text),
    ),
    max_size=5,
)  # fmt: skip


def meant(name: str, words: Sequence[str]) -> dict[str, Any] | str:
    """Return every value that typer gives a command, or that it refuses the words."""
    try:
        call = parse(name, load_command(name), words)
    except UsageFailed as error:
        return error.code
    assert not isinstance(call, int), "help was asked for"
    return whole(name, call)


def whole(name: str, call: Call) -> dict[str, Any]:
    """Return the values of a call, with the defaults of what nobody gave."""
    parameters = inspect.signature(load_command(name)).parameters.values()
    given = {each.name: each.default for each in parameters if each.default is not each.empty}
    return {**given, **call.options, "globals": call.globals}


@pytest.mark.parametrize("name", SHAPES)
@given(words=WORDS)
@example(words=["file:///x::zlib"])
@example(words=["file:///x::zlib", "--offline", "--json", "-C", "."])
@example(words=["-q", "zlib", "-v"])
@example(words=["--", "zlib"])
@example(words=["-C", "--", "zlib"])
@example(words=["-C", "", "zlib"])
def test_plain_words_mean_what_typer_says(name: str, words: list[str]) -> None:
    call = plain_call(name, words)

    assert call is None or whole(name, call) == meant(name, words)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    "words",
    [
        ["--help"], ["zlib", "-h"], [], ["a", "b", "c"], ["zlib", "--offlin"], ["zlib", "--color"],
        ["zlib", "--offline", "--offline"], ["zlib", "-C"], ["-x", "zlib"], ["zlib", "--", "-C"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_whatever_is_not_plain_is_left_to_typer(name: str, words: list[str]) -> None:
    assert plain_call(name, words) is None


def test_other_commands_are_left_to_typer() -> None:
    assert plain_call("publish", ["--all"]) is None
