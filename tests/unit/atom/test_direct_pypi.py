"""Declarations of Python packages in a manifest."""

from __future__ import annotations

import pytest

from eka.atom import PypiSource, parse_manifest, source_digest
from eka.errors import EkaError, Problems

LOCK = 'lock = "uv.lock", python = "3.11"'


def source(declared: str) -> PypiSource:
    """Return the source that is declared as ``declared``."""
    text = (
        f'[package]\nlabel = "a"\nversion = "1.0.0"\n[deps.direct.pypi]\nsite = {{ {declared} }}\n'
    )
    (found,) = parse_manifest(text.encode(), "atom.toml").direct
    assert isinstance(found, PypiSource)
    return found


def codes(declared: str) -> list[str]:
    """Return the codes of what is wrong with a declaration."""
    with pytest.raises(EkaError) as caught:
        source(declared)
    error = caught.value
    return [each.code for each in error.problems] if isinstance(error, Problems) else [error.code]


@pytest.mark.spec("manifest-pypi")
def test_a_lock_file_and_what_of_it_is_wanted() -> None:
    found = source(f'{LOCK}, extras = ["Web_Server"], groups = ["dev"], skip = ["A.B"], '
                   'platform = "musllinux_1_2", interpreter = "root"')  # fmt: skip

    assert (found.kind, found.lock, found.python) == ("pypi", "uv.lock", "3.11")
    assert (found.extras, found.groups) == (("web-server",), ("dev",))
    assert found.content() == {
        "lock": "uv.lock",
        "requirements": [],
        "python": "3.11",
        "platform": "musllinux_1_2",
        "extras": ["web-server"],
        "groups": ["dev"],
        "skip": ["a-b"],
    }
    assert (found.platform, found.interpreter) == ("musllinux_1_2", "root")


@pytest.mark.spec("manifest-pypi")
def test_requirements_instead() -> None:
    found = source('requirements = ["flask==3.0.3", "pillow>=10 ; x == \'@\'"], python = "3.12.1"')

    assert found.requirements == ("flask==3.0.3", "pillow>=10 ; x == '@'")
    assert (found.lock, found.platform) == ("", "manylinux_2_28")


@pytest.mark.spec("manifest-pypi")
@pytest.mark.parametrize(
    "declared",
    [
        'python = "3.11"',
        f'{LOCK}, requirements = ["flask"]',
        'requirements = [], python = "3.11"',
        'requirements = ["flask", "flask"], python = "3.11"',
        'requirements = ["-r x"], python = "3.11"',
        'requirements = ["flask @ https://example.org/x.whl"], python = "3.11"',
        f'requirements = ["flask{"1" * 512}"], python = "3.11"',
        'requirements = ["flask"], extras = ["x"], python = "3.11"',
        'lock = "../uv.lock", python = "3.11"',
        'lock = ".", python = "3.11"',
        'lock = "uv.lock", python = "2.7"',
        'lock = "uv.lock", python = "3.011"',
        f'{LOCK}, platform = "manylinux2014"',
        f'{LOCK}, skip = ["a b"]',
        f'{LOCK}, skip = ["a-b", "A_B"]',
    ],
)
def test_what_makes_no_sense_is_refused(declared: str) -> None:
    assert codes(declared) == ["invalid-value"]


@pytest.mark.spec("manifest-pypi")
def test_the_python_must_be_said() -> None:
    assert codes('lock = "uv.lock"') == ["missing-key"]
    assert codes('lock = "uv.lock", python = 3.11') == ["wrong-type"]


@pytest.mark.spec("lock-requirements")
def test_a_digest_holds_what_decides_on_the_pin_and_nothing_else() -> None:
    first = source(LOCK)

    assert source_digest(source(f'{LOCK}, interpreter = "root"')) == source_digest(first)
    assert source_digest(source(f'{LOCK}, platform = "manylinux_2_28"')) == source_digest(first)
    for more in (
        'extras = ["x"]',
        'groups = ["x"]',
        'skip = ["x"]',
        'platform = "manylinux_2_17"',
    ):
        assert source_digest(source(f"{LOCK}, {more}")) != source_digest(first)
    assert first.content() == {
        "lock": "uv.lock",
        "requirements": [],
        "python": "3.11",
        "platform": "manylinux_2_28",
        "extras": [],
        "groups": [],
        "skip": [],
    }
