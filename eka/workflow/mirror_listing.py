"""What a source has beside published versions: statuses and signatures."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import (
    SIGNATURES_PREFIX,
    STATUS_PREFIX,
    parse_signature_ref,
    parse_status_ref,
    signature_prefix,
    status_ref,
)
from eka.workflow.inquiry import is_down

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import LockedAtom, ObjectId, SourceUrl
    from eka.workflow.services import Services

# Each prefix costs the server a look at every ref; of more atoms everything is listed.
MOST_ATOMS_BY_PREFIX = 60


def list_beside(
    services: Services, urls: Sequence[SourceUrl], atoms: Sequence[LockedAtom]
) -> dict[str, ObjectId]:
    """Return the refs of statuses and signatures of ``atoms``, and what they name.

    Nothing of it is remembered: with ``--offline`` there is none, and that is said.

    Raises:
        NetworkFailed: no URL of the set answers.
    """
    if services.offline:
        services.progress.note(f"{urls[0].public}: statuses and signatures are left out offline")
        return {}
    prefixes = [STATUS_PREFIX, SIGNATURES_PREFIX]
    if len(atoms) <= MOST_ATOMS_BY_PREFIX:
        prefixes = [
            prefix
            for atom in atoms
            for prefix in (
                status_ref(atom.key.label, atom.key.version),
                signature_prefix(atom.key.label, atom.key.version),
            )
        ]
    wanted = {(atom.key.label, atom.key.version) for atom in atoms}
    found: dict[str, ObjectId] = {}
    for name, oid in _listed(services, urls, prefixes).items():
        signature = parse_signature_ref(name)
        about = signature[:2] if signature else parse_status_ref(name)
        if about in wanted:
            found[name] = oid
    return found


def _listed(
    services: Services, urls: Sequence[SourceUrl], prefixes: Sequence[str]
) -> dict[str, ObjectId]:
    *others, last = services.answers.in_order(urls)
    for url in others:
        try:
            return dict(services.transport.ls_refs(url, prefixes).refs)
        except EkaError as error:
            if not is_down(error):
                raise
            services.answers.mark_down(url)
            services.progress.note(f"{url.public} does not answer ({error.why})")
    return dict(services.transport.ls_refs(last, prefixes).refs)
