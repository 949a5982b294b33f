"""``eka image``."""

from __future__ import annotations

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.commands.build import log_shower
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim
from eka.store.image import MAX_LAYERS, ImageConfig, ImageOptions, parse_pairs, parse_words
from eka.workflow.build_options import BuildOptions
from eka.workflow.image import BuiltImage, write_image
from eka.workflow.project import Project

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.text import Line


def image(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[TARGET]... DIR",
            help="Direct dependencies (default: the project itself), and where the image goes.",
        ),
    ],
    *,
    rootfs: Annotated[
        str | None,
        typer.Option(metavar="TARGET", help="Direct dependency whose output becomes /."),
    ] = None,
    entrypoint: Annotated[
        str | None, typer.Option(metavar="WORDS", help="What is always started, with arguments.")
    ] = None,
    cmd: Annotated[
        str | None, typer.Option(metavar="WORDS", help="What follows, unless words are given.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a variable.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Set a label of the image.")
    ] = None,
    workdir: Annotated[str, typer.Option(metavar="DIR", help="Where programs start.")] = "/",
    user: Annotated[str, typer.Option(metavar="UID[:GID]", help="As whom they run.")] = "",
    tag: Annotated[str, typer.Option(help="Name of the image in DIR.")] = "latest",
    max_layers: Annotated[int, typer.Option(help="Layers there may be.")] = MAX_LAYERS,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the layers.")] = False,
    locked: option.Locked = False,
    offline: option.OfflineBuild = False,
    frozen: option.Frozen = False,
    store: option.StorePlace = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build, tell the layers, write no image.")
    ] = False,
) -> Reply:
    """Build the locked closure and write it as an OCI image.

    DIR becomes an OCI image layout; an image that is there is replaced. The outputs, and all they
    refer to, are at /eka/store; their programs are in PATH. With --rootfs the output of that
    dependency is /, for programs that need its loader and libraries. The same outputs give the
    same digest, on every machine.

    Exit status: 0 written, 2 a wrong option, 6 something else lies at DIR; else as eka build.
    """
    *targets, directory = words
    options = ImageOptions(
        config=ImageConfig(
            system=wiring.system(),
            tag=tag,
            entrypoint=parse_words("entrypoint", entrypoint),
            cmd=parse_words("cmd", cmd),
            env=parse_pairs("env", env or ()),
            workdir=workdir,
            user=user,
            labels=parse_pairs("label", label or ()),
        ),
        max_layers=max_layers,
        gzip=gzip,
    )
    place = frame.path(directory)
    made = write_image(
        wiring.services(frame, offline=offline or frozen, store=store),
        Project.at(frame.directory, frame.settings.aliases),
        BuildOptions(targets=tuple(targets), locked=locked or frozen),
        options,
        rootfs=rootfs,
        directory=None if dry_run else place,
        log=log_shower(frame),
    )
    for target in made.plan.hidden:
        frame.progress.note(f"hidden by another program of its name: {target}")
    content = made.plan.to_json() if made.report is None else made.report.to_json()
    counts = {"built": made.built, "cached": made.cached}
    document = {**content, **counts, "directory": str(place), "dry_run": dry_run}
    return Reply(document=document, body=_lines(made, directory))


def _lines(made: BuiltImage, directory: str) -> list[Line]:
    if made.report is None:
        return [" ".join(path.text for path in layer) for layer in made.plan.layers]
    size = f"{len(made.report.layers)} layers, {made.report.size_bytes} bytes"
    lines: list[Line] = [(bold(made.plan.config.tag), " ", cyan(directory), " ", dim(size))]
    return [*lines, made.report.digest]
