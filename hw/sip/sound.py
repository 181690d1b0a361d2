"""The audio things of one slot of a card: ring port, tone and players. Made once, lent to call after call.

Creating and destroying pjsua2 media ports per call corrupts its memory after some thousand calls.
"""

import ctypes
from pathlib import Path
from typing import Any

import pjsua2 as pj

from hw.audio.ring import FRAME_BYTES, FRAME_MS, RingReader, RingWriter, Segment
from hw.audio.wav import wav_seconds

TONE_HZ = 440
TONE_MS = 200
_CLOCK_HZ = 8000


class RingPort(pj.AudioMediaPort):  # type: ignore[misc]
    """A port of the conference bridge that writes what it hears into a ring and says what another ring holds."""

    def __init__(self, name: str, writer: RingWriter) -> None:
        super().__init__()
        self.reader: RingReader | None = None
        self._writer = writer
        self._frame = pj.ByteVector(FRAME_BYTES)
        self._address = _vector_address(self._frame)
        form = pj.MediaFormatAudio()
        form.type = pj.PJMEDIA_TYPE_AUDIO
        form.clockRate = _CLOCK_HZ
        form.channelCount = 1
        form.bitsPerSample = 16
        form.frameTimeUsec = FRAME_MS * 1000
        self.createPort(name, form)

    def onFrameReceived(self, frame: Any) -> None:
        """The bridge says a frame to us."""
        if frame.size == FRAME_BYTES:
            self._writer.write(_vector_address(frame.buf))

    def onFrameRequested(self, frame: Any) -> None:
        """The bridge wants a frame from us."""
        frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
        reader = self.reader
        if reader is None:
            ctypes.memset(self._address, 0, FRAME_BYTES)
        else:
            reader.read(self._address)
        frame.buf = self._frame


class SlotSound:
    """Ring port, tone and players lent to whatever call holds the slot."""

    def __init__(self, segment: Segment, ring: int) -> None:
        self._segment = segment
        self._ring = ring
        self._port: RingPort | None = None
        self._tone: Any = None
        self._players: dict[Path, Any] = {}
        self._lengths: dict[Path, float] = {}
        self._playing: Any = None

    def hear_ring(self, media: Any, ring: int) -> None:
        """Let the call hear `ring` and write what it says into the slot's own."""
        port = self._ring_port()
        port.reader = RingReader(self._segment, ring)
        media.startTransmit(port)
        port.startTransmit(media)

    def leave_ring(self, media: Any) -> None:
        """Undo `hear_ring`. `media` may be gone already."""
        if self._port is None:
            return
        if media is not None:
            media.stopTransmit(self._port)
            self._port.stopTransmit(media)
        self._port.reader = None

    def sound_tone(self, media: Any) -> None:
        """Start the tone that tells an agent of a caller."""
        if self._tone is None:
            self._tone = pj.ToneGenerator()
            self._tone.createToneGenerator(_CLOCK_HZ, 1)
        self._tone.stop()
        self._tone.play(_tone_plan(), False)
        self._tone.startTransmit(media)

    def end_tone(self, media: Any) -> None:
        """Let the tone generator rest."""
        if self._tone is not None and media is not None:
            self._tone.stopTransmit(media)

    def play(self, media: Any, wav: Path) -> float:
        """Start the file from its beginning; its length in seconds. Raises DriverError for a bad file."""
        if wav not in self._players:
            self._lengths[wav] = wav_seconds(wav)
            player = pj.AudioMediaPlayer()
            player.createPlayer(str(wav), pj.PJMEDIA_FILE_NO_LOOP)
            self._players[wav] = player
        player = self._players[wav]
        player.setPos(0)
        player.startTransmit(media)
        self._playing = player
        return self._lengths[wav]

    def stop_playing(self, media: Any) -> None:
        """Stop the file. `media` may be gone already."""
        if self._playing is not None and media is not None:
            self._playing.stopTransmit(media)
        self._playing = None

    def release(self) -> None:
        """The call is gone, and its bridge connections with it."""
        self._playing = None
        if self._port is not None:
            self._port.reader = None

    def _ring_port(self) -> RingPort:
        if self._port is None:
            self._port = RingPort(f"ring-{self._ring}", RingWriter(self._segment, self._ring))
        return self._port


def _vector_address(vector: Any) -> int:
    """Where a `std::vector<unsigned char>` keeps its bytes: its first word points there."""
    return ctypes.c_uint64.from_address(int(vector.this)).value


def _tone_plan() -> Any:
    tone = pj.ToneDesc()
    tone.freq1 = TONE_HZ
    tone.freq2 = 0
    tone.on_msec = TONE_MS
    tone.off_msec = 0
    plan = pj.ToneDescVector()
    plan.append(tone)
    return plan
