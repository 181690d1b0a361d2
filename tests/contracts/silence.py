"""Audio over which nobody says anything."""

from hw.audio.ring import FRAME_BYTES


class SilentStream:
    """A `PcmStream` that is always there and silent."""

    fault = ""

    def absent(self) -> str:
        """It is there."""
        return ""

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def read_frame(self) -> bytes | None:
        """Silence."""
        return bytes(FRAME_BYTES)

    def write_frame(self, frame: bytes) -> None:
        """Heard by nobody."""
