"""What `eka build` tells the store: from a requirement to the tree and the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eka.store import Store
from tests.fakes.store_program import StoreProgram
from tests.story import Person, Village

if TYPE_CHECKING:
    from pathlib import Path


class Built:
    """A project that depends on greet, built once, and its store."""

    def __init__(self, root: Path) -> None:
        (root / "home").mkdir()
        self.person = Person(root / "home")
        (root / "village").mkdir()
        village = Village(root / "village")
        village.publish(self.person)
        self.app = root / "app"
        self.person.does(root, "new", "app")
        self.person.does(self.app, "add", f"{village.url}::greet@^1")
        built = self.person.json(self.app, "build", "greet", "--no-link")
        self.output: str = built.document["outputs"][0]["path"]
        self.store = root / "home" / ".data" / "eka" / "store"
        self._program = StoreProgram(root)

    def reduce(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Follow a name in the store that eka uses."""
        return self._program("reduce", name, "--store", self.store, "--json").document


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("built"))


def names(built: Built, kind: str) -> list[str]:
    with Store.open(built.store) as store:
        return sorted({fact.name for fact in store.reductions(kind, limit=100)})


@pytest.mark.spec("flow-remembered")
def test_a_requirement_leads_to_the_tree_of_its_atom(built: Built) -> None:
    greet, shell = names(built, "request")
    assert greet.endswith("::greet@^1")
    assert shell.endswith("::shell@^1")

    chain = built.reduce(greet)

    request, atom = chain["steps"]
    assert request["refined"] == atom["name"] == greet.replace("@^1", "@1.0.0")
    assert request["evidence"].startswith("lock of app@")
    assert atom["evidence"].startswith("commit ")
    assert [each["is_there"] for each in chain["content"]] == [True]
    assert chain["content"][0]["path"].endswith("-greet-1.0.0-source")


@pytest.mark.spec("flow-remembered")
def test_the_project_itself_is_left_out(built: Built) -> None:
    assert [name.rpartition("::")[2] for name in names(built, "atom")] == [
        "greet@1.0.0",
        "shell@1.0.0",
    ]


@pytest.mark.spec("reduction-kinds")
def test_an_output_leads_back_to_its_action(built: Built) -> None:
    steps = built.reduce(built.output)["steps"]

    assert [each["kind"] for each in steps] == ["resolved", "action"]
    assert built.reduce(steps[1]["name"])["content"][0]["path"] == built.output


@pytest.mark.spec("reduction-dispute")
def test_another_choice_for_a_request_is_no_nondeterminism(built: Built) -> None:
    (_, shell) = names(built, "request")
    with Store.open(built.store) as store:
        (fact,) = store.reduce("request", shell)
        other = type(fact)("request", shell, fact.refined.replace("1.0.0", "1.1.0"))

        store.record(other)

        assert store.nondeterminism() == []
        assert not any(step.is_disputed for step in store.chain(shell).steps)
