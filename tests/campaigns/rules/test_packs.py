"""Reading packs: everything that is wrong is told at once, with file, rule, key and what is allowed."""

from pathlib import Path

import pytest

from campaigns.rules import Basis, PackError, load_builtin, load_directory
from campaigns.rules.model import ClosedDays, Cooldown, Exemption, Hours, Limit, Period
from campaigns.rules.packs import parse_pack, parse_packs
from tests.campaigns.rules.texts import pack, rule, window

LIMIT = 'type = "frequency"\nlimit = '
CLOSED = 'type = "closed_days"\nholidays = '
NAMELESS = """
[pack]
id = "Ours"
version = "1"
jurisdiction = "US"
[[rule]]
id = "a"
[[rule]]
type = "window"
"""
WINDOW = 'type = "window"\nhours = { all = "08:00-21:00" }\n'


def problems(text: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        parse_pack(text, "ours.toml")
    return [str(problem) for problem in caught.value.problems]


def rule_problems(body: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        pack(rule(body))
    return [str(problem).removeprefix("test.toml: rule test.rule: ") for problem in caught.value.problems]


def hours(text: str) -> Hours:
    params = pack(window(text)).rules[0].params
    assert isinstance(params, Hours)
    return params


def test_hours_by_groups_and_days() -> None:
    week = hours('weekdays = "10:00-13:00, 14:00-20:00", weekends = "10:00-18:00", sun = "closed"').week
    assert week == (((600, 780), (840, 1200)),) * 5 + (((600, 1080),), ())


def test_days_that_are_not_named_are_closed() -> None:
    assert hours('mon = "09:00-24:00"').week == (((540, 1440),),) + ((),) * 6


def test_closed_days() -> None:
    params = pack(rule('type = "closed_days"\nweekdays = ["sun"]\nholidays = { country = "US" }\ndays = "weekdays"'))
    closed = params.rules[0].params
    assert isinstance(closed, ClosedDays)
    assert (closed.weekdays, closed.days) == ({6}, {0, 1, 2, 3, 4})


def test_exemptions() -> None:
    text = 'unless = [{ basis = ["ebr"], max_age = "18mo" }, { consent = ["express"] }]\n' + WINDOW
    assert pack(rule(text)).rules[0].unless == (
        Exemption(frozenset({Basis.EBR}), Period(18, "mo")),
        Exemption(frozenset({Basis.EXPRESS})),
    )


def test_events_of_a_cooldown() -> None:
    cooldown = pack(rule('type = "cooldown"\ncooldown = { after = ["amd_hangup", "conversation"], for = "24h" }'))
    params = cooldown.rules[0].params
    assert isinstance(params, Cooldown)
    assert (params.outcomes, params.contact, params.conversation) == ({"machine"}, False, True)


def test_a_limit_of_the_calendar_has_no_period() -> None:
    params = pack(rule(LIMIT + '{ max = 2, basis = "calendar_month" }')).rules[0].params
    assert isinstance(params, Limit)
    assert params.per is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('type = "windows"', "type: 'windows' is not one of abandon, "),
        (WINDOW + "effekt = 1", "effekt: unknown key; did you mean effect?"),
        (WINDOW + 'where = ["us"]', "where: 'us' must be ISO 3166 such as US, US-FL"),
        (WINDOW + "where = []", "where: names no region, so the rule never applies"),
        (WINDOW + 'status = "inforce"', "status: 'inforce' is not one of draft, guidance, in_force, stayed"),
        (WINDOW + 'confidence = "X"', "confidence: 'X' is not one of H, K, L, M"),
        (WINDOW + 'effect = "shadow"', "effect: 'shadow' is not one of alert, block, presumption, require_mode"),
        (WINDOW + 'zone = "Mars/Base"', "zone: 'Mars/Base' is not in the zone database"),
        (WINDOW + 'effective = { from = "2026-02-30" }', "effective.from: '2026-02-30' must be a date"),
        (WINDOW + 'effective = { from = "2026-02-03", to = "2026-02-02" }', "effective.to: 2026-02-02 is before 2026"),
        (WINDOW + 'unless = { basis = ["ebr"] }', "unless: must be an array of tables"),
        (WINDOW + 'unless = [{ basis = ["friend"] }]', "unless[0].basis: 'friend' is not one of contract, "),
        (WINDOW + 'unless = [{ consent = ["none"] }]', "unless[0].consent: must name grounds such as express"),
        (WINDOW + 'unless = [{ basis = ["ebr"], max_age = "18" }]', "unless[0].max_age: '18' must be a length of time"),
        ('type = "window"\nhours = { all = "9-21" }', "hours.all: '9-21' must be HH:MM-HH:MM"),
        ('type = "window"\nhours = { all = "21:00-09:00" }', "hours.all: '21:00-09:00' must end after it starts"),
        ('type = "window"\nhours = { all = "09:00-24:30" }', "hours.all: '09:00-24:30' must end after it starts"),
        ('type = "window"\nhours = { all = "09:00-12:00,11:00-13:00" }', "hours.all: '09:00-12:00,11:00-13:00' has"),
        ('type = "window"\nhours = { monday = "09:00-12:00" }', "hours.monday: unknown key; did you mean mon?"),
        ('type = "window"\nhours = "09:00-12:00"', "hours: must be a table { ... }"),
        (
            'type = "window"\nhours = { all = "09:00-12:00", holiday = "closed" }',
            "holidays: hours.holiday and",
        ),
        ('type = "window"', "hours: is missing"),
        ('type = "closed_days"', "holidays: the rule closes no day"),
        ('type = "closed_days"\nholidays = { country = "QQ" }', "holidays: Country QQ not available"),
        (
            CLOSED + '{ country = "US", add = ["no_day"] }',
            "holidays: no holiday is named 'no_day'",
        ),
        (
            CLOSED + '{ country = "US", add = ["13-40"] }',
            "holidays: no holiday is named '13-40'",
        ),
        (LIMIT + "{ max = 7 }", "limit.per: is missing"),
        (LIMIT + '{ max = -1, per = "7d" }', "limit.max: -1 must be a whole number from 0"),
        (
            LIMIT + '{ max = 1, per = "7d", exclude = ["engaged"] }',
            "limit.exclude: 'engaged' is not",
        ),
        (LIMIT + '{ max = 1, per = "24h", first_day_counts = true }', "limit.per: must be in days"),
        (
            LIMIT + '{ max = 1, per = "7d", basis = "calendar_day" }',
            "limit.per: has no meaning with",
        ),
        ('type = "cooldown"\ncooldown = { after = "sneeze", for = "7d" }', "cooldown.after: 'sneeze' is not one of"),
        ('type = "consent"', "needs: is missing"),
        ('type = "registry"\nregistry = { id = "us", max_age = "1mo" }', "registry.max_age: must be in days or weeks"),
        ('type = "ring_min"\nring_min = { seconds = "15" }', "ring_min.seconds: '15' must be a number of seconds"),
        ('type = "abandon"\nabandon = { max_percent = 300 }', "abandon.max_percent: 300 must be a percentage"),
        ('type = "retention"\nretention = { from = "call" }', "retention.records: the rule keeps nothing"),
        (WINDOW + 'effect = "require_mode"', "modes: is missing"),
        (WINDOW + 'modes = ["manual"]', "modes: unknown key; did you mean mode?"),
        (WINDOW + "note = 3", "note: 3 must be text in quotes"),
        (WINDOW + "purpose = 3", "purpose: 3 must be a list of texts"),
        ('type = "cli"\ncli = { number = 1 }', "cli.number: 1 must be true or false"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(body: str, complaint: str) -> None:
    told = rule_problems(body)
    assert any(problem.startswith(complaint) for problem in told), told


def test_all_problems_of_a_file_are_told_at_once() -> None:
    told = problems(NAMELESS)
    assert told == [
        "ours.toml: pack.id: 'Ours' must be made of small letters, digits, '.', '_' and '-'",
        "ours.toml: pack.title: is missing",
        "ours.toml: rule a: type: is missing",
        "ours.toml: rule number 2: id: is missing",
        "ours.toml: rule number 2: where: is missing",
        "ours.toml: rule number 2: hours: is missing",
        "ours.toml: rule number 2: status: is missing",
        "ours.toml: rule number 2: confidence: is missing",
    ]


def test_a_text_that_is_no_toml_is_said() -> None:
    assert problems("[pack\n")[0].startswith("ours.toml: this is no TOML: ")


def test_a_rule_id_is_taken_once() -> None:
    with pytest.raises(PackError, match=r"test\.toml: rule test\.window: id: is taken already, in test\.toml"):
        pack(window('all = "08:00-21:00"'), window('all = "09:00-21:00"'))


def test_the_problems_of_all_files_are_told() -> None:
    with pytest.raises(PackError, match=r"(?s)a\.toml.*b\.toml"):
        parse_packs([("a.toml", "x"), ("b.toml", "y")])


def test_many_problems_are_told_in_few_lines() -> None:
    with pytest.raises(PackError, match="and 3 more"):
        parse_pack(NAMELESS, "x.toml")


def test_packs_of_a_folder(tmp_path: Path) -> None:
    text = '[pack]\nid = "ours"\ntitle = "Ours"\nversion = "1"\njurisdiction = "US"\n' + window('all = "08:00-21:00"')
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a pack")
    (found,) = load_directory(tmp_path)
    assert (found.id, [one.id for one in found.rules]) == ("ours", ["test.window"])
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError, match=r"broken\.toml: cannot be read as UTF-8 text"):
        load_directory(tmp_path)
    with pytest.raises(PackError, match="is no folder"):
        load_directory(tmp_path / "none")


def test_the_packs_of_the_program_load() -> None:
    packs = load_builtin()
    assert {one.jurisdiction for one in packs} == {"US", "GB", "IN", "FR", "DE", "ES", "IT", "AU", "CA"}
