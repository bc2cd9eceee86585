-- Views that stand together move together: one row says where, and is written once a batch of events instead of once a
-- view.
ALTER TABLE views.projection_checkpoint RENAME TO checkpoint;
ALTER TABLE views.checkpoint
    -- Versions before `code` are refused from here on by what is now called projection_checkpoint.
    DROP COLUMN moved_to,
    -- Whether the view stands where the row 'shared' does; its own position then says nothing.
    ADD COLUMN is_shared boolean NOT NULL DEFAULT false;
-- `version` of this row counts the changes of which views stand there, and of their tables.
INSERT INTO views.checkpoint (projection, position) VALUES ('shared', 0);

-- Where each view stands. An earlier version still reads here, and cannot write: a view of two rows is not updatable.
CREATE VIEW views.projection_checkpoint AS
SELECT
    own.projection,
    CASE WHEN own.is_shared THEN shared.position ELSE own.position END AS position,
    CASE WHEN own.is_shared THEN shared.updated_at ELSE own.updated_at END AS updated_at,
    CASE WHEN own.is_shared THEN coalesce(shared.failure, own.failure) ELSE own.failure END AS failure,
    own.version,
    own.code,
    own.form,
    own.former_codes,
    own.rebuilt_to,
    own.rebuilt_at,
    own.is_shared
FROM views.checkpoint AS own CROSS JOIN views.checkpoint AS shared
WHERE shared.projection = 'shared' AND own.projection <> 'shared';

-- Those who could read the table read the view.
DO $$
DECLARE
    reader text;
BEGIN
    FOR reader IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'views' AND table_name = 'checkpoint' AND privilege_type = 'SELECT'
            AND grantee <> 'PUBLIC'
    LOOP
        EXECUTE format('GRANT SELECT ON views.projection_checkpoint TO %I', reader);
    END LOOP;
END
$$;
