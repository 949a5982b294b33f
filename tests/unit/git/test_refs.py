"""Names of refs: what is read, what is passed over."""

from __future__ import annotations

import pytest

from eka.atom import Label, ObjectId, Version
from eka.git import AtomRef, RefLayout, atom_ref, label_prefixes, origin_ref, parse_atom_ref
from eka.git.refs import manifest_meta_ref, origin_meta_ref, parse_origin_ref

ZLIB = Label("zlib")
V = Version.parse("1.3.1-rc.1")
OID = "ab" * 20


@pytest.mark.spec("ref-version", "ref-layout-eka")
def test_a_version_has_one_ref_in_each_layout() -> None:
    assert atom_ref(ZLIB, V) == "refs/atoms/zlib/1.3.1-rc.1"
    assert atom_ref(ZLIB, V, RefLayout.EKA) == "refs/eka/atoms/zlib/1.3.1-rc.1"
    assert AtomRef(ZLIB, V).name == atom_ref(ZLIB, V)
    assert manifest_meta_ref(ZLIB, V) == "refs/eka/meta/zlib/1.3.1-rc.1/manifest"
    assert origin_meta_ref(ZLIB, V) == "refs/eka/meta/zlib/1.3.1-rc.1/origin"


@pytest.mark.spec("ref-version-grammar", "ref-layout-old")
@pytest.mark.parametrize(
    "name",
    [
        "refs/atoms/zlib",
        "refs/atoms/zlib/",
        "refs/atoms//1.0.0",
        "refs/atoms/zlib/1.0",
        "refs/atoms/zlib/01.0.0",
        "refs/atoms/zlib/1.0.0/x",
        "refs/atoms/zlib/_specs/1.0.0",
        "refs/atoms/zlib/_srcs/1.0.0",
        "refs/atoms/_zlib/1.0.0",
        "refs/atoms/z lib/1.0.0",
        "refs/atoms/../../hooks/1.0.0",
        "refs/atoms/\x1b]0;x\x07/1.0.0",
        "refs/atoms/zl\udcffib/1.0.0",
        "refs/atoms/ｚlib/1.0.0",
        "refs/atoms/zlib/1.0.0+build",
        "refs/atoms/zlib/1.0.0\n",
        "refs/heads/zlib/1.0.0",
        "refs/eka/meta/zlib/1.0.0/manifest",
        "",
    ],
)
def test_what_follows_no_grammar_names_no_version(name: str) -> None:
    assert parse_atom_ref(name) is None


@pytest.mark.spec("ref-version-grammar")
def test_a_version_ref_tells_label_version_and_layout() -> None:
    assert parse_atom_ref("refs/atoms/zlib/1.3.1-rc.1") == AtomRef(ZLIB, V)
    assert parse_atom_ref("refs/eka/atoms/zlib/1.3.1-rc.1") == AtomRef(ZLIB, V, RefLayout.EKA)


def test_the_prefixes_of_a_label_end_where_the_label_ends() -> None:
    assert label_prefixes(ZLIB) == ["refs/atoms/zlib/", "refs/eka/atoms/zlib/"]


@pytest.mark.spec("ref-origins")
def test_an_origin_ref_names_its_commit() -> None:
    assert origin_ref(ObjectId(OID)) == f"refs/ekala/origins/{OID}"
    assert parse_origin_ref(f"refs/ekala/origins/{OID}") == OID
    assert parse_origin_ref(f"refs/ekala/origins/{OID[1:]}") is None
    assert parse_origin_ref("refs/ekala/init") is None
