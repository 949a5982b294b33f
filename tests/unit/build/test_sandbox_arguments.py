from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from eka.build.bubblewrap import OWN_NAMES, Bubblewrap, sandbox_arguments
from eka.build.sandbox import Limits, SandboxRequest, Shown

HERE = Path("/scratch")


def request(*root: Shown, env: dict[str, str] | None = None) -> SandboxRequest:
    return SandboxRequest(
        command=("/bin/sh", "-c", "true"),
        env=env or {"PATH": "/bin"},
        cwd="/build/atom",
        root=root,
        etc=HERE / "etc",
        build=HERE / "build",
        temporary=HERE / "tmp",
        store=HERE / "store",
        inputs=(Shown("a", Path("/s/a")), Shown("b", Path("/s/b")), Shown("l", target="/etc")),
        timeout_s=1,
        log=HERE / "log",
    )


def arguments(*root: Shown, env: dict[str, str] | None = None) -> list[str]:
    return sandbox_arguments(request(*root, env=env), Limits(shared_memory_bytes=4096))


def has(options: list[str], *words: str) -> bool:
    width = len(words)
    return any(tuple(options[at : at + width]) == words for at in range(len(options)))


@pytest.mark.spec("sandbox-namespaces")
def test_every_namespace_is_the_builds_own_and_ends_with_it() -> None:
    options = arguments()

    assert {"--unshare-all", "--die-with-parent", "--new-session"} <= set(options)
    assert "--share-net" not in options


@pytest.mark.spec("sandbox-identity")
def test_the_identity_is_always_the_same() -> None:
    options = arguments()

    assert has(options, "--uid", "1000")
    assert has(options, "--gid", "100")
    assert has(options, "--hostname", "localhost")
    assert has(options, "--cap-drop", "ALL")


@pytest.mark.spec("sandbox-environment")
def test_only_the_given_variables_are_set() -> None:
    options = arguments(env={"B": "2", "A": "1 --bind / /"})

    assert has(options, "--clearenv", "--setenv", "A", "1 --bind / /", "--setenv", "B", "2")
    assert options.count("--setenv") == 2


@pytest.mark.spec("sandbox-store")
def test_inputs_are_read_only_and_come_after_the_writable_store() -> None:
    options = arguments()

    assert has(options, "--bind", "/scratch/store", "/eka/store")
    assert has(options, "--ro-bind", "/s/a", "/eka/store/a")
    assert has(options, "--ro-bind", "/s/b", "/eka/store/b")
    assert has(options, "--symlink", "/etc", "/eka/store/l")
    assert options.index("/eka/store") < options.index("/eka/store/a")


@pytest.mark.spec("sandbox-root")
def test_the_root_file_system_is_shown_name_by_name() -> None:
    options = arguments(Shown("usr", source=Path("/s/r/usr")), Shown("bin", target="usr/bin"))

    assert has(options, "--ro-bind", "/s/r/usr", "/usr")
    assert has(options, "--symlink", "usr/bin", "/bin")


@pytest.mark.spec("sandbox-root")
@pytest.mark.parametrize("name", sorted(OWN_NAMES))
def test_a_root_file_system_does_not_replace_what_the_sandbox_makes(name: str) -> None:
    with_entry = arguments(Shown(name, source=Path("/s/r") / name))

    assert with_entry == arguments()


@pytest.mark.spec("sandbox-proc")
def test_what_the_sandbox_makes_is_closed_for_writing_last() -> None:
    options = arguments()

    closed = [place for word, place in pairwise(options) if word == "--remount-ro"]
    last_mount = max(at for at, word in enumerate(options) if word in {"--bind", "--ro-bind"})
    assert closed == ["/proc", "/dev", "/"]
    assert options.index("--remount-ro") > last_mount


@pytest.mark.spec("sandbox-limits")
def test_shared_memory_has_a_size() -> None:
    assert has(arguments(), "--size", "4096", "--perms", "1777", "--tmpfs", "/dev/shm")


def test_the_build_starts_in_its_directory() -> None:
    assert has(arguments(), "--chdir", "/build/atom")


@pytest.mark.spec("build-enter")
@pytest.mark.parametrize("seccomp", [b"filter", None])
def test_a_person_shares_a_terminal_only_with_what_a_filter_holds(seccomp: bytes | None) -> None:
    opened = Bubblewrap("bwrap", seccomp=seccomp).opened(request())

    assert ("--new-session" in opened.arguments) == (seccomp is None)
