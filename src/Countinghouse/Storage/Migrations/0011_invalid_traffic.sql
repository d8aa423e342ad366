-- Invalid events by the rule that found them (reason: Ingest/AdEvent.cs) and the day they are billed on: what
-- stat_hourly counts as invalid, told apart. Follows the journal as the projection 'reasons'. It begins at 0, so that a
-- program of this version reads the reasons of older events from the journal, in the background.
CREATE TABLE invalid_daily (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    day integer NOT NULL,
    reason integer NOT NULL CHECK (reason BETWEEN 1 AND 127),
    impressions bigint NOT NULL CHECK (impressions >= 0),
    clicks bigint NOT NULL CHECK (clicks >= 0),
    PRIMARY KEY (org_id, campaign_id, day, reason)
) /*sqlite WITHOUT ROWID sqlite*/;
CREATE INDEX invalid_daily_by_day ON invalid_daily (org_id, day);

-- A CHECK that takes in one more name is a table made anew.
CREATE TABLE projection_11 (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    name text NOT NULL CHECK (name IN ('rollups', 'ids', 'reasons')),
    through_batch bigint NOT NULL,
    PRIMARY KEY (org_id, name)
);
INSERT INTO projection_11 (org_id, name, through_batch) SELECT org_id, name, through_batch FROM projection;
INSERT INTO projection_11 (org_id, name, through_batch) SELECT org_id, 'reasons', 0 FROM ingest_head;
DROP TABLE projection;
ALTER TABLE projection_11 RENAME TO projection;

-- The history of one thing.
CREATE INDEX audit_entry_by_subject ON audit_entry (org_id, subject, entry_no);
