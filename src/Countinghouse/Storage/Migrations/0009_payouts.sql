-- Where a retailer's money goes, and whether it may go at all: no provider, no payouts; a reason, a hold.
CREATE TABLE payout_account (
    org_id uuid NOT NULL PRIMARY KEY REFERENCES organization (org_id),
    provider text NULL CHECK (provider IN ('stripe', 'manual')),
    destination text NOT NULL,
    hold_reason text NULL,
    changed_at bigint NOT NULL,
    changed_by text NOT NULL,
    CHECK ((provider IS NULL) = (destination = ''))
);

-- A row stops all payouts.
CREATE TABLE payout_halt (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    reason text NOT NULL,
    halted_at bigint NOT NULL,
    halted_by text NOT NULL
);

-- What somebody saw before it was confirmed; it never changes, so what is confirmed is what was seen.
CREATE TABLE payout_run (
    run_id uuid NOT NULL PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('PREVIEWED', 'CONFIRMED', 'CANCELLED')),
    fingerprint text NOT NULL,
    minimum_cents bigint NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    decided_at bigint NULL,
    decided_by text NULL,
    CHECK ((state = 'PREVIEWED') = (decided_at IS NULL)),
    CHECK ((decided_at IS NULL) = (decided_by IS NULL))
);

-- One row for each retailer with approved records. records: [[share_id, revision, share_cents], ...]
CREATE TABLE payout_plan (
    run_id uuid NOT NULL REFERENCES payout_run (run_id),
    org_id uuid NOT NULL REFERENCES organization (org_id),
    outcome text NOT NULL CHECK (outcome IN
        ('PLANNED', 'BELOW_MINIMUM', 'ON_HOLD', 'NO_DESTINATION', 'RESERVED', 'CHANGED')),
    amount_cents bigint NOT NULL,
    provider text NULL,
    destination text NOT NULL,
    records text NOT NULL,
    PRIMARY KEY (run_id, org_id)
);
CREATE INDEX payout_plan_left ON payout_plan (run_id, org_id) WHERE outcome = 'PLANNED';

-- One transfer that settles a set of records. due_at: when the worker looks at it next; null: not by itself.
CREATE TABLE payout (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    payout_id uuid NOT NULL,
    run_id uuid NOT NULL REFERENCES payout_run (run_id),
    amount_cents bigint NOT NULL CHECK (amount_cents > 0),
    currency text NOT NULL CHECK (currency = 'usd'),
    provider text NOT NULL CHECK (provider IN ('stripe', 'manual')),
    destination text NOT NULL,
    state text NOT NULL CHECK (state IN
        ('READY', 'SENDING', 'UNKNOWN', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'REVERSED')),
    due_at bigint NULL,
    failure text NOT NULL,
    transfer_id text NULL,
    reversed_cents bigint NOT NULL,
    created_at bigint NOT NULL,
    settled_at bigint NULL,
    settled_by text NULL,
    version bigint NOT NULL,
    PRIMARY KEY (org_id, payout_id),
    UNIQUE (org_id, transfer_id),
    /*sqlite CHECK (typeof(amount_cents) = 'integer' AND typeof(reversed_cents) = 'integer'), sqlite*/
    CHECK ((state IN ('SUCCEEDED', 'REVERSED')) = (transfer_id IS NOT NULL)),
    CHECK (reversed_cents BETWEEN 0 AND amount_cents),
    CHECK ((state = 'REVERSED') = (reversed_cents = amount_cents)),
    CHECK ((state IN ('READY', 'SENDING', 'UNKNOWN')) = (settled_at IS NULL)),
    CHECK (due_at IS NULL OR settled_at IS NULL)
);
CREATE INDEX payout_due ON payout (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payout_newest ON payout (created_at, payout_id);
CREATE INDEX payout_by_id ON payout (payout_id);
CREATE INDEX payout_by_transfer ON payout (transfer_id) WHERE transfer_id IS NOT NULL;

CREATE TABLE payout_item (
    org_id uuid NOT NULL,
    payout_id uuid NOT NULL,
    share_id uuid NOT NULL,
    share_cents bigint NOT NULL,
    is_active boolean NOT NULL,
    PRIMARY KEY (org_id, payout_id, share_id),
    FOREIGN KEY (org_id, payout_id) REFERENCES payout (org_id, payout_id),
    FOREIGN KEY (org_id, share_id) REFERENCES revenue_share (org_id, share_id)
);
CREATE UNIQUE INDEX payout_item_active ON payout_item (org_id, share_id) WHERE is_active;

-- Committed before anything is sent: what a provider was asked, under which key, and when.
CREATE TABLE payout_attempt (
    org_id uuid NOT NULL,
    payout_id uuid NOT NULL,
    attempt_no integer NOT NULL CHECK (attempt_no > 0),
    idempotency_key text NOT NULL,
    request_hash bytea NOT NULL,
    first_sent_at bigint NOT NULL,
    last_sent_at bigint NOT NULL,
    sends integer NOT NULL CHECK (sends > 0),
    outcome text NOT NULL CHECK (outcome IN ('IN_FLIGHT', 'OK', 'REJECTED', 'UNKNOWN', 'ADOPTED')),
    http_status integer NULL,
    error_code text NOT NULL,
    request_ref text NOT NULL,
    PRIMARY KEY (org_id, payout_id, attempt_no),
    UNIQUE (org_id, idempotency_key),
    FOREIGN KEY (org_id, payout_id) REFERENCES payout (org_id, payout_id),
    CHECK (last_sent_at >= first_sent_at)
);

-- What providers told of their own accord, once each. due_at: when the transfer is asked for; null: it was, or none is
-- named.
CREATE TABLE webhook_inbox (
    provider text NOT NULL,
    provider_event_id text NOT NULL,
    type text NOT NULL,
    transfer_id text NOT NULL,
    received_at bigint NOT NULL,
    due_at bigint NULL,
    payload text NOT NULL,
    PRIMARY KEY (provider, provider_event_id)
);
CREATE INDEX webhook_inbox_due ON webhook_inbox (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE reconciliation (
    reconciliation_id uuid NOT NULL PRIMARY KEY,
    started_at bigint NOT NULL,
    started_by text NOT NULL,
    since bigint NOT NULL,
    finished_at bigint NULL,
    transfer_count bigint NOT NULL,
    payout_count bigint NOT NULL,
    difference_count bigint NOT NULL,
    failure text NOT NULL
);
CREATE INDEX reconciliation_newest ON reconciliation (started_at);

-- Its id follows from what differs, so the same difference is listed once, however often it is found.
CREATE TABLE payout_difference (
    difference_id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN
        ('UNKNOWN_TRANSFER', 'SECOND_TRANSFER', 'MISSING_TRANSFER', 'NOT_EXPECTED', 'AMOUNT', 'DESTINATION',
         'REVERSAL')),
    org_id uuid NULL,
    payout_id uuid NULL,
    transfer_id text NOT NULL,
    ours text NOT NULL,
    theirs text NOT NULL,
    found_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    settled_at bigint NULL,
    settled_by text NULL,
    note text NOT NULL
);
CREATE INDEX payout_difference_newest ON payout_difference (found_at);
