"""The schema's ordered migrations. A version, once released, is never edited: a change is a new version at the end."""

from collections.abc import Callable, Mapping

from campaigns.database import Database, StoreError

# Phone numbers are text, instants are seconds since 1970 in UTC. `leads.next_at` is NULL when the lead is not callable;
# `priority` puts due retries (0) before new leads (1). `leads.zone_set_id` is that of the number whose turn it is.
_FIRST = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    settings TEXT NOT NULL
);

CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    name TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL
);

CREATE TABLE zone_sets (id INTEGER PRIMARY KEY, zones TEXT NOT NULL UNIQUE);

CREATE TABLE leads (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    list_id INTEGER NOT NULL REFERENCES lists (id),
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_phone_id INTEGER NOT NULL,
    zone_set_id INTEGER NOT NULL REFERENCES zone_sets (id),
    priority INTEGER NOT NULL,
    next_at BIGINT,
    last_attempt_at DOUBLE PRECISION,
    title TEXT NOT NULL DEFAULT '',
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    address1 TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    postal_code TEXT NOT NULL DEFAULT '',
    country TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT '',
    vendor_lead_code TEXT NOT NULL DEFAULT '',
    comments TEXT NOT NULL DEFAULT '',
    custom TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX leads_hopper ON leads (campaign_id, zone_set_id, priority, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX leads_campaign ON leads (campaign_id, id);

CREATE TABLE lead_phones (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    position INTEGER NOT NULL,
    label TEXT NOT NULL,
    e164 TEXT NOT NULL,
    zone_set_id INTEGER NOT NULL REFERENCES zone_sets (id),
    attempts INTEGER NOT NULL,
    uncallable INTEGER NOT NULL
);
CREATE UNIQUE INDEX lead_phones_lead ON lead_phones (lead_id, position);
CREATE INDEX lead_phones_e164 ON lead_phones (e164);

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    phone_id INTEGER NOT NULL REFERENCES lead_phones (id),
    phone TEXT NOT NULL,
    trunk TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    started_at DOUBLE PRECISION NOT NULL,
    ringing_at DOUBLE PRECISION,
    answered_at DOUBLE PRECISION,
    connected_at DOUBLE PRECISION,
    ended_at DOUBLE PRECISION,
    closed_at DOUBLE PRECISION,
    outcome TEXT,
    status TEXT,
    agent TEXT,
    cause TEXT,
    sip_code INTEGER,
    q850 INTEGER,
    detail TEXT NOT NULL DEFAULT '',
    ref TEXT NOT NULL DEFAULT '',
    retry_at BIGINT,
    retry_because TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX attempts_open ON attempts (lead_id) WHERE closed_at IS NULL;
CREATE INDEX attempts_lead ON attempts (lead_id);

CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, station TEXT NOT NULL);

CREATE TABLE agent_log (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX agent_log_campaign ON agent_log (campaign_id, id);

CREATE TABLE dnc (e164 TEXT PRIMARY KEY, source TEXT NOT NULL, added_at DOUBLE PRECISION NOT NULL);
"""

# What another lead does with a number is asked before every call.
_BY_PHONE = """
CREATE INDEX attempts_open_phone ON attempts (phone) WHERE closed_at IS NULL;
CREATE INDEX attempts_abandoned ON attempts (phone, closed_at) WHERE outcome = 'abandoned';
"""

# What the pacing foresaw, what it decided, and what it has learned. JSON columns are opaque to the store.
_PACING = """
CREATE TABLE forecasts (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER REFERENCES campaigns (id),
    made_at DOUBLE PRECISION NOT NULL,
    inputs TEXT NOT NULL,
    results TEXT NOT NULL
);
CREATE INDEX forecasts_campaign ON forecasts (campaign_id, id);

CREATE TABLE pacing_samples (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    at DOUBLE PRECISION NOT NULL,
    agents INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    predicted_answers REAL NOT NULL,
    predicted_free REAL NOT NULL,
    risk REAL NOT NULL,
    next_risk REAL NOT NULL,
    threshold REAL NOT NULL,
    abandoned_rate REAL NOT NULL,
    budget_left REAL NOT NULL,
    because TEXT NOT NULL
);
CREATE INDEX pacing_samples_campaign ON pacing_samples (campaign_id, at);

CREATE TABLE pacer_states (
    campaign_id INTEGER PRIMARY KEY REFERENCES campaigns (id),
    at DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL
);
"""

# The law's side of a campaign. A profile is "zones|regions|basis", each part's words apart by blanks: what decides when
# a number may be called. `leads.held_by` names the rule that puts a lead off, '' when none does. Money is decimal text
# with its ISO 4217 code. `leads.person` '' means that the lead is the person. `dnc` holds the lists of the site (1) and
# of campaigns; `registry_numbers` holds copies of national registries, many millions of integers without the plus sign:
# WITHOUT ROWID, which only SQLite needs and knows, halves their bytes.
_LAW = """
ALTER TABLE zone_sets RENAME TO profiles;
ALTER TABLE profiles RENAME COLUMN zones TO key;
UPDATE profiles SET key = key || '||';
DROP INDEX leads_hopper;
ALTER TABLE leads RENAME COLUMN zone_set_id TO profile_id;
ALTER TABLE lead_phones RENAME COLUMN zone_set_id TO profile_id;
ALTER TABLE leads ADD COLUMN person TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE leads ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN stated_timezone TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN stated_region TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN held_by TEXT NOT NULL DEFAULT '';
CREATE INDEX leads_hopper ON leads (campaign_id, list_id, profile_id, priority, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX leads_timed ON leads (campaign_id, next_at, list_id, profile_id, priority)
    WHERE priority = 0 AND next_at IS NOT NULL;
CREATE INDEX leads_held ON leads (campaign_id, list_id, held_by, profile_id, priority, next_at) WHERE held_by <> '';
CREATE INDEX leads_ended ON leads (campaign_id, list_id, status, next_at) WHERE next_at IS NULL;
CREATE INDEX leads_person ON leads (person) WHERE person <> '';

ALTER TABLE lists ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE lists ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lists ADD COLUMN weight INTEGER NOT NULL DEFAULT 1;
ALTER TABLE lists ADD COLUMN ordering TEXT NOT NULL DEFAULT 'retries_first';
ALTER TABLE lists ADD COLUMN condition TEXT NOT NULL DEFAULT '';
ALTER TABLE lists ADD COLUMN recycle TEXT NOT NULL DEFAULT '{}';
ALTER TABLE lists ADD COLUMN quota INTEGER;

ALTER TABLE attempts ADD COLUMN nth INTEGER NOT NULL DEFAULT 0;
UPDATE attempts SET nth = (SELECT COUNT(*) FROM attempts b WHERE b.lead_id = attempts.lead_id AND b.id <= attempts.id);
DROP INDEX attempts_open_phone;
DROP INDEX attempts_abandoned;
CREATE INDEX attempts_phone ON attempts (phone, started_at);
CREATE INDEX attempts_campaign ON attempts (campaign_id, id);

CREATE TABLE past_calls (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    debt_id INTEGER,
    phone TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    outcome TEXT NOT NULL,
    contact INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    source TEXT NOT NULL
);
CREATE INDEX past_calls_lead ON past_calls (lead_id, at);
CREATE INDEX past_calls_phone ON past_calls (phone, at);

CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    phone TEXT NOT NULL,
    basis TEXT NOT NULL,
    purpose TEXT NOT NULL,
    obtained_at DOUBLE PRECISION,
    expires_at DOUBLE PRECISION,
    revoked_at DOUBLE PRECISION,
    evidence TEXT NOT NULL
);
CREATE INDEX consents_lead ON consents (lead_id);
CREATE INDEX consents_expiry ON consents (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE dnc_lists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope TEXT NOT NULL,
    campaign_id INTEGER REFERENCES campaigns (id),
    registry TEXT NOT NULL,
    version TEXT NOT NULL,
    areas TEXT NOT NULL,
    state TEXT NOT NULL,
    as_of DOUBLE PRECISION,
    imported_at DOUBLE PRECISION
);
INSERT INTO dnc_lists (id, name, scope, campaign_id, registry, version, areas, state, as_of, imported_at)
    VALUES (1, 'site', 'site', NULL, '', '', '', 'live', NULL, NULL);
CREATE TABLE dnc_entries (
    e164 TEXT NOT NULL,
    list_id INTEGER NOT NULL REFERENCES dnc_lists (id),
    source TEXT NOT NULL,
    added_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION,
    PRIMARY KEY (e164, list_id)
);
INSERT INTO dnc_entries (e164, list_id, source, added_at) SELECT e164, 1, source, added_at FROM dnc;
DROP TABLE dnc;
ALTER TABLE dnc_entries RENAME TO dnc;
CREATE INDEX dnc_expiry ON dnc (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE registry_numbers (
    list_id INTEGER NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (list_id, number)
) WITHOUT ROWID;

CREATE TABLE callbacks (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    phone_id INTEGER,
    at DOUBLE PRECISION NOT NULL,
    zone TEXT NOT NULL,
    agent TEXT NOT NULL,
    falls_at DOUBLE PRECISION,
    state TEXT NOT NULL,
    made_at DOUBLE PRECISION NOT NULL,
    made_by TEXT NOT NULL,
    attempt_id INTEGER,
    comments TEXT NOT NULL
);
CREATE INDEX callbacks_open ON callbacks (campaign_id, at) WHERE state IN ('waiting', 'reminded', 'dialed');
CREATE INDEX callbacks_lead ON callbacks (lead_id);

CREATE TABLE scripts (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE answers (
    attempt_id INTEGER NOT NULL REFERENCES attempts (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (attempt_id, field)
);
CREATE INDEX answers_lead ON answers (lead_id);
CREATE TABLE sales (
    attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    agent TEXT NOT NULL,
    product TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    sold_at DOUBLE PRECISION NOT NULL,
    verification TEXT NOT NULL,
    verified_by TEXT NOT NULL,
    verified_at DOUBLE PRECISION,
    note TEXT NOT NULL
);
CREATE INDEX sales_campaign ON sales (campaign_id, sold_at);
CREATE TABLE quotas (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    name TEXT NOT NULL,
    condition TEXT NOT NULL,
    statuses TEXT NOT NULL,
    target INTEGER NOT NULL,
    UNIQUE (campaign_id, name)
);

CREATE TABLE debts (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    reference TEXT NOT NULL,
    creditor TEXT NOT NULL,
    principal TEXT NOT NULL,
    balance TEXT NOT NULL,
    currency TEXT NOT NULL,
    due_on TEXT,
    state TEXT NOT NULL,
    opened_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL,
    UNIQUE (campaign_id, reference)
);
CREATE INDEX debts_lead ON debts (lead_id);
CREATE TABLE attempt_debts (
    debt_id INTEGER NOT NULL REFERENCES debts (id),
    attempt_id INTEGER NOT NULL REFERENCES attempts (id),
    PRIMARY KEY (debt_id, attempt_id)
);
CREATE INDEX attempt_debts_attempt ON attempt_debts (attempt_id);
CREATE TABLE promises (
    id INTEGER PRIMARY KEY,
    debt_id INTEGER NOT NULL REFERENCES debts (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    attempt_id INTEGER,
    agent TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    due_on TEXT NOT NULL,
    made_at DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL,
    settled_at DOUBLE PRECISION
);
CREATE INDEX promises_debt ON promises (debt_id);
CREATE INDEX promises_open ON promises (due_on) WHERE state = 'open';
CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    debt_id INTEGER NOT NULL REFERENCES debts (id),
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    paid_on TEXT NOT NULL,
    reference TEXT NOT NULL,
    surplus TEXT NOT NULL,
    imported_at DOUBLE PRECISION NOT NULL,
    UNIQUE (debt_id, reference)
);
CREATE TABLE holds (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    debt_id INTEGER REFERENCES debts (id),
    kind TEXT NOT NULL,
    placed_at DOUBLE PRECISION NOT NULL,
    until DOUBLE PRECISION,
    lifted_at DOUBLE PRECISION,
    lifted_because TEXT NOT NULL,
    source TEXT NOT NULL
);
CREATE INDEX holds_lead ON holds (lead_id);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    person TEXT NOT NULL,
    salt TEXT NOT NULL,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_person ON audit (person) WHERE person <> '';
"""

# Text messages. A promise or callback (`about`) is reminded of once at most.
_TEXTS = """
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id),
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    phone TEXT NOT NULL,
    kind TEXT NOT NULL,
    about INTEGER,
    text TEXT NOT NULL,
    asked_at DOUBLE PRECISION NOT NULL,
    sent_at DOUBLE PRECISION,
    delivered_at DOUBLE PRECISION,
    failed_at DOUBLE PRECISION,
    because TEXT NOT NULL
);
CREATE UNIQUE INDEX texts_about ON texts (kind, about) WHERE about IS NOT NULL;
CREATE INDEX texts_campaign ON texts (campaign_id, id);
CREATE INDEX texts_lead ON texts (lead_id);
CREATE INDEX texts_unknown ON texts (id) WHERE sent_at IS NULL AND failed_at IS NULL;
"""

# What a person revoked for all their numbers, whichever of them the consents were for.
_REVOCATIONS = """
CREATE TABLE revocations (
    id INTEGER PRIMARY KEY,
    lead_id INTEGER NOT NULL REFERENCES leads (id),
    basis TEXT NOT NULL,
    purpose TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX revocations_lead ON revocations (lead_id);
"""

# Under which reference (TP-MR) which SIM sent each part of a text; `reported_at`: its fate is known.
_TEXT_PARTS = """
CREATE TABLE text_parts (
    id INTEGER PRIMARY KEY,
    text_id INTEGER NOT NULL REFERENCES texts (id),
    sim TEXT NOT NULL,
    reference INTEGER,
    sent_at DOUBLE PRECISION NOT NULL,
    reported_at DOUBLE PRECISION
);
CREATE INDEX text_parts_text ON text_parts (text_id);
CREATE INDEX text_parts_reference ON text_parts (sim, reference, sent_at);
"""

MIGRATIONS: Mapping[int, str] = {
    1: _FIRST,
    2: _BY_PHONE,
    3: _PACING,
    4: _LAW,
    5: _TEXTS,
    6: _REVOCATIONS,
    7: _TEXT_PARTS,
}


# The first version in which numbers have regions.
_PLACED = 4


def migrate(
    database: Database,
    migrations: Mapping[int, str] = MIGRATIONS,
    *,
    create: bool,
    locate: Callable[[], object] = lambda: None,
) -> None:
    """Bring the schema to the newest version, all in one transaction; two processes that try at once do it once.

    `locate` is called in that transaction when the store is from before its numbers had regions.
    Raises StoreError when the file is no campaign store, or one from a newer version of this program.
    """
    newest = max(migrations)
    if version_of(database) == newest:
        return
    with database.transaction():
        version = version_of(database)
        if version > newest:
            raise StoreError(
                f"{database.path}: its schema is version {version}, this program knows up to {newest}; "
                "install the newer program that wrote it"
            )
        if version == 0 and not create:
            raise StoreError(f"{database.path}: not a campaign store; `dialer init DIR` makes one")
        for step in range(version + 1, newest + 1):
            for statement in migrations[step].split(";"):
                if statement.strip():
                    database.execute(statement)
        if 0 < version < _PLACED <= newest:
            locate()
        _record_version(database, newest)


def version_of(database: Database) -> int:
    """The schema's version, 0 for an empty file. Raises StoreError when other tables are in it."""
    tables = {name for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    value = database.value("SELECT value FROM meta WHERE name = 'schema_version'") if "meta" in tables else None
    if value is None:
        raise StoreError(f"{database.path}: an SQLite file of another program; name another file for the store")
    return int(value)


def _record_version(database: Database, version: int) -> None:
    database.execute("DELETE FROM meta WHERE name = 'schema_version'")
    database.execute("INSERT INTO meta (name, value) VALUES ('schema_version', ?)", (str(version),))
