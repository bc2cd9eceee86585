-- Which code made the rows of each view: a worker that finds another one's makes the view anew.
ALTER TABLE views.projection_checkpoint
    -- The hash of the code whose rows are in service; null where nobody said, as in stores of earlier versions.
    ADD COLUMN code text,
    -- The hash of the rows' form: what a reader has to know to read them.
    ADD COLUMN form text,
    -- Codes whose rows were in service before. A worker with one of these is an earlier version: it changes nothing.
    ADD COLUMN former_codes text[] NOT NULL DEFAULT '{}',
    -- How far the next table has come that is being made beside the one in service.
    ADD COLUMN rebuilt_to bigint,
    ADD COLUMN rebuilt_at timestamptz,
    -- The position again, as those write it who know of `code`. Earlier versions move `position` alone, and are refused:
    -- their rows are not those of the table that may be there by now.
    ADD COLUMN moved_to bigint NOT NULL DEFAULT 0;
UPDATE views.projection_checkpoint SET moved_to = position;
ALTER TABLE views.projection_checkpoint
    ADD CONSTRAINT this_worker_is_of_an_earlier_version CHECK (moved_to = position);
