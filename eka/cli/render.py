"""Errors as people and programs read them: what, where, why, how to fix it, and a stable code."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import Line, bold, columns_of, cyan, dim, green, red
from eka.errors import EkaError, Problems, Span
from eka.text import discreet, safe_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.cli.reply import Json
    from eka.cli.text import Body

# Of a longer line only the neighbourhood of the fault is shown.
SHOWN_COLUMNS = 100

# Errors of the solver, which have more to say.
STORIES = frozenset({"unsatisfiable", "dependency-cycle", "no-matching-version"})


def error_lines(error: EkaError) -> Body:
    """Return an error as it is shown; of several problems each one, then their number."""
    return list(_lines(error))


def error_document(error: EkaError) -> dict[str, Json]:
    """Return the JSON document of an error: atom-spec/schemas/cli/error.schema.json."""
    return {"schema": "eka.error/1", "error": _document(error)}


def exit_status(error: EkaError) -> int:
    """Return the exit status an error ends the program with; of several problems the largest."""
    return int(error.worst if isinstance(error, Problems) else error.exit_status)


def _lines(error: EkaError) -> Iterator[Line]:
    if isinstance(error, Problems):
        for problem in error.problems:
            yield from _lines(problem)
            yield ""
    yield (red(f"error[{error.code}]"), ": ", bold(discreet(error.what)))
    if error.span is not None:
        yield from _source(error.span)
    yield from ((dim("  | "), line) for line in error.details)
    for name, text, piece in (
        ("where", error.where, cyan),
        ("why", error.why, str),
        ("fix", error.fix, green),
    ):
        if name == "why" and error.code in STORIES and (told := _story(error)):
            yield from told
            continue
        first, *more = discreet(text).split("\n")
        if text:
            yield (dim(f"  {name}: "), piece(first))
            yield from ((" " * (len(name) + 4), line) for line in more)


def _story(error: EkaError) -> list[Line]:
    """Return an explanation under its own heading; nothing for errors that have none."""
    from eka.cli.conflicts import story  # noqa: PLC0415 (brings the solver along)

    told = list(story(error, "    "))
    return [dim("  why:"), *told] if told else []


def _source(span: Span) -> Iterator[Line]:
    """Show the line the error speaks of, the place underlined."""
    number = str(span.line)
    margin = " " * len(number)
    start = max(span.column - 1, 0)
    first = max(0, start - SHOWN_COLUMNS // 2)
    text = discreet(span.text).replace("\t", " ")
    shown = text[first : first + SHOWN_COLUMNS]
    # Unsafe letters are written longer than they are, so columns are counted as written.
    before = columns_of(safe_line(text[first:start]))
    under = columns_of(safe_line(text[start : min(start + span.length, first + SHOWN_COLUMNS)]))
    yield (dim(f" {margin}--> "), cyan(f"{span.file}:{span.line}:{span.column}"))
    yield dim(f" {margin} |")
    yield (dim(f" {number} | "), shown)
    yield (dim(f" {margin} | "), " " * before, red("^" * max(under, 1)))


def _document(error: EkaError) -> dict[str, Json]:
    document: dict[str, Json] = {
        "code": error.code,
        "what": discreet(error.what),
        "where": discreet(error.where),
        "why": discreet(error.why),
        "fix": discreet(error.fix),
        "span": None if error.span is None else _span(error.span),
        "exit_status": exit_status(error),
    }
    if error.details:
        document["details"] = list(error.details)
    if error.code in STORIES:
        from eka.cli.conflicts import conflict_document  # noqa: PLC0415 (as above)

        document["conflict"] = conflict_document(error)
    if isinstance(error, Problems):
        document["problems"] = [_document(problem) for problem in error.problems]
    return document


def _span(span: Span) -> dict[str, Json]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "length": span.length,
        "text": discreet(span.text),
    }
