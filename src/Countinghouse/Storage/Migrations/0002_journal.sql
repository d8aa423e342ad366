-- The events of a flush are packed into their batch record; everything else follows from it (docs/decisions/0006).
-- What schema 1 recorded is kept under other names until the program has packed it (Ingest/JournalUpgrade.cs).
ALTER TABLE ingest_batch RENAME TO ingest_batch_v1;

-- payload: Ingest/JournalFormat.cs. client_keys: of the events that have one, in their order, erased after 90 days; the
-- chained hash is over their hash, so erasing them breaks no chain. first_hour and last_hour: of the billing hours.
CREATE TABLE ingest_batch (
    org_id uuid NOT NULL,
    batch_no bigint NOT NULL,
    flush_id uuid NOT NULL,
    committed_at bigint NOT NULL,
    event_count integer NOT NULL CHECK (event_count > 0),
    valid_count integer NOT NULL CHECK (valid_count BETWEEN 0 AND event_count),
    click_count integer NOT NULL CHECK (click_count BETWEEN 0 AND event_count),
    charge_micro bigint NOT NULL CHECK (charge_micro >= 0),
    first_hour integer NOT NULL,
    last_hour integer NOT NULL,
    client_hash bytea NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    client_keys bytea NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (org_id, batch_no),
    CHECK (first_hour <= last_hour)
);
CREATE UNIQUE INDEX ingest_batch_by_flush ON ingest_batch (org_id, flush_id);
CREATE INDEX ingest_batch_by_time ON ingest_batch (org_id, committed_at);
CREATE INDEX ingest_batch_with_clients ON ingest_batch (committed_at) WHERE client_keys IS NOT NULL;
-- Random ids do not compress; trying to costs more than writing them.
/*postgres
ALTER TABLE ingest_batch ALTER COLUMN payload SET STORAGE EXTERNAL;
ALTER TABLE ingest_batch ALTER COLUMN client_keys SET STORAGE EXTERNAL;
postgres*/

-- What an event may be about, by a number of the advertiser's: terms that change get a new number, so the numbers in
-- the journal keep their meaning. Each is defined in the payload of its first batch too.
CREATE TABLE placement (
    org_id uuid NOT NULL,
    placement_no integer NOT NULL,
    campaign_id uuid NOT NULL,
    offer_id uuid NULL,
    retailer_org_id uuid NULL,
    location_id uuid NULL,
    pricing text NOT NULL CHECK (pricing IN ('cpc', 'cpm')),
    event_price_micro bigint NOT NULL CHECK (event_price_micro > 0),
    first_batch bigint NOT NULL,
    PRIMARY KEY (org_id, placement_no)
);

CREATE INDEX placement_by_retailer ON placement (retailer_org_id, org_id);

-- How far what follows from the journal has followed it: the number of the last batch it contains.
CREATE TABLE projection (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    name text NOT NULL CHECK (name IN ('rollups', 'ids')),
    through_batch bigint NOT NULL,
    PRIMARY KEY (org_id, name)
);
INSERT INTO projection (org_id, name, through_batch) SELECT org_id, 'rollups', batch_no FROM ingest_head;
INSERT INTO projection (org_id, name, through_batch) SELECT org_id, 'ids', 0 FROM ingest_head;

-- The ids of a span of batches, so that an id can be looked up once it has left the memory. Times are those inside
-- UUIDv7 ids in milliseconds; ahead: ids whose time was more than 5 minutes past their receipt.
CREATE TABLE id_run (
    org_id uuid NOT NULL,
    through_batch bigint NOT NULL,
    after_batch bigint NOT NULL,
    id_count integer NOT NULL,
    block_bits integer NOT NULL,
    undated_count integer NOT NULL,
    oldest_ms bigint NULL,
    newest_ms bigint NULL,
    ahead_oldest_ms bigint NULL,
    ahead_newest_ms bigint NULL,
    last_received_at bigint NOT NULL,
    filter bytea NOT NULL,
    PRIMARY KEY (org_id, through_batch)
);

CREATE TABLE id_run_block (
    org_id uuid NOT NULL,
    through_batch bigint NOT NULL,
    block_no integer NOT NULL,
    entries bytea NOT NULL,
    PRIMARY KEY (org_id, through_batch, block_no)
) /*sqlite WITHOUT ROWID sqlite*/;
/*postgres
ALTER TABLE id_run ALTER COLUMN filter SET STORAGE EXTERNAL;
ALTER TABLE id_run_block ALTER COLUMN entries SET STORAGE EXTERNAL;
postgres*/
