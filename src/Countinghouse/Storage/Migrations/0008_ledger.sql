-- Double entry: each transaction sums to zero, rows are only added, a reference books once. Debits are above zero.
-- org_id: whose business it is, a retailer's or, with the zero id, the platform's own.
CREATE TABLE ledger_tx (
    org_id uuid NOT NULL,
    reference text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('SETTLEMENT', 'OWN', 'PAYOUT', 'REVERSAL')),
    booked_period integer NOT NULL,
    created_at bigint NOT NULL,
    reverses text NULL,
    PRIMARY KEY (org_id, reference),
    UNIQUE (org_id, reverses)
);

CREATE TABLE ledger_entry (
    org_id uuid NOT NULL,
    reference text NOT NULL,
    line integer NOT NULL,
    account text NOT NULL CHECK (account IN ('RECEIVABLE', 'PAYABLE', 'FEE', 'OWN', 'CARRY', 'CLEARING', 'BANK')),
    party_id uuid NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro <> 0),
    PRIMARY KEY (org_id, reference, line),
    FOREIGN KEY (org_id, reference) REFERENCES ledger_tx (org_id, reference),
    /*sqlite CHECK (typeof(amount_micro) = 'integer'), sqlite*/
    CHECK (line > 0)
);
CREATE INDEX ledger_entry_by_account ON ledger_entry (account, party_id);

-- Months that were settled before there was a ledger.
INSERT INTO ledger_tx (org_id, reference, kind, booked_period, created_at, reverses)
SELECT c.org_id,
       'settlement/' || CAST(c.period / 100 AS text) || CASE WHEN c.period % 100 < 10 THEN '-0' ELSE '-' END
           || CAST(c.period % 100 AS text),
       'SETTLEMENT', c.period, COALESCE(s.closed_at, s.started_at), NULL
FROM revenue_share_carry c JOIN settlement s ON s.period = c.period;

-- Events without an offer are the platform's own.
INSERT INTO ledger_tx (org_id, reference, kind, booked_period, created_at, reverses)
SELECT '00000000-0000-0000-0000-000000000000',
       'own/' || CAST(period / 100 AS text) || CASE WHEN period % 100 < 10 THEN '-0' ELSE '-' END
           || CAST(period % 100 AS text),
       'OWN', period, closed_at, NULL
FROM settlement s WHERE state = 'CLOSED' AND EXISTS (
    SELECT 1 FROM stat_hourly h
    WHERE h.retailer_org_id = '00000000-0000-0000-0000-000000000000' AND h.hour / 10000 = s.period
      AND h.charge_micro <> 0);

INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
SELECT t.org_id, t.reference, ROW_NUMBER() OVER (PARTITION BY t.org_id, t.reference ORDER BY m.org_id), 'RECEIVABLE',
       m.org_id, m.amount_micro
FROM ledger_tx t
JOIN (
    SELECT retailer_org_id, org_id, hour / 10000 AS period, CAST(SUM(charge_micro) AS bigint) AS amount_micro
    FROM stat_hourly GROUP BY retailer_org_id, org_id, hour / 10000 HAVING SUM(charge_micro) <> 0
) m ON m.retailer_org_id = t.org_id AND m.period = t.booked_period;

INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
SELECT t.org_id, t.reference, 1000001, 'PAYABLE', t.org_id, -r.share_cents * 10000
FROM ledger_tx t JOIN revenue_share r ON r.org_id = t.org_id AND r.period = t.booked_period
WHERE r.share_cents <> 0;

INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
SELECT t.org_id, t.reference, 1000002, 'FEE', t.org_id, -r.fee_cents * 10000
FROM ledger_tx t JOIN revenue_share r ON r.org_id = t.org_id AND r.period = t.booked_period
WHERE r.fee_cents <> 0;

INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
SELECT org_id, reference, 1000003, 'CARRY', org_id, amount_micro
FROM (
    SELECT t.org_id, t.reference, COALESCE((
        SELECT p.carry_micro FROM revenue_share_carry p
        WHERE p.org_id = t.org_id AND p.period < t.booked_period ORDER BY p.period DESC LIMIT 1), 0)
        - c.carry_micro AS amount_micro
    FROM ledger_tx t JOIN revenue_share_carry c ON c.org_id = t.org_id AND c.period = t.booked_period
) AS moved
WHERE amount_micro <> 0;


INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
SELECT t.org_id, t.reference, 1000001, 'OWN', t.org_id, CAST(-SUM(e.amount_micro) AS bigint)
FROM ledger_tx t JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference
WHERE t.kind = 'OWN' GROUP BY t.org_id, t.reference;
