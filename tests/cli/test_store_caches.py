"""``eka-store push``, ``realise --from`` and ``trust --require``, as they are typed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from tests.fakes.caches import KEY, built
from tests.fakes.store_program import StoreProgram

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store ``s`` that built a plan, the plan, and the key of the builder."""
    home = tmp_path_factory.mktemp("builder")
    (home / "plan").write_bytes(built(home / "s").encode())
    (home / "key").write_text(KEY.text)
    with Store.open(home / "s", durable=False) as store:
        store.add_root(home / "result", store.kept()["result"])
    return home


@pytest.fixture
def there(builder: Path, tmp_path: Path) -> StoreProgram:
    """The program, with the store that built something."""
    shutil.copytree(builder / "s", tmp_path / "there" / "s", symlinks=True)
    return StoreProgram(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path) -> StoreProgram:
    """The program, with an empty store."""
    (tmp_path / "here").mkdir()
    return StoreProgram(tmp_path / "here")


def result(home: Path) -> str:
    with Store.open(home / "s", durable=False) as store:
        return store.kept()["result"].text


def test_a_result_goes_from_one_store_to_another_through_a_cache(
    builder: Path, there: StoreProgram, here: StoreProgram, tmp_path: Path
) -> None:
    path, cache = result(there.home), tmp_path / "cache"

    pushed = there("push", cache, path, "--key", builder / "key", "--json")
    here("trust", "--add", KEY.public.text)
    taken = here("realise", builder / "plan", "--from", cache, "--no-build", "--json")
    again = there("push", cache, path)

    document = pushed.document
    assert (pushed.status, document["known"], len(document["pushed"])) == (0, 0, 3)
    assert (document["signed"], document["reductions"], document["ignored"]) == (3, 3, 0)
    events = [each["event"] for each in taken.documents[:-1]]
    assert events[0] == "action-started"
    assert events[-1] == "action-finished"
    assert taken.documents[-2]["outcome"] == "substituted"
    assert taken.documents[-1]["outputs"][0]["path"] == path
    assert again.stdout == ""
    assert "3 were there already" in again.stderr


def test_caches_are_named_in_the_environment_as_well(
    builder: Path, there: StoreProgram, here: StoreProgram, tmp_path: Path
) -> None:
    there("push", tmp_path / "cache", result(there.home))
    here("trust", "--add", KEY.public.text)
    words = ("realise", builder / "plan", "--no-build", "--json")

    offline = here(*words, "--offline", EKA_CACHES=str(tmp_path / "cache"))
    taken = here(*words, EKA_CACHES=f"/nowhere {tmp_path / 'cache'}")

    assert (offline.status, offline.document["error"]["code"]) == (3, "not-in-caches")
    assert taken.status == 0
    troubles = [each for each in taken.documents if each.get("event") == "cache-trouble"]
    assert [(each["cache"], each["code"]) for each in troubles] == [("/nowhere", "not-a-cache")]


def test_people_are_told_what_is_taken_and_whose_word_does_not_count(
    builder: Path, there: StoreProgram, here: StoreProgram, tmp_path: Path
) -> None:
    there("push", tmp_path / "cache", result(there.home))
    words = ("realise", builder / "plan", "--from", tmp_path / "cache", "--no-build")

    refused = here(*words)
    here("trust", "--add", KEY.public.text)
    taken = here(*words)

    assert "what builder-1 asserts is left out" in refused.stderr
    assert "eka-store trust --add" in refused.stderr
    assert refused.status == 3
    assert taken.stderr.splitlines()[0] == "taking from a cache three"
    assert taken.stderr.splitlines()[-1].startswith("took three: /eka/store/")


def test_a_dry_run_of_push_makes_no_cache_hold_anything(
    there: StoreProgram, tmp_path: Path
) -> None:
    told = there("push", tmp_path / "cache", result(there.home), "--dry-run", "--json").document

    assert (len(told["pushed"]), told["size_bytes"], told["dry_run"]) == (3, 0, True)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("words", [["--check"], ["--rounds", "2"]])
def test_nothing_built_is_nothing_to_compare(
    builder: Path, here: StoreProgram, words: list[str]
) -> None:
    found = here("realise", builder / "plan", "--no-build", *words, "--json")

    assert (found.status, found.document["error"]["code"]) == (2, "store-usage")


@pytest.mark.spec("reduction-builders")
def test_how_many_builders_must_agree_is_set_by_kind(here: StoreProgram) -> None:
    dry = here("trust", "--require", "3", "--dry-run", "--json").document
    here("trust", "--require", "2", "--kind", "resolved")
    listed = here("trust", "--json").document
    spoken = here("trust").stdout
    wrong = here("trust", "--require", "0", "--json")

    assert set(dry["required"].values()) == {3}
    assert {kind for kind, number in listed["required"].items() if number == 2} == {"resolved"}
    assert "2 builders must agree on resolved" in spoken
    assert wrong.status == 2


def test_a_key_that_cannot_be_read_pushes_nothing(there: StoreProgram, tmp_path: Path) -> None:
    words = ("push", tmp_path / "cache", result(there.home), "--key", tmp_path / "none", "--json")

    assert json.loads(there(*words).stdout)["error"]["code"] == "key-unreadable"
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("cache", ["ftp://example.org/cache", "s3://bucket"])
def test_an_address_of_another_kind_is_no_directory(
    builder: Path, here: StoreProgram, there: StoreProgram, cache: str
) -> None:
    taken = here("realise", builder / "plan", "--from", cache, "--json")
    pushed = there("push", cache, result(there.home), "--json")

    assert taken.document["error"]["code"] == "not-a-cache"
    assert pushed.document["error"]["code"] == "not-a-cache"
