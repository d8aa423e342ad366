-- One text for both engines. PostgreSQL has these types; SQLite takes any type name and applies an affinity
-- (bigint, integer: integer; text: text; uuid, bytea: kept as they are), so the same statement makes the same table.
-- What stands between the marks of an engine (see Migrator.cs) is for that engine alone.
-- Times are microseconds UTC, days yyyymmdd, hours yyyymmddhh, periods yyyymm, money micro-USD unless the name says
-- cents.
-- Keys of an organization's data begin with the organization, so that the tables can be distributed by it.

-- Shared by all ----------------------------------------------------------------------------------------------------
CREATE TABLE organization (
    org_id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    is_operator boolean NOT NULL,
    created_at bigint NOT NULL,
    metadata text NOT NULL
);

CREATE TABLE api_key (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    key_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('csb', 'csu', 'cpk')),
    role text NOT NULL CHECK (role IN ('manager', 'editor', 'readonly')),
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    is_active boolean NOT NULL,
    expires_at bigint NULL,
    last_used bigint NULL,
    rate_limit_per_minute integer NOT NULL CHECK (rate_limit_per_minute >= 0),
    rate_limit_per_day integer NOT NULL CHECK (rate_limit_per_day >= 0),
    created_at bigint NOT NULL,
    PRIMARY KEY (org_id, key_id)
);

-- The subject is a keyed hash: no address and no key can be read out of it. Windows are loaded and deleted by time.
CREATE TABLE rate_window (
    subject bytea NOT NULL,
    window_seconds integer NOT NULL,
    window_start bigint NOT NULL,
    used bigint NOT NULL CHECK (used >= 0),
    PRIMARY KEY (window_seconds, window_start, subject)
) /*sqlite WITHOUT ROWID sqlite*/;

-- status 0: under way. The answer's secret members are left out before it is stored.
CREATE TABLE idempotent_answer (
    caller text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    content_type text NOT NULL,
    location text NOT NULL,
    body bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
);
CREATE INDEX idempotent_answer_age ON idempotent_answer (created_at);

CREATE TABLE system_secret (
    purpose text NOT NULL PRIMARY KEY,
    secret bytea NOT NULL,
    created_at bigint NOT NULL
);

-- Retailers --------------------------------------------------------------------------------------------------------
CREATE TABLE location (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    location_id uuid NOT NULL,
    name text NOT NULL,
    is_active boolean NOT NULL,
    created_at bigint NOT NULL,
    metadata text NOT NULL,
    PRIMARY KEY (org_id, location_id)
);

CREATE TABLE offer (
    org_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    location_id uuid NOT NULL,
    name text NOT NULL,
    sku text NOT NULL,
    created_at bigint NOT NULL,
    metadata text NOT NULL,
    PRIMARY KEY (org_id, offer_id),
    FOREIGN KEY (org_id, location_id) REFERENCES location (org_id, location_id)
);
CREATE INDEX offer_by_id ON offer (offer_id);
CREATE INDEX offer_by_location ON offer (org_id, location_id);

-- Advertisers ------------------------------------------------------------------------------------------------------
CREATE TABLE campaign (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    campaign_id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'active', 'paused', 'completed', 'archived')),
    completed_reason text NULL CHECK (completed_reason IN ('budget_exhausted', 'end_date', 'manual')),
    completed_at bigint NULL,
    pricing text NOT NULL CHECK (pricing IN ('cpc', 'cpm')),
    price_micro bigint NOT NULL CHECK (price_micro > 0),
    start_day integer NOT NULL,
    end_day integer NULL,
    created_at bigint NOT NULL,
    metadata text NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (org_id, campaign_id),
    CHECK (pricing = 'cpc' OR price_micro % 1000 = 0),
    CHECK (status = 'completed' OR completed_reason IS NULL),
    CHECK (end_day IS NULL OR end_day >= start_day)
);
CREATE INDEX campaign_by_id ON campaign (campaign_id);
CREATE INDEX campaign_newest ON campaign (org_id, created_at, campaign_id);

CREATE TABLE campaign_offer (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    retailer_org_id uuid NOT NULL,
    location_id uuid NOT NULL,
    PRIMARY KEY (org_id, campaign_id, offer_id),
    FOREIGN KEY (org_id, campaign_id) REFERENCES campaign (org_id, campaign_id)
);

-- The last CHECK is the hard rule: whatever the code above it believes, a campaign cannot be charged past its budget.
CREATE TABLE campaign_budget (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    budget_micro bigint NOT NULL CHECK (budget_micro >= 0),
    spent_micro bigint NOT NULL CHECK (spent_micro >= 0),
    credited_micro bigint NOT NULL CHECK (credited_micro >= 0),
    daily_cap_micro bigint NULL CHECK (daily_cap_micro > 0),
    day integer NOT NULL,
    day_spent_micro bigint NOT NULL CHECK (day_spent_micro >= 0),
    PRIMARY KEY (org_id, campaign_id),
    FOREIGN KEY (org_id, campaign_id) REFERENCES campaign (org_id, campaign_id),
    /*sqlite CHECK (typeof(budget_micro) = 'integer' AND typeof(spent_micro) = 'integer'), sqlite*/
    CHECK (credited_micro <= spent_micro),
    CHECK (spent_micro - credited_micro <= budget_micro)
);

CREATE TABLE campaign_total (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    invalid_impressions bigint NOT NULL,
    invalid_clicks bigint NOT NULL,
    unbilled_clicks bigint NOT NULL,
    charge_micro bigint NOT NULL,
    first_event_at bigint NULL,
    last_event_at bigint NULL,
    version bigint NOT NULL,
    PRIMARY KEY (org_id, campaign_id),
    /*sqlite CHECK (typeof(charge_micro) = 'integer'), sqlite*/
    FOREIGN KEY (org_id, campaign_id) REFERENCES campaign (org_id, campaign_id)
);

CREATE TABLE billing_period (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    period integer NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'CLOSING', 'CLOSED')),
    closed_at bigint NULL,
    event_count bigint NULL,
    charge_micro bigint NULL,
    PRIMARY KEY (org_id, period)
);

-- The organization's sequencer: its row lock orders the events of an advertiser, every change of its campaigns, and
-- the fence of a closing month. config_version rises with each change that a report or a flush could see.
CREATE TABLE ingest_head (
    org_id uuid NOT NULL PRIMARY KEY REFERENCES organization (org_id),
    batch_no bigint NOT NULL,
    hash bytea NOT NULL,
    config_version bigint NOT NULL,
    fenced_through integer NOT NULL
);

CREATE TABLE ingest_batch (
    org_id uuid NOT NULL,
    batch_no bigint NOT NULL,
    flush_id uuid NOT NULL,
    committed_at bigint NOT NULL,
    event_count integer NOT NULL CHECK (event_count > 0),
    valid_count integer NOT NULL CHECK (valid_count BETWEEN 0 AND event_count),
    charge_micro bigint NOT NULL CHECK (charge_micro >= 0),
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (org_id, batch_no)
);
CREATE UNIQUE INDEX ingest_batch_flush ON ingest_batch (org_id, flush_id);

-- Read and written by Ingest alone. kind 1 impression, 2 click; validity 0 valid, 1 general, 2 sophisticated invalid
-- traffic.
CREATE TABLE ad_event (
    org_id uuid NOT NULL,
    event_id uuid NOT NULL,
    batch_no bigint NOT NULL,
    ordinal integer NOT NULL,
    kind integer NOT NULL CHECK (kind IN (1, 2)),
    campaign_id uuid NOT NULL,
    offer_id uuid NULL,
    location_id uuid NULL,
    retailer_org_id uuid NULL,
    stated_at bigint NULL,
    occurred_at bigint NOT NULL,
    received_at bigint NOT NULL,
    billing_hour integer NOT NULL,
    validity integer NOT NULL CHECK (validity BETWEEN 0 AND 2),
    reason text NULL,
    ruleset integer NOT NULL,
    price_micro bigint NOT NULL CHECK (price_micro >= 0),
    charge_micro bigint NOT NULL CHECK (charge_micro >= 0),
    PRIMARY KEY (org_id, event_id),
    CHECK (charge_micro = 0 OR (validity = 0 AND charge_micro = price_micro)),
    CHECK ((offer_id IS NULL) = (retailer_org_id IS NULL) AND (offer_id IS NULL) = (location_id IS NULL))
) /*sqlite WITHOUT ROWID sqlite*/;

-- No offer: the zero id, because a key column cannot be null.
CREATE TABLE stat_hourly (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    hour integer NOT NULL,
    offer_id uuid NOT NULL,
    retailer_org_id uuid NOT NULL,
    location_id uuid NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    invalid_impressions bigint NOT NULL,
    invalid_clicks bigint NOT NULL,
    unbilled_clicks bigint NOT NULL,
    charge_micro bigint NOT NULL,
    version bigint NOT NULL,
    /*sqlite CHECK (typeof(charge_micro) = 'integer'), sqlite*/
    PRIMARY KEY (org_id, campaign_id, hour, offer_id)
) /*sqlite WITHOUT ROWID sqlite*/;
CREATE INDEX stat_hourly_by_hour ON stat_hourly (org_id, hour);
-- A closing month is summed by retailer, across all advertisers.
CREATE INDEX stat_hourly_by_retailer ON stat_hourly (retailer_org_id, hour);

-- What retailers are owed ------------------------------------------------------------------------------------------
-- The zero id holds the platform's default.
CREATE TABLE fee_rate (
    org_id uuid NOT NULL,
    effective_period integer NOT NULL,
    fee_ppm integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 1000000),
    created_at bigint NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (org_id, effective_period)
);

CREATE TABLE revenue_share (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    share_id uuid NOT NULL,
    period integer NOT NULL,
    event_gross_micro bigint NOT NULL,
    adjustment_micro bigint NOT NULL,
    carry_in_micro bigint NOT NULL CHECK (carry_in_micro BETWEEN 0 AND 9999),
    carry_out_micro bigint NOT NULL CHECK (carry_out_micro BETWEEN 0 AND 9999),
    gross_cents bigint NOT NULL,
    fee_cents bigint NOT NULL,
    share_cents bigint NOT NULL,
    fee_ppm integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 1000000),
    status text NOT NULL CHECK (status IN ('CALCULATED', 'APPROVED', 'PAID', 'DISPUTED')),
    revision integer NOT NULL,
    payout_id uuid NULL,
    paid_at bigint NULL,
    stripe_transfer_id text NOT NULL,
    metadata text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (org_id, share_id),
    UNIQUE (org_id, period),
    /*sqlite CHECK (typeof(gross_cents) = 'integer' AND typeof(event_gross_micro) = 'integer'), sqlite*/
    CHECK (fee_cents + share_cents = gross_cents),
    CHECK (event_gross_micro + adjustment_micro + carry_in_micro = gross_cents * 10000 + carry_out_micro),
    CHECK ((status = 'PAID') = (paid_at IS NOT NULL)),
    CHECK (status <> 'PAID' OR payout_id IS NOT NULL)
);
CREATE INDEX revenue_share_by_period ON revenue_share (period, org_id);

CREATE TABLE revenue_share_line (
    org_id uuid NOT NULL,
    share_id uuid NOT NULL,
    line_no integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('EVENTS', 'ADJUSTMENT')),
    origin_period integer NOT NULL,
    source_org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    location_id uuid NOT NULL,
    amount_micro bigint NOT NULL,
    PRIMARY KEY (org_id, share_id, line_no),
    FOREIGN KEY (org_id, share_id) REFERENCES revenue_share (org_id, share_id)
);

-- What is left of a retailer's pool below one cent when a month closes; the next month starts with it.
CREATE TABLE revenue_share_carry (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    period integer NOT NULL,
    carry_micro bigint NOT NULL CHECK (carry_micro BETWEEN 0 AND 9999),
    PRIMARY KEY (org_id, period)
);

CREATE TABLE share_transition (
    org_id uuid NOT NULL,
    share_id uuid NOT NULL,
    seq integer NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (org_id, share_id, seq),
    FOREIGN KEY (org_id, share_id) REFERENCES revenue_share (org_id, share_id)
);

-- A month of the whole platform; it is CLOSED when every retailer's record is written. The totals are those of then.
CREATE TABLE settlement (
    period integer NOT NULL PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('CLOSING', 'CLOSED')),
    started_at bigint NOT NULL,
    closed_at bigint NULL,
    actor text NOT NULL,
    event_count bigint NULL,
    charge_micro bigint NULL,
    record_count bigint NULL,
    gross_cents bigint NULL,
    fee_cents bigint NULL,
    share_cents bigint NULL,
    CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK ((state = 'CLOSED') = (event_count IS NOT NULL AND charge_micro IS NOT NULL AND record_count IS NOT NULL
        AND gross_cents IS NOT NULL AND fee_cents IS NOT NULL AND share_cents IS NOT NULL)),
    CHECK (fee_cents + share_cents = gross_cents)
);
