"""Images as other programs see them: skopeo, umoci, and runc, which runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import Store, StorePath
from eka.store.image import ImageConfig, ImageOptions, ImageReport, export_image
from tests.fakes.workbench import rootfs_nodes, tree_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"  # runc is for administrators


def told(*words: object, cwd: Path | None = None) -> str:
    """Run a program to its end; return what it printed."""
    program = shutil.which(str(words[0]), path=PATH)
    assert program is not None, f"{words[0]} is not installed; ./run check installs it"
    done = subprocess.run(
        [program, *map(str, words[1:])],
        cwd=cwd, env={"PATH": PATH, "HOME": str(cwd or "/")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(image: Path, scratch: Path) -> str:
    """Unpack an image with umoci and run it with runc; return what it printed."""
    told("umoci", "unpack", "--image", f"{image}:latest", scratch / "bundle", cwd=scratch)
    config = scratch / "bundle" / "config.json"
    runtime: dict[str, Any] = json.loads(config.read_bytes())
    runtime["process"]["terminal"] = False
    config.write_text(json.dumps(runtime))
    name = f"eka-test-{os.urandom(6).hex()}"
    return told("runc", "--root", scratch / "runc", "run", name, cwd=scratch / "bundle")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", durable=False) as opened:
        yield opened


@pytest.fixture
def busybox(store: Store) -> StorePath:
    """A static program under a few of its names, which refers to a library."""
    library = store.add_tree("message", tree_nodes({"text": b"hello from the store\n"}))
    applets = ("sh", "cat", "id", "touch", "stat", "env", "pwd")
    program = shutil.which("busybox")
    assert program is not None
    with open(program, "rb") as file:  # noqa: PTH123 - the path is text
        content = file.read()
    files: dict[str, bytes | str] = {"bin/busybox*": content}
    files |= {f"bin/{name}": "busybox" for name in applets}
    files["share/message"] = library.text.encode()
    return store.add_tree("busybox", tree_nodes(files), references=[library])


def write(store: Store, image: Path, path: StorePath, **given: Any) -> ImageReport:  # noqa: ANN401
    return export_image(store, [path], image, ImageOptions(config=ImageConfig(**given)))


@pytest.mark.spec("image-documents")
@pytest.mark.spec("image-config")
def test_skopeo_reads_an_image_and_copies_it_unchanged(
    store: Store, busybox: StorePath, tmp_path: Path
) -> None:
    report = write(
        store, tmp_path / "image", busybox, env={"A": "ä b"}, labels={"org.example": "1"}
    )

    inspected = json.loads(told("skopeo", "inspect", f"oci:{tmp_path}/image:latest"))
    told(
        "skopeo", "--insecure-policy", "copy", "--preserve-digests",
        f"oci:{tmp_path}/image:latest", f"oci:{tmp_path}/copy:other",
    )  # fmt: skip

    assert inspected["Digest"] == report.digest
    assert inspected["Env"] == ["A=ä b", "PATH=/bin"]
    assert inspected["Labels"] == {"org.example": "1"}
    assert (inspected["Architecture"], inspected["Os"]) == ("amd64", "linux")
    assert len(inspected["Layers"]) == 3
    copied = json.loads(told("skopeo", "inspect", f"oci:{tmp_path}/copy:other"))
    assert (copied["Digest"], copied["Layers"]) == (report.digest, inspected["Layers"])


@pytest.mark.spec("image-content")
@pytest.mark.spec("image-top")
@pytest.mark.spec("image-programs")
def test_runc_runs_an_image(store: Store, busybox: StorePath, tmp_path: Path) -> None:
    script = (
        f"cat $(cat {busybox.text}/share/message)/text; id -u; pwd; touch /tmp/x && echo writable;"
        " stat -c %a /tmp; env"
    )
    image = tmp_path / "image"
    write(store, image, busybox, entrypoint=("sh", "-c"), cmd=(script,), workdir="/srv/data",
          user="65534:65534", env={"HELLO": "world"})  # fmt: skip
    assert "latest" in told("umoci", "list", "--layout", image)
    history = json.loads(told("umoci", "stat", "--json", "--image", f"{image}:latest"))["history"]

    printed = run(image, tmp_path).splitlines()

    assert len(history) == 3
    assert printed[:5] == ["hello from the store", "65534", "/srv/data", "writable", "1777"]
    assert {"HELLO=world", "PATH=/bin"} <= set(printed[5:])


@pytest.mark.spec("image-rootfs")
def test_runc_runs_a_program_that_needs_a_rootfs(store: Store, tmp_path: Path) -> None:
    rootfs = store.add_tree("rootfs", rootfs_nodes())
    script = store.add_tree(
        "script",
        tree_nodes({"bin/greet*": b"#!/usr/bin/sh\necho greetings; id -un; ls -d /tmp\n"}),
    )
    options = ImageOptions(config=ImageConfig(), rootfs=rootfs, gzip=True)

    report = export_image(store, [script], tmp_path / "image", options)

    assert report.plan.config.cmd == (f"{script.text}/bin/greet",)
    assert run(tmp_path / "image", tmp_path).splitlines() == ["greetings", "root", "/tmp"]
