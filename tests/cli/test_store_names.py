"""Names and what they stand for: reductions, signatures, trust, plans, trees from a stream."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from eka.store import Reduction, ReductionKind, Store, parse_plan
from eka.store.schema import STEPS
from tests.fakes.store_program import StoreProgram, script_plan
from tests.store_nodes import SAMPLE, content, write

if TYPE_CHECKING:
    from pathlib import Path

PATH = "0" * 32 + "-thing"
OTHER = "1" * 32 + "-thing"
CHAIN = [
    Reduction(ReductionKind.REQUEST, "set::greet@^1", "greet@1.2.0", evidence="atom.lock"),
    Reduction(ReductionKind.ATOM, "greet@1.2.0", PATH),
    Reduction(ReductionKind.ATOM, "other@1.0.0", OTHER),
]


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


def record(tmp_path: Path, *facts: Reduction) -> None:
    with Store.open(tmp_path / "s") as store:
        store.record_all(facts)


@pytest.mark.spec("reduction-chain")
def test_a_name_is_followed_to_content(eka_store: StoreProgram, tmp_path: Path) -> None:
    record(tmp_path, *CHAIN)

    document = eka_store("reduce", "set::greet@^1", "--json").document
    lines = eka_store("reduce", "set::gr").stdout.splitlines()

    assert [(each["kind"], each["depth"]) for each in document["steps"]] == [
        ("request", 0),
        ("atom", 1),
    ]
    assert document["steps"][0]["evidence"] == "atom.lock"
    assert document["content"] == [{"path": f"/eka/store/{PATH}", "is_there": False}]
    assert lines[0] == "set::greet@^1"
    assert lines[-1] == f"= /eka/store/{PATH} (not in the store)"


@pytest.mark.spec("reduction-chain")
def test_a_name_is_found_by_what_follows_its_colons(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    other = Reduction(ReductionKind.REQUEST, "set::greet@^1.2", "greet@1.2.0")
    record(tmp_path, *CHAIN, other)

    exact = eka_store("reduce", "greet@^1", "--json").document
    vague = eka_store("reduce", "greet@^", "--json").document["error"]

    assert exact["name"] == "set::greet@^1"
    assert (vague["code"], vague["why"]) == ("ambiguous-name", "set::greet@^1, set::greet@^1.2")


@pytest.mark.spec("reduction-chain")
def test_a_path_is_followed_back(eka_store: StoreProgram, tmp_path: Path) -> None:
    record(tmp_path, *CHAIN)

    steps = eka_store("reduce", PATH, "--json").document["steps"]

    assert [each["name"] for each in steps] == ["greet@1.2.0", "set::greet@^1"]


@pytest.mark.spec("reduction-kinds")
def test_a_build_is_found_by_its_action_and_by_what_it_made(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    data = script_plan(tmp_path / "s", "touch $out")
    made = eka_store("realise", "-", "--json", stdin=data).documents[-1]["outputs"][0]

    forward = eka_store("reduce", made["action"], "--json").document
    back = eka_store("reduce", made["path"], "--json").document

    assert [each["kind"] for each in forward["steps"]] == ["action", "resolved"]
    assert forward["content"] == [{"path": made["path"], "is_there": True}]
    assert [each["kind"] for each in back["steps"]] == ["resolved", "action"]
    assert "busybox" in back["steps"][1]["evidence"] or "=" in back["steps"][1]["evidence"]


@pytest.mark.spec("reduction-dispute")
def test_two_outcomes_are_both_shown(eka_store: StoreProgram, tmp_path: Path) -> None:
    record(tmp_path, CHAIN[1], Reduction(ReductionKind.ATOM, "greet@1.2.0", OTHER, by="they"))

    ran = eka_store("reduce", "greet@1.2.0")
    steps = eka_store("reduce", "greet@1.2.0", "--json").document["steps"]

    assert [(each["refined"], each["is_disputed"]) for each in steps] == [
        (PATH, True),
        (OTHER, True),
    ]
    assert [each["is_trusted"] for each in steps] == [True, False]
    assert "nondeterminism" in ran.stderr


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("nothing", 3, "not-reduced"),
        ("gr", 3, "not-reduced"),
        (OTHER.replace("1", "2"), 3, "not-reduced"),
        ("gree", 2, "ambiguous-name"),
    ],
)
def test_a_name_must_mean_one_thing(
    eka_store: StoreProgram, tmp_path: Path, name: str, status: int, code: str
) -> None:
    record(tmp_path, *CHAIN, Reduction(ReductionKind.ATOM, "greet@2.0.0", OTHER))

    ran = eka_store("reduce", name, "--json")

    assert (ran.status, ran.document["error"]["code"]) == (status, code)


def test_a_name_cannot_act_as_a_pattern(eka_store: StoreProgram, tmp_path: Path) -> None:
    record(tmp_path, *CHAIN)

    codes = [
        eka_store("reduce", name, "--json").document["error"]["code"]
        for name in ("gree%", "gree_@1", "gree*", "'; DROP TABLE reductions; --", "x" * 10_000)
    ]

    assert codes == ["not-reduced"] * 5


def generate(eka_store: StoreProgram, tmp_path: Path, name: str = "builder-1") -> str:
    made = eka_store("sign", "--generate", name, "--key", tmp_path / name)
    return made.stdout.strip()


@pytest.mark.spec("reduction-signed")
def test_what_a_key_signed_is_trusted_when_the_key_is(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    record(tmp_path, *CHAIN)
    public = generate(eka_store, tmp_path)

    signed = eka_store("sign", "set::greet@^1", "--key", tmp_path / "builder-1", "--json")

    def theirs() -> list[tuple[str, bool]]:
        steps = eka_store("reduce", "set::greet@^1", "--json").document["steps"]
        return [(each["kind"], each["is_trusted"]) for each in steps if each["by"] != "local"]

    assert [each["subject"] for each in signed.document["signed"]] == [
        "request set::greet@^1", "atom greet@1.2.0",
    ]  # fmt: skip
    assert theirs() == [("request", False), ("atom", False)]
    dry = eka_store("trust", "--add", public, "--kind", "atom", "--dry-run", "--json").document
    assert (dry["keys"], theirs()[1]) == ([{"key": public, "kinds": ["atom"]}], ("atom", False))
    eka_store("trust", "--add", public, "--kind", "atom")
    assert theirs() == [("request", False), ("atom", True)]
    eka_store("trust", "--add", public)
    assert theirs() == [("request", True), ("atom", True)]
    eka_store("trust", "--remove", "builder-1")
    assert theirs() == [("request", False), ("atom", False)]


def test_what_would_be_signed_is_told_and_not_signed(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    record(tmp_path, *CHAIN)
    write(SAMPLE, tmp_path / "source")
    path = eka_store("add", tmp_path / "source", "--root", tmp_path / "kept").stdout.strip()
    generate(eka_store, tmp_path)
    words = ("sign", path, "set::greet@^1", "--key", tmp_path / "builder-1", "--dry-run")

    dry = eka_store(*words, "--json").document
    lines = eka_store(*words).stdout.splitlines()

    subjects = [path, "request set::greet@^1", "atom greet@1.2.0"]
    assert dry["signed"] == [{"subject": each} for each in subjects]
    assert (dry["dry_run"], lines) == (True, subjects)
    assert eka_store("path-info", path, "--json").document["paths"][0]["signers"] == []
    steps = eka_store("reduce", "set::greet@^1", "--json").document["steps"]
    assert {each["by"] for each in steps} == {"local"}


def test_a_key_is_secret_and_never_overwritten(eka_store: StoreProgram, tmp_path: Path) -> None:
    public = generate(eka_store, tmp_path)
    secret = (tmp_path / "builder-1").read_text()

    again = eka_store("sign", "--generate", "x", "--key", tmp_path / "builder-1", "--json")

    assert public.startswith("builder-1:")
    assert stat.S_IMODE((tmp_path / "builder-1").stat().st_mode) == 0o600
    assert (again.status, again.document["error"]["code"]) == (3, "key-unreadable")
    assert (tmp_path / "builder-1").read_text() == secret


@pytest.mark.spec("path-signed")
def test_a_path_is_signed(eka_store: StoreProgram, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "source")
    path = eka_store("add", tmp_path / "source", "--root", tmp_path / "kept").stdout.strip()
    generate(eka_store, tmp_path)

    first = eka_store("sign", path, "--key", tmp_path / "builder-1", "--json").document
    again = eka_store("sign", path, "--key", tmp_path / "builder-1", "--json").document

    known = eka_store("path-info", path, "--json").document["paths"]
    lines = eka_store("path-info", path).stdout.splitlines()

    assert first["signed"] == again["signed"]
    assert known[0]["signers"] == ["builder-1"]
    assert lines[-1] == "  signed by builder-1"
    assert first["signed"][0]["subject"] == path
    assert first["signed"][0]["signature"].startswith("builder-1:")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["sign", "x", "--key", "missing"], 3, "key-unreadable"),
        (["sign", "x", "--key", "plain"], 2, "unusable-nix-key"),
        (["sign", "x", "--key", "new", "--generate", "n"], 2, "store-usage"),
        (["sign", "--key", "new", "--generate", "n", "--dry-run"], 2, "store-usage"),
        (["trust", "--add", "nonsense"], 2, "invalid-nix-text"),
        (["trust", "--remove", "nobody"], 3, "key-not-found"),
        (["trust", "--add", "a", "--remove", "b"], 2, "store-usage"),
        (["trust", "--add", "local:" + "A" * 43 + "="], 6, "key-conflict"),
        (["trust", "--add", "a:" + "A" * 43 + "=", "--kind", "taste"], 2, "store-usage"),
        (["realise", "0" * 64], 3, "plan-not-found"),
        (["put-plan", "plain"], 2, "invalid-plan"),
        (["add-tree", "x"], 5, "broken-archive"),
        (["add-tree", "a/b"], 2, "invalid-store-name"),
    ],
)
def test_what_is_wrong_is_told(
    eka_store: StoreProgram,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    code: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("text")

    ran = eka_store(*words, "--json", stdin=b"no tar at all" * 100)

    assert ran.document["error"]["code"] == code
    assert ran.status == status


def test_another_key_of_a_trusted_name_is_refused(eka_store: StoreProgram) -> None:
    first, second = ("a:" + letter * 43 + "=" for letter in "AE")

    eka_store("trust", "--add", first)
    ran = eka_store("trust", "--add", second, "--json")

    assert (ran.status, ran.document["error"]["code"]) == (6, "key-conflict")
    assert eka_store("trust", "--json").document["keys"][0]["key"] == first


@pytest.mark.spec("plan-kept")
def test_a_plan_is_kept_and_realised_by_its_id(eka_store: StoreProgram, tmp_path: Path) -> None:
    data = script_plan(tmp_path / "s", "touch $out")
    pretty = json.dumps(json.loads(data), indent=3).encode()

    dry = eka_store("put-plan", "-", "--dry-run", "--json", stdin=data).document
    unknown = eka_store("realise", dry["plan"])
    put = eka_store("put-plan", "-", "--json", stdin=pretty).document
    made = eka_store("realise", put["plan"], "--json")

    assert dry["plan"] == put["plan"] == parse_plan(data, "test").identity
    assert unknown.status == 3
    assert made.status == 0
    assert eka_store("stats", "--json").document["plans"] == 1


@pytest.mark.spec("plan-kept")
def test_a_plan_that_was_changed_on_disk_is_not_used(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    data = script_plan(tmp_path / "s", "touch $out")
    identity = eka_store("put-plan", "-", stdin=data).stdout.strip()
    file = tmp_path / "s" / "plans" / identity
    file.chmod(0o644)
    file.write_bytes(data.replace(b"touch", b"rm -r"))

    ran = eka_store("realise", identity, "--json")

    assert (ran.status, ran.document["error"]["code"]) == (5, "store-damaged")


def packed(directory: Path) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        archive.add(directory, arcname="top")
    return data.getvalue()


def test_a_tree_is_added_from_a_stream(eka_store: StoreProgram, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "source")
    words = ("add-tree", "source", "--strip", "1", "--json")
    data = packed(tmp_path / "source")

    dry = eka_store(*words, "--dry-run", stdin=data).document
    empty = eka_store("stats", "--json").document
    added = eka_store(*words, "--expect", content(SAMPLE), stdin=data).document
    other = eka_store(*words, "--expect", "0" * 64, stdin=data)

    assert empty["paths"] == 0
    assert added == {**dry, "dry_run": False}
    assert added["path"] == eka_store("add", tmp_path / "source").stdout.strip()
    assert (other.status, other.document["error"]["code"]) == (5, "content-mismatch")


def test_a_hostile_archive_adds_nothing(eka_store: StoreProgram, tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"))

    ran = eka_store("add-tree", "x", "--json", stdin=data.getvalue())

    assert (ran.status, ran.document["error"]["code"]) == (5, "unsafe-archive")
    assert eka_store("stats", "--json").document["paths"] == 0
    assert list((tmp_path / "s" / "tmp").iterdir()) == []


def test_the_numbers_of_a_store_add_up(eka_store: StoreProgram, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "source")
    record(tmp_path, *CHAIN)
    path = eka_store("add", tmp_path / "source", "--root", tmp_path / "kept").stdout.strip()

    numbers = eka_store("stats", "--json").document
    lines = eka_store("stats").stdout.splitlines()

    assert numbers["kinds"] == {"directory": {"paths": 1, "size_bytes": numbers["size_bytes"]}}
    assert (numbers["roots"], numbers["disputed"]) == (1, 0)
    assert numbers["reductions"] == {"atom": 2, "request": 1}
    assert [each["path"] for each in numbers["largest"]] == [path]
    assert lines[0] == f"1 path, {numbers['size_bytes']} bytes"


def test_builds_of_older_stores_are_still_known(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    database = sqlite3.connect(tmp_path / "s" / "db.sqlite")
    database.executescript("".join(STEPS[:1]) + "PRAGMA user_version = 1;")
    old = ("action", "resolved!out", PATH, "local", "bubblewrap")
    database.execute("INSERT INTO reductions VALUES (1, ?, ?, ?, ?, ?)", old)
    database.commit()
    database.close()

    with Store.open(tmp_path / "s") as store:
        found = store.reduce(ReductionKind.RESOLVED, "resolved!out")

    assert found == [Reduction("resolved", "resolved!out", PATH, evidence="bubblewrap")]
