"""An export killed at any call: the image at its place is whole, the old one or the new."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from eka.store.image import ImageConfig, ImageOptions, export_image
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable

EKA_STORE = Path(sys.executable).with_name("eka-store")
SEED = os.environ.get("KILL_SEED", "eka")
CALLS = "write,rename,renameat2,unlink,unlinkat,mkdir,rmdir,chmod,fchmod,flock"
KILLED = -9


def digest_of(image: Path) -> str:
    """Return the digest of an image all of whose blobs are what their names say."""
    (entry,) = json.loads((image / "index.json").read_bytes())["manifests"]
    blobs = {each.name: each.read_bytes() for each in (image / "blobs" / "sha256").iterdir()}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in blobs.items())
    manifest = json.loads(blobs[entry["digest"].removeprefix("sha256:")])
    wanted = [manifest["config"], *manifest["layers"]]
    assert {each["digest"].removeprefix("sha256:") for each in wanted} < set(blobs)
    digest: str = entry["digest"]
    return digest


@pytest.mark.spec("image-replace")
def test_a_killed_export_leaves_a_whole_image(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    image, chance = tmp_path / "image", random.Random(SEED)
    with Store.open(tmp_path / "store") as store:
        paths = [store.add_tree(name, nodes({b"f": SAMPLE})) for name in ("one", "two")]
        digests = [
            export_image(store, [path], image, ImageOptions(config=ImageConfig())).digest
            for path in paths
        ]
        for path in paths:
            store.keep(path.name, path)
    command = [str(EKA_STORE), "image", paths[0].text, str(image), "--store", str(store.root)]
    notes = tmp_path / "notes"
    subprocess.run(
        ["strace", "-qq", "-o", str(notes), "-e", f"trace={CALLS}", *command], check=True
    )
    calls = len(notes.read_text(errors="replace").splitlines())
    assert digest_of(image) == digests[0]
    for _ in range(rounds(4, 120)):
        number, turn = chance.randrange(1, calls + 1), chance.randrange(2)
        command[2] = paths[turn].text
        before = digest_of(image)
        strace = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={CALLS}"]
        inject = ["-e", f"inject={CALLS}:signal=KILL:when={number}"]

        done = subprocess.run([*strace, *inject, *command], capture_output=True, check=False)

        played = f"seed {SEED}: call {number} of {calls}: {done.returncode}: {done.stderr!r}"
        assert done.returncode in {0, KILLED}, played
        assert digest_of(image) in {before, digests[turn]}, played
    subprocess.run(command, check=True, capture_output=True)
    assert list(tmp_path.glob(".*")) == []
    with Store.open(tmp_path / "store") as store:
        assert store.verify() == []
