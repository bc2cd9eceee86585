-- What the application and those who only look may do, given by the owner after the migrations. Whatever is not named
-- here is refused to both: a new table has to be added. `{app}` and `{reader}` are the names of the roles.
--
-- Nobody but the owner changes, deletes or empties events: not even he does it without switching a trigger off, and the
-- application is not he. It does not even insert them: the functions do, as the owner, in order and within the limits.

-- Where a rebuild fills tables beside those in service: the application may not make schemas.
CREATE SCHEMA IF NOT EXISTS views_rebuild;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {app}, {reader};
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {app}, {reader};
REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM PUBLIC, {app}, {reader};
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA public, views, views_rebuild TO {app};
GRANT USAGE ON SCHEMA public, views, views_rebuild TO {reader};

ALTER FUNCTION append_commands(event_part[], stream_part[], claim_part[], settlement_part[], change_part[], bigint)
    SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION sweep_empty_lots(text, integer) SECURITY DEFINER SET search_path = public, pg_temp;
GRANT EXECUTE ON FUNCTION
    append_commands(event_part[], stream_part[], claim_part[], settlement_part[], change_part[], bigint),
    sweep_empty_lots(text, integer)
    TO {app};

-- Written by the functions alone.
GRANT SELECT ON stored_events, account_balance, schema_migration, role_privileges, store_identity TO {app};

-- Recovery shares its work in these columns; what was asked, and the answer, are the functions'.
GRANT SELECT, UPDATE (tries, next_try_at, told, asked_until, taken_by, said, said_at) ON operation_claim TO {app};

-- Rows that are never changed, but for a key that is revoked.
GRANT SELECT, INSERT ON merchant, evidence_file, accounting_day TO {app};
GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_key, operator_key TO {app};

-- An operator opens a restored store.
GRANT UPDATE (closed_at, closed_because) ON store_identity TO {app};

-- Queues, places and counts that work leaves behind.
GRANT SELECT, INSERT, UPDATE ON webhook_delivery, webhook_event, bank_feed, orphan, bus_refusal TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON timer_try, worker_lease TO {app};

-- What is kept of the store elsewhere.
GRANT SELECT, INSERT, UPDATE, DELETE ON base_backup, wal_archive TO {app};

-- The views can be made anew from the events: their tables are the application's own.
GRANT CREATE ON SCHEMA views, views_rebuild TO {app};
GRANT SELECT, INSERT, UPDATE ON views.checkpoint TO {app};
GRANT SELECT ON views.projection_checkpoint TO {app};

-- Of keys who has them, but not what they are known by.
GRANT SELECT ON
    stored_events, account_balance, schema_migration, role_privileges, operation_claim, merchant, evidence_file,
    accounting_day, webhook_delivery, webhook_event, bank_feed, timer_try, store_identity, worker_lease, orphan,
    base_backup, wal_archive, bus_refusal,
    views.checkpoint, views.projection_checkpoint
    TO {reader};
GRANT SELECT (key_id, merchant_id, created_at, revoked_at) ON api_key TO {reader};
GRANT SELECT (key_id, name, role, created_at, revoked_at) ON operator_key TO {reader};
GRANT SELECT ON ALL TABLES IN SCHEMA views, views_rebuild TO {reader};
ALTER DEFAULT PRIVILEGES FOR ROLE {app} IN SCHEMA views, views_rebuild GRANT SELECT ON TABLES TO {reader};
