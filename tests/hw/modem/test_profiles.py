import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.modem.calls import CallNews, Stat
from hw.modem.profiles import CALL_LIST, HUAWEI, PLAIN, PROFILES, QUECTEL, SIMCOM, Profile, calls_listed, profile_of

NUMBER = "+12125550100"


@pytest.mark.parametrize(
    ("maker", "model", "profile"),
    [
        ("Quectel", "EC25", QUECTEL),
        ("SIMCOM INCORPORATED", "SIMCOM_SIM7600G-H", SIMCOM),
        ("SIMCOM_Ltd", "SIM800C", SIMCOM),
        ("huawei", "E1750", HUAWEI),
        ("Telit", "LE910", PLAIN),
        ("", "", PLAIN),
    ],
)
def test_the_maker_gives_the_profile_away(maker: str, model: str, profile: Profile) -> None:
    assert profile_of(maker, model) is profile


@pytest.mark.parametrize(
    ("profile", "line", "news"),
    [
        (QUECTEL, f'+QIND: "ccinfo",2,0,3,0,0,"{NUMBER}",145', CallNews(Stat.ALERTING, index=2, number=NUMBER)),
        (QUECTEL, f'+QIND: "ccinfo",2,0,-1,0,0,"{NUMBER}",145', CallNews(Stat.RELEASED, index=2, number=NUMBER)),
        (QUECTEL, f"^DSCI: 1,0,3,0,{NUMBER},145", CallNews(Stat.ACTIVE, index=1, number=NUMBER)),
        (QUECTEL, f"^DSCI: 4,1,4,0,{NUMBER},145", CallNews(Stat.INCOMING, True, 4, NUMBER)),
        (QUECTEL, f"^DSCI: 3,0,6,0,{NUMBER},145", CallNews(Stat.RELEASED, index=3, number=NUMBER)),
        (QUECTEL, '+QIND: "csq",20,99', None),
        (SIMCOM, f'+CLCC: 1,0,6,0,0,"{NUMBER}",145,""', CallNews(Stat.RELEASED, index=1, number=NUMBER)),
        (SIMCOM, f'+CLCC: 1,0,0,1,0,"{NUMBER}",145,""', None),
        (SIMCOM, "VOICE CALL: BEGIN", CallNews(Stat.ACTIVE)),
        (SIMCOM, "VOICE CALL: END: 000352", CallNews(Stat.RELEASED)),
        (HUAWEI, "^ORIG:1,0", CallNews(Stat.DIALING, index=1)),
        (HUAWEI, "^CONF:1", CallNews(Stat.ALERTING, index=1)),
        (HUAWEI, "^CONN:1,0", CallNews(Stat.ACTIVE, index=1)),
        (HUAWEI, "^CEND:1,12,104,17", CallNews(Stat.RELEASED, index=1, q850=17)),
        (HUAWEI, "^CEND: 1,0,29", CallNews(Stat.RELEASED, index=1)),
        (PLAIN, "VOICE CALL: BEGIN", None),
    ],
)
def test_what_makers_say_of_calls(profile: Profile, line: str, news: CallNews | None) -> None:
    assert profile.news(line) == news


@pytest.mark.parametrize(
    ("profile", "line", "key"),
    [
        (QUECTEL, "+QTONEDET: 35", "#"),
        (QUECTEL, "+QTONEDET: 32", None),
        (SIMCOM, "+RXDTMF: 5", "5"),
        (SIMCOM, "+DTMF: a", "A"),
        (SIMCOM, "+DTMF: x", None),
        (PLAIN, "+DTMF: 5", None),
    ],
)
def test_keys(profile: Profile, line: str, key: str | None) -> None:
    assert profile.key(line) == key


def test_the_list_of_calls_leaves_data_calls_out() -> None:
    assert CALL_LIST.read('+CLCC: 1,0,0,0,0,"100",129') == CallNews(Stat.ACTIVE, index=1, number="100")
    assert CALL_LIST.read("+CLCC: 1,1,4,0,0") == CallNews(Stat.INCOMING, True, 1)
    assert CALL_LIST.read("+CLCC: 1,0,0,1,0") is None


def test_a_list_of_calls_with_a_line_that_cannot_be_read_says_nothing() -> None:
    assert calls_listed(['+CLCC: 1,0,0,0,0,"100",129', "+CLCC: 2,1,5,1,0"]) == [CallNews(Stat.ACTIVE, False, 1, "100")]
    assert calls_listed(["+CLCC: 1,0,6,0,0"]) == calls_listed([]) == []
    for damaged in ("+CLCC: 1,0,8,0,0", "+CLCC: 1,0,", "+CLCC:", "+CLCC: q,0,0,0,0"):
        assert calls_listed(["+CLCC: 1,1,4,0,0", damaged]) is None


@given(
    st.sampled_from(sorted(PROFILES)), st.text(max_size=60), st.sampled_from(["", "+QIND: ", "^CEND:1,", "+CLCC: 1,"])
)
def test_no_line_is_too_odd(name: str, text: str, begin: str) -> None:
    PROFILES[name].news(begin + text)
    PROFILES[name].key(begin + text)
