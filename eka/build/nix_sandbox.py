"""Builds by real Nix: each request becomes a derivation, and its outputs come back.

Source: atom-spec/nix.md [nix-backend].
"""

from __future__ import annotations

import os
import select
import time
from functools import partial

from eka.build.capability import Capability, Lack
from eka.build.capability_check import refused
from eka.build.errors import BuildFailed, NixFailed
from eka.build.log import LogWriter
from eka.build.nix_recipe import NixRecipe
from eka.build.nix_store import NixSource, patiently
from eka.build.nix_words import NixWords
from eka.build.own_lacks import asked_by
from eka.build.sandbox import Ended, Ending, Limits
from eka.checking import TYPE_CHECKING
from eka.store import LogFile, StorePath, read_tree
from eka.store.nix.nar import nar_chunks
from eka.store.nix.nar_read import read_nar
from eka.store.nix.translate import EKA_PREFIX, NIX_PREFIX, Translator
from eka.store.nix_view.lower import lower, nar_stream
from eka.store.write import write_tree

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from eka.build.nix_store import NixStore
    from eka.build.sandbox import Cancellation, Opened, SandboxRequest
    from eka.store import Store
    from eka.store.nix.derivation import Derivation

_TIMED_OUT = 101  # Nix's own exit status
_READ_BYTES = 1 << 16
_GLANCE_S = 0.5
_GRACE_S = 10.0
NIX = "nix"
_FIX = "build without --nix"
NIX_LACKS = {
    Capability.PLAIN_USER: Lack("a build by Nix runs as root of a user namespace", _FIX),
    Capability.SYSTEM_CALL_FILTER: Lack("Nix filters fewer system calls than eka", _FIX),
    Capability.LIMIT_PROCESSES: Lack("Nix does not limit the processes of a build", _FIX),
    Capability.LIMIT_MEMORY: Lack("Nix does not limit the memory of a build", _FIX),
    Capability.LIMIT_DISK: Lack("Nix does not limit what a build writes", _FIX),
    Capability.ENTER: Lack(
        "nobody can enter a build by Nix",
        f"{_FIX}, or keep no files of failed builds (--keep-failed)",
    ),
}


class NixSandbox:
    """A `Sandbox` in which Nix builds.

    Args:
        store: Where the inputs of requests are.
        nix: The store of Nix, whose own directory it is.
        busybox: A static program that prepares the root file system inside.
        limits: What each build may say; what it may use is up to Nix.
    """

    def __init__(
        self, store: Store, nix: NixStore, busybox: Path, *, limits: Limits | None = None
    ) -> None:
        self._store = store
        self._nix = nix
        self._busybox = busybox
        self._limits = limits or Limits()

    @property
    def name(self) -> str:
        """See `Sandbox`."""
        return NIX

    @property
    def asked(self) -> frozenset[Capability]:
        """See `Sandbox`."""
        return asked_by(self._limits)

    def lack(self, capability: Capability) -> Lack | None:
        """See `Sandbox`."""
        return NIX_LACKS.get(capability)

    def run(
        self,
        request: SandboxRequest,
        on_line: Callable[[bytes], None],
        cancellation: Cancellation,
    ) -> Ended:
        """See `Sandbox`."""
        inputs = lower(self._store, [StorePath.parse(each.name) for each in request.inputs])
        recipe = NixRecipe(request, inputs, self._store.physical_root, self._busybox)
        known = {each.path: each for each in inputs}
        derivation = recipe.derivation()
        file = derivation.encode()
        self._nix.add(
            [
                *(
                    NixSource(
                        each.nix,
                        partial(nar_stream, self._store, each, known),
                        each.references,
                    )
                    for each in inputs
                ),
                *recipe.trees(),
                NixSource(derivation.path(), lambda: recipe.file_nar(file), derivation.sources),
            ]
        )
        outputs = derivation.output_paths()
        self._nix.forget(list(outputs.values()))
        with LogFile(request.log) as place:
            log = LogWriter(place, self._limits.log_bytes, on_line)
            ended = self._build(derivation, request, log, cancellation)
        if ended.is_success:
            digests = {each.nix.digest32.encode(): each.path.digest32.encode() for each in inputs}
            for name, base in request.outputs.items():
                digests[outputs[name].digest32.encode()] = StorePath.parse(base).digest32.encode()
            back = Translator(NIX_PREFIX, EKA_PREFIX, digests)
            for name, base in request.outputs.items():
                built = self._nix.physical(outputs[name])
                write_tree(
                    request.store / base, read_nar(back.stream(nar_chunks(read_tree(built))))
                )
        return ended

    def opened(self, request: SandboxRequest) -> Opened:
        """See `Sandbox`; Nix opens none for a person."""
        raise refused(request.command[0], Capability.ENTER, self, NIX_LACKS[Capability.ENTER])

    def _build(
        self, derivation: Derivation, request: SandboxRequest, log: LogWriter, stop: Cancellation
    ) -> Ended:
        return patiently(lambda: self._build_once(derivation, request, log, stop))

    def _build_once(
        self, derivation: Derivation, request: SandboxRequest, log: LogWriter, stop: Cancellation
    ) -> Ended:
        words = (
            "--realise",
            derivation.path().text,
            "--option",
            "timeout",
            str(request.timeout_s),
        )
        with self._nix.started(*words) as process:
            said = _follow(process, log, stop)
            log.finish()
            if said is None:
                return Ended(Ending.INTERRUPTED, -1, log.tail)
            status = process.wait()
        if status == 0:
            return Ended(Ending.EXITED, 0, log.tail)
        if status == _TIMED_OUT:
            return Ended(Ending.TIMED_OUT, -1, log.tail)
        if said.status is not None:
            return Ended(Ending.EXITED, said.status, log.tail)
        if said.fault:
            raise BuildFailed(derivation.name, said.fault, log=request.log, tail=log.tail)
        raise NixFailed(said.error or f"it ended with status {status}")


def _follow(
    process: subprocess.Popen[bytes], log: LogWriter, cancellation: Cancellation
) -> NixWords | None:
    """Pass on what a build says; return what Nix said of it, None when it was stopped."""
    said, rest = NixWords(), b""
    if process.stdout is None:
        return said
    while True:
        ready, _, _ = select.select([process.stdout, cancellation], [], [], _GLANCE_S)
        if cancellation.is_set:
            _stop(process)
            return None
        if process.stdout not in ready:
            continue
        data = os.read(process.stdout.fileno(), _READ_BYTES)
        *lines, rest = (rest + data).split(b"\n")
        for line in [*lines, *([rest] if not data and rest else [])]:
            if said.hear(line):
                log.write(line + b"\n")
        if not data:
            return said


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End Nix so that it ends its builds; who does not end is killed by the caller."""
    process.terminate()
    end = time.monotonic() + _GRACE_S
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
