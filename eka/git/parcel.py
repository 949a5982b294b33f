"""What one push brings: refs to create, and a pack of the objects the server lacks."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.receive_pack import AtomicPushUnsupported, push_commands
from eka.git.receive_pack_report import ReportReader
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eka.atom import ObjectId
    from eka.git.receive_pack import PushFeatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A push that creates refs, before it is known which server takes it."""

    refs: Mapping[str, ObjectId]
    pack: bytes = field(repr=False)
    """May hold no object, but must be a pack: servers want one with every ref they create."""
    algorithm: str
    """The object format of the repository that pushes."""
    on_sent: Callable[[int, int], None]
    """Is told how many bytes of how many went out, again and again."""

    def request(self, features: PushFeatures, where: str) -> bytes | None:
        """Return the request for a server; None where its answer or its ids would be no use.

        Raises:
            AtomicPushUnsupported: several refs, and the server cannot create them in one step.
        """
        if features.object_format != self.algorithm or "report-status" not in features.names:
            return None
        if len(self.refs) > 1 and "atomic" not in features.names:
            raise AtomicPushUnsupported(where, len(self.refs))
        return push_commands(self.refs, features) + self.pack

    def answer(self, features: PushFeatures) -> ReportReader:
        """Return a reader of what the server answers."""
        return ReportReader(self.refs, is_banded="side-band-64k" in features.names)
