"""``eka image`` and ``eka-store image`` as users see them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import Store
from tests.schemas import check_store_line
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from tests.store_nodes import Shape
    from tests.story import Person, Village

EKA_STORE = Path(sys.executable).with_name("eka-store")


@pytest.fixture(scope="module")
def village(published: Village) -> Village:
    return published


@pytest.fixture
def app(person: Person, village: Village, tmp_path: Path) -> Path:
    """A project that depends on greet and on its shell."""
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1", f"{village.url}::shell@^1")
    return tmp_path / "app"


def manifest_of(image: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the manifest of the one image in a layout."""
    (entry,) = json.loads((image / "index.json").read_bytes())["manifests"]
    name = entry["digest"].removeprefix("sha256:")
    return json.loads((image / "blobs" / "sha256" / name).read_bytes())


def config_of(image: Path) -> Any:  # noqa: ANN401 - JSON
    """Return the configuration of the one image in a layout."""
    name = manifest_of(image)["config"]["digest"].removeprefix("sha256:")
    return json.loads((image / "blobs" / "sha256" / name).read_bytes())


def test_a_dependency_becomes_an_image(person: Person, app: Path) -> None:
    answer = person.json(app, "image", "greet", "image", "--rootfs", "shell", "--tag", "v1")
    again = person.json(app, "image", "greet", "again", "--rootfs", "shell", "--tag", "v1")

    document = answer.document
    assert answer.status == 0, answer.out
    assert (document["tag"], document["dry_run"]) == ("v1", False)
    assert document["directory"] == str(app / "image")
    assert "-shell" in document["rootfs"]
    assert len(document["layers"]) == len(manifest_of(app / "image")["layers"])
    assert again.document["digest"] == document["digest"]
    assert again.document["built"] == 0


def test_an_image_says_how_it_runs(person: Person, app: Path) -> None:
    words = ["--entrypoint", "greet 'big world'", "--cmd", "a b", "--env", "A=b=c", "--label"]
    words += ["x.y=z", "--workdir", "/srv", "--user", "1000", "--gzip"]
    answer = person.json(app, "image", "greet", "image", *words)

    running = config_of(app / "image")["config"]
    assert answer.status == 0
    assert (running["Entrypoint"], running["Cmd"]) == (["greet", "big world"], ["a", "b"])
    assert running["Env"][0] == "A=b=c"
    assert (running["Labels"], running["WorkingDir"]) == ({"x.y": "z"}, "/srv")
    assert running["User"] == "1000"


def test_a_dry_run_writes_no_image(person: Person, app: Path) -> None:
    answer = person.json(app, "image", "greet", "image", "--dry-run")

    assert (answer.status, answer.document["dry_run"]) == (0, True)
    assert any("-greet" in path for layer in answer.document["paths"] for path in layer)
    assert not (app / "image").exists()


def test_people_are_told_the_digest(person: Person, app: Path) -> None:
    told = person.does(app, "image", "greet", "image").out

    assert told.splitlines()[-1].startswith("sha256:")
    assert "latest image" in told


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (["greet", "taken"], "image-place-taken", 6),
        (["greet", "image", "--tag", "a b"], "invalid-image-option", 2),
        (["greet", "image", "--env", "A"], "invalid-image-option", 2),
        (["greet", "image", "--cmd", "'"], "invalid-image-option", 2),
        (["greet", "image", "--max-layers", "1"], "invalid-image-option", 2),
        (["nobody", "image"], "not-in-lock", 3),
        (["greet", "image", "--rootfs", "nobody"], "not-in-lock", 3),
    ],
)
def test_what_is_wrong_is_said(
    person: Person, app: Path, words: list[str], code: str, status: int
) -> None:
    (app / "taken").write_text("mine")

    answer = person.json(app, "image", *words)

    assert (answer.status, answer.code) == (status, code)
    assert not (app / "image").exists()


def run(home: Path, *words: str) -> tuple[int, Any, str]:
    """Run ``eka-store``; return exit status, document and talk."""
    done = subprocess.run(
        [str(EKA_STORE), *words, "--json", "--store", str(home / "store")],
        capture_output=True, text=True, check=False, cwd=home,
    )  # fmt: skip
    document = json.loads(done.stdout)
    check_store_line(document)
    return done.returncode, document, done.stderr


def test_the_store_alone_writes_images(tmp_path: Path) -> None:
    tree: Shape = {b"bin": {b"run": ("x", b"#!")}}
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("tool", nodes(tree))
        other = store.add_tree("other", nodes(tree))

    dry = run(tmp_path, "image", path.text, other.text, "image", "--dry-run")[1]
    before = os.umask(0o027)
    try:
        status, document, _ = run(tmp_path, "image", path.text, other.text, "image")
    finally:
        os.umask(before)
    one = (tmp_path / "image" / "index.json").read_bytes()
    shutil.rmtree(tmp_path / "image")
    run(tmp_path, "image", path.text, other.text, "image")

    assert (status, dry["dry_run"], "digest" in dry) == (0, True, False)
    assert document["hidden"] == dry["hidden"] == [f"{other.text}/bin/run"]
    assert document["programs"] == {"run": f"{path.text}/bin/run"}
    assert config_of(tmp_path / "image")["config"]["Cmd"] == [f"{path.text}/bin/run"]
    assert (tmp_path / "image" / "index.json").read_bytes() == one


def test_an_image_of_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    status, document, _ = run(tmp_path, "image", f"/eka/store/{'m' * 32}-missing", "image")

    assert (status, document["error"]["code"]) == (3, "path-not-found")
    assert not (tmp_path / "image").exists()
