-- What of this store is kept elsewhere. A restored copy has nothing of it: its rows are removed by the restore.
CREATE TABLE base_backup (
    name text PRIMARY KEY,
    finished_at timestamptz NOT NULL,
    -- The store's head once it was finished.
    position bigint NOT NULL,
    -- When it was last restored elsewhere and checked, and what was wrong with it then.
    verified_at timestamptz,
    fault text
);

-- One row, from the first start of the archive on: all up to that position is in it.
CREATE TABLE wal_archive (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    position bigint NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Why it cannot go on.
    failure text
);
