import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import MAX_COMMAND, EmulatedModem, Faults

ANSWERS, BUSY, RINGS = "+12125550101", "+12125550102", "+12125550103"
FAR_ENDS = {
    ANSWERS: FarEnd(ring_s=0.01, answer_s=0.02),
    BUSY: FarEnd(ring_s=None, fail_s=0.01, cause=17),
    RINGS: FarEnd(ring_s=0.01),
}


class Terminal:
    """A person at the modem: types commands, reads what it says."""

    def __init__(self, modem: EmulatedModem) -> None:
        self.modem = modem
        self.heard = b""
        modem.plug(self)

    def write(self, data: bytes) -> None:
        """What the modem says."""
        self.heard += data

    def close(self) -> None:
        """The modem was pulled out."""

    def type(self, text: str) -> list[str]:
        """Type a command; returns the lines that come at once."""
        self.heard = b""
        self.modem.take(text.encode("latin-1") + b"\r")
        return self.lines()

    def lines(self) -> list[str]:
        """The lines heard since the last command."""
        return [line for line in self.heard.decode("latin-1").replace("\r", "\n").split("\n") if line.strip()]

    async def until(self, line: str) -> None:
        """Wait for a line."""
        async with asyncio.timeout(5):
            while line not in self.lines():
                await asyncio.sleep(0.005)


Story = Callable[[Terminal, Exchange], Awaitable[None]]


def at(story: Story, dialect: str = "plain", faults: Faults | None = None) -> None:
    async def main() -> None:
        exchange = Exchange(FAR_ENDS)
        terminal = Terminal(EmulatedModem(exchange, dialect=dialect, faults=faults))
        terminal.type("ATE0")
        terminal.type("AT+CMEE=1")
        await story(terminal, exchange)
        terminal.modem.close()

    asyncio.run(main())


class TestCommands:
    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("AT", ["OK"]),
            ("at+csq", ["+CSQ: 19,99", "OK"]),
            ("ATE0V1Q0", ["OK"]),
            ("AT&FE0", ["OK"]),
            ("AT+CGSN", ["490154203237518", "OK"]),
            ("AT+CSQ;+CBC", ["+CSQ: 19,99", "+CBC: 0,80", "OK"]),
            ("AT+NOSUCH", ["+CME ERROR: 4"]),
            ("AT#", ["ERROR"]),
            ("ATD12125550101", ["+CME ERROR: 27"]),
            ("AT+CLCC", ["OK"]),
            ("AT+CPIN?", ["+CPIN: READY", "OK"]),
            ("AT+VTS=1", ["+CME ERROR: 3"]),
            ("hello", []),
        ],
    )
    def test_what_it_answers(self, text: str, lines: list[str]) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            assert terminal.type(text) == lines

        at(story)

    def test_it_echoes_until_told_not_to(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.type("ATE1")
            assert terminal.type("AT") == ["AT", "OK"]

        at(story)

    def test_errors_are_plain_until_numbers_are_asked_for(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.type("AT+CMEE=0")
            assert terminal.type("AT+NOSUCH") == ["ERROR"]

        at(story)


class TestCalls:
    def test_the_list_of_calls_follows_the_call(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            assert terminal.type(f"ATD{RINGS};") == ["OK"]
            assert terminal.type("AT+CLCC")[0].startswith("+CLCC: 1,0,2,")
            await asyncio.sleep(0.05)
            assert terminal.type("AT+CLCC")[0] == f'+CLCC: 1,0,3,0,0,"{RINGS}",145'
            assert terminal.type("AT+CHUP") == ["OK"]
            assert terminal.type("AT+CLCC") == ["OK"]
            assert exchange.calls[0].released_by == "caller"

        at(story)

    @pytest.mark.parametrize(("cause", "result"), [(17, "BUSY"), (18, "NO ANSWER"), (1, "NO CARRIER")])
    def test_results_of_the_network(self, cause: int, result: str) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            exchange.far_ends[BUSY] = FarEnd(ring_s=None, fail_s=0.01, cause=cause)
            terminal.type(f"ATD{BUSY};")
            await terminal.until(result)
            assert terminal.type("AT+CEER")[0].startswith("+CEER: ")

        at(story)

    @pytest.mark.parametrize(
        ("dialect", "switches", "lines"),
        [
            (
                "quectel",
                ['AT+QINDCFG="ccinfo",1,0'],
                [
                    f'+QIND: "ccinfo",1,0,2,0,0,"{ANSWERS}",145',
                    f'+QIND: "ccinfo",1,0,3,0,0,"{ANSWERS}",145',
                    f'+QIND: "ccinfo",1,0,0,0,0,"{ANSWERS}",145',
                    f'+QIND: "ccinfo",1,0,-1,0,0,"{ANSWERS}",145',
                ],
            ),
            ("quectel", ["AT^DSCI=1"], [f"^DSCI: 1,0,{stat},0,{ANSWERS},145" for stat in (2, 7, 3, 6)]),
            ("simcom", [], ["VOICE CALL: BEGIN", "VOICE CALL: END: 000000"]),
            (
                "simcom",
                ["AT+CLCC=1"],
                [
                    f'+CLCC: 1,0,2,0,0,"{ANSWERS}",145',
                    f'+CLCC: 1,0,3,0,0,"{ANSWERS}",145',
                    "VOICE CALL: BEGIN",
                    f'+CLCC: 1,0,0,0,0,"{ANSWERS}",145',
                    "VOICE CALL: END: 000000",
                    f'+CLCC: 1,0,6,0,0,"{ANSWERS}",145',
                ],
            ),
            ("huawei", ["AT^CURC=1"], ["^ORIG:1,0", "^CONF:1", "^CONN:1,0", "^CEND:1,0,104,16"]),
            ("plain", [], []),
        ],
    )
    def test_what_the_makers_say_of_a_call(self, dialect: str, switches: list[str], lines: list[str]) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            for switch in switches:
                assert terminal.type(switch) == ["OK"]
            terminal.type(f"ATD{ANSWERS};")
            await asyncio.sleep(0.1)
            exchange.hang_up(exchange.calls[0])
            assert terminal.lines() == ["OK", *lines, "NO CARRIER"]

        at(story, dialect)

    @pytest.mark.parametrize(
        ("dialect", "switch", "line"),
        [("quectel", "AT+QTONEDET=1", "+QTONEDET: 53"), ("simcom", "AT+DDET=1", "+RXDTMF: 5")],
    )
    def test_keys_are_told_where_that_is_switched_on(self, dialect: str, switch: str, line: str) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            exchange.far_ends[ANSWERS] = FarEnd(answer_s=0.01, keys="5")
            terminal.type(f"ATD{ANSWERS};")
            await asyncio.sleep(0.1)
            assert line not in terminal.lines()
            terminal.type("AT+CHUP")
            terminal.type(switch)
            terminal.type(f"ATD{ANSWERS};")
            await terminal.until(line)

        at(story, dialect)

    def test_an_incoming_call_rings_and_may_be_refused(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.type("AT+CLIP=1")
            terminal.modem.ring("+12125550177")
            await terminal.until('+CLIP: "+12125550177",145,,,,0')
            assert terminal.type("AT+CLCC")[0] == '+CLCC: 1,1,4,0,0,"+12125550177",145'
            assert terminal.type("AT+CHUP") == ["OK"]
            assert terminal.modem.incoming_refused == 1

        at(story)


class TestSim:
    def test_a_wrong_pin_three_times_blocks(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            assert terminal.type(f"ATD{ANSWERS};") == ["+CME ERROR: 11"]
            for code in (16, 16, 12):
                assert terminal.type('AT+CPIN="9999"') == [f"+CME ERROR: {code}"]
            assert terminal.type("AT+CPIN?") == ["+CPIN: SIM PUK", "OK"]

        at(story, faults=Faults(sim="pin"))

    def test_the_right_pin_opens(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            assert terminal.type('AT+CPIN="1234"') == ["OK"]
            assert terminal.type(f"ATD{ANSWERS};") == ["OK"]

        at(story, faults=Faults(sim="pin"))

    @pytest.mark.parametrize(("sim", "line"), [("absent", "+CME ERROR: 10"), ("failure", "+CME ERROR: 13")])
    def test_no_sim(self, sim: str, line: str) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            assert terminal.type("AT+CPIN?") == [line]

        at(story, faults=Faults(sim=sim))


class TestFaults:
    def test_a_modem_that_hangs_says_nothing_until_it_is_reset(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.modem.faults.hangs = True
            assert terminal.type("AT") == []
            terminal.type("AT+CFUN=1,1")
            assert "OK" in terminal.type("AT")

        at(story)

    def test_notices_are_lost_and_answers_are_not(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.modem.faults.lose_notices = True
            assert terminal.type(f"ATD{BUSY};") == ["OK"]
            await asyncio.sleep(0.05)
            assert terminal.lines() == ["OK"]
            assert terminal.type("AT+CLCC") == ["OK"]

        at(story)

    def test_without_network_nothing_is_dialed(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.type("AT+CREG=1")
            terminal.heard = b""
            terminal.modem.register(2)
            assert terminal.lines() == ["+CREG: 2"]
            assert terminal.type(f"ATD{ANSWERS};") == ["+CME ERROR: 30"]

        at(story)

    def test_commands_may_be_ignored_refused_or_answered_late(self) -> None:
        async def story(terminal: Terminal, exchange: Exchange) -> None:
            terminal.modem.faults = Faults(deaf_to=("AT+CSQ",), refuses=("AT+CBC",), slow_ok_s=0.05)
            assert terminal.type("AT+CSQ") == []
            terminal.type("AT+CBC")
            await terminal.until("ERROR")
            assert terminal.type("AT") == []
            await terminal.until("OK")

        at(story)


@settings(max_examples=200)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.text("AT+CLD=?;\"'1,\r> \x1a\x1bSMG", max_size=30).map(str.encode)
        | st.sampled_from([b"AT+CMGS=20\r", b"ATD+12125550101;\r", b"AT+CHUP\r", b"x" * (2 * MAX_COMMAND)]),
        max_size=20,
    )
)
def test_nothing_that_is_typed_breaks_it(typed: list[bytes]) -> None:
    async def story(terminal: Terminal, exchange: Exchange) -> None:
        for data in typed:
            terminal.modem.take(data)
        terminal.modem.take(b"\x1a\r")
        terminal.type("ATE0")
        assert "OK" in terminal.type("AT")

    at(story)
