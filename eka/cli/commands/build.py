"""``eka build``."""

from __future__ import annotations

import typer

from eka.build.demands import Demands
from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim
from eka.workflow.build import BuildReport, build_project
from eka.workflow.build_log import BuildLog, last_log
from eka.workflow.build_options import BuildOptions
from eka.workflow.places import relative_to
from eka.workflow.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line

RESULT = "result"
MAX_JOBS = 1024
MAX_ROUNDS = 1000


def build(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    targets: Annotated[
        list[str] | None, typer.Argument(help="Direct dependencies; default: the project itself.")
    ] = None,
    *,
    locked: option.Locked = False,
    offline: option.OfflineBuild = False,
    frozen: option.Frozen = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=MAX_JOBS, help="Builds at one time.")
    ] = None,
    keep_going: Annotated[
        bool,
        typer.Option("--keep-going", "-k", help="After a failure, build the rest."),
    ] = False,
    check: Annotated[bool, typer.Option(help="Build again and compare the outputs.")] = False,
    rounds: Annotated[
        int,
        typer.Option(min=1, max=MAX_ROUNDS, help="Build each action so often, and compare."),
    ] = 1,
    keep_failed: Annotated[
        str | None, typer.Option(metavar="DIR", help="Move the files of failed builds there.")
    ] = None,
    from_: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="CACHE",
            help="Ask this binary cache, a directory or an address, before building; repeatable.",
        ),
    ] = None,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="Take what is there or in a cache; build nothing.")
    ] = False,
    store: option.StorePlace = None,
    link: Annotated[str, typer.Option(help="Name of the result link.")] = RESULT,
    no_link: Annotated[bool, typer.Option("--no-link", help="Make no result link.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Print the plan, build nothing.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Print the last log, build nothing.")] = False,
) -> Reply:
    """Build the locked closure in a sandbox and link the result.

    What was built before is not built again; what a binary cache has, signed by a key that the
    store trusts, is taken from there. A missing lock is written first.

    Exit status: 0 built, 1 failed, 3 not found, 4 network, 5 an input is not what the lock pins,
    100 a recipe failed, 101 it took too long, 102 a download has another hash, 104 --check or
    --rounds found a difference. With --keep-going the status is that of the first failure.
    """
    if no_build and (check or rounds > 1):
        raise UsageFailed("build", "--no-build leaves nothing to compare")
    options = BuildOptions(
        targets=tuple(targets or ()),
        locked=locked or frozen,
        link=None if no_link else frame.path(link),
        plan_only=plan,
        demands=Demands(
            check=check,
            rounds=rounds,
            keep_going=keep_going,
            jobs=jobs,
            keep_failed=frame.path(keep_failed) if keep_failed else None,
            no_build=no_build,
        ),
    )
    services = wiring.services(frame, offline=offline or frozen, store=store, caches=from_ or ())
    project = Project.at(frame.directory, frame.settings.aliases)
    if log:
        return _told(last_log(services, project, options))
    report = build_project(services, project, options, log_shower(frame))
    if plan:
        return Reply(
            document={"plan": wiring.plan_json(report.plan)},
            body=(report.plan.encode().decode(),),
        )
    return Reply(document=_document(report), body=_lines(frame, report))


def _told(found: BuildLog) -> Reply:
    document: dict[str, Json] = {
        "action": found.run.action,
        "name": found.run.name,
        "outcome": found.run.outcome.value,
        "duration_ms": found.run.duration_ms,
        "file": str(found.run.log),
        "lines": list(found.lines),
    }
    return Reply(document={"log": document}, body=found.lines)


def log_shower(frame: Frame) -> Callable[[str, bytes], None]:
    """Return what takes the log lines of builds: shown with -v, else dropped (files keep them)."""

    def show(name: str, line: bytes) -> None:
        frame.progress.line(f"{name}> {line.decode('utf-8', 'replace')}")

    def drop(name: str, line: bytes) -> None:
        del name, line

    return show if frame.verbosity > 0 else drop


def _document(report: BuildReport) -> dict[str, Json]:
    return {
        "built": report.built,
        "cached": report.cached,
        "substituted": report.substituted,
        "outputs": [
            {
                "target": each.target,
                "path": each.path.text,
                "physical": str(each.physical),
                "content": each.content,
                "link": str(each.link) if each.link else None,
            }
            for each in report.outputs
        ],
    }


def _lines(frame: Frame, report: BuildReport) -> list[Line]:
    count = f"{report.built} built, {report.cached} there already"
    if report.substituted:
        count += f", {report.substituted} from caches"
    lines: list[Line] = []
    for each in report.outputs:
        where = relative_to(each.link, frame.directory) if each.link else str(each.physical)
        lines.append((bold(each.target), " ", cyan(where), " -> ", dim(each.path.text)))
    return [*lines, dim(count)]
