-- What a provider has said, since `said_at`, of an operation whose outcome is unknown: a no, or that it never saw it. Said
-- once it is not believed. Null of all that were answered.
ALTER TABLE operation_claim
    ADD COLUMN said text,
    ADD COLUMN said_at timestamptz;
