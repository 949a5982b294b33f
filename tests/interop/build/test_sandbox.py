"""What a hostile build tries, and what comes of it."""

from __future__ import annotations

import os
import shutil
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from eka.build import (
    BuildFailed,
    BuildTimedOut,
    ControlGroups,
    Limits,
    SandboxUnavailable,
)
from eka.build.bubblewrap import Bubblewrap
from eka.store import ActionInput, Store, action_id, log_chunks
from tests.fakes.workbench import Workbench, real_sandbox

if TYPE_CHECKING:
    from pathlib import Path


def told(bench: Workbench, script: str, **changes: Any) -> list[str]:  # noqa: ANN401 - of `script`
    """Run a script that makes an empty output; return what it said."""
    bench.build(f"mkdir $out\n{script}", **changes)
    return bench.log()


@pytest.mark.spec("sandbox-namespaces")
def test_a_build_reaches_no_network(bench: Workbench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        port = server.getsockname()[1]

        said = told(bench, f"nc -w 2 127.0.0.1 {port} </dev/null && echo in; "
                           "cat /proc/net/dev | cut -d: -f1 | tail -n +3")  # fmt: skip

        with pytest.raises(TimeoutError):
            server.accept()
    assert "in" not in said
    assert said[-1].strip() == "lo"


@pytest.mark.spec("sandbox-namespaces")
def test_a_build_sees_no_process_and_no_socket_of_this_machine(bench: Workbench) -> None:
    said = told(
        bench, "ls /proc | grep -c '^[0-9]'; cat /proc/net/unix | wc -l; kill -9 -1 || true"
    )

    assert int(said[0]) <= 6
    assert int(said[1]) == 1


@pytest.mark.spec("sandbox-identity")
def test_a_build_runs_as_a_plain_user_without_any_power(bench: Workbench) -> None:
    said = told(bench, "id -u; id -g; hostname; cat /proc/self/uid_map; "
                       "grep -E '^(Cap|NoNewPrivs)' /proc/self/status")  # fmt: skip

    assert said[:3] == ["1000", "100", "localhost"]
    assert said[3].split()[::2] == ["1000", "1"]
    assert {line.split()[1] for line in said[4:9]} == {"0" * 16}
    assert said[9].split()[1] == "1"


@pytest.mark.spec("sandbox-environment")
def test_nothing_of_our_environment_gets_in(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "leaked")

    said = told(bench, "env | cut -d= -f1 | sort | tr '\\n' ' '; cat /proc/*/environ")

    names = "HOME JOBS LC_ALL PATH PWD SHLVL SOURCE_DATE_EPOCH TEMP TEMPDIR TMP TMPDIR TZ out"
    assert said[0].startswith(names)
    assert "leaked" not in "".join(said)


@pytest.mark.spec("sandbox-root")
def test_a_build_sees_its_root_file_system_and_nothing_else(bench: Workbench) -> None:
    said = told(
        bench, "ls /; echo --; ls /etc; cat /etc/passwd | grep -c builder; ls /home || true"
    )

    split = said.index("--")
    assert said[:split] == ["bin", "build", "dev", "eka", "etc", "proc", "tmp", "usr"]
    assert said[split + 1 : split + 6] == ["group", "hosts", "os-release", "passwd", "1"]


@pytest.mark.spec("sandbox-root")
def test_the_users_of_a_root_file_system_are_kept(store: Store) -> None:
    bench = Workbench(store)
    rootfs = bench.rootfs({"passwd": b"me:x:1000:100::/:\n"})

    said = told(bench, "cat /etc/passwd; id -un", inputs={"rootfs": rootfs})

    assert said == ["me:x:1000:100::/:", "me"]


@pytest.mark.spec("sandbox-root")
def test_without_a_root_file_system_only_inputs_are_there(bench: Workbench) -> None:
    action = bench.script("ls / /eka/store /usr; /usr/bin/true", rootfs=None)
    shell = type(action)(
        name="bare",
        system=action.system,
        builder="{{input:rootfs}}/usr/bin/sh",
        args=("-c", "PATH={{input:rootfs}}/usr/bin; ls /; echo x > $out; cat /etc/hosts"),
        env={"out": "{{output:out}}"},
        inputs=action.inputs,
    )

    bench.realise(shell)

    assert bench.log()[:6] == ["build", "dev", "eka", "etc", "proc", "tmp"]


@pytest.mark.spec("sandbox-store")
def test_only_the_closure_of_declared_inputs_is_there(bench: Workbench) -> None:
    secret = bench.tree({"f": b"secret"}, name="undeclared").path
    leaf = bench.script("echo leaf > $out", name="leaf")
    middle = bench.script(
        "echo $leaf > $out",
        name="middle",
        inputs={"leaf": ActionInput(action_id(leaf))},
        env={"leaf": "{{input:leaf}}"},
    )
    top = bench.script(
        f"mkdir $out; ls /eka/store | cut -c34-; cat $(cat $middle); cat {secret.text}/f || true",
        name="top",
        inputs={"middle": ActionInput(action_id(middle))},
        env={"middle": "{{input:middle}}"},
    )

    bench.realise(leaf, middle, top)

    said = bench.log()
    assert sorted(said[:4]) == ["leaf", "middle", "rootfs", "top"]
    assert said[4] == "leaf"
    assert "No such file" in said[5]


@pytest.mark.spec("sandbox-store")
def test_inputs_cannot_be_changed(bench: Workbench) -> None:
    source = bench.tree({"f": b"kept", "d/g": b"kept"})
    script = """
        echo evil > $src/f || echo refused
        chmod u+w $src $src/f || echo refused
        rm -rf $src/d || echo refused
        mv $src $src-moved || echo refused
        touch $src/new || echo refused
        touch /usr/bin/new || echo refused
        touch /etc/new || echo refused
        touch /new || echo refused
        touch /dev/new || echo refused
        umount $src || echo refused
    """

    said = told(bench, script, inputs={"src": source}, env={"src": "{{input:src}}"})

    assert said.count("refused") == 10
    assert bench.store.verify([source.path]) == []


@pytest.mark.spec("sandbox-store")
def test_other_names_written_into_the_store_are_not_kept(bench: Workbench) -> None:
    before = set(bench.store.physical_root.iterdir())

    path = bench.build("mkdir $out; echo x > /eka/store/smuggled")

    new = set(bench.store.physical_root.iterdir()) - before
    assert {each.name for each in new} == {path.base, bench.rootfs().path.base}


@pytest.mark.spec("sandbox-proc")
@pytest.mark.parametrize(
    "file", ["sys/kernel/core_pattern", "sys/kernel/hostname", "self/uid_map", "sysrq-trigger"]
)
def test_the_kernel_cannot_be_told_anything_through_proc(bench: Workbench, file: str) -> None:
    said = told(bench, f"(echo '|/build/evil' > /proc/{file}) 2>/dev/null && echo told || true")

    assert "told" not in said


@pytest.mark.spec("sandbox-devices")
def test_the_devices_are_the_harmless_ones(bench: Workbench) -> None:
    said = told(bench, "ls /dev; echo x > /dev/null; head -c 4 /dev/urandom | wc -c; "
                       "mknod /build/sda b 8 0 || echo refused")  # fmt: skip

    devices = {"core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
               "stdout", "tty", "urandom", "zero"}  # fmt: skip
    assert set(said[: len(devices)]) <= devices | {"console"}
    assert said[-3] == "4"
    assert said[-1] == "refused"


@pytest.mark.spec("sandbox-seccomp")
@pytest.mark.parametrize(
    "attempt",
    [
        "mount -t tmpfs t /tmp",
        "unshare -U true",
        "unshare -m true",
        "chroot /usr true",
        "mkdir /build/r; pivot_root /build /build/r",
        "nsenter -t 1 -n true",
        "cp /usr/bin/busybox su; chmod 4755 su",
        "cp /usr/bin/busybox su; chmod g+s su",
        "mkdir d; chmod 2755 d",
        "date -s 2000-01-01; test $(date +%Y) = 2000",
        "dmesg",
        "swapon /build/x",
        "insmod /build/x",
    ],
)
def test_what_no_build_needs_is_refused(bench: Workbench, attempt: str) -> None:
    said = told(bench, f"if ( {attempt} ) >/dev/null 2>&1; then echo done; fi")

    assert said == []


@pytest.mark.spec("sandbox-seccomp")
def test_no_set_user_id_bit_reaches_the_store(bench: Workbench) -> None:
    path = bench.build("mkdir $out; cp /usr/bin/busybox $out/su; chmod 4755 $out/su || true")

    assert (bench.store.physical(path) / "su").stat().st_mode & 0o7777 == 0o555


@pytest.mark.spec("sandbox-end")
def test_what_a_build_leaves_running_cannot_touch_its_output(bench: Workbench) -> None:
    script = """
        mkdir $out; echo right > $out/f
        (trap '' HUP TERM; while true; do echo wrong >> $out/f; done) &
        (setsid sh -c 'while true; do echo wrong >> $out/g; done') &
        sleep 0.1; rm -f $out/f $out/g; echo right > $out/f
    """

    path = bench.build(script)
    content = bench.store.path_info(path).content
    time.sleep(0.2)

    assert bench.store.verify([path]) == []
    assert bench.store.path_info(path).content == content


@pytest.mark.spec("sandbox-time")
@pytest.mark.spec("sandbox-limits")
def test_a_fork_bomb_ends_with_its_time(store: Store) -> None:
    bench = Workbench(store, sandbox=real_sandbox(Limits(processes=200, log_bytes=1000)))
    assert os.geteuid() != 0 or ControlGroups.find() is not None

    with pytest.raises(BuildTimedOut):
        bench.build("bomb() { bomb | bomb & }; bomb; exec sleep 100", timeout_s=2)

    assert len(bench.log()) < 100


@pytest.mark.spec("sandbox-limits")
def test_a_file_has_a_largest_size(store: Store) -> None:
    bench = Workbench(store, sandbox=real_sandbox(Limits(file_bytes=1 << 20)))

    with pytest.raises(BuildFailed):
        bench.build("dd if=/dev/zero of=$out bs=1M count=10")


@pytest.mark.spec("sandbox-limits")
def test_a_build_is_stopped_before_the_disk_is_full(store: Store) -> None:
    everything = shutil.disk_usage(store.root).total
    bench = Workbench(store, sandbox=real_sandbox(Limits(free_disk_bytes=everything)))

    with pytest.raises(BuildFailed) as caught:
        bench.build("sleep 100; mkdir $out")

    assert "disk" in caught.value.why


@pytest.mark.spec("sandbox-limits")
def test_shared_memory_has_a_limit(store: Store) -> None:
    bench = Workbench(store, sandbox=real_sandbox(Limits(shared_memory_bytes=1 << 20)))

    said = told(bench, "dd if=/dev/zero of=/dev/shm/x bs=1M count=10 2>&1 || echo full")

    assert said[-1] == "full"


@pytest.mark.spec("sandbox-limits")
def test_memory_is_limited_where_control_groups_let_us(store: Store) -> None:
    groups = ControlGroups.find()
    limits = Limits(memory_bytes=64 << 20)
    bench = Workbench(store, sandbox=real_sandbox(limits))
    can_limit = groups is not None and "memory" in groups.controllers

    said = told(bench, "(head -c 200000000 /dev/zero | tail -n 1 | wc -c) || true")

    assert (said != ["200000000"]) is can_limit


@pytest.mark.spec("sandbox-log")
def test_an_endless_log_is_cut_and_ends_nothing(store: Store) -> None:
    bench = Workbench(store, sandbox=real_sandbox(Limits(log_bytes=10_000)))

    bench.build("yes | head -c 5000000; echo end; mkdir $out")

    (log,) = (store.root / "log").iterdir()
    assert len(b"".join(log_chunks(log))) < 11_000
    assert "cut here" in bench.log()[-1]


@pytest.mark.spec("sandbox-log")
def test_escapes_in_a_log_are_kept_as_bytes(bench: Workbench) -> None:
    bench.build("printf '\\033]0;evil\\007\\377\\n'; mkdir $out")

    (log,) = (bench.store.root / "log").iterdir()
    assert b"".join(log_chunks(log)) == b"\x1b]0;evil\x07\xff\n"


@pytest.mark.spec("sandbox-root")
@pytest.mark.parametrize("script", ["ln -s / $out", "echo x > $out"])
def test_a_root_file_system_must_be_a_directory(bench: Workbench, script: str) -> None:
    fake = bench.script(script, name="fake")
    user = bench.script(
        "mkdir $out; ls /root", inputs={"fake": ActionInput(action_id(fake))}, rootfs="fake"
    )

    with pytest.raises(BuildFailed) as caught:
        bench.realise(fake, user)

    assert "rootfs" in caught.value.why


@pytest.mark.spec("sandbox-store")
def test_a_link_to_this_machine_is_only_a_link(bench: Workbench) -> None:
    first = bench.script("ln -s /etc/shadow $out", name="link")
    second = bench.script(
        "cat $link > $out || echo nothing > $out",
        name="reader",
        inputs={"link": ActionInput(action_id(first))},
        env={"link": "{{input:link}}"},
    )

    path = bench.realise(first, second)

    assert bench.read(path) == "nothing\n"


@pytest.mark.parametrize("program", ["/no/such/bwrap", "/bin/false"])
def test_a_machine_without_the_sandbox_says_so(store: Store, program: str) -> None:
    bench = Workbench(store, sandbox=Bubblewrap(program, seccomp=None))

    with pytest.raises(SandboxUnavailable) as caught:
        bench.build("mkdir $out")

    assert caught.value.fix


def test_no_descriptor_of_ours_is_open_in_a_build(bench: Workbench, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the only way

        said = told(bench, "ls /proc/self/fd")

    assert said == ["0", "1", "2", "3"]  # the last is that of ls itself
