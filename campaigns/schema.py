"""The tables as peewee models, for queries off the hot path. `migrations` makes the tables; a test compares the two."""

from peewee import (
    AutoField,
    BigIntegerField,
    CharField,
    CompositeKey,
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
    active = IntegerField()
    priority = IntegerField()
    weight = IntegerField()
    ordering = TextField()
    condition = TextField()
    recycle = TextField()
    quota = IntegerField(null=True)

    class Meta:
        table_name = "lists"


class Profile(Model):
    id = AutoField()
    key = TextField(unique=True)

    class Meta:
        table_name = "profiles"


class Lead(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    list = ForeignKeyField(LeadList)
    status = TextField()
    attempts = IntegerField()
    next_phone_id = IntegerField()
    profile = ForeignKeyField(Profile)
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
    person = TextField()
    rank = IntegerField()
    owner = TextField()
    stated_timezone = TextField()
    stated_region = TextField()
    held_by = TextField()

    class Meta:
        table_name = "leads"


class LeadPhone(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    position = IntegerField()
    label = TextField()
    e164 = TextField()
    profile = ForeignKeyField(Profile)
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
    nth = IntegerField()

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


class PastCall(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    debt_id = IntegerField(null=True)
    phone = TextField()
    at = DoubleField()
    outcome = TextField()
    contact = IntegerField()
    conversation = IntegerField()
    source = TextField()

    class Meta:
        table_name = "past_calls"


class Consent(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    phone = TextField()
    basis = TextField()
    purpose = TextField()
    obtained_at = DoubleField(null=True)
    expires_at = DoubleField(null=True)
    revoked_at = DoubleField(null=True)
    evidence = TextField()

    class Meta:
        table_name = "consents"


class Revocation(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    basis = TextField()
    purpose = TextField()
    at = DoubleField()

    class Meta:
        table_name = "revocations"


class DncList(Model):
    id = AutoField()
    name = TextField(unique=True)
    scope = TextField()
    campaign = ForeignKeyField(Campaign, null=True)
    registry = TextField()
    version = TextField()
    areas = TextField()
    state = TextField()
    as_of = DoubleField(null=True)
    imported_at = DoubleField(null=True)

    class Meta:
        table_name = "dnc_lists"


class Dnc(Model):
    e164 = TextField()
    list = ForeignKeyField(DncList)
    source = TextField()
    added_at = DoubleField()
    expires_at = DoubleField(null=True)

    class Meta:
        table_name = "dnc"
        primary_key = CompositeKey("e164", "list")


class RegistryNumber(Model):
    list_id = IntegerField()
    number = BigIntegerField()

    class Meta:
        table_name = "registry_numbers"
        primary_key = CompositeKey("list_id", "number")


class Callback(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    lead = ForeignKeyField(Lead)
    phone_id = IntegerField(null=True)
    at = DoubleField()
    zone = TextField()
    agent = TextField()
    falls_at = DoubleField(null=True)
    state = TextField()
    made_at = DoubleField()
    made_by = TextField()
    attempt_id = IntegerField(null=True)
    comments = TextField()

    class Meta:
        table_name = "callbacks"


class Text(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    lead = ForeignKeyField(Lead)
    phone = TextField()
    kind = TextField()
    about = IntegerField(null=True)
    text = TextField()
    asked_at = DoubleField()
    sent_at = DoubleField(null=True)
    delivered_at = DoubleField(null=True)
    failed_at = DoubleField(null=True)
    because = TextField()

    class Meta:
        table_name = "texts"


class TextPart(Model):
    id = AutoField()
    text = ForeignKeyField(Text)
    sim = TextField()
    reference = IntegerField(null=True)
    sent_at = DoubleField()
    reported_at = DoubleField(null=True)

    class Meta:
        table_name = "text_parts"


class Script(Model):
    name = TextField()
    version = IntegerField()
    body = TextField()
    updated_at = DoubleField()

    class Meta:
        table_name = "scripts"
        primary_key = CompositeKey("name", "version")


class Answer(Model):
    attempt = ForeignKeyField(Attempt)
    lead = ForeignKeyField(Lead)
    field = TextField()
    value = TextField()
    at = DoubleField()

    class Meta:
        table_name = "answers"
        primary_key = CompositeKey("attempt", "field")


class Sale(Model):
    attempt = ForeignKeyField(Attempt, primary_key=True)
    lead = ForeignKeyField(Lead)
    campaign = ForeignKeyField(Campaign)
    agent = TextField()
    product = TextField()
    quantity = IntegerField()
    amount = TextField()
    currency = TextField()
    sold_at = DoubleField()
    verification = TextField()
    verified_by = TextField()
    verified_at = DoubleField(null=True)
    note = TextField()

    class Meta:
        table_name = "sales"


class Quota(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    name = TextField()
    condition = TextField()
    statuses = TextField()
    target = IntegerField()

    class Meta:
        table_name = "quotas"


class Debt(Model):
    id = AutoField()
    campaign = ForeignKeyField(Campaign)
    lead = ForeignKeyField(Lead)
    reference = TextField()
    creditor = TextField()
    principal = TextField()
    balance = TextField()
    currency = TextField()
    due_on = TextField(null=True)
    state = TextField()
    opened_at = DoubleField()
    updated_at = DoubleField()

    class Meta:
        table_name = "debts"


class AttemptDebt(Model):
    debt = ForeignKeyField(Debt)
    attempt = ForeignKeyField(Attempt)

    class Meta:
        table_name = "attempt_debts"
        primary_key = CompositeKey("debt", "attempt")


class Promise(Model):
    id = AutoField()
    debt = ForeignKeyField(Debt)
    lead = ForeignKeyField(Lead)
    attempt_id = IntegerField(null=True)
    agent = TextField()
    amount = TextField()
    currency = TextField()
    due_on = TextField()
    made_at = DoubleField()
    state = TextField()
    settled_at = DoubleField(null=True)

    class Meta:
        table_name = "promises"


class Payment(Model):
    id = AutoField()
    debt = ForeignKeyField(Debt)
    amount = TextField()
    currency = TextField()
    paid_on = TextField()
    reference = TextField()
    surplus = TextField()
    imported_at = DoubleField()

    class Meta:
        table_name = "payments"


class Hold(Model):
    id = AutoField()
    lead = ForeignKeyField(Lead)
    debt = ForeignKeyField(Debt, null=True)
    kind = TextField()
    placed_at = DoubleField()
    until = DoubleField(null=True)
    lifted_at = DoubleField(null=True)
    lifted_because = TextField()
    source = TextField()

    class Meta:
        table_name = "holds"


class AuditEntry(Model):
    id = AutoField()
    at = DoubleField()
    kind = TextField()
    actor = TextField()
    person = TextField()
    salt = TextField()
    body = TextField()
    digest = TextField()
    previous = TextField()
    hash = TextField()

    class Meta:
        table_name = "audit"


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
    Profile,
    Lead,
    LeadPhone,
    Attempt,
    PastCall,
    Consent,
    Revocation,
    Agent,
    AgentLog,
    DncList,
    Dnc,
    RegistryNumber,
    Callback,
    Text,
    TextPart,
    Script,
    Answer,
    Sale,
    Quota,
    Debt,
    AttemptDebt,
    Promise,
    Payment,
    Hold,
    AuditEntry,
    Forecast,
    PacingSample,
    PacerState,
)
