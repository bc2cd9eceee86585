-- The read models' tables live in the schema `views`, made by the projections themselves, and with them each
-- model's position, moved in the transaction that applies the events up to it: a backup has both or neither.
-- `version` counts the model's tables: a rebuild puts the next one in place.
CREATE SCHEMA views;

CREATE TABLE views.projection_checkpoint (
    projection text PRIMARY KEY,
    position bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failure text,
    version bigint NOT NULL DEFAULT 1
);
