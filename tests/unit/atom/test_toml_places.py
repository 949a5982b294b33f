"""Where keys and values stand in a TOML text."""

from __future__ import annotations

import pytest

from eka.atom.toml_places import find_places

TEXT = """\
# comment
top = 1 # after
"quoted \\u0065" . 'lit.eral' = "a\\"b"
[table] # [not.one]
a.b . c = [ 1, [2, 'x'], # ]
  { d = "}", e.f = \"\"\"]\"\"\" },
]
when = 1979-05-27 07:32:00
inline = { }
empty = []
[ table . sub ]
last = '''
'''
[[array]]
x = 1
[array.inner]
y = 2
[[array]]
x = 3
[[array.nested]]
z = true
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("top",), "top", "1"),
        (("quoted e",), '"quoted \\u0065"', '"quoted \\u0065"'),
        (("quoted e", "lit.eral"), "'lit.eral'", '"a\\"b"'),
        (("table",), "table", "table"),
        (("table", "a", "b", "c", 0), "1", "1"),
        (("table", "a", "b", "c", 1), "[2, 'x']", "[2, 'x']"),
        (("table", "a", "b", "c", 1, 1), "'x'", "'x'"),
        (("table", "a", "b", "c", 2, "d"), "d", '"}"'),
        (("table", "a", "b", "c", 2, "e", "f"), "f", '"""]"""'),
        (("table", "when"), "when", "1979-05-27 07:32:00"),
        (("table", "inline"), "inline", "{ }"),
        (("table", "empty"), "empty", "[]"),
        (("table", "sub", "last"), "last", "'''\n'''"),
        (("array", 0, "x"), "x", "1"),
        (("array", 0, "inner", "y"), "y", "2"),
        (("array", 1, "x"), "x", "3"),
        (("array", 1, "nested", 0, "z"), "z", "true"),
    ],
)
def test_every_key_and_value_is_found(path: tuple[str | int, ...], key: str, value: str) -> None:
    places = find_places(TEXT)

    key_start, key_end = places.key(path)
    value_start, value_end = places.value(path)

    assert TEXT[key_start:key_end] == key
    assert TEXT[value_start:value_end] == value


def test_line_ends_of_windows_do_not_move_anything() -> None:
    text = TEXT.replace("\n", "\r\n")

    start, end = find_places(text).value(("array", 1, "x"))

    assert text[start:end] == "3"


def test_a_section_ends_after_its_last_statement() -> None:
    text = "a = 1\n\n# of b\n[b] # here\nc = 2 # c\n\n# of d\n[d]\n# end"

    sections = find_places(text).sections

    assert [(section.path, text[section.start : section.end]) for section in sections] == [
        ((), "a = 1\n"),
        (("b",), "[b] # here\nc = 2 # c\n"),
        (("d",), "[d]\n"),
    ]


def test_an_empty_text_has_one_empty_section() -> None:
    places = find_places("")

    assert [section.path for section in places.sections] == [()]
    assert places.key(("x",)) == (0, 0)
