from __future__ import annotations

import struct

import pytest

from eka.build.seccomp import ARCHITECTURES, seccomp_filter

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
MASK = 0xFFFFFFFF


def decide(machine: str, call: str | int, *arguments: int, audit: int | None = None) -> int:
    """Run the filter as the kernel would and return its verdict."""
    program = seccomp_filter(machine)
    assert program is not None
    architecture = ARCHITECTURES[machine]
    number = architecture.numbers[call] if isinstance(call, str) else call
    told = architecture.audit if audit is None else audit
    data = struct.pack("<IIQ6Q", number, told, 0, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    instructions: list[tuple[int, int, int, int]] = list(struct.iter_unpack("<HBBI", program))
    at = accumulator = 0
    while True:
        code, then, otherwise, value = instructions[at]
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                at += then if accumulator == value else otherwise
            case 0x45:
                at += then if accumulator & value else otherwise
            case 0x35:
                at += then if accumulator >= value else otherwise
            case 0x06:
                return value
            case _:
                raise AssertionError(code)


MACHINES = sorted(ARCHITECTURES)


@pytest.mark.spec("sandbox-seccomp")
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    "call", ["mount", "umount2", "setns", "ptrace", "keyctl", "bpf", "pivot_root", "fsopen"]
)
def test_calls_no_build_needs_are_refused(machine: str, call: str) -> None:
    assert decide(machine, call) == EPERM


@pytest.mark.spec("sandbox-seccomp")
@pytest.mark.parametrize(
    ("machine", "number"),
    [
        *[("x86_64", 310), ("x86_64", 311), ("aarch64", 270), ("aarch64", 271)],  # process_vm_*
        *[(machine, 438) for machine in MACHINES],  # pidfd_getfd
        *[(machine, 443) for machine in MACHINES],  # quotactl_fd
        *[(machine, 467) for machine in MACHINES],  # open_tree_attr
    ],
)
def test_no_process_is_traced_by_another_name(machine: str, number: int) -> None:
    assert decide(machine, number) == EPERM


@pytest.mark.spec("sandbox-seccomp")
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["clone3", "openat2", "io_uring_setup"])
def test_calls_with_hidden_flags_seem_not_to_exist(machine: str, call: str) -> None:
    assert decide(machine, call) == ENOSYS


@pytest.mark.parametrize(
    ("machine", "number"),
    [("x86_64", 0), ("x86_64", 1), ("x86_64", 59), ("aarch64", 63), ("aarch64", 221)],
)
def test_ordinary_calls_pass(machine: str, number: int) -> None:
    assert decide(machine, number) == ALLOW


@pytest.mark.spec("sandbox-seccomp")
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("call", "arguments", "verdict"),
    [
        ("clone", (0x11,), ALLOW),
        ("clone", (0x10000011,), EPERM),
        ("unshare", (0x400,), ALLOW),
        ("unshare", (0x10000000,), EPERM),
        ("fchmod", (3, 0o755), ALLOW),
        ("fchmod", (3, 0o4755), EPERM),
        ("fchmodat", (3, 0, 0o2755), EPERM),
        ("fchmodat2", (3, 0, 0o6000), EPERM),
        ("fchmodat2", (3, 0, 0o1777), ALLOW),
        ("mknodat", (3, 0, 0o104755), EPERM),
        ("openat", (3, 0, 0o101, 0o644), ALLOW),
        ("openat", (3, 0, 0o101, 0o4644), EPERM),
        ("openat", (3, 0, 0o20200001, 0o4644), EPERM),
        ("openat", (3, 0, 0o1, 0o4644), ALLOW),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("ioctl", (0, 0x541C), EPERM),
    ],
)
def test_some_calls_are_judged_by_their_flags(
    machine: str, call: str, arguments: tuple[int, ...], verdict: int
) -> None:
    assert decide(machine, call, *arguments) == verdict


@pytest.mark.parametrize(
    ("call", "arguments", "verdict"),
    [
        ("chmod", (0, 0o4755), EPERM),
        ("chmod", (0, 0o755), ALLOW),
        ("creat", (0, 0o4755), EPERM),
        ("open", (0, 0o100, 0o2755), EPERM),
        ("open", (0, 0, 0o2755), ALLOW),
        ("mknod", (0, 0o104755), EPERM),
    ],
)
def test_the_older_spellings_are_judged_too(
    call: str, arguments: tuple[int, ...], verdict: int
) -> None:
    assert decide("x86_64", call, *arguments) == verdict


@pytest.mark.parametrize("machine", MACHINES)
def test_another_numbering_seems_not_to_exist(machine: str) -> None:
    assert decide(machine, 1, audit=0x40000003) == ENOSYS


def test_the_x32_numbering_seems_not_to_exist() -> None:
    assert decide("x86_64", 0x40000001) == ENOSYS


def test_there_is_no_filter_for_an_unknown_machine() -> None:
    assert seccomp_filter("riscv64") is None
