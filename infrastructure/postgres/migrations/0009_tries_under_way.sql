-- While recovery, or an operator, asks the provider for an operation: until when at most (the asker may have died).
-- `next_try_at` does not tell, being the pause after a try as well.
ALTER TABLE operation_claim ADD COLUMN asked_until timestamptz;
