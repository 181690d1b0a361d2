"""What each SIM has used today, against its caps; kept in a small file so that a restart forgets nothing."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hw.contract.driver import DriverError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Used:
    """Calls placed, seconds talked and texts sent on one day; a long text counts as often as it has parts."""

    calls: int = 0
    talked_s: float = 0.0
    texts: int = 0


class Usage:
    """Counts per SIM (by IMSI) for the current day; `today` gives the day, whose turn forgets all counts.

    Raises `DriverError` for a file that cannot be read or is not ours.
    """

    def __init__(self, path: Path | None, today: Callable[[], date] = date.today) -> None:
        self._path = path
        self._today = today
        self._day = today()
        self._used: dict[str, Used] = {}
        if path is not None and path.exists():
            self._load(path)

    def of(self, imsi: str) -> Used:
        """What a SIM has used today."""
        self._turn()
        return self._used.get(imsi, Used())

    def placed(self, imsi: str) -> None:
        """A call is placed with this SIM."""
        self._turn()
        self._used.setdefault(imsi, Used()).calls += 1
        self._save()

    def talked(self, imsi: str, seconds: float) -> None:
        """A call with this SIM lasted so long."""
        self._turn()
        self._used.setdefault(imsi, Used()).talked_s += seconds
        self._save()

    def texted(self, imsi: str) -> None:
        """The network took a text, or a part of a long one, from this SIM."""
        self._turn()
        self._used.setdefault(imsi, Used()).texts += 1
        self._save()

    def spent(self, imsi: str, calls_per_day: int | None, minutes_per_day: int | None) -> str:
        """Which cap of calls is reached, in words; empty while none is."""
        used = self.of(imsi)
        if calls_per_day is not None and used.calls >= calls_per_day:
            return f"its SIM has placed {used.calls} calls today, the cap"
        if minutes_per_day is not None and used.talked_s >= 60 * minutes_per_day:
            return f"its SIM has talked {used.talked_s / 60:.0f} minutes today, the cap is {minutes_per_day}"
        return ""

    def texts_spent(self, imsi: str, texts_per_day: int | None, *, waiting: int, needed: int) -> str:
        """Why the cap has no room for `needed` more texts beside those `waiting`, in words; empty while it has."""
        sent = self.of(imsi).texts
        if texts_per_day is None or sent + waiting + needed <= texts_per_day:
            return ""
        if sent >= texts_per_day:
            return f"its SIM has sent {sent} texts today, the cap"
        more = f", {waiting} more wait{'s' * (waiting == 1)}" if waiting else ""
        return f"its SIM has sent {sent} texts today{more}, this one counts as {needed}, and the cap is {texts_per_day}"

    def _turn(self) -> None:
        today = self._today()
        if today != self._day:
            self._day = today
            self._used.clear()

    def _load(self, path: Path) -> None:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["day"] == self._day.isoformat():
                self._used = {imsi: _used(*counts) for imsi, counts in kept["sims"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise DriverError(
                f"{path} does not hold the use of SIMs: {problem!r}; move it away to begin anew"
            ) from problem

    def _save(self) -> None:
        if self._path is None:
            return
        sims = {imsi: (used.calls, round(used.talked_s, 1), used.texts) for imsi, used in self._used.items()}
        new = self._path.with_name(self._path.name + ".new")
        try:
            new.write_text(json.dumps({"day": self._day.isoformat(), "sims": sims}), encoding="utf-8")
            new.replace(self._path)
        except OSError as problem:
            _log.error("the use of SIMs is counted but not kept: cannot write %s: %s", self._path, problem)


def _used(calls: float, talked_s: float, texts: float = 0) -> Used:
    return Used(int(calls), float(talked_s), int(texts))
