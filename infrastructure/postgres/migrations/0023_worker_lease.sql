-- What one worker does at a time is its own until then, by the database's clock, unless it renews it or its session ends.
-- Unlogged: to renew costs no log, and after a crash, in a restored copy and on a promoted standby nothing is anybody's.
-- Nothing may depend on a lease for being right: the effects of a holder that is late are refused by what they compare.
CREATE UNLOGGED TABLE worker_lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    -- The process id of the server's end of the session that renews it.
    session integer NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 20);

-- Which worker has taken it: what a worker had in hand when its leases ended is free at once.
ALTER TABLE operation_claim ADD COLUMN taken_by text;
ALTER TABLE timer_try ADD COLUMN taken_by text;
ALTER TABLE webhook_delivery ADD COLUMN taken_by text;
