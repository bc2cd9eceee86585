"""A connection is used again only while nothing has arrived on it since its last answer.

aiohttp keeps what arrives on an idle connection, and would give it to the next request for its answer: a response that
nobody asked for would decide the next payment.
"""

import select
from typing import Final

from aiohttp import ClientConnectorError, ClientRequest, ClientTimeout, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

FRESH_MAX: Final = 3
"""How many new connections are opened to a server that speaks before it is asked."""


class SilentConnections(TCPConnector):
    """A pool of connections, each of which is silent when it is handed out."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        """Raises ClientConnectorError, before anything is sent, where the server speaks first on every connection."""
        fresh = 0
        while fresh < FRESH_MAX:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or _is_silent(protocol):
                return connection
            fresh += protocol._parser is None
            connection.close()
        raise ClientConnectorError(req.connection_key, ConnectionError("the server speaks before it is asked"))


def _is_silent(protocol: ResponseHandler) -> bool:
    """Whether nothing is there to be read: no message, no beginning of one, nothing in the socket either.

    `should_close` covers whole messages, and bodies that have not ended; the parser of the last answer knows of a
    beginning. A new connection has no parser yet: in its socket TLS may have left a word of its own.
    """
    if protocol.should_close:
        return False
    parser = protocol._parser
    if parser is None:
        return True
    try:
        return parser.feed_eof() is None and not _is_readable(protocol)
    except Exception:
        return False


def _is_readable(protocol: ResponseHandler) -> bool:
    """Whether the socket has bytes, or its end, that the event loop has not come to."""
    socket = None if protocol.transport is None else protocol.transport.get_extra_info("socket")
    if socket is None:
        return True
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return bool(poll.poll(0))
