"""Options that several commands have, each declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Locked = Annotated[bool, typer.Option(help="Fail if the lock would change.")]
Frozen = Annotated[bool, typer.Option(help="Both --locked and --offline.")]
DryRun = Annotated[bool, typer.Option(help="Say what would change, write nothing.")]
Refresh = Annotated[bool, typer.Option(help="Ask, whatever listing.max_age_s says.")]
StorePlace = Annotated[str | None, typer.Option(help="Directory of the store.")]
Remote = Annotated[
    str | None, typer.Option("--remote", "-t", help="Name or URL; . is this repository alone.")
]

# What there is to go without depends on what a command would ask for.
OfflineKnown = Annotated[bool, typer.Option(help="Use what is known already.")]
OfflineListed = Annotated[bool, typer.Option(help="Answer from what was listed before.")]
OfflineFetched = Annotated[bool, typer.Option(help="Use what was fetched before.")]
OfflineBuild = Annotated[bool, typer.Option(help="Fetch nothing.")]

Cooldown = Annotated[
    str | None,
    typer.Option(metavar="SPAN", help="Choose no version seen first within SPAN: 7d, 36h."),
]
AcceptSource = Annotated[
    list[str] | None, typer.Option(help="Take this URL as a source of a set known already.")
]
AcceptChanged = Annotated[
    list[str] | None,
    typer.Option(help="Take LABEL@VERSION though it is not what was first seen."),
]
AcceptMoved = Annotated[
    list[str] | None, typer.Option(help="Take the git source NAME though its tag was moved.")
]
