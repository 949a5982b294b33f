"""The system call filter of builds, assembled by hand (classic BPF, no library).

It is the second wall: namespaces already keep a build from the rest of the machine. What is
refused here is what a build has no use for and kernels have had holes in, and set-user-id bits,
which would survive on the disk outside the sandbox.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# <linux/filter.h>, <linux/seccomp.h>
_LOAD, _JUMP_EQUAL, _JUMP_SET, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_EPERM, _ENOSYS = 1, 38
_X32_BIT = 0x40000000
_CLONE_NEWUSER = 0x10000000
_SET_ID_BITS = 0o6000
# Requests to a terminal by which a program puts words into the mouth of its user.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_CREATES = 0o100 | 0o20000000  # O_CREAT, __O_TMPFILE; without them open's mode is garbage


@dataclass(frozen=True, slots=True)
class _Architecture:
    audit: int  # AUDIT_ARCH_*
    numbers: Mapping[str, int]


# Since 2019 a new call has the same number on every machine.
_COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "clone3": 435, "openat2": 437, "pidfd_getfd": 438, "mount_setattr": 442, "quotactl_fd": 443,
    "fchmodat2": 452, "open_tree_attr": 467,
}  # fmt: skip
_X86_64 = _Architecture(
    0xC000003E,
    {
        "open": 2, "ioctl": 16, "clone": 56, "chmod": 90, "fchmod": 91, "creat": 85, "ptrace": 101,
        "syslog": 103, "mknod": 133, "pivot_root": 155, "acct": 163, "settimeofday": 164,
        "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169,
        "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249,
        "keyctl": 250, "openat": 257, "mknodat": 259, "fchmodat": 268, "unshare": 272,
        "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
        "process_vm_writev": 311, "finit_module": 313, "kexec_file_load": 320,
        "bpf": 321, "userfaultfd": 323, **_COMMON,
    },
)  # fmt: skip
_AARCH64 = _Architecture(
    0xC00000B7,
    {
        "ioctl": 29, "mknodat": 33, "umount2": 39, "mount": 40, "pivot_root": 41, "fchmod": 52,
        "fchmodat": 53, "openat": 56, "quotactl": 60, "acct": 89, "unshare": 97,
        "kexec_load": 104, "init_module": 105, "delete_module": 106, "clock_settime": 112,
        "syslog": 116, "ptrace": 117, "reboot": 142, "settimeofday": 170, "add_key": 217,
        "request_key": 218, "keyctl": 219, "clone": 220, "swapon": 224, "swapoff": 225,
        "perf_event_open": 241, "open_by_handle_at": 265, "setns": 268,
        "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273, "bpf": 280,
        "userfaultfd": 282, "kexec_file_load": 294, **_COMMON,
    },
)  # fmt: skip
ARCHITECTURES = {"x86_64": _X86_64, "aarch64": _AARCH64}

# Programs fall back to an older call when one is "not implemented"; these pass their flags in
# memory, where a filter cannot look.
_NOT_IMPLEMENTED = frozenset(
    {"clone3", "openat2", "io_uring_setup", "io_uring_enter", "io_uring_register"}
)


@dataclass(frozen=True, slots=True)
class _Bits:
    """Refuse only when ``argument`` has one of ``bits`` (and ``when`` has one of its own)."""

    argument: int
    bits: int
    when: tuple[int, int] | None = None


_BY_BITS = {
    "clone": _Bits(0, _CLONE_NEWUSER),
    "unshare": _Bits(0, _CLONE_NEWUSER),
    "chmod": _Bits(1, _SET_ID_BITS),
    "fchmod": _Bits(1, _SET_ID_BITS),
    "fchmodat": _Bits(2, _SET_ID_BITS),
    "fchmodat2": _Bits(2, _SET_ID_BITS),
    "creat": _Bits(1, _SET_ID_BITS),
    "mknod": _Bits(1, _SET_ID_BITS),
    "mknodat": _Bits(2, _SET_ID_BITS),
    "open": _Bits(2, _SET_ID_BITS, (1, _CREATES)),
    "openat": _Bits(3, _SET_ID_BITS, (2, _CREATES)),
}
# argument, and its two values that are refused
_BY_VALUE = {"ioctl": (1, _TIOCSTI, _TIOCLINUX)}


def seccomp_filter(machine: str) -> bytes | None:
    """Return the filter program for a machine (as in `os.uname`), or None for an unknown one.

    Source: atom-spec/build.md [sandbox-seccomp].
    """
    architecture = ARCHITECTURES.get(machine)
    if architecture is None:
        return None
    program = [
        _statement(_LOAD, _ARCHITECTURE_AT),
        _jump(_JUMP_EQUAL, architecture.audit, then=1),
        _refuse(_ENOSYS),  # 32-bit programs have other numbers
        _statement(_LOAD, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [_jump(_JUMP_GREATER_EQUAL, _X32_BIT, otherwise=1), _refuse(_ENOSYS)]
    for name, number in sorted(architecture.numbers.items()):
        program += _rule(name, number)
    return b"".join([*program, _statement(_RETURN, _ALLOW)])


def _rule(name: str, number: int) -> list[bytes]:
    """Return the instructions for one call; the accumulator holds the number before and after."""
    body = [_refuse(_ENOSYS if name in _NOT_IMPLEMENTED else _EPERM)]
    if test := _BY_BITS.get(name):
        allow = _statement(_RETURN, _ALLOW)
        body = [_argument(test.argument), _jump(_JUMP_SET, test.bits, then=1), allow, *body]
        if test.when:
            at, bits = test.when
            body = [_argument(at), _jump(_JUMP_SET, bits, then=1), allow, *body]
    if values := _BY_VALUE.get(name):
        at, first, second = values
        tests = [_jump(_JUMP_EQUAL, first, then=2), _jump(_JUMP_EQUAL, second, then=1)]
        body = [_argument(at), *tests, _statement(_RETURN, _ALLOW), *body]
    return [_jump(_JUMP_EQUAL, number, otherwise=len(body)), *body]


def _argument(index: int) -> bytes:
    # The low half of a 64-bit argument, on a little-endian machine; every flag is in it.
    return _statement(_LOAD, _ARGUMENTS_AT + 8 * index)


def _refuse(errno: int) -> bytes:
    return _statement(_RETURN, _ERRNO | errno)


def _statement(code: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, 0, 0, value)


def _jump(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("<HBBI", code, then, otherwise, value)
