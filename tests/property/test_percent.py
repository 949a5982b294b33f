"""Percent-encoding is that of the standard library, whether or not it is asked."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eka.atom.percent import is_plain, quote, unquote

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text("aZ09_.-~/%:@ é")
SAFE = st.sampled_from(["", "/", "/!$&'()*+,;=~._-", "%"])


@given(TEXTS, SAFE)
@example("plain/path", "/")
def test_quoting_is_the_library_s(text: str, safe: str) -> None:
    assert quote(text, safe=safe) == urllib.parse.quote(text, safe=safe)


@given(TEXTS)
@example("a%20b")
def test_unquoting_is_the_library_s(text: str) -> None:
    assert unquote(text) == urllib.parse.unquote(text)


@given(TEXTS, SAFE)
def test_a_plain_text_needs_no_encoding(text: str, safe: str) -> None:
    assert is_plain(text, safe) <= (urllib.parse.quote(text, safe=safe) == text)


def test_a_lone_surrogate_is_replaced_where_that_is_wanted() -> None:
    assert quote("\udc80", safe="", errors="replace") == "%3F"
    with pytest.raises(UnicodeEncodeError):
        quote("\udc80", safe="")
