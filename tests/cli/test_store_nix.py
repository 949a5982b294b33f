"""What users of ``eka-store`` see of the exchange with Nix."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import read_tree
from eka.store.nix.nar import nar_digest
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from tests.fakes.store_program import script_plan
from tests.schemas import check_store_line
from tests.servers.nix_cache import served
from tests.store_nodes import SAMPLE, write

if TYPE_CHECKING:
    from collections.abc import Mapping


class Program:
    """Runs ``eka-store`` in this process, on a store below ``home``."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(
        self, *words: object, store: str = "store", environment: Mapping[str, str] | None = None
    ) -> tuple[int, list[str], str]:
        stdout, stderr = io.StringIO(), io.StringIO()
        world = {"EKA_STORE_DIR": str(self.home / store), **(environment or {})}
        status = dispatch(
            [str(each) for each in words], world, Console(io.BytesIO(), stdout, stderr)
        )
        return status, stdout.getvalue().splitlines(), stderr.getvalue()

    def document(self, *words: object, store: str = "store") -> Any:  # noqa: ANN401 - JSON
        """Return the one document of a run, checked against the schema."""
        _, (line,), _ = self(*words, "--json", store=store)
        found = json.loads(line)
        check_store_line(found)
        return found


@pytest.fixture
def program(tmp_path: Path) -> Program:
    write(SAMPLE, tmp_path / "sample")
    return Program(tmp_path)


def test_a_key_is_written_once_and_only_its_public_half_is_shown(
    program: Program, tmp_path: Path
) -> None:
    status, (public,), said = program("nix-key", "cache-1", tmp_path / "key")
    again = program.document("nix-key", "cache-1", tmp_path / "key")

    assert (status, public.partition(":")[0]) == (0, "cache-1")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    secret = (tmp_path / "key").read_text().strip()
    assert secret not in public + said
    assert again["error"]["code"] == "nix-key-file-exists"
    assert again["error"]["exit_status"] == 6


def test_a_name_nix_would_refuse_is_refused(program: Program, tmp_path: Path) -> None:
    refused = program.document("nix-key", "my key", tmp_path / "key")

    assert refused["error"]["code"] == "invalid-nix-text"
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("how", ["directory", "file:", "http"])
def test_paths_go_by_a_cache_to_another_store(program: Program, tmp_path: Path, how: str) -> None:
    _, (path,), _ = program("add", tmp_path / "sample")
    _, (public,), _ = program("nix-key", "cache-1", tmp_path / "key")
    cache = tmp_path / "cache"

    exported = program.document("nix-export", cache, path, "--key", tmp_path / "key")
    (nix,) = [each["nix_path"] for each in exported["paths"]]
    with served(cache) as url:
        place = {"directory": str(cache), "file:": f"file://{cache}", "http": url}[how]
        words = ("nix-import", place, nix, "--trust", public, "--root", tmp_path / "link")
        imported = program.document(*words, store="other")

    assert exported["public_key"] == public
    assert imported["paths"] == [{"path": path, "nix_path": nix, "fetched": True}]
    assert (tmp_path / "link").resolve().name == path.rpartition("/")[2]


def test_people_read_what_each_side_calls_a_path(program: Program, tmp_path: Path) -> None:
    _, (path,), _ = program("add", tmp_path / "sample")

    status, (nix,), said = program("nix-export", tmp_path / "cache", path)
    _, (back,), told = program("nix-import", tmp_path / "cache", nix, store="other")
    again = program("nix-import", tmp_path / "cache", nix, store="other")

    assert (status, back, again[1]) == (0, path, [path])
    assert nix.startswith("/nix/store/")
    assert said.splitlines()[-1] == "1 path written, 0 there already"
    assert told.splitlines()[-1] == "1 path fetched, 0 there already"
    # Nothing holds it: by the time of the second import it may be gone, but is not.
    assert again[2].splitlines()[-1] == "0 paths fetched, 1 there already"


@pytest.mark.parametrize(("words", "code", "status"), [
    (["nix-export", "cache", "/eka/store/zzz"], "invalid-store-path", 2),
    (["nix-export", "cache", "00000000000000000000000000000000-x"], "path-not-found", 3),
    (["nix-export", "cache", "x", "--compression", "zip"], "store-usage", 2),
    (["nix-export", "cache", "x", "--key", "nowhere"], "unusable-nix-key", 2),
    (["nix-import", "cache", "/nix/store/x"], "invalid-nix-text", 2),
    (["nix-import", "cache", "0" * 32 + "-x"], "not-a-nix-cache", 3),
    (["nix-import", "http://127.0.0.1:9", "0" * 32 + "-x"], "nix-cache-unreadable", 4),
    (["nix-import", "http://user:pw@127.0.0.1:9", "0" * 32 + "-x"], "nix-cache-unreadable", 4),
    (["nix-import", "cache", "0" * 32 + "-x", "--trust", "key"], "invalid-nix-text", 2),
    (["nix-import", "c", "0" * 32 + "-x", "1" * 32 + "-x", "--root", "l"], "store-usage", 2),
    (["nix-key", "name", "/nowhere/at/all"], "unusable-nix-key", 2),
])  # fmt: skip
def test_errors_have_code_and_status(
    program: Program, words: list[str], code: str, status: int
) -> None:
    found = program.document(*words)["error"]

    assert (found["code"], found["exit_status"]) == (code, status)
    assert found["fix"]
    assert ":pw" not in json.dumps(found)


def test_the_nar_is_hashed_on_demand(program: Program, tmp_path: Path) -> None:
    expected = nar_digest(read_tree(tmp_path / "sample"))

    added = program.document("add", tmp_path / "sample", "--nar")
    plain = program.document("add", tmp_path / "sample", "--name", "other")
    asked = program.document("path-info", plain["path"], "--nar")
    status, lines, said = program("add", tmp_path / "sample", "--nar")

    assert added["nar_sha256"] == expected.sha256.hex()
    assert added["nar_size_bytes"] == expected.size_bytes
    assert "nar_sha256" not in plain
    assert asked["paths"][0]["nar_sha256"] == expected.sha256.hex()
    assert (status, lines) == (0, [added["path"]])
    assert expected.sha256.hex() in said


def test_a_plan_is_built_by_nix_as_by_eka(program: Program, tmp_path: Path) -> None:
    for store in ("ours", "theirs"):
        (tmp_path / store).mkdir()
        plan = script_plan(tmp_path / store / "store", "echo $out > $out; echo said")
        (tmp_path / store / "plan").write_bytes(plan)
    path = {"PATH": os.environ["PATH"]}

    ours = program("realise", tmp_path / "ours/plan", store="ours/store", environment=path)
    theirs = program(
        "realise", tmp_path / "theirs/plan", "--nix", tmp_path / "nix", "-v",
        store="theirs/store", environment=path,
    )  # fmt: skip

    assert (ours[0], theirs[0]) == (0, 0)
    assert [Path(each).name for each in ours[1]] == [Path(each).name for each in theirs[1]]
    assert "thing: said" in theirs[2].splitlines()


def test_without_nix_it_is_said_what_to_install(program: Program, tmp_path: Path) -> None:
    plan = script_plan(tmp_path / "store", "true")
    (tmp_path / "plan").write_bytes(plan)

    refused = program.document("realise", tmp_path / "plan", "--nix", tmp_path / "nix")

    assert refused["error"]["code"] == "sandbox-unavailable"
    assert "nix-bin" in refused["error"]["fix"]
