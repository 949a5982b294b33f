"""Resolutions on record: what the same question came to, as long as nothing it rests on changed.

Thousands of manifests are read, solved and recomputed to find a lock. That this manifest, with
this former lock and what sources had listed, came to that lock is a fact of ours like those of the
build cache; it is kept with what it rests on, and used while all of that is still the same.

Source: atom-spec/workflow.md [flow-recorded].
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import eka
from eka.atom import Lock, encode_lock, parse_lock, parse_source_url
from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError
from eka.hashing import digest
from eka.workflow.answers import Answer
from eka.workflow.durable import replace_file
from eka.workflow.line_file import decode, encode, table
from eka.workflow.listing_cache import ListingCache
from eka.workflow.objects import absent

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.workflow.progress import Progress
    from eka.workflow.project import Project
    from eka.workflow.resolution import LockOptions
    from eka.workflow.services import Services

SCHEMA = "eka.resolution/1"
MOST_RECORDS = 64
MOST_BYTES = 64 * 1024 * 1024
NOTHING = Lock(requirements="")
_SAME = ""  # instead of a lock: the former one is the answer


class Recorded:
    """The record of one question."""

    def __init__(
        self,
        services: Services,
        project: Project,
        options: LockOptions,
        files: tuple[bytes, bytes | None],
    ) -> None:
        """Ask a question.

        Args:
            services: Settings and caches.
            project: What is to be locked.
            options: How.
            files: Manifest and former lock.
        """
        self._services = services
        self._options = options
        self._files = files
        self._directory = services.listings.with_name("resolutions")
        manifest, former = files
        self._question = [
            SCHEMA, eka.__version__, str(project.directory), options.strategy, services.system,
            encode(services.aliases.items()).hex(),
            digest(manifest).hex(), digest(former or b"").hex(),
        ]  # fmt: skip

    def lock(self, find: Callable[[Services], Lock]) -> Lock:
        """Return the lock on record, else the one that ``find`` finds, which is recorded."""
        if self.found is not None:
            return parse_lock(self.found, "the lock on record")
        heard = Heard(self._services.progress)
        lock = find(replace(self._services, progress=heard))
        if not heard.notes and is_recordable(self._services, self._options, lock):
            self._add(lock, encode_lock(lock))
        return lock

    @property
    def path(self) -> Path:
        """Where the answer is."""
        return self._directory / f"{digest(encode(self._question)).hex()}.json"

    @cached_property
    def found(self) -> bytes | None:
        """The lock; None where nothing is on record, or what it rests on is another or gone."""
        with suppress(OSError, EkaError):
            if not is_recordable(self._services, self._options, NOTHING):
                return None
            record = decode(_read(self.path))
            state = table(record.get("state"))
            if not state or not self._may_answer(record):
                return None
            if any(self._state(source) != seen for source, seen in state.items()):
                return None
            lock = self._lock(str(record.get("lock")))
            if lock is not None and self._is_here(lock):
                self._tell(record.get("answers"))
                return lock
        return None

    def _add(self, lock: Lock, data: bytes) -> None:
        """Put an answer on record, and that it is its own answer when it is the former lock."""
        heard = self._services.answers.all
        answers: list[dict[str, object]] = [
            {"source": each.source, "by": each.by, "at": each.at_s, "protocol": each.protocol}
            for each in heard
        ]
        sources = {each.source for each in heard}
        sources.update(url for each in lock.sets for url in each.urls[:1])
        state = {source: self._state(source) for source in sorted(sources)}
        with suppress(OSError):  # it can be found again
            self._directory.mkdir(parents=True, exist_ok=True)
            if data != self._files[1]:
                self._write(state, answers, data)
            self._question[-1] = digest(data).hex()
            self._write(state, [], None)
            self._prune()

    def _may_answer(self, record: dict[str, object]) -> bool:
        """Return whether nobody need be asked: what is locked already stays as it is."""
        return self._services.offline or record.get("lock") == _SAME

    def _lock(self, name: str) -> bytes | None:
        if name == _SAME:
            return self._files[1]
        data = _read(self._directory / f"{name}.lock")
        return data if digest(data).hex() == name else None

    def _is_here(self, data: bytes) -> bool:
        lock = parse_lock(data, "the lock on record")
        return not absent(self._services, [atom.rev for atom in lock.atoms if atom.rev])

    def _state(self, source: str) -> str:
        """Return a digest of all that is remembered of a source."""
        services = self._services
        url = parse_source_url(source, services.aliases)
        cache = ListingCache(services.listings, url, services.aliases)
        files = (*cache.files, services.first_seen.path(url))
        return digest(b"".join(digest(_read(Path(file))) for file in files)).hex()

    def _tell(self, answers: object) -> None:
        """Say what a resolution would say of the listings that it rests on."""
        for each in cast("list[object]", answers) if isinstance(answers, list) else ():
            match table(each):
                case {
                    "source": str(source),
                    "by": str(by),
                    "at": int(at_s),
                    "protocol": int(protocol),
                }:
                    answer = Answer(source, by, at_s, is_remembered=True, protocol=protocol)
                    self._services.answers.add(answer)
                case _:
                    continue

    def _write(
        self, state: dict[str, str], answers: list[dict[str, object]], data: bytes | None
    ) -> None:
        name = _SAME if data is None else digest(data).hex()
        if data is not None:
            replace_file(self._directory / f"{name}.lock", data, durable=False)
        record = {"schema": SCHEMA, "lock": name, "state": state, "answers": answers}
        replace_file(self.path, encode(record), durable=False)

    def _prune(self) -> None:
        """Let only the newest records stay."""
        found = [(each.stat(), each) for each in self._directory.iterdir()]
        found.sort(key=lambda pair: pair[0].st_mtime_ns, reverse=True)
        left_bytes = MOST_BYTES
        for number, (status, path) in enumerate(found):
            left_bytes -= status.st_size
            if number >= MOST_RECORDS or left_bytes < 0:
                path.unlink(missing_ok=True)


class Heard:
    """Passes on everything, and counts the notes: what must be told again must be found again."""

    def __init__(self, listener: Progress) -> None:
        self.notes = 0
        self._listener = listener
        self.step = listener.step
        self.count = listener.count
        self.line = listener.line
        self.board = listener.board

    def note(self, text: str) -> None:
        """Pass on a note."""
        self.notes += 1
        self._listener.note(text)


def is_recordable(services: Services, options: LockOptions, lock: Lock) -> bool:
    """Return whether a lock rests on nothing but manifest, former lock, options and listings.

    Directories, direct sources, signatures and what a person accepts just this once are looked at
    each time; so is the clock where there is a cooldown.
    """
    if services.refresh or services.accepted_changes or services.trust_rules:
        return False
    if services.cooldown_s or services.passed_over:
        return False
    plain = type(options)(
        strategy=options.strategy, locked=options.locked, dry_run=options.dry_run
    )
    is_plain = options == plain and not any(each.own or each.accepted for each in lock.sets)
    return is_plain and not lock.direct and not any(atom.patched for atom in lock.atoms)


def _read(path: Path) -> bytes:
    """Return the bytes of a file of ours; nothing of one that is not there."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
