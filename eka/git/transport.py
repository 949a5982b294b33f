"""Lists the refs of a source, filtered by the server.

``git ls-remote URL PATTERN`` downloads every ref and filters at home. Here the server filters,
so that the answer to "which versions has this atom" costs a few hundred bytes in a repository of
a million refs. Where the server speaks an older protocol, its whole listing is filtered at home,
and the answer says so.

Source: atom-spec/transport.md.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.connector import Connector
from eka.git.failures import source_failure
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eka.atom import ObjectId, SourceUrl
    from eka.git.protocol_listing import LsRefsConversation
    from eka.git.runner import GitRunner

DEFAULT_TIMEOUT_S = 120.0
PROTOCOL_THAT_FILTERS = 2
MAX_LISTING_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListedRefs:
    """What a source lists below the prefixes asked for."""

    refs: Mapping[str, ObjectId]
    received_bytes: int
    """Bytes of protocol that came in, without those of HTTP or ssh around it."""
    protocol: int
    """2: the server filtered. 0 or 1: it sent every ref, and the filter is ours."""
    dropped: int = 0
    """Refs whose names no well-behaved server sends."""
    peeled: Mapping[str, ObjectId] = field(default_factory=dict["str", "ObjectId"])
    """What listed tag objects point to, for prefixes below ``refs/tags/``."""


class Transport:
    """Asks sources for their refs."""

    def __init__(
        self,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        max_bytes: int = MAX_LISTING_BYTES,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        """Prepare a transport.

        Args:
            runner: Runs git and the person's ssh.
            timeout_s: Seconds one conversation may take.
            max_bytes: Of one listing.
            on_notice: Told once, in a sentence, of each source that lists every ref whatever it is
                asked, and of each that leads elsewhere.
        """
        self._on_notice = on_notice
        self._told: set[str] = set()
        self._begun: tuple[SourceUrl, tuple[str, ...]] | None = None
        self._runner = runner
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._connector = Connector(
            runner, timeout_s=timeout_s, max_bytes=max_bytes, on_redirected=self._tell_redirect
        )

    def ls_refs(self, url: SourceUrl, prefixes: Sequence[str]) -> ListedRefs:
        """Return the refs of ``url`` whose names begin with one of ``prefixes``.

        Raises:
            SourceNotFound: exit 3; NetworkFailed, AccessDenied, MalformedAnswer, ServerRefused,
            TimedOut: exit 4; UnsafeOwnership, OutputTooLarge, ListingTooLarge: exit 1.

        Source: atom-spec/transport.md [list-by-prefix].
        """
        wanted = tuple(dict.fromkeys(prefixes))
        if not wanted:
            return ListedRefs({}, 0, 2)
        if self._begun not in (None, (url, wanted)):
            self.forget()
        self._begun = None
        answer = self._connector.talk(url, _conversation(wanted))
        if answer is None:
            self._tell_old(url)
            return self._ls_remote(url, prefixes)
        conversation, received_bytes = answer
        if conversation.protocol < PROTOCOL_THAT_FILTERS:
            self._tell_old(url)
        found = conversation.found
        return ListedRefs(
            found.refs, received_bytes, conversation.protocol, found.dropped, found.peeled
        )

    def prepare(self, sources: int) -> None:
        """Get ready to ask so many sources at once, each in a thread of its own."""
        self._connector.prepare(sources)

    def hang_up(self) -> None:
        """End all conversations that other threads hold now."""
        self._connector.hang_up()

    def warm_up(self) -> None:
        """Start what has to be known before any source is asked."""
        self._connector.ask_settings()

    def start(self, url: SourceUrl) -> None:
        """Start what will talk to a server that is to be asked; it is told nothing yet."""
        self._connector.start(url)

    def ahead(self, url: SourceUrl, prefixes: Sequence[str]) -> None:
        """Begin what `ls_refs` will probably be asked next, and do not wait for anything.

        Raises what `ls_refs` raises.
        """
        self._begun = url, tuple(dict.fromkeys(prefixes))
        self._connector.ahead(url)

    def advance(self) -> None:
        """Go on with what was begun ahead, as far as that needs no waiting."""
        if self._begun is not None:
            url, wanted = self._begun
            self._connector.advance(url, _conversation(wanted))

    def forget(self) -> None:
        """Give up what was begun ahead, if nobody asked for it."""
        self._connector.forget()

    def tell(self, on_notice: Callable[[str], None]) -> None:
        """Tell ``on_notice`` from now on."""
        self._on_notice = on_notice

    def place(self, url: SourceUrl) -> SourceUrl:
        """Return the other server that ``url`` was found to lead to; itself when to none."""
        return self._connector.place(url)

    def _tell_old(self, url: SourceUrl) -> None:
        self._tell(f"{url.public} speaks an older protocol: it lists every ref, which is slower")

    def _tell_redirect(self, url: SourceUrl, place: str) -> None:
        self._tell(f"{url.public} leads to {place}")

    def _tell(self, notice: str) -> None:
        if self._on_notice is not None and notice not in self._told:
            self._told.add(notice)
            self._on_notice(notice)

    def _ls_remote(self, url: SourceUrl, prefixes: Sequence[str]) -> ListedRefs:
        """List everything with git itself, and filter at home."""
        finished = self._runner.execute(
            ["ls-remote", "--", self.place(url).text],
            network=True,
            max_output=self._max_bytes,
            timeout_s=self._timeout_s,
        )
        if finished.status != 0:
            raise source_failure(url, finished.stderr)
        from eka.git.protocol_listing import parse_ls_remote  # noqa: PLC0415 - servers start first

        found = parse_ls_remote(finished.stdout, prefixes)
        return ListedRefs(found.refs, len(finished.stdout), 0, found.dropped, found.peeled)


def _conversation(prefixes: Sequence[str]) -> Callable[[bool], LsRefsConversation]:
    """Return what makes the conversation about ``prefixes``."""
    from eka.git.protocol_listing import (  # noqa: PLC0415 - servers start while it is loaded
        LsRefsConversation,
        chunks,
    )

    def begin(is_stateless: bool) -> LsRefsConversation:  # noqa: FBT001 - as the port says
        requests = chunks(prefixes, is_stateless=is_stateless)
        return LsRefsConversation(requests, is_stateless=is_stateless)

    return begin
