"""Manifests of the first format."""

from __future__ import annotations

import pytest

from eka.atom import InvalidToml, parse_manifest_v1


@pytest.mark.spec("query-formats")
def test_a_manifest_of_the_first_format_is_read() -> None:
    text = b'[atom]\nid = "tool"\nversion = "1.0.0"\ndescription = "A tool"\n'

    package = parse_manifest_v1(text, "tool.atom").package

    assert (package.label.text, package.version.text) == ("tool", "1.0.0")
    assert package.description == "A tool"


@pytest.mark.spec("query-formats")
@pytest.mark.parametrize(
    "text", [b"", b"atom = 1\n", b'[atom]\nid = "tool"\n', b'[atom]\nid = 1\nversion = "1.0.0"\n']
)
def test_one_without_its_table_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidToml):
        parse_manifest_v1(text, "tool.atom")
