"""Images: what is in them, byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import pytest

from eka.store import PathNotFound, Store, StorePath
from eka.store.facts import PathInfo
from eka.store.image import (
    ImageConfig,
    ImageOptions,
    ImagePlaceTaken,
    ImageReport,
    InvalidImageOption,
    export_image,
    plan_image,
)
from tests.store_nodes import Shape, nodes, write
from tests.vectors import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

VECTORS: dict[str, Any] = load("image/images.json")
PLAIN = ImageOptions(config=ImageConfig())


class VectorStore:
    """A store whose paths have the names of the vectors."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._references: dict[StorePath, tuple[StorePath, ...]] = {}
        for each in VECTORS["paths"].values():
            path = StorePath.parse(each["base"])
            self._references[path] = tuple(map(self.named, each["references"]))
            write(shape(each["tree"]), home / path.base)

    @staticmethod
    def named(name: str) -> StorePath:
        """Return the path of a name in the vectors."""
        return StorePath.parse(VECTORS["paths"][name]["base"])

    def path_info(self, path: StorePath) -> PathInfo:
        """Return what is known of a path."""
        return PathInfo(path, "", "", 0, self._references[path], 0)

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Return paths and all they refer to."""
        wanted = set(paths)
        below = {each for path in wanted for each in self._references[path]}
        return sorted(wanted) if below <= wanted else self.closure(wanted | below)

    def physical(self, path: StorePath) -> Path:
        """Return where a path lies."""
        return self._home / path.base

    def lease(self, paths: Iterable[StorePath]) -> AbstractContextManager[None]:
        """Keep paths."""
        assert all(path in self._references for path in paths)
        return nullcontext()


def shape(tree: Any) -> Shape:  # noqa: ANN401 - JSON
    """Return a tree of the vectors as tests write trees."""
    if isinstance(tree, dict):
        children = cast("dict[str, Any]", tree)
        return {name.encode(): shape(child) for name, child in children.items()}
    return tree.encode() if isinstance(tree, str) else (tree[0], tree[1].encode())


def blob(image: Path, digest: str) -> bytes:
    """Return a blob, whose name must be its hash."""
    data = (image / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()
    assert hashlib.sha256(data).hexdigest() == digest.removeprefix("sha256:")
    return data


def members(image: Path, layer: int) -> list[tarfile.TarInfo]:
    """Return the entries of a layer."""
    (entry,) = json.loads((image / "index.json").read_bytes())["manifests"]
    manifest = json.loads(blob(image, entry["digest"]))
    data = blob(image, manifest["layers"][layer]["digest"])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getmembers()


def bytes_of(directory: Path) -> dict[str, bytes]:
    """Return all files of a directory."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def program(tmp_path: Path) -> tuple[Store, StorePath, StorePath]:
    """A store with a program that refers to a library."""
    store = Store.open(tmp_path / "store", durable=False)
    library = store.add_tree("library", nodes({b"lib.so": ("x", b"ELF")}))
    tree: Shape = {b"bin": {b"run": ("x", library.text.encode()), b"text": b""}}
    return store, store.add_tree("program", nodes(tree), references=[library]), library


Program = tuple["Store", StorePath, StorePath]


@pytest.mark.spec("image-content")
@pytest.mark.spec("image-rootfs")
@pytest.mark.spec("image-top")
@pytest.mark.spec("image-programs")
@pytest.mark.spec("image-layers")
@pytest.mark.spec("image-cap")
@pytest.mark.spec("image-tar")
@pytest.mark.spec("image-config")
@pytest.mark.spec("image-documents")
@pytest.mark.parametrize("number", range(len(VECTORS["images"])))
def test_images_are_those_of_the_vectors(tmp_path: Path, number: int) -> None:
    case = VECTORS["images"][number]
    (tmp_path / "paths").mkdir()
    store = VectorStore(tmp_path / "paths")
    given: dict[str, Any] = {
        key: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for key, value in case["options"].items()
    }
    options = ImageOptions(
        config=ImageConfig(**given),
        rootfs=store.named(case["rootfs"]) if "rootfs" in case else None,
        max_layers=case.get("max_layers", 100),
    )

    report = export_image(
        store, [store.named(root) for root in case["roots"]], tmp_path / "image", options
    )

    assert [[path.base for path in layer] for layer in report.plan.layers] == case["layers"]
    manifest = json.loads(blob(tmp_path / "image", report.digest))
    assert json.loads(blob(tmp_path / "image", manifest["config"]["digest"])) == case["config"]
    assert report.digest == case["digest"]
    index = json.loads((tmp_path / "image" / "index.json").read_bytes())
    (entry,) = index["manifests"]
    assert entry["digest"] == report.digest
    tag = entry["annotations"]["org.opencontainers.image.ref.name"]
    assert tag == case["options"].get("tag", "latest")


@pytest.mark.spec("image-same")
def test_two_exports_are_the_same_bytes(program: Program, tmp_path: Path) -> None:
    store, path, _ = program
    one = export_image(store, [path], tmp_path / "one", PLAIN)
    moved = Store.open(tmp_path / "elsewhere" / "store", durable=False)
    library = moved.add_tree("library", nodes({b"lib.so": ("x", b"ELF")}))
    tree: Shape = {b"bin": {b"text": b"", b"run": ("x", library.text.encode())}}
    again = moved.add_tree("program", nodes(tree), references=[library])
    before = os.umask(0o077)
    try:
        two = export_image(moved, [again], tmp_path / "two", PLAIN)
    finally:
        os.umask(before)

    assert one.digest == two.digest
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


@pytest.mark.spec("image-tar")
def test_long_names_and_targets_stand_in_headers_of_their_own(tmp_path: Path) -> None:
    long = "n" * 200
    tree: Shape = {
        long.encode(): b"content",
        b"link": ("l", b"../" * 60),
        b"\xff": ("l", b"\xfe"),
        b"d" * 150: {b"e" * 150: {}},
    }
    with Store.open(tmp_path / "s", durable=False) as store:
        path = store.add_tree("tree", nodes(tree))
        export_image(store, [path], tmp_path / "image", PLAIN)
    top = f"eka/store/{path.base}"

    found = {entry.name: entry for entry in members(tmp_path / "image", 0)}

    assert list(found) == [
        "eka", "eka/store", top, f"{top}/{'d' * 150}", f"{top}/{'d' * 150}/{'e' * 150}",
        f"{top}/link", f"{top}/{long}", f"{top}/\udcff",
    ]  # fmt: skip
    assert found[f"{top}/{long}"].size == len("content")
    assert found[f"{top}/link"].linkname == "../" * 60
    assert found[f"{top}/\udcff"].linkname == "\udcfe"
    assert {(entry.uid, entry.gid, entry.mtime) for entry in found.values()} == {(0, 0, 1)}


@pytest.mark.spec("image-documents")
def test_a_compressed_layer_unpacks_to_the_same(program: Program, tmp_path: Path) -> None:
    store, path, _ = program
    plain = export_image(store, [path], tmp_path / "plain", PLAIN)
    options = ImageOptions(config=ImageConfig(), gzip=True)
    packed = export_image(store, [path], tmp_path / "packed", options)
    again = export_image(store, [path], tmp_path / "again", options)

    assert packed.digest == again.digest != plain.digest
    assert packed.size_bytes < plain.size_bytes
    assert [each.diff_sha256 for each in packed.layers] == [
        each.blob.sha256 for each in plain.layers
    ]
    names = [entry.name for entry in members(tmp_path / "packed", 1)]
    assert names == [entry.name for entry in members(tmp_path / "plain", 1)]


@pytest.mark.spec("image-programs")
def test_of_programs_with_one_name_the_first_counts(program: Program) -> None:
    store, path, _ = program
    other = store.add_tree("run", nodes(("x", b"other")))

    plan = plan_image(store, [path, other], PLAIN)

    assert plan.programs == {"run": f"{path.text}/bin/run"}
    assert plan.hidden == (other.text,)
    assert plan_image(store, [other, path], PLAIN).programs == {"run": other.text}


@pytest.mark.spec("image-layers")
def test_paths_that_name_each_other_get_layers(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", durable=False) as store:
        one = store.add_tree("one", nodes(b"1"))
        two = store.add_tree("two", nodes(b"2"), references=[one])
        store.add_tree("one", nodes(b"1"), references=[two, one])

        plan = plan_image(store, [one], PLAIN)

    assert {layer[0] for layer in plan.layers} == {one, two}


@pytest.mark.spec("image-replace")
def test_an_image_is_replaced_and_nothing_else_is(program: Program, tmp_path: Path) -> None:
    store, path, library = program
    export_image(store, [path], tmp_path / "image", PLAIN)
    fresh = export_image(store, [library], tmp_path / "image", PLAIN)
    (tmp_path / "empty").mkdir()
    export_image(store, [library], tmp_path / "empty", PLAIN)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")

    assert bytes_of(tmp_path / "image") == bytes_of(tmp_path / "empty")
    assert blob(tmp_path / "image", fresh.digest)
    for taken in (tmp_path / "file", tmp_path / "link", tmp_path):
        with pytest.raises(ImagePlaceTaken) as caught:
            export_image(store, [path], taken, PLAIN)
        assert caught.value.where == str(taken)
    assert (tmp_path / "file").read_text() == "mine"
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.spec("image-replace")
def test_an_image_that_fails_half_way_leaves_the_old_one(program: Program, tmp_path: Path) -> None:
    store, path, _ = program
    old = export_image(store, [path], tmp_path / "image", PLAIN)
    before = bytes_of(tmp_path / "image")

    def fail(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_image(store, [path], tmp_path / "image", PLAIN, on_layer=fail)

    assert blob(tmp_path / "image", old.digest)
    assert bytes_of(tmp_path / "image") == before
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.spec("image-replace")
def test_what_killed_exports_left_is_deleted_and_running_ones_are_not(
    program: Program, tmp_path: Path
) -> None:
    store, path, library = program
    (tmp_path / ".image.eka-image-0123" / "blobs").mkdir(parents=True)
    (tmp_path / ".other.eka-image-0123").mkdir()

    def meanwhile(_: object) -> None:
        export_image(store, [library], tmp_path / "image", PLAIN)

    report = export_image(store, [path], tmp_path / "image", PLAIN, on_layer=meanwhile)

    assert blob(tmp_path / "image", report.digest)
    assert [each.name for each in tmp_path.glob(".*")] == [".other.eka-image-0123"]


def test_what_is_not_in_the_store_gives_no_image(program: Program, tmp_path: Path) -> None:
    store, _, _ = program

    with pytest.raises(PathNotFound):
        export_image(store, [StorePath("m" * 32, "missing")], tmp_path / "image", PLAIN)

    assert not (tmp_path / "image").exists()


def test_a_rootfs_is_a_directory(program: Program) -> None:
    store, path, _ = program
    file = store.add_tree("file", nodes(b""))

    with pytest.raises(InvalidImageOption):
        plan_image(store, [path], ImageOptions(config=ImageConfig(), rootfs=file))


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"system": "x86_64-darwin"}, "system"),
        ({"system": "pdp11-linux"}, "system"),
        ({"tag": ""}, "tag"),
        ({"tag": "a/b"}, "tag"),
        ({"user": "me"}, "user"),
        ({"user": "-1"}, "user"),
        ({"workdir": "srv"}, "workdir"),
        ({"workdir": "/srv/../etc"}, "workdir"),
        ({"workdir": "/srv//x"}, "workdir"),
        ({"env": {"A=B": "c"}}, "env"),
        ({"env": {"A": "\0"}}, "image"),
        ({"cmd": ("\udcff",)}, "image"),
        ({"cmd": ("x",) * 1001}, "image"),
        ({"labels": {"a": "x" * 40_000}}, "image"),
    ],
)
def test_a_wrong_option_is_refused(given: dict[str, Any], option: str) -> None:
    with pytest.raises(InvalidImageOption) as caught:
        ImageConfig(**given)

    assert caught.value.where == option


@pytest.mark.parametrize("number", [2, 128])
def test_the_number_of_layers_has_bounds(number: int) -> None:
    with pytest.raises(InvalidImageOption):
        ImageOptions(config=ImageConfig(), max_layers=number)


def test_a_report_is_plain_json(program: Program, tmp_path: Path) -> None:
    store, path, _ = program
    report: ImageReport = export_image(store, [path], tmp_path / "image", PLAIN)

    document = json.loads(json.dumps(report.to_json()))

    assert document["digest"] == report.digest
    assert sum(layer["size_bytes"] for layer in document["layers"]) == report.size_bytes
