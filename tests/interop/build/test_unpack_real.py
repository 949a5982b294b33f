"""Archives made by other people's programs, and a whole plan from download to run."""

from __future__ import annotations

import hashlib
import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.store import (
    ActionInput,
    FetchAction,
    FileNode,
    Layer,
    LayerFormat,
    Outcome,
    RunAction,
    Store,
    UnpackAction,
    action_id,
    read_tree,
)
from tests.fakes.archives import deb, file, symlink
from tests.fakes.sandbox import BrokenSandbox, NoDownloads
from tests.fakes.web_server import reply, web_server
from tests.fakes.workbench import SYSTEM, Workbench, rootfs_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.store import Action, StorePath
    from tests.fakes.web_server import WebServer


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a directory with everything a tree may hold."""
    root = tmp_path / "sources"
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr" / "bin" / "tool").write_bytes(b"#!/bin/sh\n")
    (root / "usr" / "bin" / "tool").chmod(0o755)
    (root / "usr" / "bin" / "same").hardlink_to(root / "usr" / "bin" / "tool")
    (root / "usr" / "bin" / "su").write_bytes(b"su")
    (root / "usr" / "bin" / "su").chmod(0o4755)
    (root / "usr" / ("long-" * 40)).write_bytes(b"x" * 100_000)
    (root / "usr" / "ümläut").write_bytes(b"")
    (root / "usr" / "link").symlink_to("bin/tool")
    (root / "usr" / "absolute").symlink_to("/etc/" + "y" * 150)
    (root / "usr" / "empty").mkdir()
    return root


def unpack(
    bench: Workbench, name: str, data: bytes, kind: LayerFormat, server: WebServer
) -> StorePath:
    archive = FetchAction(
        name=name,
        urls=(server.serve(f"/{name}", reply("200 OK", data)),),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    action = UnpackAction(
        name="tree",
        layers=(Layer("f0", kind),),
        inputs={"f0": ActionInput(action_id(archive))},
    )
    return bench.realise(archive, action)


@pytest.mark.spec("unpack-kinds")
@pytest.mark.parametrize("compression", ["--no-auto-compress", "-z", "-j", "-J", "--lzma"])
@pytest.mark.parametrize("dialect", ["gnu", "pax", "ustar"])
def test_what_gnu_tar_packs_comes_out_the_same(
    bench: Workbench, server: WebServer, sources: Path, compression: str, dialect: str
) -> None:
    if dialect == "ustar":  # which has no room for the long ones
        (sources / "usr" / "absolute").unlink()
        (sources / "usr" / ("long-" * 40)).unlink()
    packed = subprocess.run(
        ["tar", "-C", str(sources), compression, f"--format={dialect}", "-cf", "-", "."],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    expected = bench.store.add_path("tree", sources)

    found = unpack(bench, "a.tar", packed, LayerFormat.TAR, server)

    assert found == expected


@pytest.mark.spec("unpack-kinds")
@pytest.mark.parametrize("compression", ["xz", "gzip", "none"])
def test_what_dpkg_packs_comes_out_the_same(
    bench: Workbench, server: WebServer, sources: Path, compression: str
) -> None:
    control = sources / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\n"
        "Description: x\n"
    )
    packed = sources.parent / "x.deb"
    subprocess.run(
        ["dpkg-deb", f"-Z{compression}", "--root-owner-group", "-b", str(sources), str(packed)],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    for path in (control / "control", control):
        (path.rmdir if path.is_dir() else path.unlink)()
    (sources / "bin").symlink_to("usr/bin")  # the merge
    expected = bench.store.add_path("tree", sources)

    found = unpack(bench, "x.deb", packed.read_bytes(), LayerFormat.DEB, server)

    assert found == expected


@pytest.mark.spec("build-once")
def test_a_plan_from_download_to_program_runs_once(server: WebServer, store: Store) -> None:
    bench = Workbench(store)
    plan = _whole_plan(server)

    path = bench.realise(*plan)
    first = bench.outcomes()
    server.replies.clear()
    idle = Workbench(store, sandbox=BrokenSandbox(), downloader=NoDownloads())
    again = idle.realise(*plan)

    assert bench.read(path, "hello") == "hello from a package\n"
    assert again == path
    assert sorted(first) == [
        ("base.deb", Outcome.BUILT),
        ("greeter.deb", Outcome.BUILT),
        ("greeting", Outcome.BUILT),
        ("rootfs", Outcome.BUILT),
    ]
    assert idle.outcomes() == [("greeting", Outcome.CACHED)]


def _whole_plan(server: WebServer) -> list[Action]:
    (busybox,) = [
        b"".join(node.chunks)
        for node in rootfs_nodes()
        if isinstance(node, FileNode) and node.path[-1] == b"busybox"
    ]
    packages = {
        "base.deb": deb(
            file("./bin/busybox", busybox, mode=0o755),
            symlink("./bin/sh", "busybox"),
            symlink("./usr/bin/mkdir", "busybox"),
        ),
        "greeter.deb": deb(
            file("./bin/greet", b"#!/bin/sh\necho hello from a package\n", mode=0o755)
        ),
    }
    fetches = [
        FetchAction(
            name=name,
            urls=(server.serve(f"/pool/{name}", reply("200 OK", data)),),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        for name, data in packages.items()
    ]
    rootfs = UnpackAction(
        name="rootfs",
        layers=tuple(Layer(fetch.name, LayerFormat.DEB) for fetch in fetches),
        inputs={fetch.name: ActionInput(action_id(fetch)) for fetch in fetches},
        links={"usr/bin/say": "greet"},
    )
    run = RunAction(
        name="greeting",
        system=SYSTEM,
        builder="/bin/sh",
        args=("-eu", "-c", "mkdir $out; say > $out/hello"),
        env={"out": "{{output:out}}"},
        inputs={"rootfs": ActionInput(action_id(rootfs))},
        rootfs="rootfs",
    )
    return [*fetches, rootfs, run]


@pytest.mark.spec("unpack-contained")
def test_a_hostile_archive_touches_nothing_on_this_machine(
    bench: Workbench, server: WebServer, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("kept")
    packed = deb(
        symlink("./out", str(tmp_path)),
        file("./out/canary", b"evil"),
        symlink("./up", "../" * 50 + str(tmp_path).lstrip("/")),
        file("./up/canary", b"evil"),
    )

    found = unpack(bench, "x.deb", packed, LayerFormat.DEB, server)

    inside = [node.path for node in read_tree(bench.store.physical(found))]
    assert canary.read_text() == "kept"
    assert {each.name for each in tmp_path.iterdir()} == {"canary", "eka"}
    assert (*(part.encode() for part in tmp_path.parts[1:]), b"canary") in inside


def test_an_input_that_is_no_archive_is_named(bench: Workbench) -> None:
    made = bench.script("mkdir $out", name="directory.tar")
    action = UnpackAction(
        name="tree",
        layers=(Layer("f0", LayerFormat.TAR),),
        inputs={"f0": ActionInput(action_id(made))},
    )

    with pytest.raises(Exception, match="not a file") as caught:
        bench.realise(made, action)

    assert getattr(caught.value, "archive", "") == "directory.tar"


def test_a_large_file_passes_through(bench: Workbench, server: WebServer) -> None:
    content = io.BytesIO()
    for number in range(300_000):
        content.write(number.to_bytes(8, "big"))
    packed = deb(file("./f", content.getvalue()))

    found = unpack(bench, "x.deb", packed, LayerFormat.DEB, server)

    assert (bench.store.physical(found) / "f").read_bytes() == content.getvalue()
