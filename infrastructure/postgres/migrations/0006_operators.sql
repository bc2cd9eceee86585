-- Operators' and auditors' API keys: configuration, hence rows. A row is never deleted.
CREATE TABLE operator_key (
    key_id text PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('operator', 'auditor')),
    key_sha256 bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);
