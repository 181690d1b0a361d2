"""The process that cards are forked from: it has pjsua2 loaded once, and nothing of the dialer.

Forking costs 30 ms and shares the library's memory between cards; forking from the dialer itself would carry its
compiler and threads into every card.
"""

import contextlib
import gc
import os
import signal
import socket
import sys

from hw.sip import card, wire


def main(link_descriptor: int, segment_descriptor: int) -> None:
    """Fork a card for each packet (a `CardSpec` with the card's socket) until the pool is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    link = socket.socket(fileno=link_descriptor)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(link, wire.MAX_PACKET_BYTES, 1)
        if not packet:
            break
        _fork_card(link, packet, descriptors[0], segment_descriptor)
    with contextlib.suppress(ChildProcessError):
        os.wait()


def _fork_card(link: socket.socket, packet: bytes, card_descriptor: int, segment_descriptor: int) -> None:
    if os.fork():
        os.close(card_descriptor)
        return
    link.close()
    try:
        card.run(socket.socket(fileno=card_descriptor), wire.decode(packet), segment_descriptor)
    finally:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
