"""From requirements to versions: a pure solver that asks for what it needs to know.

`solve` is a generator: it yields `Need`s, is sent `Answer`s, and returns a `Solution`; `drive`
runs it against a `Provider`. Invariant: nothing here reads files, networks, clocks or hash order.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.lazy import on_demand
from eka.resolve.catalog import Catalog
from eka.resolve.drive import drive
from eka.resolve.errors import DependencyCycle, NoMatchingVersion, NoSuchPackage, Unsatisfiable
from eka.resolve.listing import Listing, bucket_of
from eka.resolve.model import (
    Answer,
    Bucket,
    Dependencies,
    Need,
    Provider,
    Request,
    ResolveKey,
    Solution,
    Strategy,
    Unavailable,
    Wanted,
)
from eka.resolve.solver import solve

if TYPE_CHECKING:
    from eka.resolve.explanation import (
        Explanation,
        Leaf,
        Relaxed,
        Sentence,
        Suggestion,
        aligned,
        in_columns,
        place_text,
    )
    from eka.resolve.reasons import AskedBy, Chosen, Why, why_selected
    from eka.resolve.trials import Trials, suggest

__all__ = [
    "Answer",
    "AskedBy",
    "Bucket",
    "Catalog",
    "Chosen",
    "Dependencies",
    "DependencyCycle",
    "Explanation",
    "Leaf",
    "Listing",
    "Need",
    "NoMatchingVersion",
    "NoSuchPackage",
    "Provider",
    "Relaxed",
    "Request",
    "ResolveKey",
    "Sentence",
    "Solution",
    "Strategy",
    "Suggestion",
    "Trials",
    "Unavailable",
    "Unsatisfiable",
    "Wanted",
    "Why",
    "aligned",
    "bucket_of",
    "drive",
    "in_columns",
    "place_text",
    "solve",
    "suggest",
    "why_selected",
]

if not TYPE_CHECKING:  # pragma: no branch - a checker must notice a missing name
    __getattr__ = on_demand(
        __name__,
        {
            "explanation": "Explanation Leaf Relaxed Sentence Suggestion aligned in_columns "
            "place_text",
            "reasons": "AskedBy Chosen Why why_selected",
            "trials": "Trials suggest",
        },
    )
