"""A connection to a git server, and how far the conversation over it came.

Source: atom-spec/transport.md; gitremote-helpers(7), ``stateless-connect``.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.pktline import MalformedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.git.channel import Channel
    from eka.git.protocol import Conversation

_WISH = b"stateless-connect git-upload-pack\n"


class Dialogue:
    """One conversation over one connection, taken as far as the caller likes."""

    def __init__(self, channel: Channel, *, is_helped: bool, is_stateless: bool = False) -> None:
        """Take over an open connection.

        Args:
            channel: The connection.
            is_helped: Whether git's http helper is at the other end; it is stateless.
            is_stateless: Whether each request stands alone, see `Conversation`.
        """
        self.channel = channel
        self.conversation: Conversation | None = None
        self._is_helped = is_helped
        self._is_stateless = is_stateless or is_helped
        self._greeting = b""
        self._wishes = is_helped

    def wish(self) -> None:
        """Ask git's http helper for a tunnel to the server; it connects only then."""
        if self._wishes:
            self._wishes = False
            self.channel.write(_WISH)

    def wait_for_greeting(self) -> None:
        """Wait until git's helper answered: by then it has told of redirections."""
        self.wish()
        while self._is_helped and b"\n" not in self._greeting:
            data = self.channel.read()
            if not data:
                raise MalformedAnswer("the server sent nothing")
            self._greeting += data

    def begin(self, begin: Callable[[bool], Conversation]) -> bool:
        """Begin the conversation; False: by its helper, the server speaks no protocol 2.

        ``begin`` makes it, told whether the connection is stateless, unless it began already.
        """
        if self.conversation is None:
            self.wait_for_greeting()
            if self._is_helped and not self._greeting.startswith(b"\n"):
                return False
            self.conversation = begin(self._is_stateless)
            if self._is_helped:
                self.channel.write(self.conversation.receive(self._greeting[1:]))
        return True

    def go_on(self) -> bool:
        """Take what came in and reply; waits for it. False when the conversation is over."""
        channel, conversation = self.channel, self.conversation
        if conversation is None or conversation.is_done:
            return False
        data = channel.read()
        if not data:
            conversation.end_of_stream()
        reply = conversation.receive(data)
        if reply:
            channel.write(reply)
        return True
