"""Ports to adapters: the one place that knows which implementation a command works with.

What costs start-up time (pygit2, the store, the sandbox) is made when it is first asked for.
"""

from __future__ import annotations

import os
import time
from functools import cache, partial

from eka.checking import TYPE_CHECKING
from eka.cli.defaults import GIT, GIT_HOME
from eka.cli.errors import SystemRefused
from eka.git import GitRunner, Transport, VersionIndex
from eka.workflow.ages import parse_span
from eka.workflow.first_seen import FirstSeen
from eka.workflow.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from eka.atom import Label, SourceUrl, Version
    from eka.build import Realiser
    from eka.cli.frame import Frame
    from eka.direct import DebPinner, Pip
    from eka.git import History, ObjectCache, SourceDirectories
    from eka.git.objects import PygitReader
    from eka.git.signatures import Signer, Trust
    from eka.store import Event, Plan, Store
    from eka.store.cache.reading import Cache

BUBBLEWRAP = "bwrap"
MACHINES = {"arm64": "aarch64", "amd64": "x86_64", "ppc64le": "powerpc64le", "i386": "i686"}


def services(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    *,
    offline: bool = False,
    refresh: bool = False,
    store: str | None = None,
    accept_changed: Sequence[str] | None = None,
    cooldown: str | None = None,
    accept_moved: Sequence[str] | None = None,
    caches: Sequence[str] = (),
) -> Services:
    """Return what the user stories of one command work with.

    Args:
        frame: Settings, environment and directory.
        offline: Nothing may be asked of any source.
        refresh: Remembered answers do not count.
        store: Directory of the store, instead of the one in the settings.
        accept_changed: LABEL@VERSION of versions that may differ from what was seen first.
        cooldown: So long a version must be known, instead of the span in the settings.
        accept_moved: Names of direct sources whose tags may lead to other commits than before.
        caches: Binary caches to ask before those in the settings.
    """
    settings = frame.settings
    accepted = accepted_changes(accept_changed or ())
    runner, transport = _git(frame, f"{settings.cache}/{GIT_HOME}")
    objects = cache(partial(_objects, f"{settings.cache}/objects.git", runner))
    open_store = cache(partial(_open_store, frame, store or settings.store))
    return Services(
        runner=runner,
        transport=transport,
        index=VersionIndex(transport),
        objects=objects,
        reader=cache(partial(_reader, objects)),
        directories=cache(partial(_directories, frame, runner)),
        history=partial(_history, frame, runner, offline=offline),
        listings_place=f"{settings.cache}/listings",
        compositions_place=f"{settings.cache}/compositions",
        good_signatures_place=f"{settings.state}/good-signatures.jsonl",
        trust_rules=settings.signatures.rules if settings.signatures else (),
        trust=cache(partial(_trust, frame)),
        first_seen=FirstSeen(f"{settings.state}/first-seen"),
        aliases=settings.aliases,
        progress=frame.progress,
        place=frame.place,
        system=system(),
        offline=offline,
        now_s=max(0, int(time.time())),
        refresh=refresh,
        max_age_s=settings.max_age_s,
        cooldown_s=settings.cooldown_s if cooldown is None else parse_span(cooldown),
        accepted_changes=accepted,
        accepted_moves=frozenset(accept_moved or ()),
        pinner=cache(partial(_pinner, frame)),
        pip=partial(_pip, frame),
        package_index=settings.pypi_index,
        npm_registry=settings.npm_registry,
        open_url=partial(_open_url, frame),
        store=open_store,
        realiser=partial(_realiser, frame, open_store, offline=offline, caches=caches),
    )


def _git(frame: Frame, home: str) -> tuple[GitRunner, Transport]:
    try:
        os.makedirs(home, exist_ok=True)  # noqa: PTH103 - listing versions loads no pathlib
    except OSError as error:
        raise SystemRefused(error) from error
    if frame.head_start is not None:
        frame.head_start.transport.tell(frame.progress.note)
        return frame.head_start.runner, frame.head_start.transport
    runner = GitRunner(GIT, frame.environment, home, prompt=not frame.as_json)
    frame.cleanup.callback(runner.close)
    timeout_s = float(frame.settings.timeout_s)
    return runner, Transport(runner, timeout_s=timeout_s, on_notice=frame.progress.note)


def accepted_changes(texts: Sequence[str]) -> frozenset[tuple[Label, Version]]:
    """Return the versions that ``--accept-changed LABEL@VERSION`` names."""
    if not texts:
        return frozenset()
    from eka.atom import Label, Version  # noqa: PLC0415 - few commands are told any
    from eka.workflow.seen_errors import VersionUnnamed  # noqa: PLC0415 - the same

    found: set[tuple[Label, Version]] = set()
    for text in texts:
        label, at, version = text.rpartition("@")
        if not at:
            raise VersionUnnamed(text)
        found.add((Label.typed(label), Version.parse(version)))
    return frozenset(found)


def system() -> str:
    """Return this machine's system, such as ``x86_64-linux``."""
    # As the `platform` module does, which takes a millisecond to load.
    machine = os.uname().machine.lower()
    return f"{MACHINES.get(machine, machine)}-{os.uname().sysname.lower()}"


def plan_json(plan: Plan) -> Any:  # noqa: ANN401 - any JSON document
    """Return a plan as a JSON document."""
    import json  # noqa: PLC0415 - costs start-up time

    return json.loads(plan.encode())


def in_store_view(
    frame: Frame, wired: Services, program: Path, arguments: Sequence[str]
) -> list[str]:
    """Return the command that starts a built program with the store at its logical place."""
    import shutil  # noqa: PLC0415 - costs start-up time

    from eka.build.view import store_view  # noqa: PLC0415 (as above)

    command = [str(program), *arguments]
    bubblewrap = shutil.which(BUBBLEWRAP, path=frame.environment.get("PATH"))
    if bubblewrap is None:
        frame.progress.note("bubblewrap is missing: the program sees no store at /eka/store")
        return command
    return store_view(bubblewrap, wired.store().physical_root, command, frame.directory)


def _objects(place: str, runner: GitRunner) -> ObjectCache:
    from pathlib import Path  # noqa: PLC0415 - costs start-up time

    from eka.git import ObjectCache as Cache  # noqa: PLC0415 - costs start-up time

    return Cache(Path(place), runner)


def _reader(objects: Callable[[], ObjectCache]) -> PygitReader:
    from eka.git.objects import PygitReader as Reader  # noqa: PLC0415 - costs 100 ms

    return Reader(objects().git_dir)


def _directories(frame: Frame, runner: GitRunner) -> SourceDirectories:
    from eka.git.source_directory import SourceDirectories as Found  # noqa: PLC0415 - costs 100 ms

    def received(size_bytes: int) -> None:
        frame.progress.count("KiB received", size_bytes // 1024, None)

    return Found(frame.settings.cache_dir / "directories.git", runner, progress=received)


def signer(frame: Frame, wired: Services, choice: str | None) -> Signer:
    """Return what signs with the chosen key, or with the one in the settings, or git's."""
    from eka.git.signatures import find_signer  # noqa: PLC0415 - costs start-up time

    given = frame.settings.signatures
    chosen = choice or (given.key if given else None)
    return find_signer(wired.runner, frame.directory, chosen)


def _trust(frame: Frame) -> Trust:
    from eka.workflow.signatures_trust import load_trust  # noqa: PLC0415 - costs start-up time

    given, folder = frame.settings.signatures, frame.settings.config_dir
    trust = load_trust(
        signers=given.allowed_signers if given else None,
        revoked=given.revoked if given else None,
        folder=folder,
        rules=given.rules if given else (),
    )
    for line in trust.signers.without_effect:
        why = "certificates are not supported"
        frame.progress.note(f"line {line.line} of the allowed signers has no effect: {why}")
    return trust


def _history(frame: Frame, runner: GitRunner, url: SourceUrl, *, offline: bool) -> History:
    from eka.git.history import SourceHistory  # noqa: PLC0415 - costs 100 ms

    def received(size_bytes: int) -> None:
        frame.progress.count("KiB received", size_bytes // 1024, None)

    directory = frame.settings.cache_dir / "histories"
    return SourceHistory(directory, url, runner, progress=received, offline=offline)


def _open_url(frame: Frame, url: str, *, accept: str = "") -> Iterator[bytes]:
    from eka.build.web_reading import read_web  # noqa: PLC0415 - costs start-up time

    return read_web(url, frame.environment, accept=accept)


def _pip(frame: Frame) -> Pip:
    import sys  # noqa: PLC0415 - only here is the Python itself of interest

    from eka.direct import Pip  # noqa: PLC0415 - few commands resolve Python packages

    return Pip(sys.executable, frame.environment)


def _pinner(frame: Frame) -> DebPinner:
    from eka.direct import Archive, DebPinner  # noqa: PLC0415 - costs start-up time

    given = dict(frame.settings.deb)
    suite = given.pop("suite", "") or _suite()
    return DebPinner(
        frame.settings.cache_dir / "apt",
        Archive(**given),
        frame.environment,
        default_suite=suite,
    )


def _suite() -> str:
    """Return the code name of this machine's Debian, ``stable`` elsewhere."""
    import platform  # noqa: PLC0415 - costs start-up time

    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "stable"
    return release.get("VERSION_CODENAME", "") if release.get("ID") == "debian" else "stable"


def _open_store(frame: Frame, place: str) -> Store:
    from eka.store import Store as OpenStore  # noqa: PLC0415 - costs start-up time

    return frame.cleanup.enter_context(OpenStore.open(frame.path(place)))


def _realiser(
    frame: Frame,
    open_store: Callable[[], Store],
    emit: Callable[[Event], None],
    *,
    offline: bool,
    caches: Sequence[str],
) -> Realiser:
    import shutil  # noqa: PLC0415 - costs start-up time

    from eka.build import (  # noqa: PLC0415 (as above)
        Bubblewrap,
        ControlGroups,
        HttpDownloader,
        Limits,
        Realiser,
        seccomp_filter,
    )
    from eka.workflow.offline import NoDownloader  # noqa: PLC0415 (as above)

    environment: Mapping[str, str] = frame.environment
    program = shutil.which(BUBBLEWRAP, path=environment.get("PATH"))
    sandbox = Bubblewrap(
        program or BUBBLEWRAP,
        seccomp=seccomp_filter(os.uname().machine),
        groups=ControlGroups.find(),
        limits=Limits(memory_bytes=frame.settings.max_memory_bytes),
    )
    return frame.cleanup.enter_context(
        Realiser(
            open_store(),
            sandbox=sandbox,
            downloader=NoDownloader() if offline else HttpDownloader(environment),
            emit=emit,
            jobs=frame.settings.jobs,
            caches=() if offline else _caches(frame, (*caches, *frame.settings.caches)),
        )
    )


def _caches(frame: Frame, named: Sequence[str]) -> list[Cache]:
    if not named:
        return []
    from eka.build.caches import find_cache  # noqa: PLC0415 (as above)

    return [find_cache(each, frame.directory, frame.environment) for each in dict.fromkeys(named)]
