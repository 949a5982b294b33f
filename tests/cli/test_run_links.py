"""What `eka run` starts: also a link into another output, and the project by its own label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village

if TYPE_CHECKING:
    from pathlib import Path

LINKED = """
mkdir -p $out/bin
ln -s $shell/bin/echo $out/bin/say
ln -s $shell/bin/gone $out/bin/gone
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An atom whose programs are links into another output; one of them leads nowhere."""
    village = Village(tmp_path / "village")
    village.atom(
        "linked",
        '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'
        f"[build]\nrootfs = \"shell\"\nscript = '''{LINKED}'''\n",
    )
    village.publish(Person(tmp_path / "home"))
    return village.mono / "linked"


@pytest.mark.parametrize("target", [[], ["linked"]])
def test_a_link_to_a_program_is_a_program(place: Path, tmp_path: Path, target: list[str]) -> None:
    person = Person(tmp_path / "home")

    found = person.json(place, "run", *target)
    gone = person.json(place, "run", "--program", "gone")

    assert found.status == 0, found.out
    assert found.document["program"].endswith("/bin/say")
    assert gone.code == "program-not-found"
