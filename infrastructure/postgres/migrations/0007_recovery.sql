-- What several workers need to share work that has to be done later, or again: `tries` counts how often it was taken;
-- it is not taken before `next_try_at`, which is first a lease (whoever took it may have died) and then a pause;
-- `told` marks what an operator has been told of.

-- Those without an outcome are few, and operation_claim_unresolved has just them.
ALTER TABLE operation_claim
    ADD COLUMN tries integer NOT NULL DEFAULT 0,
    ADD COLUMN next_try_at timestamptz,
    ADD COLUMN told boolean NOT NULL DEFAULT false;

-- Those whose end an operator is to be told of: next to none.
CREATE INDEX operation_claim_told ON operation_claim (claimed_at) WHERE told AND NOT unresolved;

-- The timers that are or were due, as the view `timers` has them. A row stays until that view knows the timer no more:
-- one that has fired has no `next_try_at`.
CREATE TABLE timer_try (
    payment_id uuid NOT NULL,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    told boolean NOT NULL DEFAULT false,
    PRIMARY KEY (payment_id, kind)
);

CREATE INDEX timer_try_due ON timer_try (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX timer_try_fired ON timer_try (payment_id) WHERE next_try_at IS NULL;
