"""The tables as peewee models, for queries off the hot path. `migrations` makes the tables; a test compares the two."""

from peewee import (
    AutoField,
    BigIntegerField,
    CharField,
    DoubleField,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)


class Meta(Model):
    name = CharField(primary_key=True)
    value = TextField()

    class Meta:
        table_name = "meta"


class Campaign(Model):
    id = AutoField()
    name = TextField(unique=True)
    kind = TextField()
    mode = TextField()
    state = TextField()
    settings = TextField()

    class Meta:
        table_name = "campaigns"


class LeadList(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    name = TextField()
    created_at = DoubleField()

    class Meta:
        table_name = "lists"


class ZoneSet(Model):
    id = AutoField()
    zones = TextField(unique=True)

    class Meta:
        table_name = "zone_sets"


class Lead(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    list = ForeignKeyField(LeadList)
    status = TextField()
    attempts = IntegerField()
    next_phone_id = IntegerField()
    zone_set = ForeignKeyField(ZoneSet)
    priority = IntegerField()
    next_at = BigIntegerField(null=True)
    last_attempt_at = DoubleField(null=True)
    title = TextField()
    first_name = TextField()
    last_name = TextField()
    email = TextField()
    address1 = TextField()
    city = TextField()
    state = TextField()
    postal_code = TextField()
    country = TextField()
    timezone = TextField()
    vendor_lead_code = TextField()
    comments = TextField()
    custom = TextField()

    class Meta:
        table_name = "leads"


class LeadPhone(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    position = IntegerField()
    label = TextField()
    e164 = TextField()
    zone_set = ForeignKeyField(ZoneSet)
    attempts = IntegerField()
    uncallable = IntegerField()

    class Meta:
        table_name = "lead_phones"


class Attempt(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    lead = ForeignKeyField(Lead)
    phone_row = ForeignKeyField(LeadPhone, column_name="phone_id")
    phone = TextField()
    trunk = TextField()
    caller_id = TextField()
    started_at = DoubleField()
    ringing_at = DoubleField(null=True)
    answered_at = DoubleField(null=True)
    connected_at = DoubleField(null=True)
    ended_at = DoubleField(null=True)
    closed_at = DoubleField(null=True)
    outcome = TextField(null=True)
    status = TextField(null=True)
    agent = TextField(null=True)
    cause = TextField(null=True)
    sip_code = IntegerField(null=True)
    q850 = IntegerField(null=True)
    detail = TextField()
    ref = TextField()
    retry_at = BigIntegerField(null=True)
    retry_because = TextField()

    class Meta:
        table_name = "attempts"


class Agent(Model):
    id = AutoField()
    name = TextField(unique=True)
    station = TextField()

    class Meta:
        table_name = "agents"


class AgentLog(Model):
    id = AutoField()
    agent = TextField()
    campaign = ForeignKeyField(Campaign)
    state = TextField()
    code = TextField()
    at = DoubleField()

    class Meta:
        table_name = "agent_log"


class Dnc(Model):
    e164 = CharField(primary_key=True)
    source = TextField()
    added_at = DoubleField()

    class Meta:
        table_name = "dnc"


class Forecast(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign, null=True)
    made_at = DoubleField()
    inputs = TextField()
    results = TextField()

    class Meta:
        table_name = "forecasts"


class PacingSample(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    at = DoubleField()
    agents = IntegerField()
    ready = IntegerField()
    in_flight = IntegerField()
    lines = IntegerField()
    predicted_answers = FloatField()
    predicted_free = FloatField()
    risk = FloatField()
    next_risk = FloatField()
    threshold = FloatField()
    abandoned_rate = FloatField()
    budget_left = FloatField()
    because = TextField()

    class Meta:
        table_name = "pacing_samples"


class PacerState(Model):
    campaign = ForeignKeyField(Campaign, primary_key=True)
    at = DoubleField()
    state = TextField()

    class Meta:
        table_name = "pacer_states"


ALL = (
    Meta,
    Campaign,
    LeadList,
    ZoneSet,
    Lead,
    LeadPhone,
    Attempt,
    Agent,
    AgentLog,
    Dnc,
    Forecast,
    PacingSample,
    PacerState,
)
