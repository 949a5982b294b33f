"""The documents say what the program does, and their links lead somewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from eka.cli.table import COMMANDS
from eka.errors import Exit
from tests.house.cli_reference import reference

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def documents() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    return [path for name in listed.split(b"\0") if (path := ROOT / name.decode()).is_file()]


def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    cleaned = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text))
    return {title.strip().replace(" ", "-") for title in cleaned}


def is_dead(source: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return False
    name, _, anchor = target.partition("#")
    path = source.parent / name if name else source
    return not path.exists() or bool(anchor and anchor not in anchors(path))


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{source.relative_to(ROOT)}: {target}"
        for source in documents()
        for target in LINK.findall(FENCE.sub("", source.read_text(encoding="utf-8")))
        if is_dead(source, target)
    ]

    assert dead == []


def test_the_reference_is_what_the_program_says() -> None:
    committed = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert committed == reference(), "run ./run docs"


def test_the_reference_names_every_command_and_every_exit_status() -> None:
    text = reference()

    assert [name for name in COMMANDS if f"## eka {name}\n" not in text] == []
    assert [status for status in Exit if f"| {int(status)} |" not in text] == []


def test_every_command_has_a_schema_of_its_document() -> None:
    schemas = ROOT / "atom-spec" / "schemas" / "cli"

    assert [name for name in COMMANDS if not (schemas / f"{name}.schema.json").is_file()] == []
