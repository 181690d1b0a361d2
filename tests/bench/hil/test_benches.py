"""The benches that ship, on the emulated devices: a part of their scenarios, with fewer rounds."""

import asyncio
import shutil
from pathlib import Path

import pytest

from bench.hil.certify import Certificate, Standing, Trust, certificates
from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem
from bench.hil.runner import Outcome, Verdict
from bench.hil.scenario import Area
from bench.hil.session import Options, run_bench
from bench.hil.timeline import Entry
from bench.hil.wiring import find_bench, own_bench

needs_board = [
    pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="apt-get install qemu-system-arm"),
    pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="apt-get install gcc-arm-none-eabi"),
]
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="apt-get install sip-tester")


def outcomes(bench: str, *only: str, device: str = "") -> dict[str, Outcome]:
    wiring = find_bench(bench)
    if device:
        chosen = tuple(table for table in wiring.devices if table.name == device)
        wiring = wiring.model_copy(update={"devices": chosen})
    result = asyncio.run(run_bench(wiring, wiring.load_scenarios(), Options(only, repeat=1), lambda outcome: None))
    assert {o.scenario.name: o.reason for o in result.outcomes if o.verdict is not Verdict.PASSED} == {}
    assert result.ok
    return {outcome.scenario.name: outcome for outcome in result.outcomes}


class TestGateway:
    pytestmark = needs_board

    def test_calls_and_joins_are_seen_on_the_pins(self) -> None:
        found = outcomes("gateway", "calls/busy", "calls/far_hang_up", "gateway/join", "gateway/headset")
        assert found["gateway/join"].figures["reversal to crosspoint"][0] < 1
        assert {"hook", "tone", "join"} <= {entry.what for entry in _entries(found["gateway/join"])}

    def test_a_lost_host_leaves_nothing_up(self) -> None:
        found = outcomes("gateway", "host_lost", "gateway/unplug")
        assert found["gateway/host_lost"].figures["host lost to on hook"][0] < 1.8

    def test_host_and_board_agree_after_power_cycles_resets_and_hangs(self) -> None:
        found = outcomes("gateway", "power_cycle", "gateway/reset", "freeze")
        assert found["gateway/power_cycle"].figures["boot to agree"][0] < 2

    def test_commands_on_a_bad_wire_are_all_done_once(self) -> None:
        found = outcomes("gateway", "gateway/commands")
        assert len(found["gateway/commands"].figures["command round trip"]) >= 2000


class TestModem:
    def test_calls_and_texts(self) -> None:
        outcomes("modem", "calls/", "sms", "keys", "answer_time", device="quectel")

    def test_trouble_on_the_wire(self) -> None:
        outcomes("modem", "lost_notice", "modem/unplug", device="simcom")


@needs_sipp
@pytest.mark.sip
def test_trunk() -> None:
    outcomes("trunk", "calls/busy", "calls/answer", "all_lines", "congestion")


def test_headset() -> None:
    outcomes("headset")


def _entries(outcome: Outcome) -> tuple[Entry, ...]:
    return outcome.shown.entries if outcome.shown else ()


def test_a_device_on_a_real_port_is_tried_as_far_as_can_be(tmp_path: Path) -> None:
    """The port is a pty here; the bench knows of nothing but its path and two numbers."""

    async def main() -> Certificate:
        exchange = Exchange({"+12125550150": FarEnd(answer_s=0.3), "+12125550151": FarEnd(fail_s=0.2)})
        modem = EmulatedModem(exchange, dialect="quectel")
        port = modem.open_pty(tmp_path / "modem")
        try:
            numbers = {"answers": "+12125550150", "busy": "+12125550151"}
            wiring = own_bench("modem", {"port": port, "numbers": numbers})
            scenarios = [
                s for s in wiring.load_scenarios() if s.name.startswith(("calls/", "modem/unplug", "modem/hang"))
            ]
            [certificate] = certificates(await run_bench(wiring, scenarios, Options(repeat=1), lambda outcome: None))
        finally:
            modem.close()
        assert {call.number for call in exchange.calls} == set(numbers.values())
        return certificate

    certificate = asyncio.run(main())
    standings = {each.text: each.standing for each in certificate.properties}
    port_lost = (
        "a call is told as lost when the modem's port vanishes, and the modem is dialed on again when the port is back"
    )
    assert not certificate.emulated
    assert standings["a busy number is told as busy"] is Standing.PROVEN
    assert standings[port_lost] is Standing.PROVEN
    assert standings["a ringing call can be cancelled, and its line dialed on again"] is Standing.NOT_TRIED
    assert certificate.areas[Area.CALLS] is Trust.IN_PART
