import asyncio
from datetime import date
from pathlib import Path

import pytest

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.modem import EmulatedModem, Faults
from hw.contract import Answered, Cause, DigitReceived, Ended, TrunkLines
from hw.contract.driver import DriverError
from hw.modem.bank import ModemBank
from hw.modem.settings import BankSettings, ModemSettings
from hw.modem.sms import SmsFailed, SmsPartSent, SmsReported, SmsSent
from tests.hw.modem.stage import (
    ANSWERS,
    BUSY,
    KEYS,
    LEAVES,
    PATIENCE_S,
    RINGS,
    TRUNK,
    Stage,
    pattern,
    play_out,
    prepared,
    run_hastily,
    staged,
)

MAKERS = ["quectel", "simcom", "huawei", "plain"]


@pytest.mark.parametrize("dialect", MAKERS)
class TestEveryMaker:
    def test_an_answered_call_that_we_end(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.bank.send_digits("a", "42#")
            await stage.until(lambda: stage.exchange.calls[0].keys_heard == "42#")
            stage.bank.hang_up("a")
            assert (await stage.ended("a")).cause is Cause.NORMAL
            assert stage.exchange.calls[0].released_by == "caller"

        play_out(tmp_path, story, dialect=dialect)

    @pytest.mark.parametrize(
        ("q850", "cause"),
        [
            (1, Cause.INVALID_NUMBER),
            (17, Cause.BUSY),
            (18, Cause.NO_ANSWER),
            (20, Cause.UNAVAILABLE),
            (21, Cause.REJECTED),
            (28, Cause.INVALID_NUMBER),
            (34, Cause.CONGESTION),
        ],
    )
    def test_refusals_have_their_cause(self, tmp_path: Path, dialect: str, q850: int, cause: Cause) -> None:
        async def story(stage: Stage) -> None:
            stage.exchange.far_ends[BUSY] = FarEnd(ring_s=None, fail_s=0.1, cause=q850)
            stage.dial("a", BUSY)
            ended = await stage.ended("a")
            assert ended.cause is cause
            assert stage.kinds("a") == ["Dialed", "Ended"]

        play_out(tmp_path, story, dialect=dialect)

    def test_notifications_that_are_lost_are_made_good_by_the_list_of_calls(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.exchange.far_ends[LEAVES] = FarEnd(ring_s=0.05, answer_s=1.0, hang_up_s=1.5)
            stage.modem.faults.lose_notices = True
            stage.dial("a", LEAVES)
            assert (await stage.ended("a")).cause is Cause.NORMAL
            assert stage.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]

        play_out(tmp_path, story, dialect=dialect)

    def test_line_noise_changes_nothing(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.garbage = 0.7
            for number in range(3):
                stage.dial(f"a{number}", ANSWERS)
                await stage.wait(Answered, f"a{number}")
                stage.bank.hang_up(f"a{number}")
                assert (await stage.ended(f"a{number}")).cause is Cause.NORMAL

        play_out(tmp_path, story, dialect=dialect)

    def test_incoming_calls_are_refused_and_counted(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.ring("+12125550177")
            await stage.until(lambda: stage.modem.incoming_refused == 1)
            assert stage.bank.statuses()[0].incoming_refused == 1

        play_out(tmp_path, story, dialect=dialect)


@pytest.mark.parametrize("dialect", ["quectel", "simcom", "huawei"])
class TestMakersThatTell:
    def test_ringing_and_answer_are_told_at_once(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", LEAVES)
            await stage.ended("a")
            assert stage.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]

        play_out(tmp_path, story, dialect=dialect)

    def test_a_slow_ok_delays_no_answer(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.slow_dial_s = 2.0
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a", limit_s=1.5)
            stage.bank.hang_up("a")
            assert (await stage.ended("a")).cause is Cause.NORMAL

        play_out(tmp_path, story, dialect=dialect)

    def test_an_incoming_call_beside_ours_leaves_ours_up(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.modem.ring("+12125550177")
            await stage.until(lambda: stage.modem.incoming_refused == 1)
            await asyncio.sleep(0.7)
            assert stage.kinds("a")[-1] == "Answered"

        play_out(tmp_path, story, dialect=dialect)


class TestKeys:
    @pytest.mark.parametrize("dialect", ["quectel", "simcom"])
    def test_keys_are_heard_where_the_modem_tells_them(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", KEYS)
            await stage.until(lambda: stage.kinds("a").count("DigitReceived") == 4)
            keys = [event.digit for event in stage.of("a") if isinstance(event, DigitReceived)]
            assert "".join(keys) == "159#"

        play_out(tmp_path, story, dialect=dialect)


class TestCommands:
    def test_a_command_that_gets_no_answer_does_not_shift_the_next(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.deaf_to = ("AT+VTS",)
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.bank.send_digits("a", "1")
            await asyncio.sleep(6.0)
            assert stage.kinds("a")[-1] == "Answered"
            stage.bank.hang_up("a")
            assert (await stage.ended("a")).cause is Cause.NORMAL

        play_out(tmp_path, story)

    def test_a_modem_without_a_list_of_calls_goes_by_its_results(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.refuses = ("AT+CLCC",)
            stage.dial("b", BUSY)
            assert (await stage.ended("b")).cause is Cause.BUSY
            stage.dial("a", LEAVES)
            assert (await stage.ended("a")).cause is Cause.NORMAL

        play_out(tmp_path, story, dialect="huawei")

    def test_what_is_no_number_is_not_dialed(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            for call_id, number in (("a", "12;ATH"), ("b", ""), ("c", "+"), ("d", "1" * 60)):
                stage.dial(call_id, number)
                assert (await stage.ended(call_id)).cause is Cause.INVALID_NUMBER
            assert stage.exchange.calls == []

        play_out(tmp_path, story)

    def test_the_number_is_hidden_where_that_is_asked_for(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", BUSY)
            await stage.ended("a")
            assert stage.exchange.calls[0].hidden

        play_out(tmp_path, story, settings=pattern(caller_id="hide"))

    @pytest.mark.parametrize("dialect", MAKERS)
    def test_no_call_goes_on_that_a_missed_call_ended_for_us(self, tmp_path: Path, dialect: str) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.slow_dial_s = 1.0
            stage.dial("a", RINGS)
            await stage.until(lambda: bool(stage.exchange.calls))
            stage.modem.ring("+12125550177")
            stage.modem.stop_ringing()
            await stage.ended("a")
            assert not stage.exchange.calls[0].up
            stage.dial("b", ANSWERS)
            await stage.wait(Answered, "b")

        play_out(tmp_path, story, dialect=dialect)

    def test_an_answer_that_crosses_our_hanging_up_is_told(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.exchange.far_ends[RINGS] = FarEnd(ring_s=0.05, crosses=True)
            stage.dial("a", RINGS)
            await stage.until(lambda: "Ringing" in stage.kinds("a"))
            stage.bank.hang_up("a")
            await stage.ended("a")
            assert stage.kinds("a") == ["Dialed", "Ringing", "Answered", "Ended"]

        play_out(tmp_path, story)


class TestLines:
    def test_calls_are_spread_over_sims(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            for number in range(4):
                stage.dial(f"a{number}", BUSY)
                await stage.ended(f"a{number}")
                await asyncio.sleep(0.05)
            used = [call.imsi for call in stage.exchange.calls]
            assert {imsi: used.count(imsi) for imsi in used} == {
                "001010123456780": 2,
                "001010123456781": 2,
            }

        play_out(tmp_path, story, count=2)

    def test_a_full_trunk_says_no_line_and_why(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", RINGS)
            stage.dial("b", RINGS)
            ended = await stage.ended("b")
            assert ended.cause is Cause.NO_LINE
            assert ended.detail == "m0: busy"

        play_out(tmp_path, story)

    def test_the_cap_of_calls_takes_the_sim_out(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            for call_id in "ab":
                stage.dial(call_id, BUSY)
                await stage.ended(call_id)
            assert stage.lines == TrunkLines(TRUNK, 0, "m0: its SIM has placed 2 calls today, the cap")
            assert stage.bank.capacity() == 0
            stage.dial("c", BUSY)
            assert (await stage.ended("c")).cause is Cause.NO_LINE

        play_out(tmp_path, story, settings=pattern(calls_per_day=2))

    def test_a_new_day_gives_the_lines_back(self, tmp_path: Path) -> None:
        days = [date(2026, 11, 22)]

        async def main() -> None:
            async with prepared(tmp_path, settings=pattern(calls_per_day=1), today=lambda: days[-1]) as stage:
                await stage.bank.start(stage.events.append)
                stage.dial("a", BUSY)
                await stage.ended("a", limit_s=200)
                assert stage.lines is not None
                assert stage.lines.lines == 0
                days.append(date(2026, 11, 23))
                await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""), limit_s=200)

        run_hastily(main())

    def test_the_network_refuses_and_takes_back(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            assert stage.lines is None
            stage.modem.register(3)
            await stage.until(lambda: stage.lines is not None and stage.lines.lines == 0)
            assert stage.lines is not None
            assert "the network refuses this SIM" in stage.lines.because
            stage.modem.register(1)
            await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""))

        play_out(tmp_path, story)

    def test_roaming_is_refused_unless_allowed(self, tmp_path: Path) -> None:
        async def refused() -> None:
            async with prepared(tmp_path, faults=[Faults(registration=5, packet=5)]) as stage:
                await stage.bank.start(stage.events.append)
                why = "m0: roaming on Bench Mobile; set allow_roaming = true if calls may be placed abroad"
                assert stage.lines == TrunkLines(TRUNK, 0, why)

        async def allowed(stage: Stage) -> None:
            assert stage.bank.capacity() == 1

        asyncio.run(refused())
        faults = [Faults(registration=5, packet=5)]
        play_out(tmp_path, allowed, faults=faults, settings=pattern(allow_roaming=True))


class TestStart:
    @pytest.mark.parametrize(
        ("sim", "reason"),
        [
            ("puk", "the SIM is blocked and wants its PUK"),
            ("pin", "name a file that holds it as pin_file"),
            ("absent", "there is no SIM in the modem"),
            ("failure", "SIM failure"),
        ],
    )
    def test_a_sim_that_cannot_be_used_is_named(self, tmp_path: Path, sim: str, reason: str) -> None:
        async def story(stage: Stage) -> None:
            assert stage.lines is not None
            assert stage.lines.lines == stage.bank.capacity() == 0
            assert stage.lines.because.startswith("m0: ") and reason in stage.lines.because
            stage.dial("a", ANSWERS)
            assert (await stage.ended("a")).cause is Cause.NO_LINE

        play_out(tmp_path, story, faults=[Faults(sim=sim)])

    def test_one_modem_that_works_is_enough(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            assert stage.bank.capacity() == 1
            assert stage.lines is not None
            assert (stage.lines.lines, "PUK" in stage.lines.because) == (1, True)

        play_out(tmp_path, story, count=2, faults=[Faults(sim="puk")])

    def test_the_pin_is_taken_from_its_file(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        pin_file = tmp_path / "pin"
        pin_file.write_text("1234\n")

        async def story(stage: Stage) -> None:
            assert stage.bank.capacity() == 1
            assert stage.modem.pin_tries_left == 3

        caplog.set_level("DEBUG")
        play_out(tmp_path, story, faults=[Faults(sim="pin")], settings=pattern(pin_file=pin_file))
        assert "1234" not in caplog.text

    def test_a_wrong_pin_is_tried_once_even_by_the_next_process(self, tmp_path: Path) -> None:
        pin_file = tmp_path / "pin"
        pin_file.write_text("9999")
        left = []

        async def main() -> None:
            faults = [Faults(sim="pin")]
            settings = pattern(pin_file=pin_file)
            async with prepared(tmp_path, faults=faults, settings=settings) as stage:
                await stage.bank.start(stage.events.append)
                assert stage.lines is not None and "refused" in stage.lines.because
                left.append(stage.modem.pin_tries_left)

        asyncio.run(main())
        asyncio.run(main())
        assert left == [2, 3]

    def test_a_port_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        async def main() -> None:
            settings = ModemSettings("pattern", TRUNK, "/dev/serial/by-id/usb-nothing")
            async with prepared(tmp_path, settings=settings, start_limit_s=PATIENCE_S) as stage:
                async with asyncio.timeout(PATIENCE_S / 2):
                    await stage.bank.start(stage.events.append)
                assert stage.lines is not None
                assert "there is no /dev/serial/by-id/usb-nothing; plug the modem" in stage.lines.because

        asyncio.run(main())

    def test_a_start_that_waits_for_nothing_tells_the_rest_as_it_comes(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with prepared(tmp_path, count=2, start_limit_s=0.0) as stage:
                await stage.bank.start(stage.events.append)
                because = "m0: it is being started; m1: it is being started"
                assert stage.events == [TrunkLines(TRUNK, 0, because)]
                stage.dial("a", ANSWERS)
                assert (await stage.ended("a")).detail == because
                await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 2, ""))
                stage.dial("b", ANSWERS)
                await stage.wait(Answered, "b")

        asyncio.run(main())

    def test_a_modem_that_is_plugged_in_later_is_found(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with prepared(tmp_path) as stage:
                port = tmp_path / "port0"
                target = port.readlink()
                port.unlink()
                await stage.bank.start(stage.events.append)
                assert stage.lines is not None and stage.lines.lines == 0
                port.symlink_to(target)
                await stage.until(lambda: stage.lines == TrunkLines(TRUNK, 1, ""))
                stage.dial("a", ANSWERS)
                await stage.wait(Answered, "a")

        asyncio.run(main())


class TestTrouble:
    def test_an_unplugged_modem_loses_its_call_and_comes_back(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.modem.unplug()
            assert (await stage.ended("a")).cause is Cause.LINE_LOST
            assert stage.bank.capacity() == 0
            stage.modem.open_pty(tmp_path / "port0")
            await stage.until(lambda: stage.bank.capacity() == 1)
            stage.dial("b", LEAVES)
            assert (await stage.ended("b")).cause is Cause.NORMAL

        play_out(tmp_path, story)

    def test_trouble_is_warned_of_once_and_a_start_is_no_trouble(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.unplug()
            await stage.until(lambda: stage.bank.capacity() == 0)
            await asyncio.sleep(1.5)
            assert stage.lines is not None
            assert stage.lines.because.startswith(f"m0: its port {tmp_path / 'port0'} is gone; plug it in again")
            stage.modem.open_pty(tmp_path / "port0")
            await stage.until(lambda: stage.bank.capacity() == 1)

        caplog.set_level("INFO")
        play_out(tmp_path, story)
        (warned,) = [record for record in caplog.records if record.levelname != "INFO"]
        assert "modem m0: its port" in warned.getMessage()

    def test_a_modem_that_comes_back_under_another_name_is_known_by_its_imei(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.modems[0].unplug()
            stage.modems[0].open_pty(tmp_path / "port7")
            await stage.until(lambda: stage.bank.capacity() == 2)

        play_out(tmp_path, story, count=2)

    def test_a_modem_is_found_by_its_imei_alone(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            assert stage.bank.statuses()[0].imei == "490154203237510"

        play_out(tmp_path, story, settings=ModemSettings("pattern", TRUNK, "imei:490154203237510"))

    def test_many_modems_are_found_by_their_imeis_at_once(self, tmp_path: Path) -> None:
        async def main() -> None:
            exchange = Exchange()
            modems = [EmulatedModem(exchange, imei=f"49015420323751{number}") for number in range(6)]
            for number, modem in enumerate(reversed(modems)):
                modem.open_pty(tmp_path / f"port{number}")
            settings = tuple(
                ModemSettings(f"m{number}", TRUNK, f"imei:{modem.imei}") for number, modem in enumerate(modems)
            )
            bank = ModemBank(
                BankSettings(settings),
                candidates=lambda: sorted(str(path) for path in tmp_path.glob("port*")),
                start_limit_s=4.0,
            )
            await bank.start(lambda event: None)
            assert bank.capacity() == len(modems)
            assert [status.imei for status in bank.statuses()] == [modem.imei for modem in modems]
            await bank.close()
            for modem in modems:
                modem.close()

        asyncio.run(main())

    def test_a_modem_that_hangs_is_reset(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.modem.faults.hangs = True
            assert (await stage.ended("a", limit_s=200)).cause is Cause.LINE_LOST
            await stage.until(lambda: stage.bank.capacity() == 1, limit_s=200)
            stage.dial("b", LEAVES)
            assert (await stage.ended("b", limit_s=200)).cause is Cause.NORMAL

        async def main() -> None:
            async with staged(tmp_path) as stage:
                await story(stage)

        run_hastily(main())

    @pytest.mark.parametrize("dialect", MAKERS)
    def test_a_modem_that_restarts_by_itself_is_set_up_again(self, tmp_path: Path, dialect: str) -> None:
        async def main() -> None:
            async with staged(tmp_path, dialect=dialect) as stage:
                stage.dial("a", ANSWERS)
                await stage.wait(Answered, "a", limit_s=200)
                stage.modem.restart()
                await stage.ended("a", limit_s=200)
                stage.modem.log.clear()
                await stage.until(lambda: "ATE0" in stage.modem.log and stage.bank.capacity() == 1, limit_s=1000)
                stage.dial("b", ANSWERS)
                await stage.wait(Answered, "b", limit_s=200)

        run_hastily(main())

    def test_close_hangs_up(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with staged(tmp_path) as stage:
                stage.dial("a", ANSWERS)
                await stage.wait(Answered, "a")
                await stage.bank.close()
                assert stage.kinds("a").count("Ended") == 1
                assert stage.exchange.calls[0].released_by == "caller"

        asyncio.run(main())


class TestTexts:
    @pytest.mark.parametrize(
        "text", ["See you at 9", "Ваша встреча в 9", "x" * 161, "€" * 100, "naïve 🙂 " * 20, "{[~]}"]
    )
    def test_a_text_arrives_and_its_delivery_is_told(self, tmp_path: Path, text: str) -> None:
        async def story(stage: Stage) -> None:
            stage.bank.send_sms("s", TRUNK, ANSWERS, text, 60.0)
            await stage.until(lambda: any(isinstance(told, SmsSent) for told in stage.texts))
            parts = [told for told in stage.texts if isinstance(told, SmsPartSent)]
            sims = {(told.sms_id, told.sim) for told in parts}
            assert (SmsSent("s", len(parts)), sims) == (stage.texts[-1], {("s", "001010123456780")})
            await stage.until(lambda: all(SmsReported(p.sim, p.reference or 0, ANSWERS) in stage.texts for p in parts))
            assert stage.exchange.texts == [(ANSWERS, text)]

        play_out(tmp_path, story)

    def test_a_text_that_does_not_arrive_is_told(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.exchange.far_ends[ANSWERS] = FarEnd(delivers=False)
            stage.bank.send_sms("s", TRUNK, ANSWERS, "See you at 9", 60.0)
            await stage.until(lambda: len(stage.texts) == 3)
            assert stage.texts[2] == SmsReported("001010123456780", 1, ANSWERS, "the network gave it up (status 65)")

        play_out(tmp_path, story)

    def test_texts_wait_for_the_end_of_the_call(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")
            stage.bank.send_sms("s", TRUNK, ANSWERS, "See you at 9", 60.0)
            await asyncio.sleep(0.5)
            assert stage.texts == []
            stage.bank.hang_up("a")
            await stage.until(lambda: SmsReported("001010123456780", 1, ANSWERS) in stage.texts)

        play_out(tmp_path, story)

    def test_nobody_is_called_long_after_it_was_asked_for_because_of_a_text(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with staged(tmp_path) as stage:
                stage.modem.faults.slow_ok_s = 30.0
                stage.bank.send_sms("s", TRUNK, ANSWERS, "See you at 9", 60.0)
                await stage.until(lambda: any(text.startswith("AT+CMGS") for text in stage.modem.log), limit_s=200)
                stage.dial("a", ANSWERS)
                assert (await stage.ended("a", limit_s=20)).cause is Cause.NO_LINE
                stage.modem.faults.slow_ok_s = 0.0
                await stage.until(lambda: SmsSent("s", 1) in stage.texts, limit_s=200)
                assert stage.exchange.calls == []
                stage.dial("b", ANSWERS)
                await stage.wait(Answered, "b", limit_s=200)

        run_hastily(main())

    def test_a_report_of_an_earlier_run_is_told_once_the_sim_is_known(self, tmp_path: Path) -> None:
        async def main() -> None:
            async with staged(tmp_path) as stage:
                await stage.bank.close()
                settings = BankSettings((pattern(name="m0", port=str(stage.folder / "port0")),))
                bank = ModemBank(settings, on_sms=stage.texts.append)
                stage.modem.log.clear()
                stage.modem.faults.slow_ok_s = 0.2
                starting = asyncio.create_task(bank.start(stage.events.append))
                await stage.until(lambda: "AT+CGMI" in stage.modem.log)
                stage.modem.report_delivery(7, ANSWERS)
                await stage.until(lambda: stage.texts == [SmsReported("001010123456780", 7, ANSWERS)])
                await starting
                await bank.close()

        run_hastily(main(), haste=4.0)

    def test_a_modem_that_refuses_texts_says_so(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.modem.faults.refuses = ("AT+CMGS",)
            stage.bank.send_sms("s", TRUNK, ANSWERS, "See you at 9", 60.0)
            await stage.until(lambda: stage.texts == [SmsFailed("s", "the modem: ERROR")])

        play_out(tmp_path, story)

    def test_a_sim_sends_no_more_texts_than_its_cap_and_calls_on(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            stage.bank.send_sms("s", TRUNK, ANSWERS, "x" * 161, 60.0)
            with pytest.raises(DriverError, match="0 texts today, 2 more wait, this one counts as 2, and the cap is 3"):
                stage.bank.send_sms("t", TRUNK, ANSWERS, "x" * 161, 60.0)
            stage.bank.send_sms("u", TRUNK, ANSWERS, "Hello", 60.0)
            await stage.until(lambda: SmsSent("u", 1) in stage.texts)
            with pytest.raises(DriverError, match="m0: its SIM has sent 3 texts today, the cap"):
                stage.bank.send_sms("v", TRUNK, ANSWERS, "Hello", 60.0)
            (status,) = stage.bank.statuses()
            assert (status.texts_today, status.usable) == (3, True)
            stage.dial("a", ANSWERS)
            await stage.wait(Answered, "a")

        play_out(tmp_path, story, settings=pattern(texts_per_day=3))

    def test_texts_go_to_the_sim_that_has_room(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            for number in range(4):
                stage.bank.send_sms(f"s{number}", TRUNK, ANSWERS, "Hello", 60.0)
                await stage.until(lambda number=number: SmsSent(f"s{number}", 1) in stage.texts)
            assert [status.texts_today for status in stage.bank.statuses()] == [2, 2]

        play_out(tmp_path, story, settings=pattern(texts_per_day=2), count=2)

    def test_no_modem_no_text(self, tmp_path: Path) -> None:
        async def story(stage: Stage) -> None:
            with pytest.raises(DriverError, match="no SMS can be sent over 'other'"):
                stage.bank.send_sms("s", "other", ANSWERS, "See you at 9", 60.0)

        play_out(tmp_path, story)


def test_every_call_ends_exactly_once_whatever_is_wrong(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        for modem in stage.modems:
            modem.faults.garbage = 0.2
        for number in range(30):
            call_id = f"c{number}"
            stage.dial(call_id, (ANSWERS, LEAVES, BUSY, RINGS)[number % 4])
            await asyncio.sleep(0.11)
            stage.modems[number % 3].faults.lose_notices = number % 5 == 0
            if number > 3:
                stage.bank.hang_up(f"c{number - 3}")
        for number in range(30):
            stage.bank.hang_up(f"c{number}")
        for number in range(30):
            ended = await stage.ended(f"c{number}")
            assert isinstance(stage.of(ended.call_id)[-1], Ended)
            assert stage.kinds(ended.call_id).count("Ended") == 1
        assert all(not call.up for call in stage.exchange.calls)

    play_out(tmp_path, story, count=3)
