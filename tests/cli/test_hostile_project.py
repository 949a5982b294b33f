"""Forks, foreign manifests, forged locks and settings, secrets, bombs: met by whole commands."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from eka.cli import dispatch as dispatching
from tests.fakes.raw_git import RawRepository
from tests.fakes.web_server import reply, web_server
from tests.servers.git_http import Behaviour, serve
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

HELLO, HULLO = (hashlib.sha256(text).hexdigest() for text in (b"hello", b"hullo"))
USAGE, NETWORK, INTEGRITY, CONFLICT, BUG = 2, 4, 5, 6, 70


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    """Somebody for whom https://*.example leads to this machine, so that no network is needed."""
    settings = root / "gitconfig"
    settings.write_text(
        f'[url "file://{root}/server/"]\n\tinsteadOf = https://pkgs.example/\n'
        f'[url "file://{root}/"]\n\tinsteadOf = https://evil.example/\n'
    )
    return Person(root / "home", GIT_CONFIG_GLOBAL=str(settings))


@pytest.fixture(scope="module")
def village(root: Path, person: Person) -> Village:
    made = Village(root)
    made.publish(person)
    return made


@pytest.fixture(scope="module")
def fork(root: Path, person: Person, village: Village) -> str:
    """The URL of a fork that has published a newer version of ``shell``."""
    bare, work = root / "fork.git", root / "fork"
    git(root, "clone", "-q", "--bare", str(village.server), str(bare))
    git(
        bare,
        "fetch",
        "-q",
        str(village.server),
        "refs/atoms/*:refs/atoms/*",
        "refs/ekala/*:refs/ekala/*",
    )
    git(root, "clone", "-q", str(bare), str(work))
    (work / "shell" / "atom.toml").write_text('[package]\nlabel = "shell"\nversion = "1.9.0"\n')
    git(work, "commit", "-q", "-a", "-m", "Take over")
    person.does(work, "publish", "shell", "--push-source")
    return f"file://{bare}"


@pytest.fixture
def app(tmp_path: Path, person: Person, village: Village) -> Path:
    """A project that depends on ``greet`` of the village."""
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1")
    return tmp_path / "app"


def pair(app: Path) -> tuple[bytes, bytes]:
    """Return manifest and lock."""
    return (app / "atom.toml").read_bytes(), (app / "atom.lock").read_bytes()


# --- forks -------------------------------------------------------------------------------------


@pytest.mark.spec("flow-one-source")
def test_s05_a_fork_has_the_same_identity_and_no_authority(
    person: Person, app: Path, fork: str
) -> None:
    before = pair(app)

    answer = person.json(app, "add", f"{fork}::shell@^1")

    assert (answer.status, answer.code) == (CONFLICT, "foreign-genesis")
    assert pair(app) == before


@pytest.mark.spec("flow-one-source")
def test_s05_a_fork_that_is_accepted_adds_no_versions(
    person: Person, app: Path, village: Village, fork: str
) -> None:
    answer = person.json(app, "add", f"{fork}::shell@^1", "--accept-source", fork)
    newer = person.json(app, "add", f"{fork}::shell@^1.9", "--accept-source", fork)

    assert (answer.status, answer.document["added"][0]["version"]) == (0, "1.0.0")
    assert newer.status != 0
    lock = (app / "atom.lock").read_text()
    assert village.url in lock
    # It is remembered as accepted, and nothing is asked of it.
    assert lock.count(fork) == 1
    assert f'accepted = [\n  "{fork}",\n]' in lock


def test_s05_a_fork_that_is_listed_as_a_mirror_is_accepted_for_good(
    person: Person, app: Path, village: Village, fork: str
) -> None:
    manifest = app / "atom.toml"
    text = manifest.read_text().replace(f'"{village.url}"', f'["{village.url}", "{fork}"]')
    manifest.write_text(text)

    answer = person.json(app, "add", f"{fork}::shell@^1", "--set", "fork")

    assert (answer.status, answer.document["added"][0]["version"]) == (0, "1.0.0")
    assert person.eka(app, "lock", "--locked").status == 0


@pytest.mark.spec("flow-one-source")
def test_s05_a_foreign_manifest_cannot_send_a_known_set_elsewhere(
    root: Path, person: Person, app: Path, fork: str
) -> None:
    assert fork.endswith("/fork.git")
    evil = RawRepository(root / "evil.git")
    more = '[package.sets]\ns = "https://evil.example/fork.git"\n[deps.from.s]\nshell = "^1"\n'
    evil.publish(evil.atom("lib", evil.manifest("lib", more=more)))
    before = pair(app)

    answer = person.json(app, "add", "https://evil.example/evil.git::lib")
    accepted = person.json(
        app, "add", "https://evil.example/evil.git::lib",
        "--accept-source", "https://evil.example/fork.git", "--dry-run",
    )  # fmt: skip

    assert (answer.status, answer.code) == (CONFLICT, "foreign-genesis")
    assert pair(app) == before
    assert accepted.status == 0, accepted
    assert all(change["after"] != "1.9.0" for change in accepted.document["changes"])


@pytest.mark.spec("manifest-foreign")
@pytest.mark.parametrize(
    "place",
    [
        "file://ROOT/server/pkgs.git",
        "ROOT/server/pkgs.git",
        "../server/pkgs.git",
        "./pkgs.git",
        "gh:owner/repo",
        "mine:pkgs.git",
        "http://pkgs.example/pkgs.git",
        "git://pkgs.example/pkgs.git",
        "ext::touch ROOT/canary",
        "--upload-pack=touch ROOT/canary",
        "https://user:secret@pkgs.example/pkgs.git",
    ],
)
def test_s13_a_foreign_manifest_names_no_place_of_this_machine_and_no_alias(
    place: str, root: Path, tmp_path: Path, person: Person, village: Village
) -> None:
    assert village.server.exists()
    evil = RawRepository(tmp_path / "evil.git")
    text = json.dumps(place.replace("ROOT", str(root)))
    more = f"[package.sets]\ns = {text}\n[deps.from.s]\nshell = '^1'\n"
    evil.publish(evil.atom("lib", evil.manifest("lib", more=more)))
    person.does(tmp_path, "new", "app")
    before = (tmp_path / "app" / "atom.toml").read_bytes()

    answer = person.json(tmp_path / "app", "add", f"file://{evil.path}::lib")

    assert (answer.status, answer.code) == (1, "unsatisfiable")
    assert "secret" not in answer.out
    assert not (root / "canary").exists()
    assert [path.name for path in (tmp_path / "app").iterdir()] == ["atom.toml"]
    assert (tmp_path / "app" / "atom.toml").read_bytes() == before


# --- locks -------------------------------------------------------------------------------------


def other_digit(text: str, key: str, *, last: bool = False) -> str:
    """Change one digit of the (first or last) value of ``key``."""
    at = text.rindex(f'{key} = "') if last else text.index(f'{key} = "')
    at += len(f'{key} = "') + 5
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


def other_genesis(text: str) -> str:
    genesis = text.split('genesis = "')[1][:40]
    return text.replace(genesis, ("0" if genesis[0] != "0" else "1") + genesis[1:])


FORGERIES: dict[str, Callable[[str], str]] = {
    "commit": lambda text: other_digit(text, "rev"),
    "commit of the last atom": lambda text: other_digit(text, "rev", last=True),
    "tree": lambda text: other_digit(text, "tree"),
    "content": lambda text: other_digit(text, "blake3"),
    "id": lambda text: other_digit(text, "id"),
    "genesis": other_genesis,
    "requirements": lambda text: other_digit(text, "requirements"),
    "version": lambda text: text.replace('version = "1.0.0"', 'version = "1.0.1"', 1),
    "unknown field": lambda text: text.replace("[[atom]]\n", '[[atom]]\nx = "y"\n', 1),
    "unknown table": lambda text: text + "\n[x]\ny = 1\n",
    "field twice": lambda text: text.replace("[[atom]]\n", '[[atom]]\nlabel = "x"\n', 1),
    "comment": lambda text: text + "# harmless\n",
    "line ends": lambda text: text.replace("\n", "\r\n"),
    "schema": lambda text: text.replace("version = 2", "version = 99", 1),
    "local source": lambda text: text.replace("/server/pkgs.git", "/fork.git"),
    "unencrypted source": lambda text: _elsewhere(text, "http://evil.example/pkgs.git"),
    "helper": lambda text: _elsewhere(text, "ext::touch CANARY"),
    "option": lambda text: _elsewhere(text, "--upload-pack=touch CANARY"),
    "secret": lambda text: _elsewhere(text, "https://user:secret@evil.example/pkgs.git"),
    "nothing": lambda _: "",
    "half": lambda text: text[: len(text) // 2],
    "bytes": lambda text: text + "\udcff",
    "many": lambda text: text + "[[atom]]\n" * 20_000,
}


def _elsewhere(text: str, url: str) -> str:
    start = text.index("file://")
    return text[:start] + url + text[text.index('"', start) :]


@pytest.mark.spec("flow-places", "lock-fields", "lock-urls", "lock-credentials")
@pytest.mark.parametrize("case", FORGERIES)
def test_s03_s17_a_forged_lock_is_not_used(
    case: str, root: Path, tmp_path: Path, person: Person, app: Path, fork: str
) -> None:
    assert fork
    lock = app / "atom.lock"
    forged = FORGERIES[case](lock.read_text()).replace("CANARY", str(root / "canary"))
    lock.write_bytes(os.fsencode(forged))
    store = str(tmp_path / "store")

    answers = {
        words[0]: person.json(app, *words)
        for words in (
            ["build", "greet", "--locked", "--store", store],
            ["fetch", "--store", store],
            ["verify"],
            ["lock", "--locked"],
        )
    }

    assert lock.read_bytes() == os.fsencode(forged)
    assert all(answer.status not in (0, BUG) for answer in answers.values()), answers
    if case in ("local source", "unencrypted source"):
        assert {answers[name].code for name in ("build", "fetch", "verify")} == {
            "lock-source-refused"
        }
    assert not any("secret" in answer.out + answer.err for answer in answers.values())
    assert not (root / "canary").exists()
    assert not (app / "result-greet").exists()


@pytest.mark.spec("flow-places")
@pytest.mark.parametrize("declared", ["", f', sha256 = "{HELLO}"'])
def test_s17_a_lock_pins_no_other_file_than_the_manifest_names(
    declared: str, person: Person, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    app = tmp_path / "app"
    with web_server() as server:
        honest = server.serve("/honest", reply("200 OK", b"hello"))
        evil = server.serve("/evil", reply("200 OK", b"hullo"))
        with (app / "atom.toml").open("a") as manifest:
            manifest.write(f'[deps.direct.url]\nx = {{ url = "{honest}"{declared} }}\n')
        person.does(app, "lock")
        lock = (app / "atom.lock").read_text()
        forged = lock.replace(HELLO, HULLO) if declared else lock.replace(honest, evil)
        assert forged != lock
        (app / "atom.lock").write_text(forged)

        answers = [person.json(app, *words) for words in (["fetch"], ["build"], ["verify"])]

        assert [(each.status, each.code) for each in answers] == [
            (INTEGRITY, "lock-source-refused")
        ] * 3
        assert "/evil" not in server.asked()


# --- servers that change their mind -------------------------------------------------------------


@pytest.fixture
def changing(tmp_path: Path, person: Person) -> tuple[RawRepository, Path]:
    """A set of one atom, and a project that locked it."""
    raw = RawRepository(tmp_path / "raw.git")
    raw.publish(raw.atom("lib", raw.manifest("lib"), raw.file("word", "honest")))
    person.does(tmp_path, "new", "locked")
    person.does(tmp_path / "locked", "add", f"file://{raw.path}::lib")
    return raw, tmp_path / "locked"


@pytest.mark.spec("flow-moved")
def test_s01_a_version_with_another_content_is_noticed(
    changing: tuple[RawRepository, Path], person: Person
) -> None:
    raw, app = changing
    before = pair(app)
    raw.publish(raw.atom("lib", raw.manifest("lib"), raw.file("word", "evil")))

    asking = (["lock", "--update"], ["lock", "--refresh", "--locked"])
    locked = [person.json(app, *words) for words in asking]
    unasked = person.json(app, "lock")
    verified = person.json(app, "verify")
    fetched = person.json(app, "fetch")

    assert [(each.status, each.code) for each in locked] == [(INTEGRITY, "pin-mismatch")] * 2
    assert verified.status == INTEGRITY
    assert [atom["sound"] for atom in verified.document["atoms"]] == [False]
    assert unasked.status == 0  # it is as it was: nobody is asked
    assert fetched.status == 0  # by id: what was locked, whatever the ref says
    assert pair(app) == before


def test_s02_a_version_that_went_away_is_told_and_can_still_be_had(
    changing: tuple[RawRepository, Path], tmp_path: Path
) -> None:
    raw, app = changing
    (raw.path / "refs" / "atoms" / "lib" / "1.0.0").unlink()
    (raw.path / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
        "[uploadpack]\n\tallowAnySHA1InWant = true\n"
    )
    stranger = Person(tmp_path / "stranger")

    fetched = stranger.json(app, "fetch")
    verified = stranger.json(app, "verify")

    assert (fetched.status, fetched.document["fetched"]) == (0, 1)
    assert verified.status == 0
    assert [atom["withdrawn"] for atom in verified.document["atoms"]] == [True]


# --- aliases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[aliases]\ngh = "https://evil.example"', "alias-shadowed"),
        ('[aliases]\nmine = "https://evil.example"', "alias-shadowed"),
        ('[aliases]\nx = "y:a"\ny = "x:b"', "alias-cycle"),
        ('[aliases]\nx = "ext::touch CANARY"', "invalid-alias"),
        ('[aliases]\nx = "--upload-pack=touch CANARY"', "invalid-alias"),
        ('[store]\ndir = "CANARY"', "setting-unknown"),
        ('[cache]\ndir = "CANARY"', "setting-unknown"),
        ('[deb]\nmirror = "http://evil.example/"', "setting-unknown"),
        ("[build]\njobs = 1", "setting-unknown"),
    ],
)
def test_s10_the_settings_of_a_project_change_nothing_that_is_known(
    text: str, code: str, root: Path, app: Path, person: Person
) -> None:
    settings = person.home / ".config" / "eka" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('[aliases]\nmine = "https://pkgs.example"\n')
    (app / ".eka.toml").write_text(text.replace("CANARY", str(root / "canary")) + "\n")
    before = pair(app)

    answer = person.json(app, "add", "x:pkgs.git::shell")
    settings.unlink()

    assert (answer.status not in (0, BUG), answer.code) == (True, code), answer
    assert pair(app) == before
    assert not (root / "canary").exists()


# --- secrets -----------------------------------------------------------------------------------

HUSHED = "hush-hush"
CREDENTIALS = ("somebody", HUSHED)


@pytest.fixture(scope="module")
def guarded(root: Path, village: Village) -> Generator[str]:
    """A server that wants a password: its address with one."""
    assert village.server.exists()
    with serve(root / "server", Behaviour(credentials=CREDENTIALS)) as server:
        yield server.url.replace("http://", f"http://{':'.join(CREDENTIALS)}@") + "/pkgs.git"


def silent(answers: list[Answer], *places: Path) -> bool:
    """Return whether neither answers nor files hold the secret."""
    told = "".join(answer.out + answer.err for answer in answers)
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    return HUSHED not in told and not any(HUSHED.encode() in path.read_bytes() for path in files)


@pytest.mark.spec("flow-public")
def test_s14_a_password_in_an_address_is_used_and_written_nowhere(
    person: Person, guarded: str, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    app = tmp_path / "app"

    answers = [
        person.eka(app, *words, *loud)
        for words in (
            ["versions", f"{guarded}::greet"],
            ["info", f"{guarded}::greet"],
            ["add", f"{guarded}::greet"],
            ["verify", f"{guarded}::greet"],
        )
        for loud in (["-v"], ["--json"])
    ]

    assert [answer.status for answer in answers] == [0] * len(answers), answers
    assert silent(answers, app, person.home)


def test_s14_a_password_given_for_publishing_is_written_nowhere(
    person: Person, guarded: str, tmp_path: Path
) -> None:
    village = Village(tmp_path)
    village.greet("hello", version="7.0.0")
    village.commit()
    git(village.mono, "remote", "set-url", "origin", guarded)
    answers = [
        person.eka(village.mono, *words, *loud)
        for words in (["publish", "--all"], ["publish", "--all", "--remote", guarded], ["init"],
                      ["publish", "--all", "--remote", guarded.replace(HUSHED, "wrong")])
        for loud in (["-v"], ["--json"])
    ]  # fmt: skip

    assert BUG not in {answer.status for answer in answers}
    assert silent(answers, village.mono / "greet", village.server, person.home)


@pytest.mark.parametrize(
    "words",
    [
        ["versions", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["versions", "https://somebody:SECRET@127.0.0.1:9/x::y"],
        ["versions", "https://somebody:SECRET@127.0.0.1:9/x::-y"],
        ["versions", "https://somebody:SECRET@127.0.0.1:9/x::y@z"],
        ["versions", "https://SECRET@127.0.0.1:9/x::y"],
        ["versions", "https://somebody:SECRET@-evil/x::y"],
        ["versions", "https://somebody:SECRET@127.0.0.1:99999/x::y"],
        ["versions", "ssh://somebody:SECRET@127.0.0.1/x::y"],
        ["versions", "somebody:SECRET@127.0.0.1/x::y"],
        ["versions", "ftp://somebody:SECRET@127.0.0.1/x::y"],
        ["versions", "file://somebody:SECRET@127.0.0.1/x::y"],
        ["versions", "http://somebody:SECRET@127.0.0.1:9/x::y", "--offline"],
        ["versions", "x::y", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["--https://somebody:SECRET@127.0.0.1:9/x"],
        ["https://somebody:SECRET@127.0.0.1:9/x"],
        ["versions", "--https://somebody:SECRET@127.0.0.1:9/x"],
        ["info", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["add", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["add", "https://somebody:SECRET@127.0.0.1:9/x::y"],
        ["add", "https://somebody:SECRET@127.0.0.1:9/x::y", "--set", "https://a:SECRET@b/"],
        ["verify", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["verify", "https://somebody:SECRET@127.0.0.1:9/x::y"],
        ["publish", "--all", "--remote", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["publish", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["init", "--remote", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["init", "--genesis", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["build", "https://somebody:SECRET@127.0.0.1:9/x"],
        ["new", "--label", "https://somebody:SECRET@127.0.0.1:9/x", "y"],
    ],
    ids=" ".join,
)
def test_s14_no_error_repeats_a_password(
    words: list[str], person: Person, village: Village, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "app")
    typed = [word.replace("SECRET", HUSHED) for word in words]
    where = village.mono if words[0] in ("publish", "init") else tmp_path / "app"

    answers = [person.eka(where, *typed, *loud) for loud in (["-v"], ["--json"])]

    assert all(answer.status not in (0, BUG) for answer in answers), answers
    assert silent(answers, tmp_path, person.home), answers


@pytest.mark.parametrize("error", [RuntimeError, OSError, FileNotFoundError])
def test_s14_no_trace_of_a_bug_repeats_a_password(
    error: type[Exception],
    person: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"https://somebody:{HUSHED}@127.0.0.1/x"

    def fail(_: str) -> None:
        raise error(f"cannot open {address!r}, {address}::y")

    monkeypatch.setattr(dispatching, "load_command", fail)

    answers = [person.eka(tmp_path, "info", *loud) for loud in (["-v"], ["--json", "-v"])]

    assert silent(answers), answers
    assert all("cannot open" in answer.out + answer.err for answer in answers)


@pytest.mark.parametrize(
    "line",
    [
        '[package.sets]\ns = "https://somebody:SECRET@127.0.0.1:9/x"\n[deps.from.s]\ny = "^1"',
        '[package.sets]\ns = "somebody:SECRET@127.0.0.1:9/x"\n[deps.from.s]\ny = "^1"',
        '[deps.direct.url]\nx = { url = "https://somebody:SECRET@127.0.0.1:9/x" }',
    ],
)
def test_s14_a_password_in_a_manifest_is_refused_and_not_repeated(
    line: str, person: Person, tmp_path: Path
) -> None:
    text = line.replace("SECRET", HUSHED)
    (tmp_path / "atom.toml").write_text(f'[package]\nlabel = "x"\nversion = "1.0.0"\n{text}\n')

    answers = [
        person.eka(tmp_path, *words, *loud)
        for words in (["info"], ["lock"], ["build"])
        for loud in (["-v"], ["--json"])
    ]

    assert all(answer.status not in (0, BUG) for answer in answers), answers
    assert silent(answers), answers
