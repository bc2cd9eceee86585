-- Merchants and their API keys: configuration, not money, hence rows. A row is never deleted.
CREATE TABLE merchant (
    merchant_id text PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_key (
    key_id text PRIMARY KEY,
    merchant_id text NOT NULL REFERENCES merchant,
    key_sha256 bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);
