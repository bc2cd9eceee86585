-- The read models' tables live in the schema `views`, made by the projections themselves; each model's position is
-- here, moved in the transaction that applies the events up to it.
CREATE SCHEMA views;

CREATE TABLE projection_checkpoint (
    projection text PRIMARY KEY,
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failure text
);
