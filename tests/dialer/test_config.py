import re
from pathlib import Path

import pytest

from campaigns.model import CampaignSettings
from dialer.config import CONFIG_NAME, Config, ConfigError, load_config
from dialer.config_reference import document
from dialer.pairing import station_problem
from dialer.site import make_site

DOCS = Path(__file__).parents[2] / "docs"

GOOD = """
[sip]
bind = "127.0.0.1:5060"

[[trunk]]
name = "main"
kind = "sip"
target = "sip:{number}@127.0.0.1:5070"
max_lines = 30
starts_per_s = 5
caller_ids = ["+12125550100"]

[[trunk]]
name = "gsm"
kind = "modem"
port = "/dev/ttyUSB0"

[[station]]
name = "desk1"
kind = "sip"
address = "sip:desk1@127.0.0.1:5080"
"""


def read(folder: Path, text: str) -> Config:
    (folder / "dialer.toml").write_text(text, encoding="utf-8")
    return load_config(folder)


def test_the_reference_is_that_of_the_code() -> None:
    written = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert written == document(), "run: python -m dialer.config_reference > docs/configuration.md"


def test_a_good_file_is_understood(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    assert [t.name for t in config.trunk] == ["main", "gsm"]
    assert config.trunk[0].max_lines == 30
    assert (config.sip.ip, config.sip.port) == ("127.0.0.1", 5060)
    station = config.station_named("desk1")
    assert station is not None
    assert station.address == "sip:desk1@127.0.0.1:5080"
    assert config.station_named("desk2") is None


def test_a_new_site_has_a_good_file(tmp_path: Path) -> None:
    site = make_site(tmp_path / "s", name='The "best" \\ site', region="GB")
    assert site.config().site.name == 'The "best" \\ site'
    assert site.config().site.region == "GB"


def test_the_examples_of_a_new_site_are_of_every_kind_and_good(tmp_path: Path) -> None:
    text = (make_site(tmp_path / "s").path / CONFIG_NAME).read_text(encoding="utf-8")
    config = read(tmp_path / "s", re.sub(r"^# (?=\[\[|\w+ = )", "", text, flags=re.MULTILINE))
    assert [trunk.kind for trunk in config.trunk] == ["sip", "modem", "gateway"]
    assert [station.kind for station in config.station] == ["sip", "gateway", "hfp"]
    settings = CampaignSettings(1, "spring")
    assert all(station_problem(config, settings, station) is None for station in config.station)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[sipp]\nbind = 1", r"unknown section 'sipp'; did you mean 'sip'"),
        ("[sip]\nbimd = '127.0.0.1:5060'", r"\[sip\]: unknown key 'bimd'; did you mean 'bind'"),
        ("[sip]\nbind = 'localhost'", r"\[sip\]: bind: 'localhost' is not IP:PORT"),
        ("[sip]\nbind = '::1:5060'", r"\[sip\]: bind: .*IPv4"),
        ("[api]\nbind = '0.0.0.0:80'", r"\[api\]: bind: .*no sign-in"),
        ("[site]\nregion = 'usa'", r"\[site\]: region: 'usa' is not an ISO 3166 .*two capital letters such as US"),
        ("[site]\nregion = 'us'", r"\[site\]: region: 'us' is not an ISO 3166 .*two capital letters such as US"),
        ("[trunk]\nname = 'main'", r"\[trunk\]: write \[\[trunk\]\] with double brackets"),
        ("[station]\nname = 'desk1'", r"\[station\]: write \[\[station\]\] with double brackets"),
        ("[[sip]]\nbind = '127.0.0.1:5060'", r"sip: write \[sip\] with single brackets"),
        (GOOD.replace('name = "main"', 'name = "my line"'), r"name: 'my line' must be 1 to 32 letters"),
        ("[store]\nurl = 'postgresql://x'", r"\[store\]: url: .*SQLite"),
        (GOOD.replace("max_lines", "max_line"), r"\[\[trunk\]\] number 1 'main': unknown key 'max_line'"),
        (GOOD.replace("max_lines = 30", "max_lines = 0"), r"\[\[trunk\]\] number 1 'main': max_lines: .*greater"),
        (GOOD.replace("starts_per_s = 5", "starts_per_s = 'x'"), r"'main': starts_per_s: .*number"),
        (GOOD.replace("sip:{number}@", "sip:"), r"'main': target: .*is not like sip:\{number\}"),
        (GOOD.replace('"+12125550100"', '"2125550100"'), r"'main': caller_ids: '2125550100' is not E.164"),
        (GOOD.replace('target = "sip', 'username = "u"\ntarget = "sip'), r"'main': .*password_file go together"),
        (GOOD.replace('"modem"', '"modem"\nmax_lines = 3'), "max_lines is 3, and there are 1 ports"),
        (GOOD.replace('"modem"', '"pigeon"'), r'number 2 \'gsm\': kind: must be "sip", "modem" or "gateway"'),
        (GOOD.replace('port = "/dev/ttyUSB0"', ""), r"number 2 'gsm': port: is missing"),
        (GOOD.replace('name = "gsm"', 'name = "main"'), r"two \[\[trunk\]\] sections are named 'main'"),
        (
            GOOD.replace('address = "sip:desk1@127.0.0.1:5080"', ""),
            r"\[\[station\]\] number 1 'desk1': .*needs address",
        ),
        (GOOD.replace('name = "main"', 'name = "all"'), r"'all': name: 'all' means all trunks"),
        (GOOD.replace('"/dev/ttyUSB0"', "5"), r"'gsm': port: must be a text, or a list of texts"),
        (GOOD.replace('"/dev/ttyUSB0"', "[5]"), r"'gsm': port: must be a text, or a list of texts"),
        ("[sip\n", r"not valid TOML"),
    ],
)
def test_errors_name_section_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "dialer.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("baud = 5", "baud: must be 1200 or greater, not 5"),
        ("baud = 5000000", "baud: must be 4000000 or less, not 5000000"),
        ("baud = 'x'", "baud: must be a whole number, not 'x'"),
        ("keepalive_ms = 1500.5", "keepalive_ms: must be a whole number, not 1500.5"),
        ("starts_per_s = 0", "starts_per_s: must be greater than 0, not 0"),
        ("pulse = 'x'", "pulse: must be true or false, not 'x'"),
        ("before = 9", "before: must be a text in quotes, not 9"),
        ("lines = 4", "lines: must be a list in [ ], not 4"),
        ("dial_plan = '00'", "dial_plan: must be a table of texts in { }, not '00'"),
    ],
)
def test_bounds_are_told_in_plain_words(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, BOARD + line)
    assert str(caught.value) == f"{tmp_path / 'dialer.toml'}: [[trunk]] number 1 'board': {told}"


BOARD = '[[trunk]]\nname = "board"\nkind = "gateway"\nport = "/dev/board"\n'
MODEM = '[[trunk]]\nname = "gsm"\nkind = "modem"\nport = "/dev/modem"\n'
HEADSET = '[[station]]\nname = "wireless"\nkind = "hfp"\nport = "/dev/headset"\n'
PLUGGED = '[[station]]\nname = "plugged"\nkind = "gateway"\n'


@pytest.mark.parametrize(
    ("text", "sections", "device"),
    [
        (MODEM.replace('"/dev/modem"', '["/dev/modem", "/dev/modem"]'), ("gsm: port",), "/dev/modem"),
        (MODEM.replace('"/dev/modem"', '["imei:490154203237518", "imei:490154203237518"]'), ("gsm: port",), "imei:"),
        (MODEM + BOARD.replace("/dev/board", "/dev//modem"), ("gsm: port", "board: port"), "/dev/modem"),
        (MODEM + HEADSET.replace("/dev/headset", "/dev/modem"), ("gsm: port", "wireless: port"), "/dev/modem"),
        (MODEM + 'audio = "serial:/dev/modem@921600"\n', ("gsm: port", "gsm: audio"), "/dev/modem"),
        (BOARD + 'ties = ["serial:/dev/tie", "serial:/dev/tie@921600"]\n', ("board: ties",), "/dev/tie"),
        (
            BOARD + 'ties = ["alsa:plughw:0"]\n' + HEADSET + 'audio = "alsa:plughw:0"\n',
            ("board: ties", "wireless: audio"),
            "alsa:plughw:0",
        ),
        (
            BOARD + PLUGGED + PLUGGED.replace("plugged", "second") + 'board = "board"\nheadset = 1\n',
            ("plugged: headset", "second: headset"),
            "headset 1 of board board",
        ),
    ],
)
def test_what_serves_one_section_is_named_once(
    tmp_path: Path, text: str, sections: tuple[str, ...], device: str
) -> None:
    with pytest.raises(ConfigError, match="which serves one only; give each its own") as caught:
        read(tmp_path, text)
    assert device in str(caught.value)
    for section in sections:
        assert f"] {section}" in str(caught.value)


def test_headsets_of_two_boards_may_have_the_same_number(tmp_path: Path) -> None:
    second = BOARD.replace('"board"', '"second"').replace("/dev/board", "/dev/second")
    headsets = [PLUGGED + 'board = "board"\n', PLUGGED.replace("plugged", "other") + 'board = "second"\n']
    assert len(read(tmp_path, "".join([BOARD, second, *headsets])).station) == 2


def test_several_errors_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace("max_lines", "max_line").replace("starts_per_s", "start_per_s"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_folder_that_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not a site.*dialer init"):
        load_config(tmp_path)
