"""Ways out of a build that others have tried; `test_sandbox` has the walls one by one."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.build import BuildFailed, ControlGroups, Limits
from eka.store import ActionInput, Plan, action_id
from tests.fakes.workbench import Workbench, real_sandbox

if TYPE_CHECKING:
    from eka.store import Store, StorePath


def told(bench: Workbench, script: str) -> list[str]:
    """Run a script that makes an empty output; return what it said."""
    bench.build(f"mkdir $out\n{script}")
    return bench.log()


@pytest.mark.spec("sandbox-namespaces")
def test_no_socket_of_this_machine_is_reached(bench: Workbench, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        named.bind(str(tmp_path / "named"))
        abstract.bind(f"\0eka-{os.getpid()}")
        for each in (named, abstract):
            each.listen()
            each.settimeout(0.01)

        said = told(
            bench,
            f"nc local:{tmp_path}/named </dev/null && echo in\n"
            f"nc -w 1 169.254.169.254 80 </dev/null && echo in\n"
            f"nc -w 1 ::1 22 </dev/null && echo in\n"
            f"ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 && echo in\n"
            "cat /proc/net/route | wc -l; grep -c eka- /proc/net/unix || true",
        )

        for each in (named, abstract):
            with pytest.raises(TimeoutError):
                each.accept()
    assert "in" not in said
    assert said[-2:] == ["1", "0"]  # the heading of an empty table


@pytest.mark.spec("sandbox-root")
@pytest.mark.parametrize(
    "place",
    ["/root", "/home", "/etc/shadow", "/var", "/run", "/sys/kernel", "/oldroot", "/newroot",
     "/proc/1/root/root", "/proc/1/cwd/etc/shadow", "/proc/kcore", "/proc/self/fd/9"],
)  # fmt: skip
def test_no_file_of_this_machine_is_there(bench: Workbench, place: str) -> None:
    assert told(bench, f"ls {place} 2>/dev/null | head -n 1; true") == []


@pytest.mark.spec("sandbox-proc")
def test_no_other_process_is_seen_or_signalled(bench: Workbench) -> None:
    script = """
        for n in $(seq 2 9) OURS; do test $n = $$ || kill -9 $n 2>/dev/null || true; done
        kill -STOP 1 2>/dev/null || true
        kill -9 1 2>/dev/null || true
        kill -9 -1 2>/dev/null || true
        echo on
    """
    with subprocess.Popen(["sleep", "60"]) as victim:
        try:
            ours = f"{os.getpid()} {os.getppid()} {victim.pid}"
            said = told(bench, script.replace("OURS", ours))
            alive = victim.poll() is None
        finally:
            victim.kill()

    assert alive
    assert said == ["on"]


@pytest.mark.spec("sandbox-store")
def test_no_other_build_is_seen_while_it_runs(store: Store) -> None:
    bench = Workbench(store)
    ready = "i=0; while [ $i -lt 12 ]; do i=$((i+1)); sleep 0.1; "
    secret = bench.script(
        "echo secret > /build/s; echo secret > /tmp/s; echo secret > /dev/shm/s; "
        f"{ready} done; touch $out",
        name="secret",
    )
    spy = bench.script(
        f"{ready} cat /build/s /tmp/s /dev/shm/s 2>/dev/null && echo seen; done\n"
        f"ls {store.root}/tmp 2>/dev/null && echo seen; ls -A /eka/store | wc -l; touch $out",
        name="spy",
    )
    roots = tuple(ActionInput(action_id(each)) for each in (secret, spy))

    bench.realiser.realise(Plan.of([secret, spy], roots))

    assert bench.log() == ["1"]  # the root file system


def _mode(bench: Workbench, path: StorePath, below: str) -> int:
    return (bench.store.physical(path) / below).stat().st_mode & 0o7777


@pytest.mark.spec("build-outputs")
@pytest.mark.parametrize("kind", ["c 1 3", "b 8 0", "p"])
def test_no_device_gets_into_an_output(bench: Workbench, kind: str) -> None:
    script = f"mkdir $out; mknod $out/node {kind} || {{ echo refused; exit 9; }}"

    with pytest.raises(BuildFailed) as caught:
        bench.build(script)

    assert "9" in caught.value.why or "node" in caught.value.why


@pytest.mark.spec("sandbox-seccomp")
def test_no_bit_that_gives_rights_gets_into_an_output(bench: Workbench) -> None:
    script = """
        mkdir -p $out/d; cp /usr/bin/busybox $out/su
        chmod 6755 $out/su 2>/dev/null || echo refused
        chmod 3777 $out/d 2>/dev/null || echo refused
        install -m 4755 /usr/bin/busybox $out/installed 2>/dev/null || echo refused
        test -e $out/installed || cp /usr/bin/busybox $out/installed
        chmod 1777 $out/d
    """

    path = bench.build(script)

    assert bench.log()[:2] == ["refused", "refused"]
    assert [_mode(bench, path, name) for name in ("su", "installed", "d")] == [0o555] * 3


@pytest.mark.spec("sandbox-store")
def test_a_link_out_of_an_output_is_followed_by_nobody(bench: Workbench, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    victim.chmod(0o640)
    up = "../" * 30
    script = (
        f"mkdir $out; ln -s {victim} $out/a; ln -s {up}{victim} $out/b; ln -s /proc/self $out/c"
    )

    path = bench.build(script)
    again = bench.build(f"{script}; echo $out >> $out/self", name="again")

    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("kept", 0o640)
    assert str((bench.store.physical(path) / "a").readlink()) == str(victim)
    assert bench.store.verify([path, again]) == []


@pytest.mark.spec("sandbox-store")
def test_an_output_that_is_a_link_to_another_place_is_kept_as_a_link(bench: Workbench) -> None:
    before = Path("/etc/passwd").stat()

    path = bench.build("ln -s /etc/passwd $out")

    after = Path("/etc/passwd").stat()
    assert bench.store.path_info(path).kind == "link"
    assert (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)


@pytest.mark.spec("sandbox-limits")
def test_a_memory_bomb_ends_alone(store: Store) -> None:
    groups = ControlGroups.find()
    if groups is None or "memory" not in groups.controllers:
        return  # `eka doctor` says that memory is not limited here
    bench = Workbench(store, sandbox=real_sandbox(Limits(memory_bytes=48 << 20)))

    with pytest.raises(BuildFailed) as failed:
        bench.build("dd if=/dev/zero of=/dev/null bs=400M count=1; touch $out")

    assert "memory" in failed.value.why
    assert bench.build("touch $out", name="next").name == "next"


@pytest.mark.spec("sandbox-limits")
def test_a_build_cannot_raise_its_own_limits(bench: Workbench) -> None:
    said = told(
        bench,
        "ulimit -n 100000 2>/dev/null && echo raised\n"
        "ulimit -f unlimited 2>/dev/null && echo raised\n"
        "(echo 0 > /sys/fs/cgroup/memory/tasks) 2>/dev/null && echo left\n"
        "mkdir /build/cg; mount -t cgroup none /build/cg 2>/dev/null && echo left\n"
        "ulimit -n",
    )

    assert said == ["4096"]


@pytest.mark.spec("sandbox-limits")
def test_a_disk_that_fills_up_ends_the_build_and_is_empty_again(store: Store) -> None:
    disk = os.statvfs(store.root)
    room = disk.f_bavail * disk.f_frsize
    limits = Limits(free_disk_bytes=room - (32 << 20))
    bench = Workbench(store, sandbox=real_sandbox(limits))

    with pytest.raises(BuildFailed) as caught:
        bench.build("dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; sleep 60; touch $out")

    assert "disk" in caught.value.why
    assert list((store.root / "tmp").glob("*/*/*")) == []


@pytest.mark.spec("sandbox-end")
def test_no_process_outlives_its_build_however_it_hides(bench: Workbench) -> None:
    mark = f"78{os.getpid()}"

    bench.build(
        f"(setsid sleep {mark} &) ; (nohup sleep {mark} >/dev/null 2>&1 &)\n"
        f"(trap '' HUP INT TERM; setsid sh -c 'exec sleep {mark}' &)\n"
        "sleep 0.2; touch $out"
    )

    left = [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _command(entry) == f"sleep\0{mark}\0".encode()
    ]
    assert left == []


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""
