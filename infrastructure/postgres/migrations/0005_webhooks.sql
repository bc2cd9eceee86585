-- What providers sent us, as it came: an inbox, not events. A row is never deleted here.
-- `event_id` is the provider's own name of the notification, null until it was read; `next_try_at` is when a waiting
-- delivery is due, or when the lease of the worker that has it is over. A refused one keeps the beginning of its body.
CREATE TABLE webhook_delivery (
    delivery_id uuid PRIMARY KEY,
    provider text NOT NULL,
    received_at timestamptz NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    body_sha256 bytea NOT NULL,
    event_id text,
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'dead', 'refused')),
    result text,
    payment_id uuid,
    tries integer NOT NULL DEFAULT 0,
    was_dead boolean NOT NULL DEFAULT false,
    next_try_at timestamptz CHECK (next_try_at IS NOT NULL OR state <> 'waiting')
) WITH (fillfactor = 80);

CREATE INDEX webhook_delivery_due ON webhook_delivery (next_try_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_by_provider ON webhook_delivery (provider, state, delivery_id);
CREATE INDEX webhook_delivery_by_state ON webhook_delivery (state, delivery_id);

-- Which delivery was the first with a provider's event: the others are its duplicates, and have no effect.
CREATE TABLE webhook_event (
    provider text NOT NULL,
    event_id text NOT NULL,
    delivery_id uuid NOT NULL,
    PRIMARY KEY (provider, event_id)
);
