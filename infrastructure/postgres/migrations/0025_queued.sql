-- A delivery that waits for a worker wakes the workers, at the commit that puts it there: one notification a commit,
-- however many deliveries. By a trigger, so that an older version's processes wake a newer version's workers too.
CREATE FUNCTION notify_queued() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('queued', tg_argv[0]);
    RETURN NULL;
END $$;

CREATE TRIGGER webhook_delivery_queued AFTER INSERT ON webhook_delivery
    FOR EACH ROW WHEN (NEW.state = 'waiting') EXECUTE FUNCTION notify_queued('deliveries');
