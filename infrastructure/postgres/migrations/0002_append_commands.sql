-- The only way to write: a batch of commands, each of which is appended whole or refused by itself.
--
-- Each array holds the parts of one kind of all commands, in the commands' order; `command` says whose a part is. No two
-- commands of a batch may want the same: a stream, an operation to claim or to settle, an idempotency key. The caller
-- sees to that (it keeps one of them for the next batch), the constraints would refuse the batch.
--
-- The advisory lock makes positions appear in commit order: whoever draws a position has committed before the next
-- one draws. A reader that follows positions therefore never passes over one that appears later.
--
-- The first row has the positions of the events of the commands that were appended, in their order. Then one row a
-- refused command: key_used (the key or the operation is taken: with the stored claim) · version_conflict (its first
-- event of a stream is not the one after the stream's last) · limit_broken (with the account).

CREATE TYPE event_part AS (
    originator_id uuid, originator_version bigint, command bigint, topic text, state bytea
);
-- `head` is the version of a stream's last event that the command has seen: 0 for a stream that it begins.
CREATE TYPE stream_part AS (originator_id uuid, head bigint, command bigint);
-- `last_id` and `last_version` name the command's last event, whose position goes with an answer.
CREATE TYPE claim_part AS (
    operation_id uuid, command bigint, unresolved boolean, last_id uuid, last_version bigint, status smallint,
    body bytea, payment_id uuid, merchant_id text, verb text, key text, fingerprint bytea
);
CREATE TYPE settlement_part AS (
    operation_id uuid, command bigint, unresolved boolean, last_id uuid, last_version bigint, status smallint,
    body bytea
);
CREATE TYPE change_part AS (change_minor bigint, floor_minor bigint, command bigint, account text, currency text);

CREATE FUNCTION append_commands(
    events event_part[], streams stream_part[], claims claim_part[], settlements settlement_part[],
    changes change_part[]
) RETURNS TABLE (
    command bigint, outcome text, positions bigint[], broken_account text, broken_currency text,
    operation_id uuid, payment_id uuid, verb text, fingerprint bytea, status smallint, body bytea,
    answered_position bigint
) LANGUAGE plpgsql
-- One plan for every batch; and by index, however small the tables were when it was made.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    conflicting bigint[];
    used bigint[];
    used_operations uuid[];
    refused bigint[];
    broken bigint[];
    broken_accounts text[];
    broken_currencies text[];
BEGIN
    PERFORM pg_advisory_xact_lock(7459830221);

    SELECT array_agg(s.command) INTO conflicting
    FROM unnest(streams) AS s
    WHERE s.head <> coalesce((
        SELECT e.originator_version FROM stored_events AS e
        WHERE e.originator_id = s.originator_id ORDER BY e.originator_version DESC LIMIT 1
    ), 0);

    IF cardinality(claims) > 0 THEN
        SELECT array_agg(c.command), array_agg(o.operation_id) INTO used, used_operations
        FROM unnest(claims) AS c CROSS JOIN LATERAL (
            SELECT o.operation_id FROM operation_claim AS o WHERE o.operation_id = c.operation_id
            UNION ALL
            SELECT o.operation_id FROM operation_claim AS o WHERE o.merchant_id = c.merchant_id AND o.key = c.key
            LIMIT 1
        ) AS o;
    END IF;
    refused := conflicting || used;

    IF cardinality(changes) > 0 THEN
        IF NOT add_to_balances(changes, refused) THEN
            SELECT b.commands, b.accounts, b.currencies INTO broken, broken_accounts, broken_currencies
            FROM add_to_balances_one_by_one(changes, refused) AS b;
            refused := refused || broken;
        END IF;
    END IF;

    -- Positions are drawn event by event, in the array's order.
    WITH inserted AS (
        INSERT INTO stored_events (originator_id, originator_version, topic, state)
        SELECT e.originator_id, e.originator_version, e.topic, e.state FROM unnest(events) AS e
        WHERE refused IS NULL OR e.command <> ALL (refused)
        RETURNING notification_id
    )
    SELECT array_agg(i.notification_id) INTO positions FROM inserted AS i;

    IF cardinality(claims) > 0 THEN
        INSERT INTO operation_claim (
            operation_id, merchant_id, payment_id, verb, key, fingerprint, unresolved, status, body, position
        )
        SELECT
            c.operation_id, c.merchant_id, c.payment_id, c.verb, c.key, c.fingerprint, c.unresolved, c.status, c.body,
            CASE WHEN c.status IS NOT NULL THEN (
                SELECT e.notification_id FROM stored_events AS e
                WHERE e.originator_id = c.last_id AND e.originator_version = c.last_version
            ) END
        FROM unnest(claims) AS c
        WHERE refused IS NULL OR c.command <> ALL (refused);
    END IF;

    IF cardinality(settlements) > 0 THEN
        -- What is resolved stays resolved, whoever reports late. The first answer stays: a merchant that was told
        -- "processing" is told so again, whatever came of it since.
        UPDATE operation_claim AS o
        SET unresolved = o.unresolved AND s.unresolved,
            status = coalesce(o.status, s.status),
            body = coalesce(o.body, s.body),
            position = coalesce(o.position, (
                SELECT e.notification_id FROM stored_events AS e
                WHERE e.originator_id = s.last_id AND e.originator_version = s.last_version
            ))
        FROM unnest(settlements) AS s
        WHERE o.operation_id = s.operation_id
            -- Says the same again, so that a plan made for few claims does not walk through all of them later.
            AND o.operation_id = ANY (ARRAY(SELECT t.operation_id FROM unnest(settlements) AS t))
            AND (refused IS NULL OR s.command <> ALL (refused));
    END IF;

    IF positions IS NOT NULL THEN
        NOTIFY stored_events;
    END IF;

    outcome := 'appended';
    RETURN NEXT;
    IF refused IS NOT NULL THEN
        RETURN QUERY
        SELECT
            r.command, r.outcome, NULL::bigint[], r.account, r.currency,
            o.operation_id, o.payment_id, o.verb, o.fingerprint, o.status, o.body, o.position
        FROM (
            SELECT u.command, 'key_used', NULL, NULL, u.operation_id
            FROM unnest(used, used_operations) AS u (command, operation_id)
            UNION ALL
            SELECT DISTINCT v.command, 'version_conflict', NULL, NULL, NULL::uuid
            FROM unnest(conflicting) AS v (command) WHERE used IS NULL OR v.command <> ALL (used)
            UNION ALL
            SELECT l.command, 'limit_broken', l.account, l.currency, NULL
            FROM unnest(broken, broken_accounts, broken_currencies) AS l (command, account, currency)
        ) AS r (command, outcome, account, currency, used_operation)
        LEFT JOIN LATERAL (
            SELECT * FROM operation_claim AS o WHERE o.operation_id = r.used_operation LIMIT 1
        ) AS o ON true;
    END IF;
END $$;

-- All changes but those of `refused` commands; false, and none, if one of them may break its limit, which it cannot
-- where the balance holds even when every fall comes before any rise.
CREATE FUNCTION add_to_balances(changes change_part[], refused bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    WITH net AS MATERIALIZED (
        SELECT
            c.account, c.currency, sum(c.change_minor) AS change_minor,
            sum(c.change_minor) FILTER (WHERE c.change_minor < 0) AS fall_minor, max(c.floor_minor) AS floor_minor
        FROM unnest(changes) AS c
        WHERE refused IS NULL OR c.command <> ALL (refused)
        GROUP BY c.account, c.currency
    )
    INSERT INTO account_balance AS b (account, currency, balance_minor)
    SELECT n.account, n.currency, n.change_minor FROM net AS n
    WHERE NOT EXISTS (
        SELECT FROM net AS n
        WHERE n.fall_minor < 0 AND n.floor_minor > n.fall_minor + coalesce((
            SELECT b.balance_minor FROM account_balance AS b WHERE b.account = n.account AND b.currency = n.currency
        ), 0)
    )
    ON CONFLICT (account, currency) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor;
    RETURN FOUND;
END $$;

-- The changes of one command after another; those of a command that breaks a limit are left out and told.
CREATE FUNCTION add_to_balances_one_by_one(
    changes change_part[], refused bigint[], OUT commands bigint[], OUT accounts text[], OUT currencies text[]
) LANGUAGE plpgsql AS $$
DECLARE
    one bigint;
    hit record;
BEGIN
    FOR one IN
        SELECT DISTINCT c.command FROM unnest(changes) AS c
        WHERE refused IS NULL OR c.command <> ALL (refused)
        ORDER BY c.command
    LOOP
        SELECT c.account, c.currency INTO hit
        FROM unnest(changes) AS c
        WHERE c.command = one AND c.change_minor < 0 AND c.floor_minor > c.change_minor + coalesce((
            SELECT b.balance_minor FROM account_balance AS b WHERE b.account = c.account AND b.currency = c.currency
        ), 0)
        LIMIT 1;
        IF FOUND THEN
            commands := commands || one;
            accounts := accounts || hit.account;
            currencies := currencies || hit.currency;
        ELSE
            INSERT INTO account_balance AS b (account, currency, balance_minor)
            SELECT c.account, c.currency, c.change_minor FROM unnest(changes) AS c WHERE c.command = one
            ON CONFLICT (account, currency) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor;
        END IF;
    END LOOP;
END $$;
