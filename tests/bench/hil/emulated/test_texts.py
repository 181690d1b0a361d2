import asyncio
from collections.abc import Callable

import pytest

from bench.hil.emulated.exchange import Exchange, FarEnd
from bench.hil.emulated.texts import AtError, Texts, read_submit

NUMBER = "+12125550101"
# "hellohello" to the number above, with a status report asked for, by smspdudecoder's encoder of septets.
HELLO = "00" + "3100" + "0B912121550501F1" + "0000A8" + "0A" + "E8329BFD4697D9EC37"


def with_texts(story: Callable[[Texts, list[str], Exchange], None], far_end: FarEnd | None = None) -> list[str]:
    said: list[str] = []

    async def main() -> None:
        exchange = Exchange({NUMBER: far_end or FarEnd()})
        story(Texts(exchange, "sim", said.append), said, exchange)
        await asyncio.sleep(0.15)

    asyncio.run(main())
    return said


def test_a_text_is_handed_over_and_reported() -> None:
    def story(texts: Texts, said: list[str], exchange: Exchange) -> None:
        texts.run("+CNMI", "=", "2,1,0,1,0")
        assert texts.submit(HELLO, 23) == ["+CMGS: 1", "OK"]
        assert exchange.texts == [(NUMBER, "hellohello")]

    (report,) = with_texts(story)
    assert report.startswith("+CDS: 25\r\n0002010B912121550501F1")
    assert report.endswith("00")


def test_a_report_may_be_stored_fetched_and_cleared() -> None:
    kept: list[Texts] = []

    def story(texts: Texts, said: list[str], exchange: Exchange) -> None:
        kept.append(texts)
        texts.run("+CNMI", "=", "2,1,0,2,0")
        texts.submit(HELLO, 23)

    assert with_texts(story, FarEnd(delivers=False)) == ['+CDSI: "SR",1']
    assert kept[0].run("+CMGR", "=", "1")[1].endswith("41")
    kept[0].run("+CMGD", "=", "1")
    with pytest.raises(AtError):
        kept[0].run("+CMGR", "=", "1")


@pytest.mark.parametrize(("pdu", "length"), [(HELLO, 21), ("", 0), ("zz", 1), ("00", 0), (HELLO[:-2], 21), ("0002", 1)])
def test_what_is_no_message_is_refused(pdu: str, length: int) -> None:
    def story(texts: Texts, said: list[str], exchange: Exchange) -> None:
        assert texts.submit(pdu, length) == ["+CMS ERROR: 304"]
        assert exchange.texts == []

    with_texts(story)


def test_reading_a_message() -> None:
    sms = read_submit(bytes.fromhex(HELLO)[1:])
    assert (sms.number, sms.text, sms.wants_report, sms.part) == (NUMBER, "hellohello", True, None)
