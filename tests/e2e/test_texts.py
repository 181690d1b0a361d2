"""Reminders by text, as a user sends them: a dialer in a process of its own, an emulated modem on a pty."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem, Faults
from campaigns.importing import import_leads
from campaigns.model import CampaignState, Kind, Mode
from campaigns.texts import FATE_UNKNOWN
from dialer.site import make_site
from tests.e2e import site as plain
from tests.e2e.site import ALL_DAY, CAMPAIGN, World, run_dialer, until

ANNA, BERT, CLEO = "+12125550101", "+12125550102", "+12125550103"
_CONFIG = """\
[sip]
bind = "127.0.0.1:0"
rtp_port_base = 10000

[api]
bind = "127.0.0.1:{api_port}"

[[trunk]]
name = "gsm"
kind = "modem"
port = "{port}"
texts_per_day = 3
"""


class _Last(list[tuple[str, str]]):
    """Texts; the modem hangs when one is added."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self._faults = faults

    def append(self, text: tuple[str, str], /) -> None:
        super().append(text)
        self._faults.hangs = True


@dataclass(slots=True)
class Network:
    """An exchange with one modem, on a loop of its own; faults may be changed from the test's thread."""

    port: Path
    faults: Faults = field(default_factory=Faults)
    exchange: Exchange = field(default_factory=lambda: Exchange({BERT: FarEnd(delivers=False)}))
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _modem: EmulatedModem | None = field(default=None, init=False)

    def hang_after_a_text(self) -> None:
        """Once the network has a text, the modem says nothing more, not even that."""
        self.exchange.texts = _Last(self.faults)

    def recover(self) -> None:
        """It speaks again."""
        self.exchange.texts = list(self.exchange.texts)
        self.faults.hangs = False

    def report_delivery(self, reference: int, number: str) -> None:
        """The network tells that a part reached its phone."""
        assert self._loop is not None and self._modem is not None
        self._loop.call_soon_threadsafe(self._modem.report_delivery, reference, number)

    @contextmanager
    def plugged(self) -> Iterator[None]:
        loop = self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        loop.call_soon(self._plug)
        loop.call_soon(ready.set)
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        assert ready.wait(5.0)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def _plug(self) -> None:
        self._modem = EmulatedModem(self.exchange, faults=self.faults)
        self._modem.open_pty(self.port)


class TextWorld(World):
    """A site with a modem, a campaign with three leads, one of whose callbacks is tomorrow, and one who is barred."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, plain.Plan((ANNA, BERT, CLEO)))
        self.network = Network(folder / "modem")

    def build(self, carrier_port: int | None = None) -> None:
        """Make the site."""
        make_site(self.path, config_text=_CONFIG.format(api_port=self.api_port, port=self.network.port))
        leads = self.folder / "leads.csv"
        leads.write_text(f"phone,first_name\n{ANNA},Anna\n{BERT},Bert\n{CLEO},Cleo\n", encoding="utf-8")
        with self.store() as store:
            store.create_campaign(CAMPAIGN, Kind.TELESALES, Mode.MANUAL, window=ALL_DAY, purpose="service")
            store.set_campaign_state(CAMPAIGN, CampaignState.PAUSED)
            assert import_leads(store, CAMPAIGN, leads).loaded == 3
            store.add_dnc(CLEO, "letter")

    def say(self, *arguments: str, code: int = 0) -> str:
        """What a `dialer` command answers."""
        done = run_dialer(*arguments, site=self.path)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    def texts(self) -> list[dict[str, Any]]:
        """`dialer sms list --json`."""
        found: list[dict[str, Any]] = json.loads(self.say("sms", "list", CAMPAIGN, "--json"))
        return found

    def states(self) -> list[str]:
        """The states of all texts."""
        return [each["state"] for each in self.texts()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TextWorld]:
    made = TextWorld(tmp_path)
    made.build()
    try:
        with made.network.plugged():
            yield made
    finally:
        made.close()


def test_texts_are_sent_and_their_delivery_is_listed(world: TextWorld) -> None:
    world.start_dialer()
    assert "text 1 is with a modem" in world.say("sms", "send", CAMPAIGN, "1", "The papers are in the post.")
    world.say("sms", "send", CAMPAIGN, "2", "Ünterwegs", "--trunk", "gsm")
    assert "do-not-call" in world.say("sms", "send", CAMPAIGN, "3", "Hello", code=1)
    until("both fates", lambda: world.states() == ["delivered", "failed"])
    first, second = world.texts()
    assert (first["phone"], first["sent_at"] is not None, first["because"]) == (ANNA, True, "")
    assert "the network gave it up" in second["because"]
    assert world.network.exchange.texts == [(ANNA, "The papers are in the post."), (BERT, "Ünterwegs")]


def test_a_callback_is_reminded_of_once(world: TextWorld) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).date()
    world.say("callback", "add", CAMPAIGN, "1", "--at", f"{at} 15:00")
    world.start_dialer()
    remind = ("sms", "remind", CAMPAIGN, "--callbacks", "--days-before", "2", "--json")
    (planned,) = json.loads(world.say(*remind, "--dry-run"))
    assert (planned["result"], world.texts()) == ("would be sent", [])
    (asked,) = json.loads(world.say(*remind))
    assert asked["result"] == "asked"
    assert json.loads(world.say(*remind)) == []
    until("the delivery", lambda: world.states() == ["delivered"])
    ((number, text),) = world.network.exchange.texts
    assert number == ANNA and text == planned["text"] and "at 15:00" in text


def test_a_text_whose_fate_is_unknown_after_a_crash_is_closed_and_never_sent_again(world: TextWorld) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).date()
    world.say("callback", "add", CAMPAIGN, "1", "--at", f"{at} 15:00")
    dialer = world.start_dialer()
    world.network.hang_after_a_text()
    remind = ("sms", "remind", CAMPAIGN, "--callbacks", "--days-before", "2", "--json")
    assert json.loads(world.say(*remind))[0]["result"] == "asked"
    until("the network to have it", lambda: len(world.network.exchange.texts) == 1)
    assert world.states() == ["asked"]
    dialer.kill()
    dialer.wait()
    world.network.recover()
    world.start_dialer()
    (text,) = world.texts()
    assert (text["state"], text["because"]) == ("failed", FATE_UNKNOWN)
    assert "whether 1 text messages were sent is not known" in world.complaints()
    assert json.loads(world.say(*remind)) == []
    world.say("sms", "send", CAMPAIGN, "2", "Hello")
    until("the next one", lambda: len(world.network.exchange.texts) == 2)
    assert [number for number, _ in world.network.exchange.texts] == [ANNA, BERT]


def test_a_report_that_comes_after_a_restart_finds_its_text(world: TextWorld) -> None:
    world.network.faults.lose_notices = True
    dialer = world.start_dialer()
    for lead_id in ("1", "2"):
        world.say("sms", "send", CAMPAIGN, lead_id, "Hello")
    until("the network to take both", lambda: world.states() == ["sent", "sent"])
    dialer.kill()
    dialer.wait()
    world.network.faults.lose_notices = False
    world.start_dialer()
    world.say("sms", "send", CAMPAIGN, "1", "The modem is up.")
    until("the modem to be up", lambda: world.states()[2:] == ["delivered"])
    world.network.report_delivery(2, BERT)
    until("the report", lambda: world.states()[1] == "delivered")
    assert world.states()[0] == "sent"


def test_a_sims_cap_of_texts_outlasts_a_restart_and_is_told(world: TextWorld) -> None:
    dialer = world.start_dialer()
    world.say("sms", "send", CAMPAIGN, "1", "x" * 161)
    until("the delivery", lambda: world.states() == ["delivered"])
    assert "this one counts as 2, and the cap is 3" in world.say("sms", "send", CAMPAIGN, "1", "x" * 161, code=1)
    world.say("sms", "send", CAMPAIGN, "1", "Hello")
    until("the delivery", lambda: world.states() == ["delivered", "failed", "delivered"])
    dialer.kill()
    dialer.wait()
    world.start_dialer()
    world.say("sms", "send", CAMPAIGN, "1", "Hello", code=1)
    assert "its SIM has sent 3 texts today, the cap" in world.texts()[-1]["because"]
    assert "text 4 is not sent: " in world.complaints()
    assert len(world.network.exchange.texts) == 2
