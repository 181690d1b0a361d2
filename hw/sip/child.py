"""The pool's end of one card: its socket, its process and how to wake it."""

import contextlib
import logging
import os
import signal
import socket
from typing import Any

from hw.sip import wire

_WAKE_UP = b"\r\n\r\n"


class CardLink:
    """Sends commands to a card and reads what it says. The card may be gone at any moment."""

    def __init__(self, index: int, link: socket.socket, bind_ip: str) -> None:
        self.index = index
        self.pid = 0
        self.link = link
        self.link.setblocking(False)
        wildcard = bind_ip in ("", "0.0.0.0")
        self._wake_address = ("127.0.0.1" if wildcard else bind_ip, 0)
        self._waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._waker.setblocking(False)

    def greeted(self, hello: wire.Hello) -> None:
        """The card told where it is."""
        self.pid = hello.pid
        self._wake_address = (self._wake_address[0], hello.sip_port)

    def send(self, message: Any) -> None:
        """Send a command, and wake the card from its poll with a keep-alive (RFC 5626 section 3.5.1) on its SIP port.

        A card that has let its socket fill up is stuck: it is killed.
        """
        try:
            self.link.send(wire.encode(message))
        except BlockingIOError:
            logging.getLogger(__name__).error("card %d takes no commands and is killed", self.index)
            self.kill()
        except ConnectionError:
            return
        with contextlib.suppress(OSError):
            self._waker.sendto(_WAKE_UP, self._wake_address)

    def receive(self) -> Any:
        """The next message; None when there is none now. Raises EOFError when the card is gone."""
        try:
            packet = self.link.recv(wire.MAX_PACKET_BYTES)
        except BlockingIOError:
            return None
        except ConnectionError:
            packet = b""
        if not packet:
            raise EOFError
        return wire.decode(packet)

    def kill(self) -> None:
        """End the process without asking it."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the sockets."""
        self.link.close()
        self._waker.close()
