"""What strangers write is shown as letters: it moves no cursor, sets no title, fakes no line."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.raw_git import RawRepository
from tests.servers.git_http import serve
from tests.servers.hostile import ADVERTISEMENT, FLUSH, listing, packet, serve_http
from tests.story import Answer, Person, Village, git
from tests.tame import TRICKS, wild_letters

if TYPE_CHECKING:
    from collections.abc import Sequence

BUG = 70
LOUD = ["-v", "--color", "always"]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(tmp_path_factory.mktemp("text") / "home")


def tame(person: Person, where: Path, *words: str) -> Answer:
    """Run a command for people and for programs; both answers must be harmless."""
    answer = person.eka(where, *words, *LOUD)
    assert wild_letters(answer.out + answer.err) == [], answer
    assert answer.status != BUG, answer
    document = person.eka(where, *words, "--json")
    assert wild_letters(document.out) == []
    assert document.document["schema"]
    return answer


# {} stands for the trick, as a TOML string.
MANIFESTS = {
    "description": "description = {}",
    "license": "license = {}",
    "tag": "tags = [{}]",
    "system": "systems = [{}]",
    "unknown key": "{} = 1",
    "set name": "sets = {{ {} = 'https://host.example/x' }}",
    "set URL": "sets = {{ s = {} }}",
    "dependency": "[deps.from.s]\n{} = '^1'\n[package.sets]\ns = 'https://host.example/x'",
    "requirement": "[deps.from.s]\nx = {}\n[package.sets]\ns = 'https://host.example/x'",
    "unknown set": "[deps.from.{}]\nx = '^1'",
    "direct source": "[deps.direct.url]\n{} = {{ url = 'https://host.example/x' }}",
    "direct URL": "[deps.direct.url]\nx = {{ url = {} }}",
    "direct kind": "[deps.direct.{}]\nx = {{}}",
    "environment": "[build]\nscript = 'true'\nenv = {{ {} = {} }}",
    "rootfs": "[build]\nscript = 'true'\nrootfs = {}",
    "table": "[{}]\nx = 1",
}


def manifest(field: str, trick: str) -> str:
    """Return a manifest that has a trick in one place."""
    text = json.dumps(trick, ensure_ascii=True)
    for surrogate in ("\\udb40\\udc41",):
        text = text.replace(surrogate, "\\U000e0041")
    return f'[package]\nlabel = "x"\nversion = "1.0.0"\n{MANIFESTS[field].format(text, text)}\n'


@pytest.mark.parametrize("field", MANIFESTS)
def test_s18_no_value_of_a_manifest_steers_the_terminal(
    field: str, person: Person, tmp_path: Path
) -> None:
    for trick in TRICKS.values():
        (tmp_path / "atom.toml").write_text(manifest(field, trick))

        for words in (["info"], ["lock", "--offline"]):
            tame(person, tmp_path, *words)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_raw_bytes_of_a_manifest_do_not_either(
    trick: str, person: Person, tmp_path: Path
) -> None:
    (tmp_path / "atom.toml").write_text(
        f'[package]\nlabel = "x"\nversion = "1.0.0"\n{TRICKS[trick]} = nonsense {TRICKS[trick]}\n'
    )

    answer = tame(person, tmp_path, "info")

    assert answer.status != 0


@pytest.mark.parametrize("field", ["description", "unknown key", "dependency"])
def test_s18_no_published_manifest_steers_the_terminal(
    field: str, person: Person, tmp_path: Path
) -> None:
    raw = RawRepository(tmp_path / "evil.git")
    person.does(tmp_path, "new", "app")
    for number, trick in enumerate(TRICKS.values()):
        label = f"a{number}"
        text = manifest(field, trick).replace('"x"', f'"{label}"', 1)
        raw.publish(raw.atom(label, raw.file("atom.toml", text)))
        uri = f"file://{raw.path}::{label}"

        for words in (["info", uri], ["add", uri, "--dry-run"], ["verify", uri]):
            tame(person, tmp_path / "app", *words)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_name_in_a_tree_steers_the_terminal(
    trick: str, person: Person, tmp_path: Path
) -> None:
    raw = RawRepository(tmp_path / "evil.git")
    name = TRICKS[trick].replace("/", "").encode()
    link = (b"120000", b"link", raw.blob(b"/" + name))
    raw.publish(raw.atom("x", raw.manifest("x"), link, (b"100777", name, raw.readme)))
    person.does(tmp_path, "new", "app")
    uri = f"file://{raw.path}::x"

    for words in (["info", uri], ["add", uri, "--dry-run"], ["verify", uri]):
        assert tame(person, tmp_path / "app", *words).status != 0


@pytest.mark.spec("list-names")
def test_s12_s18_no_name_of_a_ref_steers_the_terminal(person: Person, tmp_path: Path) -> None:
    one = b"1" * 40
    names = [trick.replace("\n", "").encode() for trick in TRICKS.values()]
    lines = [one + b" refs/ekala/init", one + b" refs/atoms/x/1.0.0"]
    lines += [one + b" refs/atoms/x/" + name for name in names]
    lines += [one + b" refs/atoms/" + name + b"/1.0.0" for name in names]
    lines += [one + b" " + name for name in names]
    lines += [one + b" ../../hooks/update", one + b" -Oups", one + b" refs/atoms/x/\xff\xfe"]

    with serve_http(ADVERTISEMENT, listing(lines)) as url:
        answer = tame(person, tmp_path, "versions", f"{url}::x")
        others = [
            tame(person, tmp_path, *words)
            for words in (
                ["info", f"{url}::x"],
                ["verify", url],
                ["versions", f"{url}::y"],
                ["log", f"{url}::y"],
                ["add", f"{url}::x"],
                ["diff", f"{url}::x@1.0.0", f"{url}::y@1.0.0"],
            )
        ]

    assert answer.status == 0
    assert answer.out.count("1.0.0") == 1
    assert all(other.status not in (0, BUG) for other in others)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_refusal_of_a_server_steers_the_terminal(
    trick: str, person: Person, tmp_path: Path
) -> None:
    said = TRICKS[trick].encode()
    progress = packet(b"packfile\n") + packet(b"\x02" + said) + packet(b"\x03" + said) + FLUSH
    refs = listing([b"1" * 40 + b" refs/ekala/init", b"1" * 40 + b" refs/atoms/x/1.0.0"])
    servers = [
        (packet(b"ERR " + said), b""),
        (ADVERTISEMENT, packet(b"ERR " + said)),
        (ADVERTISEMENT, progress),
        (ADVERTISEMENT, refs + progress),
        (packet(b"version 2\n") + packet(said) + FLUSH, b""),
        (said, said),
    ]
    for advertisement, answer in servers:
        with serve_http(advertisement, answer) as url:
            for words in (["versions", f"{url}::x"], ["info", f"{url}::x"]):
                tame(person, tmp_path, *words)


@pytest.mark.parametrize("status", [0, 1])
def test_s18_no_message_of_a_hook_steers_the_terminal(
    status: int, person: Person, tmp_path: Path
) -> None:
    village = Village(tmp_path)
    hook = village.server / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    said = tmp_path / "said"
    said.write_text("".join(f"{trick}\n" for trick in TRICKS.values()))
    hook.write_text(f"#!/bin/sh\ncat {said}\ncat {said} >&2\nexit {status}\n")
    hook.chmod(0o755)
    village.commit()
    person.does(village.mono, "init", "--offline")

    with serve(tmp_path / "server") as server:
        git(village.mono, "remote", "set-url", "origin", f"{server.url}/pkgs.git")
        answer = tame(person, village.mono, "publish", "--all", "--push-source")

    assert (answer.status == 0) == (status == 0)


@pytest.fixture(scope="module")
def loud(person: Person, tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A set with atoms whose builds shout."""
    village = Village(tmp_path_factory.mktemp("loud"))
    said = "".join(f"{trick}\n" for trick in TRICKS.values())
    head = (
        '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n[build]\nrootfs = "shell"\n'
    )
    for label, end in (
        ("fine", 'sleep 1; mkdir -p $out/bin; echo > "$out/bin/$(cat name)"'),
        ("broken", "exit 1"),
    ):
        village.atom(label, f"{head}script = 'cat said; {end}'\n")
        village.write(f"{label}/said", said)
        village.write(f"{label}/name", TRICKS["a title"])
    village.publish(person)
    return village


@pytest.mark.parametrize("label", ["fine", "broken"])
def test_s18_no_log_of_a_build_steers_the_terminal(
    label: str, person: Person, loud: Village, tmp_path: Path
) -> None:
    project = loud.mono / label

    answer = tame(person, project, "build", "--no-link", "--store", str(tmp_path / "store"))

    assert answer.status == (0 if label == "fine" else 100)
    assert "owned" in answer.err


# How a moving display hides the cursor, goes up, clears its own line, and colours its bar.
MOVES = re.compile(r"\x1b\[(?:\?25[lh]|1A|2K|[0-9;]*m)")


def test_s18_no_log_breaks_out_of_a_moving_display(
    person: Person, loud: Village, tmp_path: Path
) -> None:
    words = ["build", "-v", "--no-link", "--store", str(tmp_path / "store")]

    text = on_a_terminal(person, loud.mono / "fine", *words)

    assert "owned" in text
    assert "\x1b[2K" in text  # it did move
    assert "\x1b[31mred" not in text
    assert wild_letters(MOVES.sub("", text), kept="\r\n") == []


def on_a_terminal(person: Person, where: Path, *words: str) -> str:
    """Run the program itself on a terminal that can move; return all it wrote."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [str(Path(sys.executable).with_name("eka")), *words],
        cwd=where,
        env={**person.environment, "TERM": "xterm-256color"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while piece := read_terminal(ours):
        shown += piece
    os.close(ours)
    assert child.wait() != BUG, shown
    return shown.decode()


@pytest.mark.parametrize(
    "words",
    [
        ["list", "URL", "--long"],
        ["list", "URL", "--all-versions"],
        ["search", "owned", "URL"],
        ["search", "red", "URL", "-v"],
        ["info", "URL::a0"],
        ["info", "URL::a6", "-v"],
        ["versions", "URL::a1", "-v"],
        ["log", "URL::a2"],
        ["diff", "URL::a0@1.0.0", "URL::a1@1.0.0", "--patch"],
        ["verify", "URL", "-v"],
        ["add", "URL::a3", "--dry-run"],
        ["add", "URL::bad", "-v"],
        ["info", "URL::bad"],
    ],
    ids=" ".join,
)
def test_s18_no_command_steers_a_real_terminal(
    words: list[str], person: Person, shouting: RawRepository, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    typed = [word.replace("URL", f"file://{shouting.path}") for word in words]

    text = on_a_terminal(person, tmp_path / "app", *typed)

    assert text
    assert wild_letters(MOVES.sub("", text), kept="\r\n") == []


@pytest.fixture(scope="module")
def shouting(tmp_path_factory: pytest.TempPathFactory) -> RawRepository:
    """A set whose atoms shout in every text that an atom may hold, and one that is none."""
    raw = RawRepository(tmp_path_factory.mktemp("shouting") / "set.git")
    for number, trick in enumerate(TRICKS.values()):
        label = f"a{number}"
        text = manifest("description", trick).replace('"x"', f'"{label}"', 1)
        files = [raw.file("atom.toml", text), raw.file("word", trick)]
        raw.publish(raw.atom(label, *files))
        status = {"reason": trick, "yanked": trick}
        raw.ref(f"refs/ekala/status/{label}/1.0.0", raw.blob(json.dumps(status).encode()))
    shout = "".join(TRICKS.values()).replace("/", "").encode()
    entries = [raw.manifest("bad"), (b"100644", b"b" + shout[:200], raw.readme)]
    raw.publish(raw.atom("bad", *entries))
    return raw


def read_terminal(descriptor: int) -> bytes:
    """Return what a program wrote to its terminal; nothing after its end."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def test_s18_no_name_of_a_program_steers_the_terminal(
    person: Person, loud: Village, tmp_path: Path
) -> None:
    store = str(tmp_path / "store")

    answer = tame(person, loud.mono / "fine", "run", "--program", "other", "--store", store)

    assert answer.status == 3


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_name_of_a_directory_steers_the_terminal(
    trick: str, person: Person, tmp_path: Path
) -> None:
    directory = tmp_path / TRICKS[trick].replace("/", "")
    directory.mkdir()
    person.does(directory, "new", "app")
    (directory / "empty").mkdir()
    app = directory / "app"
    calls: Sequence[tuple[Path, list[str]]] = [
        (directory, ["new", "app"]),
        (directory / "empty", ["info"]),
        (directory / "empty", ["init"]),
        (directory / "none", ["info"]),
        (app, ["info"]),
        (app, ["lock"]),
        (app, ["add", "./none::x"]),
        (app, ["versions", f"{directory}::x"]),
        (app, ["build", "x"]),
        (app, ["publish", "x"]),
    ]
    for where, words in calls:
        tame(person, where, *words)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_setting_of_a_project_steers_the_terminal(
    trick: str, person: Person, tmp_path: Path
) -> None:
    text = json.dumps(TRICKS[trick]).replace("\\udb40\\udc41", "\\U000e0041")
    person.does(tmp_path, "new", "app")
    for line in (
        f"[aliases]\n{text} = 'https://host.example/x'",
        f"[aliases]\nx = {text}",
        f"{text} = 1",
        f"[{text}]\nx = 1",
        f"[aliases]\nx = 1 {TRICKS[trick]}",
    ):
        (tmp_path / "app" / ".eka.toml").write_text(f"{line}\n")

        for words in (["info"], ["versions", "x:y::z"], ["doctor"]):
            tame(person, tmp_path / "app", *words)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_lock_steers_the_terminal(trick: str, person: Person, tmp_path: Path) -> None:
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "lock")
    lock = tmp_path / "app" / "atom.lock"
    sound = lock.read_text()
    for line in (
        f'"{TRICKS[trick]}" = 1',
        f"x = {TRICKS[trick]}",
        json.dumps(TRICKS[trick]) + " = 1",
    ):
        lock.write_text(f"{sound}{line}\n")

        for words in (["lock", "--locked"], ["verify"], ["build"]):
            tame(person, tmp_path / "app", *words)


@pytest.mark.parametrize("trick", TRICKS)
def test_s18_no_word_of_the_command_line_is_echoed_as_it_is(
    trick: str, person: Person, tmp_path: Path
) -> None:
    word = TRICKS[trick]
    for words in (
        [word],
        ["versions", word],
        ["versions", f"{word}::x"],
        ["versions", f"--{word}"],
        ["new", word],
        ["add", f"gh:a/b::{word}"],
        ["publish", word],
        ["publish", "--all", "--remote", word],
        ["publish", "--all", "--rev", word],
    ):
        tame(person, tmp_path, *words)
