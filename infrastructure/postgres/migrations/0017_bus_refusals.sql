-- Messages on the bus that the relay of this store cannot have sent, counted by each worker that heard them.
CREATE TABLE bus_refusal (
    reason text PRIMARY KEY,
    messages bigint NOT NULL,
    last_at timestamptz NOT NULL
);
