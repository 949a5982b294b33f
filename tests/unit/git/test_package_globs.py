"""The patterns of ``[set] packages``."""

from __future__ import annotations

import pytest

from eka.git.package_globs import is_pattern, matches


@pytest.mark.spec("discover-patterns")
@pytest.mark.parametrize(
    ("pattern", "directory"),
    [
        ("pkgs/*", "pkgs/zlib"),
        ("pkgs/*", "pkgs/.hidden"),
        ("pkgs/z*", "pkgs/zlib"),
        ("pkgs/?", "pkgs/é"),
        ("pkgs/[ab]*", "pkgs/beta"),
        ("pkgs/[!ab]*", "pkgs/zlib"),
        ("pkgs/[a-c]x", "pkgs/bx"),
        ("pkgs/[]]", "pkgs/]"),
        ("**", "."),
        ("**", "a"),
        ("**", "a/b/c"),
        ("**/x", "x"),
        ("**/x", "a/b/x"),
        ("a/**/x", "a/x"),
        ("a/**/x", "a/b/c/x"),
        ("a/**", "a/b/c"),
        ("*/*", "a/b"),
        ("a.b/*", "a.b/c"),
        ("apps/tool", "apps/tool"),
        ("apps/tool/", "apps/tool"),
        (".", "."),
        ("pkgs/[x", "pkgs/[x"),
    ],
)
def test_a_pattern_names_a_directory(pattern: str, directory: str) -> None:
    assert matches(pattern, directory)


@pytest.mark.spec("discover-patterns")
@pytest.mark.parametrize(
    ("pattern", "directory"),
    [
        ("pkgs/*", "pkgs"),
        ("pkgs/*", "pkgs/a/b"),
        ("pkgs/*", "other/a"),
        ("pkgs/?", "pkgs/ab"),
        ("pkgs/[ab]", "pkgs/c"),
        ("pkgs/[!/]b", "pkgs/a/b"),
        ("a/**", "a"),
        ("a/**/x", "ab/x"),
        ("**/x", "a/yx"),
        ("a.b/*", "aXb/c"),
        ("*", "."),
        ("apps/tool", "apps/tools"),
        ("apps/tool", "apps"),
    ],
)
def test_a_pattern_names_no_other_directory(pattern: str, directory: str) -> None:
    assert not matches(pattern, directory)


def test_only_signs_make_a_pattern() -> None:
    assert is_pattern("a/*")
    assert is_pattern("a/[bc]")
    assert not is_pattern("a/b-c.d")
