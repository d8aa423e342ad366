-- The journal by month of receipt, so that a month that is over leaves as a whole (Retention/JournalMonths.cs makes the
-- partitions). What is there so far stays where it is, as the partition of everything that has no month of its own.
-- Numbers of batches are unique in a partition by its key, and across partitions by the head's lock.
/*postgres
ALTER TABLE ingest_batch RENAME TO ingest_batch_other;
ALTER INDEX ingest_batch_by_flush RENAME TO ingest_batch_other_by_flush;
ALTER INDEX ingest_batch_by_time RENAME TO ingest_batch_other_by_time;
ALTER INDEX ingest_batch_with_clients RENAME TO ingest_batch_other_with_clients;
CREATE TABLE ingest_batch (LIKE ingest_batch_other INCLUDING CONSTRAINTS INCLUDING STORAGE)
    PARTITION BY RANGE (committed_at);
ALTER TABLE ingest_batch ATTACH PARTITION ingest_batch_other DEFAULT;
postgres*/

-- Where an advertiser's journal begins once its oldest months are in files: after the last batch of the newest row.
-- period: the month of receipt (yyyymm). sums: what all batches up to then come to (Ingest/JournalStart.cs). file: its
-- name in the archive, with the SHA-256 of its bytes.
CREATE TABLE journal_archive (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    period integer NOT NULL,
    first_batch bigint NOT NULL,
    through_batch bigint NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    committed_at bigint NOT NULL,
    event_count bigint NOT NULL,
    charge_micro bigint NOT NULL,
    sums text NOT NULL,
    file text NOT NULL,
    file_hash bytea NOT NULL,
    archived_at bigint NOT NULL,
    PRIMARY KEY (org_id, period),
    CHECK (first_batch BETWEEN 1 AND through_batch)
);

-- What the events of an archived month come to, as stat_hourly and invalid_daily have them, so that these can still be
-- recomputed: archived months and the batches after them.
CREATE TABLE archived_hourly (
    org_id uuid NOT NULL,
    period integer NOT NULL,
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
    PRIMARY KEY (org_id, hour, campaign_id, offer_id, period)
) /*sqlite WITHOUT ROWID sqlite*/;

CREATE TABLE archived_invalid (
    org_id uuid NOT NULL,
    period integer NOT NULL,
    campaign_id uuid NOT NULL,
    day integer NOT NULL,
    reason integer NOT NULL CHECK (reason BETWEEN 1 AND 127),
    impressions bigint NOT NULL CHECK (impressions >= 0),
    clicks bigint NOT NULL CHECK (clicks >= 0),
    PRIMARY KEY (org_id, day, campaign_id, reason, period)
) /*sqlite WITHOUT ROWID sqlite*/;
