"""The plainest command lines, understood without typer, which takes longer to load than they run.

Only words that can mean one thing are taken: options spelled out, each once, and as many
arguments as the command needs. Whatever else is typed, mistakes and ``--help`` above all, goes
to typer; a test holds both to the same answer.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.call import Call, Globals

if TYPE_CHECKING:
    from collections.abc import Sequence

# command -> its arguments, its flags
SHAPES: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "list": (("source",), frozenset({"all_versions", "offline"})),
    "versions": (("uri",), frozenset({"offline", "refresh"})),
}
_GLOBAL_FLAGS = {"--json": "json", "-q": "quiet", "-v": "verbose"}
_DIRECTORY = ("-C", "--directory")


def plain_call(name: str, words: Sequence[str]) -> Call | None:
    """Return what ``words`` mean to the command ``name``; None when typer must say."""
    if name not in SHAPES:
        return None
    names, flags = SHAPES[name]
    given: list[str] = []
    options: dict[str, bool | str] = {}
    told: dict[str, int | str] = {}
    rest = iter(words)
    for word in rest:
        flag = word.removeprefix("--").replace("-", "_")
        if not word.startswith("-"):
            given.append(word)
        elif word in _GLOBAL_FLAGS and _GLOBAL_FLAGS[word] not in told:
            told[_GLOBAL_FLAGS[word]] = 1
        elif word in _DIRECTORY and "directory" not in told:
            told["directory"] = next(rest, "-")
        elif word == f"--{flag.replace('_', '-')}" and flag in flags and flag not in options:
            options[flag] = True
        else:
            return None
    directory = str(told.get("directory", ""))
    if len(given) != len(names) or directory.startswith("-"):
        return None
    return Call(
        options | dict(zip(names, given, strict=True)),
        Globals(directory, int("quiet" in told), int("verbose" in told), json="json" in told),
    )
