"""Manifests that try to cost much: 256 KiB of one thing."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from eka.atom import parse_manifest, parse_set_manifest
from eka.atom.reading import MAX_PROBLEMS
from eka.errors import EkaError, Problems

PACKAGE = '[package]\nlabel = "tool"\nversion = "1.0.0"\n'
SETS = PACKAGE + '[package.sets]\na = "::"\nb = "::"\n'
ROOT = PACKAGE + '[deps.direct.deb]\nroot = { packages = ["gcc"] }\n'
LIMIT_S = 10  # quadratic readers needed 30 to 40 seconds for most of these


def lines(form: str, count: int) -> str:
    """Return ``count`` lines that differ in a number."""
    return "".join(form.format(index) for index in range(count))


HOSTILE = {
    "unknown keys": PACKAGE + lines("k{} = 1\n", 20_000),
    "requirements": SETS + "[deps.from.a]\n" + lines('k{} = ">=1"\n', 14_000),
    "bad requirements": SETS + "[deps.from.a]\n" + lines('k{} = "-"\n', 14_000),
    "aliases": PACKAGE + "[package.sets]\n" + lines('k{} = "gg:x"\n', 12_000),
    "addresses": PACKAGE + "[package.sets]\na = [" + lines('"gh:x{}",', 18_000) + "]\n",
    "equal addresses": PACKAGE + "[package.sets]\na = [" + '"gh:x",' * 20_000 + "]\n",
    "bad tags": PACKAGE + "tags = [" + lines('"a{} b",', 18_000) + "]\n",
    "systems": PACKAGE + "systems = [" + lines('"a{}-b",', 18_000) + "]\n",
    "packages": PACKAGE + "[deps.direct.deb]\nx.packages = [" + lines('"a{}",', 24_000) + "]\n",
    "links": ROOT + '[build]\nunpack = ["root"]\n[build.links]\n' + lines('a{} = "b"\n', 16_000),
    "unknown inputs": PACKAGE
    + "[deps.direct.deb]\n"
    + lines('a{}.source = "gcc"\n', 6_000)
    + "[build]\nunpack = ["
    + lines('"b{}",', 9_000)
    + "]\n",
    "variables": SETS
    + "[deps.from.a]\n"
    + lines('k{} = "1"\n', 8_000)
    + "[deps.from.b]\n"
    + lines('k{} = "1"\n', 8_000)
    + '[build]\nscript = "make"\n',
    "escapes": PACKAGE + 'description = "' + "\\u0041" * 40_000 + '"\n',
    "quotes": PACKAGE + 'description = """' + '"" ' * 70_000,
}


@pytest.mark.untraced
@pytest.mark.spec("manifest-toml", "manifest-problems")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_large_manifest_costs_little(text: str) -> None:
    started = time.perf_counter()

    with suppress(EkaError):
        parse_manifest(text.encode(), "atom.toml")

    assert len(text) < 256 * 1024
    assert time.perf_counter() - started < LIMIT_S


@pytest.mark.spec("manifest-problems")
@pytest.mark.parametrize("head", [PACKAGE, PACKAGE + "[package.sets]\n", SETS + "[deps.from.a]\n"])
def test_problems_beyond_the_limit_are_left_out(head: str) -> None:
    text = head + lines('k{} = "gg:x"\n', MAX_PROBLEMS + 2)

    with pytest.raises(Problems) as caught:
        parse_manifest(text.encode(), "atom.toml")

    assert len(caught.value.problems) == MAX_PROBLEMS


@pytest.mark.untraced
@pytest.mark.spec("manifest-problems")
@pytest.mark.parametrize(
    "name", ["unknown keys", "aliases", "bad tags", "unknown inputs", "variables"]
)
def test_thousands_of_problems_are_not_collected(name: str) -> None:
    with pytest.raises(Problems) as caught:
        parse_manifest(HOSTILE[name].encode(), "atom.toml")

    assert len(caught.value.problems) == MAX_PROBLEMS
    assert sum(len(each.span.text) for each in caught.value.problems if each.span) < 1_000_000


@pytest.mark.spec("set-manifest-toml")
def test_a_large_set_manifest_costs_little() -> None:
    text = "[set]\npackages = [" + lines('"a{}",', 24_000) + "]\n"
    started = time.perf_counter()

    found = parse_set_manifest(text.encode(), "ekala.toml")

    assert len(found.packages) == 24_000
    assert time.perf_counter() - started < LIMIT_S
