-- What the application's role needs beyond what it may do to the tables itself. Who may call it is said in
-- privileges.sql.

-- Takes lots out that were due and hold nothing: the one deletion there is. A balance belongs to the appends, so that
-- nobody else writes to it. One that an append holds is left for the next time. An append that comes upon one that is
-- just being taken out waits, and makes it anew.
CREATE FUNCTION sweep_empty_lots(due_until text, lots_max integer) RETURNS void LANGUAGE sql AS $$
    DELETE FROM account_balance WHERE balance_minor = 0 AND ctid = ANY (ARRAY(
        SELECT ctid FROM account_balance
        WHERE account LIKE '%@%' AND split_part(account, '@', 2) COLLATE "C" <= due_until AND balance_minor = 0
        ORDER BY split_part(account, '@', 2) COLLATE "C" LIMIT lots_max FOR UPDATE SKIP LOCKED
    ))
$$;

-- To which roles the privileges were given, and which ones: SHA-256 of the statements.
CREATE TABLE role_privileges (
    role text PRIMARY KEY,
    sha256 text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
