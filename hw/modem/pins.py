"""PIN files, and the mark beside each that keeps a wrong PIN from being tried twice, even by the next process."""

from pathlib import Path

from hw.modem.bringup import OutOfService


class PinFile:
    """A file that holds one PIN. Nothing here is ever logged.

    Before a PIN is tried a mark `FILE.IMEI.tried` is written, and taken away when the SIM accepted it. A mark that
    is newer than the file means: this PIN was refused, or we died while trying.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def take(self, imei: str) -> str | None:
        """The PIN to try, or None without a file. Raises `OutOfService` with what to mend."""
        if self._path is None:
            return None
        try:
            pin = self._path.read_text(encoding="ascii").strip()
            written = self._path.stat().st_mtime_ns
        except (OSError, ValueError) as problem:
            raise OutOfService(f"cannot read the PIN file {self._path}: {problem}") from problem
        if not pin.isdigit() or not 4 <= len(pin) <= 8:
            raise OutOfService(f"{self._path} must hold a PIN of 4 to 8 digits and nothing else")
        mark = self._mark(imei)
        if mark.exists() and mark.stat().st_mtime_ns >= written:
            raise OutOfService(
                f"the PIN in {self._path} was refused before and is not tried again; write the right one into the file"
            )
        try:
            mark.write_text("this PIN is being tried or was refused\n", encoding="ascii")
        except OSError as problem:
            raise OutOfService(f"cannot write {mark}, without which a wrong PIN could be tried twice") from problem
        return pin

    def accepted(self, imei: str) -> None:
        """The SIM took the PIN."""
        if self._path is not None:
            self._mark(imei).unlink(missing_ok=True)

    def _mark(self, imei: str) -> Path:
        assert self._path is not None
        return self._path.with_name(f"{self._path.name}.{imei or 'unknown'}.tried")
