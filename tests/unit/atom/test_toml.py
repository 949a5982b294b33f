"""TOML from strangers."""

from __future__ import annotations

import time

import pytest

from eka.atom import InvalidToml, read_toml
from eka.atom.toml import MAX_KEY_PARTS, MAX_MANIFEST_BYTES, MAX_NESTING, TOKEN


def refused(data: bytes | str) -> InvalidToml:
    """Return the error of a text."""
    with pytest.raises(InvalidToml) as caught:
        read_toml(data if isinstance(data, bytes) else data.encode(), "f.toml")
    return caught.value


@pytest.mark.spec("manifest-toml")
def test_a_file_has_a_size_limit() -> None:
    data = b"#" * MAX_MANIFEST_BYTES

    assert read_toml(data, "f.toml").data == {}
    assert "more than" in refused(data + b"#").why
    assert read_toml(data + b"#", "f.toml", max_bytes=len(data) + 1).data == {}


@pytest.mark.spec("manifest-toml")
def test_a_byte_order_mark_is_refused() -> None:
    assert "byte order mark" in refused(b"\xef\xbb\xbfa = 1").why


@pytest.mark.spec("manifest-toml")
def test_a_byte_that_is_not_utf_8_is_located() -> None:
    error = refused(b"a = 1\nb = '\xff'\n")

    assert error.span is not None
    assert (error.span.line, error.span.column) == (2, 6)
    assert "0xff" in error.why


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a = 1\nb = \n", 2, 5),
        ("a = 1\r\nb = x\r\n", 2, 5),
        ("a = [1,\n", 2, 1),
        ("a = 'x", 1, 7),
        ("a = 1\na = 2", 2, 6),
    ],
)
def test_a_syntax_error_is_located(text: str, line: int, column: int) -> None:
    error = refused(text)

    assert error.span is not None
    assert (error.span.line, error.span.column) == (line, column)
    assert error.where == f"f.toml:{line}:{column}"
    assert "(at" not in error.why


@pytest.mark.spec("manifest-toml")
@pytest.mark.parametrize("before", ["", "[", "[[", "x = { ", "x = [{ "])
def test_a_key_has_a_limit_of_parts(before: str) -> None:
    after = {"": " = 1", "[": "]", "[[": "]]", "x = { ": " = 1 }", "x = [{ ": " = 1 }]"}[before]
    longest = ".".join("a" * MAX_KEY_PARTS)

    read_toml(f"{before}{longest}{after}".encode(), "f.toml")
    error = refused(f"{before}{longest}.a{after}")

    assert f"over {MAX_KEY_PARTS} parts" in error.why


@pytest.mark.spec("manifest-toml")
def test_a_key_of_thousands_of_parts_costs_no_time() -> None:
    started = time.perf_counter()

    refused("a" + " . a" * 20_000 + " = 1")

    assert time.perf_counter() - started < 1


@pytest.mark.spec("manifest-toml")
@pytest.mark.parametrize("marks", ["[]", "{}"])
def test_values_nest_to_a_limit(marks: str) -> None:
    opening, closing = ("[", "]") if marks == "[]" else ("{a = ", "}")
    inner = "1" if marks == "{}" else ""

    read_toml(f"x = {opening * MAX_NESTING}{inner}{closing * MAX_NESTING}".encode(), "f.toml")
    error = refused(f"x = {opening * 100_000}"[:MAX_MANIFEST_BYTES])

    assert "deeper" in error.why


@pytest.mark.parametrize("quote", ['"', "'", '"""', "'''"])
@pytest.mark.parametrize("inside", ['\\"', "x", "[", '\\\\"x'])
def test_a_string_that_nobody_closes_is_looked_through_once(quote: str, inside: str) -> None:
    text = f"a = {quote}{inside * 1000}\n[[["

    found = [match[0] for match in TOKEN.finditer(text)]

    assert "".join(found) == text
    assert len(found) < 2100  # strings that are closed in between are tokens of their own
    assert refused(text).code == "invalid-toml"


def test_half_a_million_quotation_marks_cost_no_time() -> None:
    text = 'a = "' + '\\"' * 250_000
    before = time.process_time()

    found = sum(1 for _ in TOKEN.finditer(text))

    assert found == 4
    assert time.process_time() - before < 20  # once through takes milliseconds, from each an hour


def test_dots_and_brackets_in_strings_and_comments_do_not_count() -> None:
    marks = "." * 100 + "[{" * 100
    text = f"""\
a = "{marks}\\"{marks}"  # {marks}
b = '{marks}'
c = \"\"\"{marks}
"" {marks} \\\" {marks}\"\"\"\"\"
d = '''{marks}
'' {marks}'''
"{marks}" = 1
"""
    found = read_toml(text.encode(), "f.toml").data

    assert len(found) == 5


@pytest.mark.spec("manifest-toml")
@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 17, "1" + "0" * 19])
def test_an_integer_fits_into_64_bits(number: str) -> None:
    error = refused(f"a = 1\nb = [{{ c = {number} }}]\n")

    assert error.span is not None
    assert error.span.line == 2
    assert read_toml(b"a = 9223372036854775807", "f.toml").data == {"a": 2**63 - 1}


def test_a_span_shows_key_and_value() -> None:
    document = read_toml(b"[a]\nkey = 'value' # why\n", "f.toml")

    key, value = document.span("a", "key"), document.value_span("a", "key")

    assert (key.line, key.column, key.length, key.text) == (2, 1, 3, "key = 'value' # why")
    assert (value.column, value.length) == (7, 7)


def test_the_span_of_a_missing_key_is_that_of_its_table() -> None:
    document = read_toml(b"x = 1\n[a.b]\n", "f.toml")

    assert document.span("a", "b", "c").line == 2
    assert document.value_span("a", "b", "c").column == 4
    assert document.span("nothing").line == 1


def test_a_span_ends_with_its_line() -> None:
    document = read_toml(b'a = """one\r\ntwo"""', "f.toml")

    span = document.value_span("a")

    assert (span.line, span.length, span.text) == (1, 7, 'a = """one')
