"""``eka-store image``: paths of the store, with all they need, as an OCI image."""

from __future__ import annotations

import platform
import shlex
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store.image import (
    ImageConfig,
    ImageOptions,
    ImagePlan,
    InvalidImageOption,
    export_image,
    plan_image,
)
from eka.store_cli.amounts import in_words
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from eka.store.image import ImageReport, Layer
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def image(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Write an image, or tell what it would hold."""
    config = ImageConfig(
        system=arguments.system or f"{platform.machine()}-{platform.system().lower()}",
        tag=arguments.tag,
        entrypoint=_words("entrypoint", arguments.entrypoint),
        cmd=_words("cmd", arguments.cmd),
        env=_pairs("env", arguments.env),
        workdir=arguments.workdir,
        user=arguments.user,
        labels=_pairs("label", arguments.label),
    )
    directory = Path(arguments.directory).absolute()
    with place.store() as store:
        roots = [typed_path(store, text) for text in arguments.paths]
        options = ImageOptions(
            config=config,
            rootfs=None if arguments.rootfs is None else typed_path(store, arguments.rootfs),
            max_layers=arguments.max_layers,
            gzip=arguments.gzip,
        )
        report: ImageReport | None = None
        if arguments.dry_run:
            plan = plan_image(store, roots, options)
        else:
            teller = _Teller(console)
            report = export_image(store, roots, directory, options, on_layer=teller)
            plan = report.plan
    _show(plan, report, directory, console)
    return Exit.OK


class _Teller:
    """Says which layer is done."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0

    def __call__(self, layer: Layer) -> None:
        self._count += 1
        size = in_words(layer.blob.size_bytes)
        self._console.talk(f"layer {self._count}: {layer.made_from}, {size}", verbosity=1)


def _show(plan: ImagePlan, report: ImageReport | None, directory: Path, console: Console) -> None:
    for target in plan.hidden:
        console.talk(f"hidden by another program of its name: {target}")
    fields = plan_fields(plan)
    if report is None:
        for each in plan.layers:
            console.data(" ".join(path.text for path in each))
        console.talk(f"would write {counted(len(plan.layers) + 1, 'layer')}")
    else:
        console.data(report.digest)
        size = in_words(report.size_bytes)
        console.talk(f"{directory}: {counted(len(report.layers), 'layer')}, {size}")
        fields |= report_fields(report)
    fields |= {"directory": str(directory), "tag": plan.config.tag, "dry_run": report is None}
    console.document("image", fields)


def plan_fields(plan: ImagePlan) -> dict[str, object]:
    """Return what an image holds, as JSON."""
    return {
        "paths": [[path.text for path in layer] for layer in plan.layers],
        "rootfs": plan.rootfs.text if plan.rootfs else None,
        "programs": dict(sorted(plan.programs.items())),
        "hidden": list(plan.hidden),
    }


def report_fields(report: ImageReport) -> dict[str, object]:
    """Return how an image was written, as JSON."""
    return {
        "digest": report.digest,
        "size_bytes": report.size_bytes,
        "layers": [
            {
                "digest": f"sha256:{layer.blob.sha256}",
                "size_bytes": layer.blob.size_bytes,
                "made_from": layer.made_from,
            }
            for layer in report.layers
        ],
    }


def _words(option: str, text: str | None) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text or ""))
    except ValueError as error:
        raise InvalidImageOption(option, str(error)) from error


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidImageOption(option, f"{text[:100]!r} is not NAME=VALUE")
        found[name] = value
    return found
