"""Words that want to become options, programs or headers stay words."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

import pytest

from eka.cli.dispatch import dispatch
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
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


def calls(url: str) -> list[list[str]]:
    """Every way to give a URL to a command."""
    return [
        ["versions", f"{url}::greet"],
        ["versions", "--", f"{url}::greet"],
        ["info", "--", f"{url}::greet"],
        ["add", "--", f"{url}::greet"],
        ["add", "--accept-source", url, "--", f"{url}::greet"],
        ["verify", "--", url],
        ["verify", "--", f"{url}::greet@^1"],
        ["publish", "--all", f"--remote={url}"],
        ["init", f"--remote={url}"],
        ["lock"],
    ]


@pytest.mark.spec("source-schemes")
@pytest.mark.parametrize("text", URLS)
def test_s13_no_address_runs_a_program(
    text: str, root: Path, person: Person, village: Village, tmp_path: Path
) -> None:
    canary = root / "canary"
    url = text.replace("CANARY", str(canary))
    (tmp_path / "atom.toml").write_text(
        f'[package]\nlabel = "x"\nversion = "1.0.0"\nsets = {{ s = {json.dumps(url)} }}\n'
        '[deps.from.s]\ngreet = "^1"\n'
    )
    manifest = (tmp_path / "atom.toml").read_bytes()

    for words in calls(url):
        where = village.mono if words[0] in ("publish", "init") else tmp_path
        answer = run(person, where, *words)
        assert answer.status not in (0, BUG), (words, answer)

    assert not canary.exists()
    assert (tmp_path / "atom.toml").read_bytes() == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["atom.toml"]
    git(village.mono, "diff", "--exit-code")


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
