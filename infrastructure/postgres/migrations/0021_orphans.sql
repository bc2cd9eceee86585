-- What a restored store was told by providers and has in no payment. Nothing in a store that was never restored.
CREATE TABLE orphan (
    provider text NOT NULL,
    name text NOT NULL,
    payment_id uuid,
    -- Of a charge: the attempt by which its provider knows it. The payment's next attempt goes there, under that id.
    attempt_id uuid,
    at timestamptz,
    fact bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'unexplained', 'explained', 'closed')),
    reason text NOT NULL,
    found_at timestamptz NOT NULL,
    closed_by text,
    PRIMARY KEY (provider, name)
);
CREATE INDEX orphan_pin ON orphan (payment_id) WHERE attempt_id IS NOT NULL AND state <> 'explained';
CREATE INDEX orphan_not_explained ON orphan (at) WHERE state <> 'explained';
