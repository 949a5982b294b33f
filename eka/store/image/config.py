"""How an image runs, and the documents that describe it.

Source: atom-spec/image.md [image-config], [image-documents].
"""

from __future__ import annotations

import json
import re
import shlex

from eka.checking import TYPE_CHECKING
from eka.store.image.errors import InvalidImageOption
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.store.plan import Json

CREATED = "1970-01-01T00:00:01Z"
OCI = "application/vnd.oci.image"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
TAG_NAME = "org.opencontainers.image.ref.name"
MAX_WORDS = 1000
MAX_WORD_BYTES = 32 << 10
# (machine, variant) as OCI calls what the first half of a system says.
MACHINES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "powerpc64le": ("ppc64le", ""),
    "riscv64": ("riscv64", ""),
    "s390x": ("s390x", ""),
}
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_USER = re.compile(r"(?:0|[1-9][0-9]{0,9})(?::(?:0|[1-9][0-9]{0,9}))?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """How programs of the image are started; valid if it exists."""

    system: str = "x86_64-linux"
    tag: str = "latest"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    workdir: str = "/"
    user: str = ""  # UID or UID:GID; empty: root
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        machine, _, kernel = self.system.partition("-")
        if kernel != "linux" or machine not in MACHINES:
            known = ", ".join(f"{each}-linux" for each in MACHINES)
            raise InvalidImageOption("system", f"{self.system!r} is none of {known}")
        _match(_TAG, "tag", self.tag)
        if self.user:
            _match(_USER, "user", self.user)
        for name in self.env:
            _match(_VARIABLE, "env", name)
        place = self.workdir
        if not place.startswith("/") or {"", ".", ".."} & set(place.strip("/").split("/")[1:]):
            raise InvalidImageOption("workdir", f"{place!r} is not an absolute path without dots")
        words = [*self.entrypoint, *self.cmd, *self.env.values(), place]
        words += [*self.labels, *self.labels.values()]
        if len(words) > MAX_WORDS:
            raise InvalidImageOption("image", f"more than {MAX_WORDS} words")
        for word in words:
            _check_word(word)

    @property
    def platform(self) -> dict[str, Json]:
        """What machine the image is for, as its documents say it."""
        machine, variant = MACHINES[self.system.partition("-")[0]]
        found: dict[str, Json] = {"architecture": machine, "os": "linux"}
        return {**found, "variant": variant} if variant else found


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of an image, named by its hash."""

    sha256: str  # 64 hex digits
    size_bytes: int
    media_type: str

    def document(self) -> dict[str, Json]:
        """Return what points at it."""
        return {
            "mediaType": self.media_type,
            "digest": f"sha256:{self.sha256}",
            "size": self.size_bytes,
        }


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of an image."""

    blob: Blob
    diff_sha256: str  # of the layer unpacked; without compression that of the blob
    made_from: str  # for people


def parse_words(option: str, text: str | None) -> tuple[str, ...]:
    """Return the words of a command as a shell would split it.

    Raises:
        InvalidImageOption: A quote is left open.
    """
    try:
        return tuple(shlex.split(text or ""))
    except ValueError as error:
        raise InvalidImageOption(option, str(error)) from error


def parse_pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Return name -> value of each ``NAME=VALUE``; raises `InvalidImageOption`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidImageOption(option, f"{text[:100]!r} is not NAME=VALUE")
        found[name] = value
    return found


def config_document(config: ImageConfig, layers: Sequence[Layer]) -> bytes:
    """Return the configuration of an image."""
    running: dict[str, Json] = {
        "Env": [f"{name}={value}" for name, value in sorted(config.env.items())],
        "WorkingDir": config.workdir,
    }
    if config.entrypoint:
        running["Entrypoint"] = [*config.entrypoint]
    if config.cmd:
        running["Cmd"] = [*config.cmd]
    if config.user:
        running["User"] = config.user
    if config.labels:
        running["Labels"] = dict(config.labels)
    return _encoded(
        {
            **config.platform,
            "created": CREATED,
            "config": running,
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{layer.diff_sha256}" for layer in layers],
            },
            "history": [{"created": CREATED, "created_by": layer.made_from} for layer in layers],
        }
    )


def manifest_document(config: Blob, layers: Sequence[Layer]) -> bytes:
    """Return the manifest of an image; its hash is the image's digest."""
    return _encoded(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": config.document(),
            "layers": [layer.blob.document() for layer in layers],
        }
    )


def index_document(config: ImageConfig, manifest: Blob) -> bytes:
    """Return the index of a layout that holds one image."""
    entry: dict[str, Json] = {
        **manifest.document(),
        "platform": config.platform,
        "annotations": {TAG_NAME: config.tag},
    }
    return _encoded(
        {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [entry]}
    )


def _encoded(document: dict[str, Json]) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _match(pattern: re.Pattern[str], option: str, text: str) -> None:
    if not pattern.fullmatch(text):
        raise InvalidImageOption(option, f"{text[:100]!r} is not one")


def _check_word(word: str) -> None:
    try:
        size_bytes = len(word.encode())
    except UnicodeEncodeError as error:
        raise InvalidImageOption("image", f"{word[:100]!r} is not UTF-8") from error
    if size_bytes > MAX_WORD_BYTES or "\0" in word:
        raise InvalidImageOption("image", f"{word[:100]!r} is too long, or holds a NUL")
