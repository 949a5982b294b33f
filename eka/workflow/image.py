"""``eka image``: a locked closure, built and written as an OCI image."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eka.checking import TYPE_CHECKING
from eka.compose import NothingToBuild, source_name
from eka.store import tree_path
from eka.store.image import export_image, plan_image
from eka.workflow.build import build_project
from eka.workflow.locked import checked_lock
from eka.workflow.supply import supply
from eka.workflow.targets import find_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.store import StorePath
    from eka.store.image import ImageOptions, ImagePlan, ImageReport, Layer
    from eka.workflow.build_options import BuildOptions
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What became of an image."""

    plan: ImagePlan
    report: ImageReport | None  # None: nothing was to be written
    built: int  # actions that ran
    cached: int  # actions that were there already


def write_image(  # noqa: PLR0913 - each is a thing of its own
    services: Services,
    project: Project,
    build: BuildOptions,
    options: ImageOptions,
    *,
    rootfs: str | None,
    directory: Path | None,
    log: Callable[[str, bytes], None],
) -> BuiltImage:
    """Build targets and write an image of their outputs and all they refer to.

    Args:
        services: Ports.
        project: Its lock says what is built.
        build: The targets; the programs of earlier ones hide those of later ones.
        options: How the image is; its rootfs is that of ``rootfs``.
        rootfs: Direct dependency whose output becomes ``/``.
        directory: Where the image goes; None: tell what it would hold.
        log: Takes the log lines of builds.
    """
    above = build_project(services, project, build, log)
    roots = [output.path for output in above.outputs]
    built, cached = above.built, above.cached
    if rootfs is not None:
        try:
            below = build_project(services, project, replace(build, targets=(rootfs,)), log)
        except NothingToBuild:
            base = _tree_of(services, project, rootfs)
        else:
            base = below.outputs[0].path
            built, cached = built + below.built, cached + below.cached
        options = replace(options, rootfs=base)
    store = services.store()
    if directory is None:
        return BuiltImage(plan_image(store, roots, options), None, built, cached)

    def tell(layer: Layer) -> None:
        services.progress.step(f"layer of {layer.made_from}")

    report = export_image(store, roots, directory, options, on_layer=tell)
    return BuiltImage(report.plan, report, built, cached)


def _tree_of(services: Services, project: Project, name: str) -> StorePath:
    """Return the path of an atom that is not built: its output is its own tree."""
    manifest, lock = checked_lock(services, project)
    key = find_target(project, manifest, lock, name)
    supplies = supply(services, project, manifest, lock)
    return tree_path(supplies.contents[key].hex, source_name(supplies.manifests[key]))
