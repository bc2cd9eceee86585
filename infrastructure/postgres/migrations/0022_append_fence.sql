-- The function of 0002 with a fence. It differs in two places:
--
-- `writers_epoch` is the epoch that the writer knows: a server of another one appends nothing (SQLSTATE TSEPO). A writer
-- that names none is of a version before, and is not asked.
--
-- A refusal is told because of rows. Those of a commit that no standby has confirmed may vanish with a failover, although
-- they can be seen after a restart: so a refusal commits something too, after them, and is told when that is confirmed.
DROP FUNCTION append_commands(event_part[], stream_part[], claim_part[], settlement_part[], change_part[]);

CREATE FUNCTION append_commands(
    events event_part[], streams stream_part[], claims claim_part[], settlements settlement_part[],
    changes change_part[], writers_epoch bigint DEFAULT NULL
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

    IF writers_epoch <> (SELECT i.epoch FROM store_identity AS i) THEN
        RAISE EXCEPTION 'the writer is of epoch %, and this server is not', writers_epoch USING ERRCODE = 'TSEPO';
    END IF;

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
        -- Without a word of its own in the log, a batch of refusals alone would commit without waiting for the standby.
        IF current_setting('synchronous_standby_names') <> '' THEN
            PERFORM pg_logical_emit_message(true, 'tallystick', '');
        END IF;
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
