"""Root file systems of images: what this machine has must not show in them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from eka.store import DirNode, LinkNode, Store
from eka.store.image import (
    ImageConfig,
    ImageOptions,
    InvalidImageOption,
    export_image,
    plan_image,
)
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store import Node


def top_names(image: Path) -> list[str]:
    """Return what the last layer of an image holds."""
    index = json.loads((image / "index.json").read_text())
    blobs = image / "blobs" / "sha256"
    manifest = json.loads(
        (blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_text()
    )
    layer = (blobs / manifest["layers"][-1]["digest"].removeprefix("sha256:")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return tar.getnames()


@pytest.mark.spec("image-rootfs")
def test_a_link_to_a_directory_of_this_machine_is_no_rootfs(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        link = store.add_tree("link", [LinkNode((), b"/etc")])

        with pytest.raises(InvalidImageOption):
            plan_image(store, [link], ImageOptions(config=ImageConfig(), rootfs=link))


@pytest.mark.spec("image-rootfs")
def test_a_link_of_the_rootfs_is_not_followed_on_this_machine(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    images: list[list[str]] = []
    with Store.open(tmp_path / "store", durable=False) as store:
        tree: list[Node] = [DirNode(()), LinkNode((b"etc",), bytes(elsewhere))]
        rootfs, path = store.add_tree("root", tree), store.add_tree("thing", nodes(b"x"))
        options = ImageOptions(config=ImageConfig(), rootfs=rootfs)
        for name in ("before", "after"):
            export_image(store, [path], tmp_path / name, options)
            images.append(top_names(tmp_path / name))
            elsewhere.mkdir(exist_ok=True)
            (elsewhere / "group").write_text("root:x:0:\n")

    assert images[0] == images[1]
    assert "etc/group" not in images[0]
