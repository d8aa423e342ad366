-- How far the import of a file has come, so that a killed one goes on where it was. file_hash: SHA-256 of the file as
-- it lies on the disk. The zero organization: events of all. rejected: how many lines by what was wrong, as JSON.
CREATE TABLE import_progress (
    org_id uuid NOT NULL,
    file_hash bytea NOT NULL,
    name text NOT NULL,
    line_count bigint NOT NULL CHECK (line_count >= 0),
    accepted_count bigint NOT NULL CHECK (accepted_count >= 0),
    duplicate_count bigint NOT NULL CHECK (duplicate_count >= 0),
    rejected text NOT NULL,
    started_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    finished_at bigint NULL,
    PRIMARY KEY (org_id, file_hash)
);

-- What schema 1 recorded is packed batch by batch (Ingest/JournalUpgrade.cs), and had no index to find a batch by.
CREATE INDEX ad_event_by_batch ON ad_event (org_id, batch_no, ordinal);
