-- People and programs that sign in, what they hold, and the trail of what anybody changed.

-- password_hash NULL: invited and not come yet. totp_last_step: a code is good once. Mail addresses in lower case.
CREATE TABLE app_user (
    user_id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NULL,
    totp_secret text NULL,
    totp_is_on boolean NOT NULL,
    totp_last_step bigint NOT NULL,
    failed_count integer NOT NULL CHECK (failed_count >= 0),
    locked_until bigint NULL,
    created_at bigint NOT NULL,
    CHECK (totp_secret IS NOT NULL OR NOT totp_is_on)
);

CREATE TABLE membership (
    org_id uuid NOT NULL REFERENCES organization (org_id),
    user_id uuid NOT NULL REFERENCES app_user (user_id),
    role text NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'billing')),
    created_at bigint NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX membership_by_user ON membership (user_id);

-- Good once, for whoever reads the mail: an invitation into an organization, or a new password.
CREATE TABLE user_link (
    link_id uuid NOT NULL PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    purpose text NOT NULL CHECK (purpose IN ('INVITATION', 'RESET')),
    email text NOT NULL,
    org_id uuid NULL REFERENCES organization (org_id),
    role text NULL CHECK (role IN ('owner', 'manager', 'editor', 'billing')),
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    expires_at bigint NOT NULL,
    used_at bigint NULL,
    CHECK ((purpose = 'INVITATION') = (org_id IS NOT NULL)),
    CHECK ((purpose = 'INVITATION') = (role IS NOT NULL))
);
CREATE INDEX user_link_by_organization ON user_link (org_id, created_at);
CREATE INDEX user_link_by_email ON user_link (email);

-- A row is a signed-in browser; signing out deletes it. expires_at is absolute, last_seen_at ends it earlier.
CREATE TABLE user_session (
    session_id uuid NOT NULL PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES app_user (user_id),
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX user_session_by_user ON user_session (user_id);

CREATE TABLE oauth_client (
    client_id uuid NOT NULL PRIMARY KEY,
    org_id uuid NOT NULL REFERENCES organization (org_id),
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    role text NOT NULL CHECK (role IN ('manager', 'editor', 'readonly')),
    scopes text NOT NULL,
    is_active boolean NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    last_used bigint NULL
);
CREATE INDEX oauth_client_by_organization ON oauth_client (org_id, created_at);

-- A revoked token is a row deleted; rows past their end are swept.
CREATE TABLE access_token (
    token_id uuid NOT NULL PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    client_id uuid NOT NULL REFERENCES oauth_client (client_id),
    scopes text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX access_token_by_client ON access_token (client_id);
CREATE INDEX access_token_by_end ON access_token (expires_at);

-- The keys that protect anti-forgery tokens and the seeds of one-time codes; every node reads the same.
CREATE TABLE data_protection_key (
    name text NOT NULL PRIMARY KEY,
    xml text NOT NULL,
    created_at bigint NOT NULL
);

-- The same keys with more to say: a user's key (csu) belongs to the user and to no organization.
CREATE TABLE api_key_10 (
    key_id uuid NOT NULL PRIMARY KEY,
    org_id uuid NULL REFERENCES organization (org_id),
    user_id uuid NULL REFERENCES app_user (user_id),
    kind text NOT NULL CHECK (kind IN ('csb', 'csu', 'cpk')),
    role text NOT NULL CHECK (role IN ('manager', 'editor', 'readonly')),
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    hash bytea NOT NULL UNIQUE,
    is_active boolean NOT NULL,
    expires_at bigint NULL,
    last_used bigint NULL,
    rate_limit_per_minute integer NOT NULL CHECK (rate_limit_per_minute >= 0),
    rate_limit_per_day integer NOT NULL CHECK (rate_limit_per_day >= 0),
    allowed_origins text NOT NULL DEFAULT '',
    metadata text NOT NULL DEFAULT '{}',
    created_at bigint NOT NULL,
    created_by text NOT NULL DEFAULT '',
    CHECK ((kind = 'csu') = (user_id IS NOT NULL)),
    CHECK ((kind = 'csu') = (org_id IS NULL)),
    CHECK (kind = 'cpk' OR allowed_origins = '')
);
INSERT INTO api_key_10 (key_id, org_id, user_id, kind, role, name, hash, is_active, expires_at, last_used,
                        rate_limit_per_minute, rate_limit_per_day, created_at)
SELECT key_id, org_id, NULL, kind, role, name, hash, is_active, expires_at, last_used, rate_limit_per_minute,
       rate_limit_per_day, created_at
FROM api_key WHERE kind <> 'csu';
DROP TABLE api_key;
ALTER TABLE api_key_10 RENAME TO api_key;
CREATE INDEX api_key_by_organization ON api_key (org_id, created_at);
CREATE INDEX api_key_by_user ON api_key (user_id, created_at);

-- What was changed, by whom, in the transaction that changed it: a chain of hashes for each organization, the zero id
-- for the platform's own. Rows are added and never touched again.
CREATE TABLE audit_head (
    org_id uuid NOT NULL PRIMARY KEY,
    entry_no bigint NOT NULL,
    hash bytea NOT NULL
);

CREATE TABLE audit_entry (
    org_id uuid NOT NULL,
    entry_no bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    credential text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    before_json text NOT NULL,
    after_json text NOT NULL,
    request_id text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (org_id, entry_no)
);
CREATE INDEX audit_entry_by_time ON audit_entry (at, org_id, entry_no);
/*postgres
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'The audit log only grows.'; END $$;
CREATE TRIGGER audit_entry_only_grows BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_entry_is_not_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_head_is_not_deleted BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
postgres*/
/*sqlite
CREATE TRIGGER audit_entry_is_not_updated BEFORE UPDATE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'The audit log only grows.'); END;
CREATE TRIGGER audit_entry_is_not_deleted BEFORE DELETE ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'The audit log only grows.'); END;
CREATE TRIGGER audit_entry_is_not_replaced BEFORE INSERT ON audit_entry
    WHEN EXISTS (SELECT 1 FROM audit_entry e WHERE e.org_id = NEW.org_id AND e.entry_no = NEW.entry_no)
    BEGIN SELECT RAISE(ABORT, 'The audit log only grows.'); END;
CREATE TRIGGER audit_head_is_not_deleted BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'The audit log only grows.'); END;
sqlite*/
