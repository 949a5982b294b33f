"""OCI images made of store paths; only `layout` and `export` do input and output."""

from __future__ import annotations

from eka.store.image.config import MACHINES, ImageConfig, Layer, parse_pairs, parse_words
from eka.store.image.errors import ImagePlaceTaken, ImageSourceChanged, InvalidImageOption
from eka.store.image.export import (
    MAX_LAYERS,
    ImageOptions,
    ImagePlan,
    ImageReport,
    export_image,
    plan_image,
)

__all__ = [
    "MACHINES",
    "MAX_LAYERS",
    "ImageConfig",
    "ImageOptions",
    "ImagePlaceTaken",
    "ImagePlan",
    "ImageReport",
    "ImageSourceChanged",
    "InvalidImageOption",
    "Layer",
    "export_image",
    "parse_pairs",
    "parse_words",
    "plan_image",
]
