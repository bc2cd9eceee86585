-- The event store: append-only, one row an event. Type and table are those that the eventsourcing library's
-- PostgresApplicationRecorder makes, so that the stock library can read the store; a test holds them together.

CREATE TYPE stored_event_uuid AS (
    originator_id uuid,
    originator_version bigint,
    topic text,
    state bytea
);

CREATE TABLE stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text,
    state bytea,
    notification_id bigserial,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_enabled = true,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id ASC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stored events are immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER stored_events_are_immutable BEFORE UPDATE OR DELETE ON stored_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stored_events_stay BEFORE TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- One row a command of a merchant that creates or changes something. It never expires.
-- `key` is the merchant's idempotency key, if it sent one; `status` and `body` are the answer, null while in flight;
-- `unresolved` marks an operation whose outcome at the provider is not known yet.
CREATE TABLE operation_claim (
    operation_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    payment_id uuid NOT NULL,
    verb text NOT NULL,
    key text,
    fingerprint bytea NOT NULL,
    unresolved boolean NOT NULL,
    status smallint,
    body bytea,
    position bigint,
    claimed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX operation_claim_key ON operation_claim (merchant_id, key) WHERE key IS NOT NULL;
CREATE INDEX operation_claim_unresolved ON operation_claim (claimed_at) WHERE unresolved;

-- Derived, and kept by the append itself: the balance of each account that carries a limit, on its normal side.
-- A sum of any number of bigint amounts: numeric, so that no sum is too large to be recorded.
CREATE TABLE account_balance (
    account text NOT NULL,
    currency text NOT NULL,
    balance_minor numeric NOT NULL,
    PRIMARY KEY (account, currency)
) WITH (fillfactor = 70);
