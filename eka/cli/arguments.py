"""Words into values: typer parses them, one command's worth, and calls nothing."""

from __future__ import annotations

import inspect
import io
import re
from contextlib import redirect_stdout
from copy import copy
from enum import StrEnum
from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from eka.checking import TYPE_CHECKING
from eka.cli import option
from eka.cli.call import Call, Globals
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

# The help text of a command is its docstring, without the sections for readers of the code.
_SECTIONS = re.compile(r"\n\s*(Args|Returns|Raises|Source):.*", re.DOTALL)


class When(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _global_options(
    *,
    directory: Annotated[
        str, typer.Option("-C", "--directory", metavar="DIR", help="Work as if started in DIR.")
    ] = "",
    quiet: Annotated[
        int,
        typer.Option(
            "-q", "--quiet", count=True, show_default=False, help="Say only results and errors."
        ),
    ] = 0,
    verbose: Annotated[
        int,
        typer.Option(
            "-v",
            "--verbose",
            count=True,
            show_default=False,
            help="Say more; twice for even more.",
        ),
    ] = 0,
    color: Annotated[When, typer.Option("--color", help="When to colour.")] = When.AUTO,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on standard output.")
    ] = False,
) -> Globals:
    return Globals(directory, quiet, verbose, color, json)


def parse(name: str, command: Callable[..., Reply], words: Sequence[str]) -> Call | int:
    """Return the call that ``words`` describe, or an exit status when help was printed.

    Raises:
        UsageFailed: the words do not fit the command's parameters.
    """
    parser = _parser(name, command)
    try:
        values: Any = parser(list(words), prog_name=f"eka {name}", standalone_mode=False)
    except Exception as error:
        told: Callable[[], str] | None = getattr(error, "format_message", None)
        if told is None:
            raise
        raise UsageFailed(name, told()) from error
    if isinstance(values, int):
        return values
    names = [parameter.name for parameter in _parameters(_global_options)]
    chosen = _global_options(**{each: values.pop(each) for each in names})
    return Call(options=values, globals=chosen)


def _parameters(function: Callable[..., object]) -> list[inspect.Parameter]:
    # A command may import these for the type checkers alone; typer never sees them.
    names = {
        "Annotated": Annotated,
        "Frame": Frame,
        "Reply": Reply,
        "option": option,
        "typer": typer,
    }
    hints = get_type_hints(function, localns=names, include_extras=True)
    declared = inspect.signature(function).parameters.values()
    return [
        parameter.replace(
            annotation=_without_opposite(parameter.name, hints.get(parameter.name, str)),
            kind=inspect.Parameter.KEYWORD_ONLY,
        )
        for parameter in declared
    ]


def _without_opposite(name: str, annotation: Any) -> Any:  # noqa: ANN401 (what typing has)
    """Return the annotation of a flag such that it has no opposite: no ``--no-dry-run``."""
    if get_origin(annotation) is not Annotated:
        return annotation
    kind, info = get_args(annotation)
    is_bare = isinstance(info, OptionInfo) and info.default is ... and not info.param_decls
    if kind is not bool or not is_bare:
        return annotation
    named = copy(info)
    named.param_decls = (f"--{name.replace('_', '-')}",)
    return Annotated[bool, named]


def help_text(name: str, command: Callable[..., Reply]) -> str:
    """Return what ``eka NAME --help`` prints, for a page of 80 columns."""
    told = io.StringIO()
    with redirect_stdout(told):
        _parser(name, command)(
            ["--help"], prog_name=f"eka {name}", standalone_mode=False, terminal_width=80
        )
    return told.getvalue()


@cache
def _parser(name: str, command: Callable[..., Reply]) -> Callable[..., Any]:
    # The frame comes first and from us.
    parameters = [*_parameters(command)[1:], *_parameters(_global_options)]

    def values_of(**values: object) -> dict[str, object]:
        return values

    vars(values_of)["__signature__"] = inspect.Signature(parameters)
    values_of.__annotations__ = {each.name: each.annotation for each in parameters}
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(name, help=_SECTIONS.sub("", inspect.getdoc(command) or ""))(values_of)
    return typer.main.get_command(app)
