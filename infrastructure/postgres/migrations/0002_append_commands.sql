-- The only way to write: a batch of commands, each of which is appended whole or refused by itself.
--
-- Parallel arrays carry the parts of all commands; `*_command` says which command, counted from 1, a part belongs to.
-- The advisory lock makes positions appear in commit order: whoever draws a position has committed before the next
-- one draws. A reader that follows positions therefore never passes over one that appears later.
--
-- Outcomes: appended · key_used (the key or the operation is taken: with the stored claim) · version_conflict
-- · limit_broken (with the account) · deferred (an earlier command of this batch wants the same key or version, or
-- claims or settles the same operation: send it again).

CREATE FUNCTION append_commands(
    commands int,
    event_command int[], event_originator_id uuid[], event_originator_version bigint[], event_topic text[],
    event_state bytea[],
    claim_command int[], claim_operation_id uuid[], claim_merchant_id text[], claim_payment_id uuid[],
    claim_verb text[], claim_key text[], claim_fingerprint bytea[], claim_unresolved boolean[],
    claim_status smallint[], claim_body bytea[],
    settle_command int[], settle_operation_id uuid[], settle_unresolved boolean[], settle_status smallint[],
    settle_body bytea[],
    change_command int[], change_account text[], change_currency text[], change_minor bigint[], change_floor bigint[]
) RETURNS TABLE (
    outcome text, last_position bigint, broken_account text, broken_currency text,
    operation_id uuid, payment_id uuid, verb text, fingerprint bytea, status smallint, body bytea,
    answered_position bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    outcomes text[] := array_fill('appended'::text, ARRAY[commands]);
    positions bigint[] := array_fill(NULL::bigint, ARRAY[commands]);
    used_operations uuid[] := array_fill(NULL::uuid, ARRAY[commands]);
    broken_accounts text[] := array_fill(NULL::text, ARRAY[commands]);
    broken_currencies text[] := array_fill(NULL::text, ARRAY[commands]);
    hit record;
BEGIN
    PERFORM pg_advisory_xact_lock(7459830221);

    FOR hit IN
        SELECT d.command
        FROM (
            SELECT c.command, min(c.command) OVER (PARTITION BY c.merchant_id, c.key) AS first
            FROM unnest(claim_command, claim_merchant_id, claim_key) AS c (command, merchant_id, key)
            WHERE c.key IS NOT NULL
            UNION ALL
            SELECT c.command, min(c.command) OVER (PARTITION BY c.operation_id)
            FROM unnest(claim_command, claim_operation_id) AS c (command, operation_id)
            UNION ALL
            SELECT s.command, min(s.command) OVER (PARTITION BY s.operation_id)
            FROM unnest(settle_command, settle_operation_id) AS s (command, operation_id)
            UNION ALL
            SELECT e.command, min(e.command) OVER (PARTITION BY e.originator_id, e.originator_version)
            FROM unnest(event_command, event_originator_id, event_originator_version)
                AS e (command, originator_id, originator_version)
        ) AS d
        WHERE d.command <> d.first
    LOOP
        outcomes[hit.command] := 'deferred';
    END LOOP;

    FOR hit IN
        SELECT DISTINCT e.command
        FROM unnest(event_command, event_originator_id, event_originator_version)
            AS e (command, originator_id, originator_version)
        JOIN stored_events AS s USING (originator_id, originator_version)
    LOOP
        outcomes[hit.command] := 'version_conflict';
    END LOOP;

    FOR hit IN
        SELECT c.command, o.operation_id
        FROM unnest(claim_command, claim_operation_id) AS c (command, operation_id)
        JOIN operation_claim AS o USING (operation_id)
        UNION ALL
        SELECT c.command, o.operation_id
        FROM unnest(claim_command, claim_merchant_id, claim_key) AS c (command, merchant_id, key)
        JOIN operation_claim AS o USING (merchant_id, key)
    LOOP
        outcomes[hit.command] := 'key_used';
        used_operations[hit.command] := hit.operation_id;
    END LOOP;

    IF EXISTS (
        SELECT
        FROM (
            SELECT
                c.minor, c.floor,
                coalesce(b.balance_minor, 0)
                    + sum(c.minor) OVER (PARTITION BY c.account, c.currency ORDER BY c.command) AS balance_minor
            FROM unnest(change_command, change_account, change_currency, change_minor, change_floor)
                AS c (command, account, currency, minor, floor)
            LEFT JOIN account_balance AS b USING (account, currency)
            WHERE outcomes[c.command] = 'appended'
        ) AS running
        WHERE running.minor < 0 AND running.balance_minor < running.floor
    ) THEN
        -- Somebody breaks a limit: go through the commands one by one, so that only those that break it are refused.
        FOR command_number IN 1..commands LOOP
            CONTINUE WHEN outcomes[command_number] <> 'appended';
            SELECT c.account, c.currency INTO hit
            FROM unnest(change_command, change_account, change_currency, change_minor, change_floor)
                AS c (command, account, currency, minor, floor)
            LEFT JOIN account_balance AS b USING (account, currency)
            WHERE c.command = command_number AND c.minor < 0 AND coalesce(b.balance_minor, 0) + c.minor < c.floor
            LIMIT 1;
            IF FOUND THEN
                outcomes[command_number] := 'limit_broken';
                broken_accounts[command_number] := hit.account;
                broken_currencies[command_number] := hit.currency;
            ELSE
                PERFORM add_to_balances(
                    ARRAY[command_number], change_command, change_account, change_currency, change_minor
                );
            END IF;
        END LOOP;
    ELSIF cardinality(change_command) > 0 THEN
        PERFORM add_to_balances(
            ARRAY(SELECT n FROM generate_subscripts(outcomes, 1) AS n WHERE outcomes[n] = 'appended'),
            change_command, change_account, change_currency, change_minor
        );
    END IF;

    FOR hit IN
        WITH positioned AS MATERIALIZED (
            SELECT
                e.command, e.originator_id, e.originator_version, e.topic, e.state,
                nextval('stored_events_notification_id_seq') AS position
            FROM unnest(event_command, event_originator_id, event_originator_version, event_topic, event_state)
                AS e (command, originator_id, originator_version, topic, state)
            WHERE outcomes[e.command] = 'appended'
        ), inserted AS (
            INSERT INTO stored_events (originator_id, originator_version, topic, state, notification_id)
            SELECT originator_id, originator_version, topic, state, position FROM positioned
        )
        SELECT command, max(position) AS position FROM positioned GROUP BY command
    LOOP
        positions[hit.command] := hit.position;
    END LOOP;

    INSERT INTO operation_claim (
        operation_id, merchant_id, payment_id, verb, key, fingerprint, unresolved, status, body, position
    )
    SELECT
        c.operation_id, c.merchant_id, c.payment_id, c.verb, c.key, c.fingerprint, c.unresolved, c.status, c.body,
        CASE WHEN c.status IS NOT NULL THEN positions[c.command] END
    FROM unnest(
        claim_command, claim_operation_id, claim_merchant_id, claim_payment_id, claim_verb, claim_key,
        claim_fingerprint, claim_unresolved, claim_status, claim_body
    ) AS c (command, operation_id, merchant_id, payment_id, verb, key, fingerprint, unresolved, status, body)
    WHERE outcomes[c.command] = 'appended';

    -- What is resolved stays resolved, whoever reports late. The first answer stays: a merchant that was told "processing" is told so again, whatever came of it since.
    UPDATE operation_claim AS o
    SET unresolved = o.unresolved AND s.unresolved,
        status = coalesce(o.status, s.status),
        body = coalesce(o.body, s.body),
        position = coalesce(o.position, positions[s.command])
    FROM unnest(settle_command, settle_operation_id, settle_unresolved, settle_status, settle_body)
        AS s (command, operation_id, unresolved, status, body)
    WHERE o.operation_id = s.operation_id AND outcomes[s.command] = 'appended';

    IF 'appended' = ANY (outcomes) THEN
        NOTIFY stored_events;
    END IF;

    RETURN QUERY
    SELECT
        n.outcome, n.last_position, n.broken_account, n.broken_currency,
        o.operation_id, o.payment_id, o.verb, o.fingerprint, o.status, o.body, o.position
    FROM unnest(outcomes, positions, broken_accounts, broken_currencies, used_operations)
        WITH ORDINALITY AS n (outcome, last_position, broken_account, broken_currency, used_operation, command)
    LEFT JOIN operation_claim AS o ON o.operation_id = n.used_operation
    ORDER BY n.command;
END $$;

CREATE FUNCTION add_to_balances(
    of_commands int[], change_command int[], change_account text[], change_currency text[], change_minor bigint[]
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO account_balance AS b (account, currency, balance_minor)
    SELECT c.account, c.currency, sum(c.minor)
    FROM unnest(change_command, change_account, change_currency, change_minor) AS c (command, account, currency, minor)
    WHERE c.command = ANY (of_commands)
    GROUP BY c.account, c.currency
    ON CONFLICT (account, currency) DO UPDATE SET balance_minor = b.balance_minor + excluded.balance_minor;
$$;
