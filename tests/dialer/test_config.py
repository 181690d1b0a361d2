from pathlib import Path

import pytest

from dialer.config import Config, ConfigError, load_config
from dialer.config_reference import document
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
        ("[sip\n", r"not valid TOML"),
    ],
)
def test_errors_name_section_and_key(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "dialer.toml") in str(caught.value)


def test_several_errors_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, GOOD.replace("max_lines", "max_line").replace("starts_per_s", "start_per_s"))
    assert len(str(caught.value).splitlines()) == 2


def test_a_folder_that_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is not a site.*dialer init"):
        load_config(tmp_path)
