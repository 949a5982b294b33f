"""Errors say what, where, why and how to fix it, to people and to programs."""

from __future__ import annotations

from eka.cli.render import error_document, error_lines, exit_status
from eka.cli.text import written
from eka.errors import EkaError, Exit, Problems, Span


class NoSuchThing(EkaError):
    code = "no-such-thing"
    exit_status = Exit.NOT_FOUND


class Broken(EkaError):
    code = "broken"
    exit_status = Exit.INTEGRITY


SPAN = Span("pkgs/zlib/atom.toml", 12, 8, 4, 'zlib = "^2"')


def shown(error: EkaError) -> list[str]:
    return list(written(error_lines(error), colour=False))


def test_an_error_shows_its_parts_and_leaves_out_empty_ones() -> None:
    error = NoSuchThing(what="there is no zlib", where="https://example.org/x", fix="look again")

    assert shown(error) == [
        "error[no-such-thing]: there is no zlib",
        "  where: https://example.org/x",
        "  fix: look again",
    ]


def test_an_error_in_a_file_shows_the_line_with_the_place_underlined() -> None:
    error = NoSuchThing(what="no version fits", span=SPAN)

    assert shown(error) == [
        "error[no-such-thing]: no version fits",
        "   --> pkgs/zlib/atom.toml:12:8",
        "    |",
        ' 12 | zlib = "^2"',
        "    |        ^^^^",
    ]


def test_the_underline_stands_below_the_place_after_wide_and_unsafe_letters() -> None:
    span = Span("f", 1, 4, 1, "圧\x1b\tX")

    _, _, _, source, under = shown(NoSuchThing(what="x", span=span))

    assert source == " 1 | 圧\\u{1b} X"
    assert under.index("^") == source.index("X") + 1  # the wide letter takes two columns


def test_of_a_long_line_the_neighbourhood_is_shown() -> None:
    span = Span("f", 1, 5001, 3, "a" * 5000 + "BAD" + "c" * 5000)

    _, _, _, source, under = shown(NoSuchThing(what="x", span=span))

    assert len(source) < 120
    assert source[under.index("^") : under.rindex("^") + 1] == "BAD"


def test_an_explanation_of_several_lines_is_indented() -> None:
    error = NoSuchThing(what="x", why="because\n  a needs b\n  b needs c")

    assert shown(error)[1:] == ["  why: because", "         a needs b", "         b needs c"]


def test_lines_of_a_program_stand_between_what_happened_and_why() -> None:
    error = Broken(what="it broke", why="status 1")
    error.details = ("cc x.c", "\x1b[2Jerror")

    assert shown(error)[1:] == ["  | cc x.c", "  | \\u{1b}[2Jerror", "  why: status 1"]
    document = error_document(error)["error"]
    assert isinstance(document, dict)
    assert document["details"] == ["cc x.c", "\x1b[2Jerror"]


def test_all_problems_are_shown_and_the_worst_decides() -> None:
    error = Problems([NoSuchThing(what="one"), Broken(what="two"), NoSuchThing(what="three")])

    lines = shown(error)

    assert [line for line in lines if line.startswith("error[")] == [
        "error[no-such-thing]: one",
        "error[broken]: two",
        "error[no-such-thing]: three",
        "error[problems]: 3 problems found",
    ]
    assert exit_status(error) == Exit.INTEGRITY


def test_the_document_of_an_error_has_every_field() -> None:
    error = Problems([NoSuchThing(what="one", span=SPAN), Broken(what="two", why="w")])

    document = error_document(error)["error"]

    assert isinstance(document, dict)
    assert document["exit_status"] == 5
    assert document["span"] is None
    problems = document["problems"]
    assert isinstance(problems, list)
    assert problems[0] == {
        "code": "no-such-thing",
        "what": "one",
        "where": "",
        "why": "",
        "fix": "",
        "span": {
            "file": "pkgs/zlib/atom.toml",
            "line": 12,
            "column": 8,
            "length": 4,
            "text": 'zlib = "^2"',
        },
        "exit_status": 3,
    }
