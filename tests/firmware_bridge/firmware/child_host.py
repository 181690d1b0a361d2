"""A host process to be killed: `python -m tests.firmware_bridge.firmware.child_host TTY` calls, joins, and says so."""

import asyncio
import sys

from firmware_bridge import messages as m
from firmware_bridge.board import Board, BoardSettings
from firmware_bridge.host import BoardUp, HostEvent
from firmware_bridge.mirror import HeadsetChanged, LineChanged, Port
from firmware_bridge.port import PortSettings

LINE = Port(m.PortKind.LINE, 0)
HEADSET = Port(m.PortKind.HEADSET, 1)


async def live(tty: str) -> None:
    def on_event(event: HostEvent) -> None:
        match event:
            case BoardUp():
                board.call(0, "5")
                board.call(2, "12125550142", m.DialMode.PULSE)
            case LineChanged(line=0, state=m.LineState.CALLING):
                print("calling", flush=True)
            case LineChanged(line=0, state=m.LineState.ANSWERED, call=call):
                board.join(LINE, call, HEADSET, 0)
                board.set_headset(1, m.Lamp.ON, ring=False, muted=False)
                board.set_headset(2, m.Lamp.FAST, ring=True, muted=False)
            case HeadsetChanged(headset=2, ring=True):
                print("joined", flush=True)

    board = Board(BoardSettings("child", PortSettings(tty)), on_event)
    board.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1]))
