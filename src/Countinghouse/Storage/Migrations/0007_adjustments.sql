-- Corrections of what events were charged, each a row of its own: events never change. The month whose books take one
-- in (applied_period) is decided when it is made, under the lock of the advertiser's head that also fences months.
CREATE TABLE adjustment (
    org_id uuid NOT NULL,
    adjustment_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    offer_id uuid NOT NULL,
    retailer_org_id uuid NOT NULL,
    location_id uuid NOT NULL,
    event_id uuid NULL,
    kind text NOT NULL CHECK (kind IN ('EVENT', 'DAYS', 'AMOUNT')),
    origin_day integer NOT NULL,
    origin_period integer NOT NULL,
    applied_period integer NOT NULL,
    booked_hour integer NOT NULL,
    amount_micro bigint NOT NULL CHECK (amount_micro <> 0),
    reason text NOT NULL,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (org_id, adjustment_id),
    UNIQUE (org_id, event_id),
    FOREIGN KEY (org_id, campaign_id) REFERENCES campaign (org_id, campaign_id),
    /*sqlite CHECK (typeof(amount_micro) = 'integer'), sqlite*/
    CHECK ((kind = 'EVENT') = (event_id IS NOT NULL)),
    CHECK (origin_period = origin_day / 100),
    CHECK (applied_period >= origin_period AND applied_period = booked_hour / 10000)
);
CREATE INDEX adjustment_by_retailer ON adjustment (applied_period, retailer_org_id);
CREATE INDEX adjustment_by_hour ON adjustment (org_id, booked_hour);

-- Cents are made once per month of origin: a record is the sum of its parts, one for its own month and one for each
-- earlier month that adjustments re-rate. Summed over all records, the parts of a month are that month as it would have
-- been closed had everything been known. A retailer below a cent has a part and no record.
CREATE TABLE revenue_share_part (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    period integer NOT NULL,
    origin_period integer NOT NULL,
    pool_micro bigint NOT NULL,
    gross_cents bigint NOT NULL,
    fee_cents bigint NOT NULL,
    share_cents bigint NOT NULL,
    fee_ppm integer NOT NULL CHECK (fee_ppm BETWEEN 0 AND 1000000),
    PRIMARY KEY (org_id, origin_period, period),
    /*sqlite CHECK (typeof(gross_cents) = 'integer' AND typeof(pool_micro) = 'integer'), sqlite*/
    CHECK (fee_cents + share_cents = gross_cents),
    CHECK (origin_period <= period)
);

INSERT INTO revenue_share_part (org_id, period, origin_period, pool_micro, gross_cents, fee_cents, share_cents, fee_ppm)
SELECT org_id, period, period, gross_cents * 10000 + carry_out_micro, gross_cents, fee_cents, share_cents, fee_ppm
FROM revenue_share;

INSERT INTO revenue_share_part (org_id, period, origin_period, pool_micro, gross_cents, fee_cents, share_cents, fee_ppm)
SELECT c.org_id, c.period, c.period, c.carry_micro, 0, 0, 0, 0
FROM revenue_share_carry c
WHERE NOT EXISTS (SELECT 1 FROM revenue_share s WHERE s.org_id = c.org_id AND s.period = c.period);
