import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.consent_files import ConsentReport, import_consents
from campaigns.consents import Consents, Evidence
from campaigns.model import Basis, Purpose
from campaigns.store import StoreError
from tests.campaigns.desk import Desk

ONE = "+12125550101"


@pytest.fixture
def consents(desk: Desk) -> Consents:
    desk.load("phone,alt_phone\n2125550101,2125550102\n2125550103,\n")
    return Consents(desk.store.database, desk.store.profiles)


def load(desk: Desk, consents: Consents, text: str, now: datetime, **options: Path) -> ConsentReport:
    return import_consents(consents, desk.campaign.campaign_id, io.StringIO(text), "US", at=now, **options)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_columns_by_any_of_their_names(desk: Desk, consents: Consents, now: datetime, mark: str) -> None:
    text = "\n".join(
        (
            mark.join(("Phone Number", "BASIS", "purpose", "date", "until", "proof", "name", "wording")),
            mark.join(("(212) 555-0101", "Written", "sales", "2026-05-01", "", "form 1", "Ada", "Call me")),
            "",
        )
    )
    assert load(desk, consents, text, now).counts() == {"read": 1, "added": 1, "already": 0, "rejected": 0}
    (record,) = consents.records([1])
    assert (record.consent.basis, record.consent.purpose, record.consent.phone) == (Basis.WRITTEN, Purpose.SALES, ONE)
    assert record.consent.obtained_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert Evidence.of(record.consent.evidence) == Evidence("form 1", "Ada", "Call me")


def test_leads_by_id_and_what_is_there_already(desk: Desk, consents: Consents, now: datetime) -> None:
    text = "lead_id,basis\n1,ebr\n2,express\n1,ebr\n"
    assert load(desk, consents, text, now).counts() == {"read": 3, "added": 2, "already": 1, "rejected": 0}
    assert {lead_id: [c.basis for c in found] for lead_id, found in consents.of([1, 2]).items()} == {
        1: [Basis.EBR],
        2: [Basis.EXPRESS],
    }
    assert load(desk, consents, text, now).already == 3


def test_each_refused_row_says_why(desk: Desk, consents: Consents, now: datetime, tmp_path: Path) -> None:
    text = (
        "number,lead_id,basis,purpose,obtained_at,expires_at\n"
        "2125550101,,maybe,,,\n"
        ",,ebr,,,\n"
        "\n"
        "212555,,ebr,,,\n"
        ",x,ebr,,,\n"
        "2125550101,,ebr,fun,,\n"
        "2125550101,,ebr,,yesterday,\n"
        "2125550101,,ebr,,2026-05-01T10:00:00,\n"
        "2125550101,,ebr,,2026-05-02,2026-05-01\n"
        "2125550101,,ebr,,2027-01-01,\n"
        "2125550109,,ebr,,,\n"
        "2125550101,2,ebr,,,\n"
        ",9,ebr,,,\n"
        '2125550101,1,ebr,,2026-05-01T10:00:00-04:00,"2027-05-01"\n'
    )
    path = tmp_path / "rejects.csv"
    report = load(desk, consents, text, now, rejects=path)
    assert report.counts() == {"read": 13, "added": 1, "already": 0, "rejected": 12}
    reasons = {reject.line: reject.reason for reject in report.rejects}
    wanted = {
        2: "'maybe' is none of: inquiry, ebr, contract, express, written",
        3: "neither a number nor a lead_id",
        5: "number '212555': too few digits",
        6: "lead_id 'x' is not a whole number",
        7: "purpose 'fun' is none of: sales, collections, service, survey",
        8: "obtained_at 'yesterday' is no date",
        9: "has no offset from UTC",
        10: "before it was obtained",
        11: "obtained_at is in the future",
        12: "no number +12125550109",
        13: "the campaign has no lead 2",
        14: "the campaign has no lead 9",
    }
    assert reasons.keys() == wanted.keys()
    for line, reason in wanted.items():
        assert reason in reasons[line], line
    written = path.read_text().splitlines()
    assert len(written) == 13 and written[0].startswith("line,reason,number,lead_id,basis")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file is empty"),
        ("number,purpose\n2125550101,sales\n", "must name the columns basis, and number or lead_id; it has: number"),
        ("basis,colour\nebr,red\n", "Columns that are known: number, lead_id"),
        ("n\0u\0m\0", "UTF-16"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_it_needs(
    desk: Desk, consents: Consents, now: datetime, text: str, complaint: str
) -> None:
    with pytest.raises(StoreError, match=complaint):
        load(desk, consents, text, now)


def test_names_in_a_legacy_encoding_are_kept(desk: Desk, consents: Consents, now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "consents.csv"
    rows = "".join(f"2125550101,express,Jürgen Müller-Lüdenscheidt,2026-05-{day:02}\n" for day in range(1, 20))
    path.write_bytes(("number,basis,name,date\n" + rows).encode("cp1252"))
    assert import_consents(consents, desk.campaign.campaign_id, path, "US", at=now).added == 19
    assert Evidence.of(consents.records([1])[0].consent.evidence).name == "Jürgen Müller-Lüdenscheidt"


def test_many_rows(desk: Desk, consents: Consents, now: datetime) -> None:
    desk.load("phone\n" + "".join(f"305555{100 + n:04}\n" for n in range(100)))
    rows = "".join(f"305555{100 + n:04},express,sales\n" for n in range(100)) * 12
    report = load(desk, consents, "number,basis,purpose\n" + rows, now)
    assert report.counts() == {"read": 1200, "added": 100, "already": 1100, "rejected": 0}
