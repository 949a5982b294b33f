"""What users of ``eka-store`` see: data, documents, errors, exit statuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from eka.store import Reduction, Store
from eka.store_cli.words import COMMANDS
from tests.fakes.store_program import StoreProgram
from tests.fakes.workbench import Workbench, plan_of
from tests.store_nodes import SAMPLE, content, write


@pytest.fixture
def eka_store(tmp_path: Path) -> StoreProgram:
    return StoreProgram(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write(SAMPLE, tmp_path / "source")
    return tmp_path / "source"


def plan(root: Path, script: str) -> bytes:
    """Return a plan that runs a script; its tree is in the store, and a link keeps it."""
    with Store.open(root) as store:
        action = Workbench(store).script(script)
        for wanted in action.inputs.values():
            store.add_root(root.parent / "rootfs", wanted.path)  # type: ignore[union-attr]
        return plan_of(action).encode()


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_names_the_exit_statuses(
    eka_store: StoreProgram, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert eka_store(*words).status == 0

    told = capsys.readouterr().out
    assert "exit statuses:" in told
    assert "--store DIR" in told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "COMMAND"),
        (["gcc"], "did you mean gc?"),
        (["gc", "--dryrun"], "did you mean --dry-run?"),
        (["add"], "PATH"),
        (["realise", "-", "--jobs", "0"], "'0' is not a number from 1 to 1024"),
        (["gc", "--dry"], "--dry"),
    ],
)
def test_wrong_words_are_explained(eka_store: StoreProgram, words: list[str], why: str) -> None:
    ran = eka_store(*words, "--json")

    error = ran.document["error"]
    assert (ran.status, error["code"], ran.stderr) == (2, "store-usage", "")
    assert why in error["why"]


def test_the_store_is_where_words_or_environment_say(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    def root(*words: object, data: str | None = None) -> str:
        environment = {} if data is None else {"EKA_STORE_DIR": "", "XDG_DATA_HOME": data}
        found: str = eka_store("info", "--json", *words, stdin=b"", **environment).document["root"]
        return found

    assert root() == str(tmp_path / "s")
    assert root("--store", tmp_path / "t") == str(tmp_path / "t")
    assert root(data=str(tmp_path / "data")) == str(tmp_path / "data/eka/store")
    assert root(data="not/absolute") == str(tmp_path / ".local/share/eka/store")


def test_what_was_added_is_told_and_kept_by_its_root(
    eka_store: StoreProgram, source: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"

    added = eka_store("add", source, "--root", link, "--json").document
    told = eka_store("path-info", link, added["physical"], added["path"], "--json").document
    info = eka_store("info", "--json").document

    assert [each["path"] for each in told["paths"]] == [added["path"]] * 3
    assert told["paths"][0]["content"] == content(SAMPLE)
    assert told["paths"][0]["kind"] == "directory"
    assert (info["paths"], info["roots"]) == (1, [{"link": str(link), "path": added["path"]}])
    assert eka_store("gc", "--json").document["deleted"] == []
    link.unlink()
    assert eka_store("gc", "--json").document["deleted"] == [added["path"]]


def test_people_read_lines(eka_store: StoreProgram, source: Path) -> None:
    added = eka_store("add", source, "--name", "other")
    path = added.stdout.strip()

    assert path.endswith("-other")
    assert eka_store("path-info", path).stdout.splitlines()[0] == path
    assert "paths: 1\n" in eka_store("info").stdout
    assert eka_store("verify").stderr == "1 path checked, 0 faults\n"
    dry, wet = eka_store("gc", "--dry-run"), eka_store("gc")
    assert dry.stdout == wet.stdout == f"{path}\n"
    assert dry.stderr.replace("would delete", "deleted") == wet.stderr
    assert eka_store("gc", "-q").stderr == ""


def test_a_dry_run_adds_nothing(eka_store: StoreProgram, source: Path) -> None:
    dry = eka_store("add", source, "--dry-run", "--json").document
    count = eka_store("info", "--json").document["paths"]
    wet = eka_store("add", source, "--json").document

    assert count == 0
    assert dry == {**wet, "dry_run": True}


def test_other_content_than_expected_is_refused(eka_store: StoreProgram, source: Path) -> None:
    assert eka_store("add", source, "--expect", content(SAMPLE)).status == 0
    ran = eka_store("add", source, "--expect", "0" * 64, "--json")

    assert (ran.status, ran.document["error"]["code"]) == (5, "content-mismatch")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["add", "missing"], 3, "source-unreadable"),
        (["add", "/", "--name", "a/b"], 2, "invalid-store-name"),
        (["path-info", "0" * 32 + "-a"], 3, "path-not-found"),
        (["path-info", "nonsense"], 2, "invalid-store-path"),
        (["verify", "/eka/store/" + "0" * 32 + "-a"], 3, "path-not-found"),
        (["realise", "missing"], 3, "plan-unreadable"),
        (["realise", "/"], 3, "plan-unreadable"),
        (["realise", "-"], 2, "invalid-plan"),
        (["info", "--store", "/dev/null"], 1, "store-unusable"),
    ],
)
def test_errors_have_code_status_and_fix(
    eka_store: StoreProgram, words: list[str], status: int, code: str
) -> None:
    ran, shown = eka_store(*words, "--json"), eka_store(*words)

    error = ran.document["error"]
    assert (ran.status, error["code"], error["exit_status"]) == (status, code, status)
    assert error["fix"]
    assert (shown.status, shown.stdout) == (status, "")
    assert shown.stderr.startswith(f"error[{code}]: {error['what']}\n")
    assert f"  fix: {error['fix']}\n" in shown.stderr


def test_damage_is_told_and_repaired(eka_store: StoreProgram, source: Path) -> None:
    added = eka_store("add", source, "--json").document
    file = Path(added["physical"]) / "lib" / "a.c"
    file.chmod(0o644)
    file.write_text("other")

    found, repaired = eka_store("verify", "--json"), eka_store("verify", "--repair", "--json")

    assert (found.status, repaired.status) == (5, 5)
    assert {fault["where"] for fault in found.document["faults"]} == {added["path"]}
    assert repaired.document["repaired"] == [added["path"]]
    assert eka_store("path-info", added["path"]).status == 3
    assert eka_store("add", source, "--json").document == added
    assert eka_store("verify").status == 0


def test_nondeterminism_has_a_status_of_its_own(eka_store: StoreProgram, tmp_path: Path) -> None:
    with Store.open(tmp_path / "s") as store:
        store.record(Reduction("action", "name", "one"))
        store.record(Reduction("action", "name", "two"))

    ran = eka_store("verify", "--json")

    assert ran.status == 104
    assert [fault["kind"] for fault in ran.document["faults"]] == ["nondeterminism"]


def test_a_plan_is_realised_once_and_told_as_events(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    data = plan(tmp_path / "s", "echo building; mkdir $out; echo $out > $out/self")
    link = tmp_path / "result"

    first = eka_store("realise", "-", "--json", "--root", link, stdin=data)
    eka_store("gc")
    again = eka_store("realise", "-", "--json", stdin=data)

    assert (first.status, again.status) == (0, 0)
    kinds = [document.get("event") for document in first.documents]
    assert kinds == [
        "work-left", "action-started", "action-log", "path-added", "action-finished", None,
    ]  # fmt: skip
    (output,) = first.documents[-1]["outputs"]
    assert (link / "self").read_text() == f"{output['path']}\n"
    assert link.resolve() == Path(output["physical"])
    assert [document.get("outcome") for document in again.documents] == ["cached", None]
    assert again.documents[-1] == first.documents[-1]


def test_people_see_what_is_built_and_get_its_place(
    eka_store: StoreProgram, tmp_path: Path
) -> None:
    (tmp_path / "plan.json").write_bytes(
        plan(tmp_path / "s", r"printf 'a\033[31mb\n'; touch $out")
    )

    quiet = eka_store("realise", tmp_path / "plan.json")
    again = eka_store("realise", tmp_path / "plan.json", "-v")
    log = eka_store("realise", tmp_path / "plan.json", "--check", "-v")

    assert Path(quiet.stdout.strip()).is_file()
    assert quiet.stderr.splitlines()[0] == "building thing"
    assert quiet.stderr.splitlines()[1].startswith("made thing: /eka/store/")
    assert again.stderr.startswith("had thing: /eka/store/")
    assert "thing: a\\u{1b}[31mb\n" in log.stderr


def test_a_dry_run_realises_nothing(eka_store: StoreProgram, tmp_path: Path) -> None:
    data = plan(tmp_path / "s", "touch $out")

    ran = eka_store("realise", "-", "--dry-run", "--json", stdin=data)
    (tmp_path / "rootfs").unlink()
    eka_store("gc")
    gone = eka_store("realise", "-", "--dry-run", "--json", stdin=data)

    assert [(each["kind"], each["name"]) for each in ran.document["actions"]] == [("run", "thing")]
    assert (gone.status, gone.document["error"]["code"]) == (3, "path-not-found")
    assert eka_store("info", "--json").document["paths"] == 0


def test_a_failed_build_ends_with_its_error(eka_store: StoreProgram, tmp_path: Path) -> None:
    data = plan(tmp_path / "s", "echo no; exit 3")
    keep = tmp_path / "kept"

    ran = eka_store("realise", "-", "--json", "--keep-failed", keep, stdin=data)

    assert ran.status == 100
    assert [document.get("event") for document in ran.documents] == [
        "work-left", "action-started", "action-log", "action-failed", None,
    ]  # fmt: skip
    assert ran.documents[-1]["error"]["code"] == "build-failed"
    assert len(list(keep.iterdir())) == 1


def test_a_build_that_differs_is_told(eka_store: StoreProgram, tmp_path: Path) -> None:
    data = plan(tmp_path / "s", "head -c 9 /dev/urandom > $out")

    ran = eka_store("realise", "-", "--check", "--json", stdin=data)

    assert (ran.status, ran.documents[-1]["error"]["code"]) == (104, "nondeterministic")


def test_a_bug_is_called_one(eka_store: StoreProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setitem(
        __import__("eka.store_cli.commands").store_cli.commands.COMMANDS, "gc", broken
    )

    ran = eka_store("gc")

    assert ran.status == 70
    assert "ZeroDivisionError" in ran.stderr
