"""One action performed: downloaded, unpacked, or run in the sandbox."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass

from eka.build.demands import MAX_OUTPUT_BYTES
from eka.build.enter import find_shell, keep
from eka.build.errors import (
    BuildFailed,
    BuildInterrupted,
    BuildOutOfMemory,
    BuildOutputTooLarge,
    BuildTimedOut,
    NoShell,
    UnsupportedArchive,
)
from eka.build.fetching import Fetch
from eka.build.output_size import exceeds
from eka.build.python_home import find_interpreter
from eka.build.recipe import Recipe, prepare
from eka.build.sandbox import Ending
from eka.build.siblings import SiblingCycle, in_order, rename_mentions
from eka.build.spool import LayerFile
from eka.build.unpack import unpacked
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store import (
    LOGS,
    ActionLog,
    Candidates,
    FetchAction,
    LayerFormat,
    RunAction,
    UnpackAction,
    UnsafeTree,
    output_name,
    read_tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path
    from typing import IO

    from eka.build.download import Downloader
    from eka.build.sandbox import Cancellation, Ended, Sandbox, SandboxRequest
    from eka.build.substitute import Substituter
    from eka.build.work import Work
    from eka.store import Event, Store, StorePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The means to perform actions, shared by all of one realisation."""

    store: Store
    sandbox: Sandbox
    downloader: Downloader
    emit: Callable[[Event], None]
    cancellation: Cancellation
    cores: int  # for each build
    keep_failed: Path | None  # where the files of failed builds go
    substituter: Substituter | None = None  # asks caches, where there are any
    max_output_bytes: int = MAX_OUTPUT_BYTES  # that the outputs of one action may hold

    def perform(self, work: Work) -> dict[str, StorePath]:
        """Return the outputs of an action, made anew; they are registered in the store."""
        match work.action:
            case FetchAction():
                return {"out": self._fetch(work.identity, work.action)}
            case UnpackAction():
                return {"out": self._unpack(work.action, work.inputs)}
            case RunAction():
                return self._run(work, work.action)

    def _fetch(self, identity: str, action: FetchAction) -> StorePath:
        return Fetch(identity, action, self.emit, self.cancellation).perform(
            self.store, self.downloader
        )

    def _unpack(self, action: UnpackAction, inputs: Mapping[str, StorePath]) -> StorePath:
        files = {
            each.input: self._tree(inputs[each.input])
            if each.format is LayerFormat.TREE
            else self._layer(inputs[each.input])
            for each in action.layers
        }
        python, interpreter = action.python, None
        references: list[StorePath] = []
        if python is not None and python.interpreter:
            references = [home := inputs[python.interpreter]]
            interpreter = find_interpreter(self.store.physical(home), home.text, python.version)
        with self._scratch(action.name) as scratch, _nameless(scratch) as spool:
            nodes = unpacked(action, files, spool, interpreter=interpreter)
            return self.store.add_tree(action.name, nodes, references=references)

    def _layer(self, path: StorePath) -> LayerFile:
        file = self.store.physical(path)
        if file.is_symlink() or not file.is_file():
            raise UnsupportedArchive(path.name, "it is not a file")
        return LayerFile(path.name, lambda: file.open("rb"))

    def _tree(self, path: StorePath) -> LayerFile:
        place = self.store.physical(path)
        if place.is_symlink() or not place.is_dir():
            raise UnsupportedArchive(path.name, "it is not a directory", "unpack it as a file")
        return LayerFile(path.name, lambda: place.open("rb"), lambda: read_tree(place))

    def _run(self, work: Work, action: RunAction) -> dict[str, StorePath]:
        closure = self.store.closure(work.inputs.values())
        recipe = Recipe(action, work.inputs, work.resolved, self.cores, closure)
        with self._scratch(action.name) as scratch:
            log = work.log or scratch / "log"
            request = prepare(recipe, self.store, scratch, log)
            ended = self.sandbox.run(request, self._listener(work.identity), self.cancellation)
            try:
                _check_ending(action, ended, log)
                return self._register(recipe, request, log)
            except BuildFailed as error:
                if self.keep_failed is not None:
                    self._keep_files(self.keep_failed, work, request, error)
                raise

    def _listener(self, identity: str) -> Callable[[bytes], None]:
        return lambda line: self.emit(ActionLog(identity, line))

    def _register(
        self, recipe: Recipe, request: SandboxRequest, log: Path
    ) -> dict[str, StorePath]:
        name = recipe.action.name
        candidates = set(recipe.closure)
        placeholders = {output: recipe.output_path(output) for output in recipe.action.outputs}
        places = {output: request.store / path.base for output, path in placeholders.items()}
        for output, place in places.items():
            if not os.path.lexists(place):
                raise BuildFailed(name, f"it did not make its output {output!r}", log=log)
        if exceeds(places.values(), self.max_output_bytes):
            raise BuildOutputTooLarge(name, self.max_output_bytes, log=log)
        found: dict[str, StorePath] = {}
        for output in _order(name, places, placeholders, log):
            try:
                found[output] = self.store.register_output(
                    output_name(recipe.action, output),
                    places.pop(output),
                    placeholder=placeholders[output],
                    candidates=Candidates.of(
                        candidates | set(found.values()), strict=recipe.action.strict_references
                    ),
                )
            except UnsafeTree as error:
                why = f"its output {output!r} cannot be kept: {error.where}: {error.why}"
                raise BuildFailed(name, why, log=log) from error
            for place in places.values():
                rename_mentions(place, placeholders[output].digest32, found[output].digest32)
        return found

    def _keep_files(
        self, directory: Path, work: Work, request: SandboxRequest, error: BuildFailed
    ) -> None:
        kept = directory / f"{work.action.name}-{work.identity[:8]}"
        rootfs = work.action.rootfs if isinstance(work.action, RunAction) else None
        try:
            place = self.store.physical(work.inputs[rootfs]) if rootfs else None
            try:
                shell = find_shell(error.name, request.command[0], place)
            except NoShell:
                shell = request.command[0]
            self.store.discard(kept)  # of an earlier failure
            keep(request, self.sandbox, shell, kept)
        except (OSError, EkaError) as trouble:  # the failure of the build is what matters
            error.fix = f"read the log; the files of the build could not be kept: {trouble}"
        else:
            error.keep(kept)

    @contextmanager
    def _scratch(self, name: str) -> Generator[Path, None, None]:
        scratch = self.store.staging(name)
        try:
            yield scratch
        finally:
            self.store.discard(scratch)


def log_directory(store: Store) -> Path:
    """Return where the logs of builds are kept; `Store.runs` tells which is whose."""
    return store.root / LOGS


def _check_ending(action: RunAction, ended: Ended, log: Path) -> None:
    name = action.name
    match ended.ending:
        case Ending.EXITED:
            if ended.status:
                why = f"the builder ended with status {ended.status}"
                raise BuildFailed(name, why, log=log, tail=ended.tail)
        case Ending.NOT_STARTED:
            why = "the builder cannot be started: " + "; ".join(ended.tail[-1:])
            raise BuildFailed(name, why, log=log, tail=ended.tail)
        case Ending.TIMED_OUT:
            raise BuildTimedOut(name, action.timeout_s, log=log, tail=ended.tail)
        case Ending.DISK_FULL:
            raise BuildFailed(name, "the disk is almost full", log=log, tail=ended.tail)
        case Ending.OUT_OF_MEMORY:
            raise BuildOutOfMemory(name, log=log, tail=ended.tail)
        case Ending.KILLED:
            raise BuildFailed(name, "something killed its sandbox", log=log, tail=ended.tail)
        case Ending.INTERRUPTED:
            raise BuildInterrupted(name)


def _order(
    name: str, places: Mapping[str, Path], placeholders: Mapping[str, StorePath], log: Path
) -> list[str]:
    """Return the outputs, each after the siblings it mentions."""
    if len(places) == 1:
        return list(places)
    try:
        return in_order(
            {output: (place, placeholders[output].digest32) for output, place in places.items()}
        )
    except SiblingCycle as error:
        why = "its outputs mention each other in a circle: " + " -> ".join(error.names)
        raise BuildFailed(name, why, log=log) from error
    except UnsafeTree as error:
        why = f"its outputs cannot be kept: {error.where}: {error.why}"
        raise BuildFailed(name, why, log=log) from error


def _nameless(directory: Path) -> IO[bytes]:
    # Without a name the bytes are gone with the process, however it ends.
    return tempfile.TemporaryFile(dir=directory)
