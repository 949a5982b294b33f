"""``eka-store image``: paths of the store, with all they need, as an OCI image."""

from __future__ import annotations

import platform
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store.image import (
    ImageConfig,
    ImageOptions,
    export_image,
    parse_pairs,
    parse_words,
    plan_image,
)
from eka.store_cli.amounts import in_words
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse

    from eka.store.image import ImagePlan, ImageReport, Layer
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def image(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Write an image, or tell what it would hold."""
    config = ImageConfig(
        system=arguments.system or f"{platform.machine()}-{platform.system().lower()}",
        tag=arguments.tag,
        entrypoint=parse_words("entrypoint", arguments.entrypoint),
        cmd=parse_words("cmd", arguments.cmd),
        env=parse_pairs("env", arguments.env),
        workdir=arguments.workdir,
        user=arguments.user,
        labels=parse_pairs("label", arguments.label),
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
    fields: dict[str, object] = {**plan.to_json()}
    if report is None:
        for each in plan.layers:
            console.data(" ".join(path.text for path in each))
        console.talk(f"would write {counted(len(plan.layers) + 1, 'layer')}")
    else:
        console.data(report.digest)
        size = in_words(report.size_bytes)
        console.talk(f"{directory}: {counted(len(report.layers), 'layer')}, {size}")
        fields |= report.to_json()
    fields |= {"directory": str(directory), "dry_run": report is None}
    console.document("image", fields)
