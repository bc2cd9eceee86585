-- The days that were handed to book-keeping, each with the positions that it begins after and ends at, and what its files
-- are. A row is never changed: the next day begins where the last one ended.
CREATE TABLE accounting_day (
    day date PRIMARY KEY,
    after_position bigint NOT NULL,
    up_to_position bigint NOT NULL CHECK (up_to_position > after_position),
    csv_sha256 bytea NOT NULL,
    json_sha256 bytea NOT NULL,
    synced_at timestamptz NOT NULL
);
