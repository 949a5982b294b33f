"""Store paths -> an OCI image with all they need.

Source: atom-spec/image.md [image-content], [image-programs].
"""

from __future__ import annotations

import os
import stat
from dataclasses import replace

from eka.checking import TYPE_CHECKING, Protocol
from eka.store.errors import refusals
from eka.store.image.errors import InvalidImageOption
from eka.store.image.layers import split
from eka.store.image.layout import LayoutWriter, check_place, replacing
from eka.store.image.stream import root_layer, store_layer
from eka.store.image.top import top_layer
from eka.store.read import read_tree
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from eka.store.facts import PathInfo
    from eka.store.image.config import ImageConfig, Layer
    from eka.store.path import StorePath
    from eka.store.plan import Json

MAX_LAYERS = 100
MOST_LAYERS = 127  # more than this no engine mounts
FEWEST_LAYERS = 3
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ImageSource(Protocol):
    """Where the paths of an image come from; `eka.store.Store` is one."""

    def path_info(self, path: StorePath) -> PathInfo:
        """Return what is known of a path; raises `PathNotFound`."""
        ...

    def closure(self, paths: Iterable[StorePath]) -> list[StorePath]:
        """Return paths and all they refer to."""
        ...

    def physical(self, path: StorePath) -> Path:
        """Return where a path lies."""
        ...

    def lease(self, paths: Iterable[StorePath]) -> AbstractContextManager[None]:
        """Keep paths while they are read; raises `PathNotFound`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """What an image is to be like."""

    config: ImageConfig
    rootfs: StorePath | None = None  # its contents become /
    max_layers: int = MAX_LAYERS
    gzip: bool = False  # bytes then depend on the zlib of this machine

    def __post_init__(self) -> None:
        if not FEWEST_LAYERS <= self.max_layers <= MOST_LAYERS:
            why = f"{self.max_layers} is not from {FEWEST_LAYERS} to {MOST_LAYERS}"
            raise InvalidImageOption("max-layers", why)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What an image will hold."""

    config: ImageConfig  # with PATH and the program to start
    layers: tuple[tuple[StorePath, ...], ...]  # of store paths, the first layer first
    rootfs: StorePath | None
    programs: Mapping[str, str]  # name -> where it is
    hidden: tuple[str, ...]  # programs whose names others took before them

    def to_json(self) -> dict[str, Json]:
        """Return what the image holds, as JSON."""
        return {
            "tag": self.config.tag,
            "paths": [[path.text for path in layer] for layer in self.layers],
            "rootfs": self.rootfs.text if self.rootfs else None,
            "programs": dict(sorted(self.programs.items())),
            "hidden": [*self.hidden],
        }


@dataclass(frozen=True, slots=True)
class ImageReport:
    """An image that was written."""

    plan: ImagePlan
    digest: str  # of the manifest: sha256:<64 hex digits>
    layers: tuple[Layer, ...]
    size_bytes: int  # of all layers

    def to_json(self) -> dict[str, Json]:
        """Return what the image holds and what it became, as JSON."""
        return {
            **self.plan.to_json(),
            "digest": self.digest,
            "size_bytes": self.size_bytes,
            "layers": [
                {
                    "digest": f"sha256:{layer.blob.sha256}",
                    "size_bytes": layer.blob.size_bytes,
                    "made_from": layer.made_from,
                }
                for layer in self.layers
            ],
        }


def plan_image(store: ImageSource, roots: Sequence[StorePath], options: ImageOptions) -> ImagePlan:
    """Return what `export_image` would write.

    Args:
        store: Holds the paths.
        roots: What the image is made for, in order: earlier programs hide later ones.
        options: How.

    Raises:
        PathNotFound: The store does not hold a path.
    """
    rootfs = options.rootfs
    if rootfs is not None and not _is_directory(store.physical(rootfs)):
        store.path_info(rootfs)
        raise InvalidImageOption("rootfs", f"{rootfs.text} is not a directory")
    wanted = [*roots] if rootfs is None else [*roots, *store.path_info(rootfs).references]
    references = {path: store.path_info(path).references for path in store.closure(wanted)}
    own = FEWEST_LAYERS - 1 if rootfs is not None else FEWEST_LAYERS - 2
    layers = split(references, options.max_layers - own)
    programs, hidden = _programs(store, roots)
    return ImagePlan(
        _completed(options.config, roots, programs, rootfs),
        tuple(tuple(layer) for layer in layers),
        rootfs,
        programs,
        hidden,
    )


def export_image(
    store: ImageSource,
    roots: Sequence[StorePath],
    directory: Path,
    options: ImageOptions,
    *,
    on_layer: Callable[[Layer], None] | None = None,
) -> ImageReport:
    """Write an image to ``directory``, replacing one that is there; equal inputs, equal bytes.

    Raises:
        PathNotFound: The store does not hold a path.
        ImagePlaceTaken: Something that is no image lies there.
    """
    place = directory.absolute()
    leased = [*roots, *([] if options.rootfs is None else [options.rootfs])]
    with refusals(place), store.lease(leased):
        check_place(place)  # before the work, not after it
        plan = plan_image(store, roots, options)
        layers: list[Layer] = []
        with replacing(place) as fresh:
            writer = LayoutWriter(fresh)
            for chunks, made_from in _contents(store, plan):
                layers.append(writer.layer(chunks, made_from, gzip=options.gzip))
                if on_layer is not None:
                    on_layer(layers[-1])
            manifest = writer.finish(plan.config, layers)
    size_bytes = sum(layer.blob.size_bytes for layer in layers)
    return ImageReport(plan, f"sha256:{manifest.sha256}", tuple(layers), size_bytes)


def _contents(store: ImageSource, plan: ImagePlan) -> Iterator[tuple[Iterator[bytes], str]]:
    """Yield the bytes of each layer, and what it is made from."""
    if plan.rootfs is not None:
        yield root_layer(read_tree(store.physical(plan.rootfs))), f"rootfs {plan.rootfs.text}"
    for paths in plan.layers:
        trees = ((path.base.encode(), read_tree(store.physical(path))) for path in paths)
        made_from = paths[0].text if len(paths) == 1 else f"{len(paths)} store paths"
        yield store_layer(trees), made_from
    # In a rootfs /bin may be a symlink: there, PATH alone leads to the programs.
    links: Mapping[str, str] = plan.programs if plan.rootfs is None else {}
    names = {os.fsencode(name): os.fsencode(target) for name, target in links.items()}
    top = top_layer(names, plan.config.workdir, _present(store, plan))
    yield iter((top,)), "eka: /tmp, /etc and programs"


def _present(store: ImageSource, plan: ImagePlan) -> list[bytes]:
    """Return which of the names that the top layer would make the rootfs has."""
    if plan.rootfs is None:
        return []
    steps = plan.config.workdir.strip("/").split("/")
    names = ["etc", "etc/group", "etc/passwd"]
    names += ["/".join(steps[: number + 1]) for number in range(len(steps))]
    root = store.physical(plan.rootfs)
    return [name.encode() for name in names if name and _is_taken(root, name)]


def _is_directory(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()  # a link leads to one of this machine


def _is_taken(root: Path, name: str) -> bool:
    """Tell whether a tree has a name, or a link on the way: that leads elsewhere in the image."""
    place = root
    for step in name.split("/"):
        place /= step
        if place.is_symlink():
            return True
    return place.exists()


def _programs(
    store: ImageSource, roots: Sequence[StorePath]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the programs of the roots, and which of them are hidden by earlier ones."""
    found: dict[str, str] = {}
    hidden: list[str] = []
    for root in roots:
        place = store.physical(root)
        if place.is_file() and not place.is_symlink():
            here = {root.name: root.text} if _is_program(place) else {}
        else:
            here = {name: f"{root.text}/bin/{name}" for name in _names_in(place / "bin")}
        hidden += [target for name, target in here.items() if found.get(name, target) != target]
        found = {**here, **found}
    return found, tuple(hidden)


def _names_in(directory: Path) -> list[str]:
    if directory.is_symlink() or not directory.is_dir():
        return []
    return sorted(each.name for each in directory.iterdir() if _is_program(each))


def _is_program(place: Path) -> bool:
    """Tell whether a file may be executed; a link counts, wherever it leads in the store."""
    mode = place.lstat().st_mode
    return stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR))


def _completed(
    config: ImageConfig,
    roots: Sequence[StorePath],
    programs: Mapping[str, str],
    rootfs: StorePath | None,
) -> ImageConfig:
    """Return the configuration with ``PATH``, and with the program if there is only one."""
    env = dict(config.env)
    if "PATH" not in env:
        below = {target.rpartition("/")[0] for target in programs.values()}
        places = [f"{root.text}/bin" for root in roots if f"{root.text}/bin" in below]
        env["PATH"] = "/bin" if rootfs is None else ":".join([*places, _SYSTEM_PATH])
    cmd = config.cmd
    if not config.entrypoint and not cmd and len(programs) == 1:
        cmd = tuple(programs.values())
    return replace(config, env=env, cmd=cmd)
