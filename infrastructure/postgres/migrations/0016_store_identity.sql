-- Which store this is: one row.
CREATE TABLE store_identity (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    -- This copy of the history: a restore gives it a new one, so that two copies are never taken for each other.
    store_id uuid NOT NULL DEFAULT gen_random_uuid(),
    -- What ids are derived in. A restore keeps it, so that providers know the requests of the lost time again.
    namespace uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Raised by each promotion of a standby: a server with a lower one is not the primary any more.
    epoch bigint NOT NULL DEFAULT 1,
    -- A restored store takes no payments from then on until it is reopened.
    closed_at timestamptz,
    closed_because text,
    CHECK ((closed_at IS NULL) = (closed_because IS NULL))
);
INSERT INTO store_identity DEFAULT VALUES;
