-- Each time that the books were held against the journal. state: running until it has ended; a run that was cut off by
-- a stop of the program stays running and counts for nothing. differences: the first of them, as JSON.
CREATE TABLE verification (
    verification_id uuid NOT NULL PRIMARY KEY,
    trigger_name text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'clean', 'different', 'failed')),
    started_at bigint NOT NULL,
    finished_at bigint NULL,
    organization_count bigint NOT NULL,
    batch_count bigint NOT NULL,
    event_count bigint NOT NULL,
    difference_count bigint NOT NULL,
    differences text NOT NULL,
    CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX verification_newest ON verification (started_at, verification_id);
