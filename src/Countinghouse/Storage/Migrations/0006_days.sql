-- Daily budgets are of the server's day of receipt. ingest_head.day is the day (yyyymmdd) that campaign_budget stands
-- at; campaign_day keeps what was spent on a day that was left, for a clock may step back over midnight, or two nodes'
-- clocks may disagree: the day that is entered again goes on where it was.
ALTER TABLE ingest_head ADD COLUMN day integer NOT NULL DEFAULT 0;

UPDATE ingest_head SET day = COALESCE(
    (SELECT MAX(b.day) FROM campaign_budget b WHERE b.org_id = ingest_head.org_id), 0);

CREATE TABLE campaign_day (
    org_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    day integer NOT NULL,
    spent_micro bigint NOT NULL CHECK (spent_micro >= 0),
    PRIMARY KEY (org_id, campaign_id, day)
);
