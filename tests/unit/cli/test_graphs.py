"""Graphs as DOT and Mermaid: whatever a name holds, it stays a name."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from eka.cli.graphs import Drawing, dot, mermaid

NASTY = 'a"b\\c]-->x#1;`<b>\u202e|\n{}'


def drawing(*texts: str, note: str = "") -> Drawing:
    """Return boxes in a row, each with one of the texts."""
    made = Drawing()
    names = [(f"{number:03}",) for number in range(len(texts))]
    made.boxes.update({name: (text, "more") for name, text in zip(names, texts, strict=True)})
    made.arrows.update(dict.fromkeys(pairwise(names), note))
    return made


def test_boxes_are_numbered_in_order() -> None:
    made = drawing("one", "two", note="dev")

    assert list(dot(made)) == [
        "digraph eka {",
        "  rankdir=LR;",
        "  node [shape=box];",
        '  n0 [label="one\\nmore"];',
        '  n1 [label="two\\nmore"];',
        '  n0 -> n1 [style=dashed, label="dev"];',
        "}",
    ]
    assert list(mermaid(made)) == [
        "flowchart LR",
        '  n0["one<br/>more"]',
        '  n1["two<br/>more"]',
        '  n0 -. "dev" .-> n1',
    ]


def test_names_cannot_end_a_string_or_begin_markup() -> None:
    made = drawing(NASTY, "two", note=NASTY)

    graph, chart = list(dot(made)), list(mermaid(made))

    assert graph[3] == ('  n0 [label="a\\"b\\\\c]-->x#1;`<b>\\\\u{202e}|\\\\u{a}{}\\nmore"];')
    assert chart[1] == (
        '  n0["a#34;b#92;c#93;--#62;x#35;1#59;#96;#60;b#62;#92;u#123;202e#125;#124;#92;u'
        '#123;a#125;#123;#125;<br/>more"]'
    )


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_every_line_has_its_form_whatever_names_hold(text: str, note: str) -> None:
    made = drawing(text, "two", note=note)

    for line in list(dot(made))[3:-1]:
        assert re.fullmatch(r'  n\d( -> n\d)? \[(style=dashed, )?label="([^"\\]|\\.)*"\];', line)
    for line in list(mermaid(made))[1:3]:
        assert re.fullmatch(r'  n\d\["([^"<>]|<br/>)*"\]', line)


def test_the_order_of_making_does_not_matter() -> None:
    one = drawing("a", "b", "c")
    other = Drawing(
        dict(reversed(list(one.boxes.items()))), dict(reversed(list(one.arrows.items())))
    )

    assert list(dot(one)) == list(dot(other))
    assert list(mermaid(one)) == list(mermaid(other))
