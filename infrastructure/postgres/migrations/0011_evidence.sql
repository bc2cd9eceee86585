-- Evidence for disputes, by the SHA-256 of its content: what an event names is there, as it was, for ever.
CREATE TABLE evidence_file (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What was photographed or scanned does not get any smaller.
ALTER TABLE evidence_file ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE FUNCTION refuse_change_of_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'evidence is immutable: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER evidence_is_immutable BEFORE UPDATE OR DELETE ON evidence_file
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_evidence();
CREATE TRIGGER evidence_stays BEFORE TRUNCATE ON evidence_file
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_evidence();
