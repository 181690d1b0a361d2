"""The firmware's logic in this process: the library of ports/host, its bytes, pins and time in the test's hands."""

import ctypes
from pathlib import Path

from firmware_bridge import messages as m
from firmware_bridge.frames import Frame, FrameReader

NORMAL, REVERSED, RING, BUSY = 1, 2, 4, 8
PRESENT, HOOK, MUTE_BUTTON = 1, 2, 4
POLL_S = 0.002
_ROOM = 65536


class Logic:
    """A board without a board. Boots with all lines fed and all headsets plugged in."""

    def __init__(self, library: Path) -> None:
        self._c = ctypes.CDLL(str(library))
        self._c.host_boot.argtypes = [ctypes.c_uint64, ctypes.c_uint8, ctypes.c_uint32]
        self._c.host_poll.argtypes = [ctypes.c_uint64]
        self._c.host_send.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        self._c.host_send.restype = ctypes.c_size_t
        self._c.host_receive.restype = ctypes.c_size_t
        self._c.host_uart_room.argtypes = [ctypes.c_size_t]
        self._c.host_image.argtypes = [ctypes.c_bool]
        self._c.host_frame_put.restype = ctypes.c_size_t
        self._c.host_reader_feed.restype = ctypes.c_size_t
        for name in ("hook", "lamp", "ringer", "mute", "point", "image_confirmed"):
            getattr(self._c, f"host_{name}").restype = ctypes.c_bool
        for name in ("tone", "crc16"):
            getattr(self._c, f"host_{name}").restype = ctypes.c_uint16 if name == "crc16" else ctypes.c_uint8
        self._buffer = ctypes.create_string_buffer(_ROOM)
        self.now = 0.0
        self.boot()

    def boot(self, cause: m.ResetCause = m.ResetCause.POWER_ON, seed: int = 1) -> None:
        """Power on, at the present time."""
        self._c.host_boot(self._us(), int(cause), seed)
        for i in range(4):
            self.line(i, NORMAL)
            self.headset(i, PRESENT)

    def run(self, seconds: float) -> None:
        """Let the firmware's loop run for so long."""
        end = self.now + seconds
        while self.now < end - 1e-9:
            self.now = min(self.now + POLL_S, end)
            self.poll()

    def poll(self) -> None:
        """One turn of the loop, now."""
        self._c.host_poll(self._us())

    def send(self, data: bytes) -> int:
        """Bytes to the board; how many its UART had room for."""
        return int(self._c.host_send(data, len(data)))

    def take(self) -> bytes:
        """What the board has written."""
        size = self._c.host_receive(self._buffer, ctypes.c_size_t(_ROOM))
        return self._buffer.raw[:size]

    def uart_room(self, room: int) -> None:
        """How much the board may write now."""
        self._c.host_uart_room(room)

    def line(self, line: int, levels: int) -> None:
        """What a line's detectors say."""
        self._c.host_line_inputs(line, levels)

    def headset(self, headset: int, levels: int) -> None:
        """What a headset's switches say."""
        self._c.host_headset_inputs(headset, levels)

    def hook(self, line: int) -> bool:
        return bool(self._c.host_hook(line))

    def tone(self, line: int) -> str:
        code = self._c.host_tone(line)
        return chr(code) if code else ""

    def lamp(self, headset: int) -> bool:
        return bool(self._c.host_lamp(headset))

    def ringer(self, headset: int) -> bool:
        return bool(self._c.host_ringer(headset))

    def mute(self, headset: int) -> bool:
        return bool(self._c.host_mute(headset))

    def points(self) -> set[tuple[int, int]]:
        """The closed crosspoints, as row and column."""
        return {(row, column) for row in range(8) for column in range(8) if self._c.host_point(row, column)}

    def resets(self) -> int:
        return int(self._c.host_resets())

    def image(self, *, confirmed: bool) -> None:
        self._c.host_image(confirmed)

    def image_confirmed(self) -> bool:
        return bool(self._c.host_image_confirmed())

    def sealed(self) -> int:
        return int(self._c.host_sealed())

    def crc16(self, data: bytes) -> int:
        return int(self._c.host_crc16(data, ctypes.c_size_t(len(data))))

    def frame_put(self, frame: Frame) -> bytes:
        """A frame as the firmware writes it."""
        size = self._c.host_frame_put(
            self._buffer,
            ctypes.c_size_t(_ROOM),
            int(frame.kind),
            frame.session,
            frame.seq,
            frame.ack,
            frame.sack,
            frame.payload,
            ctypes.c_size_t(len(frame.payload)),
        )
        return self._buffer.raw[:size]

    def read_frames(self, data: bytes) -> tuple[list[bytes], int]:
        """The bodies (header and payload) that the firmware's reader finds, and how many frames it counts as bad."""
        self._c.host_reader_reset()
        size = self._c.host_reader_feed(data, ctypes.c_size_t(len(data)), self._buffer, ctypes.c_size_t(_ROOM))
        out, at = [], 0
        while at < size:
            length = int.from_bytes(self._buffer.raw[at : at + 2], "little")
            out.append(self._buffer.raw[at + 2 : at + 2 + length])
            at += 2 + length
        return out, int(self._c.host_reader_bad())

    def sha256(self, data: bytes) -> bytes:
        digest = ctypes.create_string_buffer(32)
        self._c.host_sha256(data, ctypes.c_size_t(len(data)), digest)
        return digest.raw

    def _us(self) -> int:
        return round(self.now * 1e6)


class Talker:
    """A host of a few lines: frames as they are, one command after the other, nothing hidden."""

    def __init__(self, board: Logic, session: int = 0x1234, nonce: int = 0xDEADBEEF) -> None:
        self.board = board
        self.session = session
        self.nonce = nonce
        self.told: list[m.Message] = []
        self.frames: list[Frame] = []
        self.expected = 0
        self._seq = 0
        self._command = 0
        self._reader = FrameReader()

    def hello(self, *, oldest: int = 1, newest: int = 1, keepalive_ms: int = 1500) -> list[Frame]:
        """Say HELLO; the frames that come."""
        self._seq = self.expected = 0
        payload = m.Hello(oldest, newest, keepalive_ms, self.nonce).encode()
        return self.exchange(Frame(m.FrameKind.HELLO, self.session, payload=payload))

    def open(self) -> m.Welcome:
        """HELLO and WELCOME."""
        (frame,) = [frame for frame in self.hello() if frame.kind is m.FrameKind.WELCOME]
        return m.Welcome.decode(frame.payload)

    def exchange(self, *frames: Frame) -> list[Frame]:
        """Send frames, let the board take its turn, take its frames."""
        for frame in frames:
            self.board.send(frame.encode())
        self.board.poll()
        return self.collect()

    def collect(self) -> list[Frame]:
        """The frames that the board has sent; messages of DATA in order go to `told`."""
        frames = self._reader.feed(self.board.take())
        assert self._reader.counts.bad == 0
        for frame in frames:
            if frame.kind is m.FrameKind.DATA and frame.seq == self.expected:
                self.expected = (self.expected + 1) % 256
                self.told.append(m.decode(frame.payload))
        self.frames += frames
        return frames

    def data(self, payload: bytes) -> Frame:
        """The next DATA frame."""
        frame = Frame(m.FrameKind.DATA, self.session, self._seq, self.expected, payload=payload)
        self._seq = (self._seq + 1) % 256
        return frame

    def ack(self) -> list[Frame]:
        """Acknowledge all that has come; it keeps the session alive, too."""
        return self.exchange(Frame(m.FrameKind.ACK, self.session, ack=self.expected))

    def next_command(self) -> int:
        """A command's number."""
        self._command += 1
        return self._command

    def ask(self, payload: bytes) -> m.Status:
        """Send a command's bytes, take what comes up to its Result."""
        self.told.clear()
        self.exchange(self.data(payload))
        for _ in range(40):
            self.ack()
            results = [told for told in self.told if isinstance(told, m.Result)]
            if results:
                assert len(results) == 1
                return results[0].status
        raise AssertionError("no result")

    def wait(self, seconds: float) -> list[m.Message]:
        """Let time pass with a living host; what the board told meanwhile."""
        self.told.clear()
        end = self.board.now + seconds
        while self.board.now < end - 1e-9:
            self.board.run(min(0.05, end - self.board.now))
            self.ack()
        return list(self.told)
