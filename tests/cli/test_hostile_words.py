"""Words that want to become options, programs or headers stay words."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.cli.dispatch import dispatch
from tests.every_command import ADDRESSED, filled
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUG = 70
# None of these may make the file CANARY.
URLS = [
    "ext::sh -c 'touch CANARY'",
    "ext::touch% CANARY",
    "fd::7",
    "--upload-pack=touch CANARY",
    "--receive-pack=touch CANARY",
    "--exec=touch CANARY",
    "-u touch CANARY",
    "-oProxyCommand=touch CANARY:x",
    "ssh://-oProxyCommand=touch CANARY/x",
    "ssh://-oProxyCommand=touch${IFS}CANARY/x",
    "ssh://-oProxyCommand=touch%20CANARY@host/x",
    "ssh://127.0.0.1/-oProxyCommand=touchCANARY",
    "ssh://127.0.0.1/';touch CANARY;'",
    "ssh://127.0.0.1/$(touch${IFS}CANARY)",
    "ssh://127.0.0.1/x;touch${IFS}CANARY",
    "ssh://127.0.0.1/`touch${IFS}CANARY`",
    "ssh://127.0.0.1:22;touch${IFS}CANARY/x",
    "git@127.0.0.1:$(touch${IFS}CANARY)",
    "file://$(touch CANARY)",
    "file:///$(touch${IFS}CANARY)",
    "/`touch CANARY`",
    "./;touch CANARY",
    "git://127.0.0.1:$(touch CANARY)/x",
    "http://127.0.0.1:9/$(touch CANARY)",
    "http::touch CANARY",
    "transport::touch CANARY",
    "https://127.0.0.1:9/x\n[core]\nsshCommand=touch CANARY",
    "http://127.0.0.1:9/x\r\nHost: evil",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("words")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    """Somebody whose ssh falls for options, and runs here what it should run there."""
    programs = root / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(
        f"#!/bin/sh\nfor word; do case $word in -o*Proxy*) touch {root}/canary; esac; done\n"
        'for last; do :; done\nexec sh -c "$last"\n'
    )
    ssh.chmod(0o755)
    return Person(root / "home", PATH=f"{programs}:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def village(root: Path, person: Person) -> Village:
    made = Village(root)
    made.publish(person)
    return made


def run(person: Person, where: Path, *words: str) -> Answer:
    """Run a command whose words may stand behind ``--``."""
    out, err = io.StringIO(), io.StringIO()
    status = dispatch(["-C", str(where), *words], person.environment, out, err)
    return Answer(status, out.getvalue(), err.getvalue())


# Commands of an owner, run in a set; the others in a project that depends on it.
OWNERS = {"bump", "deprecate", "hook", "init", "list", "log", "publish", "sign", "yank"}


@pytest.fixture(scope="module")
def mono(root: Path, village: Village) -> Path:
    """A copy of the set, whose remote is moved about, and a key to sign with beside it."""
    key, copy = root / "key", root / "moved"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    shutil.copytree(village.mono, copy, symlinks=True)
    return copy


def move(mono: Path, url: str) -> None:
    """Let a text be the remote of the set, as a repository from an archive may."""
    quoted = url.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    config = mono / ".git" / "config"
    lines = config.read_text().splitlines()
    moved = [f'\turl = "{quoted}"' if line.startswith("\turl =") else line for line in lines]
    config.write_text("\n".join(moved) + "\n")


@pytest.mark.spec("source-schemes")
@pytest.mark.parametrize("number", range(len(URLS)), ids=URLS)
def test_s13_no_address_runs_a_program(
    number: int,
    root: Path,
    person: Person,
    mono: Path,
    tmp_path: Path,
    rounds: Callable[[int, int], int],
) -> None:
    canary = root / "canary"
    url = URLS[number].replace("CANARY", str(canary))
    (tmp_path / "atom.toml").write_text(
        f'[package]\nlabel = "x"\nversion = "1.0.0"\nsets = {{ s = {json.dumps(url)} }}\n'
        '[deps.from.s]\ngreet = "^1"\n'
    )
    manifest = (tmp_path / "atom.toml").read_bytes()
    move(mono, url)
    calls = [words for ways in ADDRESSED.values() for words in ways]
    step = rounds(3, 1)  # each command meets a third of the addresses in a short run

    for words in calls[number % step :: step]:
        where = mono if words[0] in OWNERS else tmp_path
        answer = run(person, where, *filled(words, URL=url, KEY=str(root / "key")))
        assert answer.status != BUG, (words, answer)
        assert answer.status != 0 or not any("URL" in word for word in words), (words, answer)

    assert not canary.exists()
    assert (tmp_path / "atom.toml").read_bytes() == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["atom.toml"]
    assert git(mono, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "words",
    [
        ["publish", "--all", "--rev=--output=CANARY"],
        ["publish", "--all", "--rev=-oCANARY"],
        ["publish", "--all", "--rev=HEAD;touch CANARY"],
        ["publish", "--all", "--rev=$(touch CANARY)"],
        ["publish", "--all", "--rev=HEAD\n--output=CANARY"],
        ["publish", "--all", "--rev=:/x --output=CANARY"],
        ["publish", "--all", "--genesis=--output=CANARY"],
        ["publish", "--all", "--remote=origin;touch CANARY"],
        ["publish", "--", "--output=CANARY"],
        ["publish", "--", "$(touch CANARY)"],
        ["init", "--genesis=$(touch CANARY)"],
        ["build", "--", "--output=CANARY"],
        ["build", "--", "../../greet"],
        ["run", "--", "greet;touch CANARY"],
        ["versions", "--", "SERVER::--output=CANARY"],
        ["versions", "--", "SERVER::greet@--output=CANARY"],
        ["versions", "--", "SERVER::../../greet"],
        ["versions", "--", "SERVER::greet\n--output=CANARY"],
        ["add", "--set=--output=CANARY", "--", "SERVER::greet"],
        ["add", "--set=a.b]\nx='y'\n[c", "--", "SERVER::greet"],
        ["add", "--set=../../x", "--", "SERVER::greet"],
        ["new", "--label=x\nversion='y'", "--", "fresh"],
        ["new", "--version=1.0.0'\nx='y", "--", "fresh"],
        ["new", "--", "a\nb"],
    ],
    ids=repr,
)
def test_s13_no_word_becomes_an_option_or_a_line(
    words: list[str], root: Path, person: Person, village: Village
) -> None:
    canary = root / "canary"
    typed = [word.replace("CANARY", str(canary)).replace("SERVER", village.url) for word in words]
    is_set = words[0] in ("publish", "init", "new")
    where = village.mono if is_set else village.mono / "shell"

    answer = run(person, where, *typed)

    assert answer.status not in (0, BUG), answer
    assert not canary.exists()
    assert git(village.mono, "status", "--porcelain") == ""


INJECTED = {
    "line end": "x\norigin 0000000000000000000000000000000000000000",
    "carriage return": "x\rformat 1",
    "escape sequence": "x\x1b[31m",
    "C1 control": "x\u009b31m",
    "bytes that are not UTF-8": "x\udcff",
    "other normal form": "cafe\u0301",
}


@pytest.mark.spec("commit-path")
@pytest.mark.parametrize("case", INJECTED)
def test_no_directory_name_becomes_a_header(case: str, person: Person, tmp_path: Path) -> None:
    village = Village(tmp_path)
    directory = village.mono / INJECTED[case]
    directory.mkdir()
    (directory / "atom.toml").write_text('[package]\nlabel = "evil"\nversion = "1.0.0"\n')
    village.commit()

    person.does(village.mono, "init")
    answer = run(person, village.mono, "publish", "--all", "--push-source", "--json")

    assert answer.status == 1, answer
    assert answer.code == "atom-path-refused"
    assert git(village.server, "for-each-ref") == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("label", "a\norigin 0"),
        ("label", "a)\x1b[31m: 1.0.0"),
        ("label", "../../heads/main"),
        ("label", "-option"),
        ("label", "a/b"),
        ("label", "a.lock"),
        ("version", "1.0.0\nformat 1"),
        ("version", "1.0.0-rc.lock"),
        ("version", "1.0.0/../../../heads/main"),
        ("version", "1.0.0-\x1b[31m"),
    ],
)
def test_no_value_of_a_manifest_becomes_a_header_or_another_ref(
    key: str, value: str, person: Person, tmp_path: Path
) -> None:
    village = Village(tmp_path)
    values = {"label": "evil", "version": "1.0.0", key: value}
    lines = (f"{name} = {json.dumps(text)}\n" for name, text in values.items())
    village.write("evil/atom.toml", f"[package]\n{''.join(lines)}")
    village.commit()

    person.does(village.mono, "init")
    answer = run(person, village.mono, "publish", "--all", "--push-source", "--json")

    assert answer.status not in (0, BUG), answer
    assert answer.code in {"invalid-label", "invalid-version"}
    assert git(village.server, "for-each-ref") == ""
