"""The schema's ordered migrations. A version, once released, is never edited: a change is a new version at the end."""

from collections.abc import Mapping

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

MIGRATIONS: Mapping[int, str] = {1: _FIRST, 2: _BY_PHONE, 3: _PACING}


def migrate(database: Database, migrations: Mapping[int, str] = MIGRATIONS, *, create: bool) -> None:
    """Bring the schema to the newest version, all in one transaction; two processes that try at once do it once.

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
