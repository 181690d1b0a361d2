"""`dialer callback` as a manager uses it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from dialer.cli import main
from dialer.site import Site
from tests.dialer.conftest import add_leads


def run(site: Site, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["--site", str(site.path), *arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def lead(site: Site) -> str:
    add_leads(site, "+12125550101")
    return "1"


def tomorrow(hour: int) -> str:
    day = (datetime.now(UTC) + timedelta(days=1)).date()
    return f"{day} {hour:02}:30"


def test_a_callback_is_made_listed_moved_and_called_off(site: Site, lead: str) -> None:
    assert "callback 1: lead 1" in run(site, "callback", "add", "spring", lead, "--at", tomorrow(15), "--agent", "anna")
    (made,) = json.loads(run(site, "callback", "list", "spring", "--json"))
    assert (made["lead_id"], made["agent"], made["state"], made["zone"]) == (1, "anna", "waiting", "America/New_York")
    assert "15:30" in made["local"]
    assert json.loads(run(site, "callback", "list", "spring", "--due", "--json")) == []
    assert "bert" in run(site, "callback", "move", "1", "--at", tomorrow(16), "--agent", "bert")
    assert "cancelled" in run(site, "callback", "cancel", "1")
    assert json.loads(run(site, "callback", "list", "spring", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("spring", "1", "--at", "soon"), "no date and time"),
        (("spring", "99", "--at", "2030-01-02 15:00"), "no lead 99"),
        (("autumn", "1", "--at", "2030-01-02 15:00"), "no campaign 'autumn'"),
        (("spring", "1", "--at", "2020-01-02 15:00"), "within the next year"),
        (("spring", "1", "--at", "2030-01-02 15:00", "--agent", "zoe"), "no agent 'zoe'"),
    ],
)
def test_what_cannot_be_is_refused_with_why(site: Site, lead: str, arguments: tuple[str, ...], says: str) -> None:
    assert says in run(site, "callback", "add", *arguments, code=1)
