-- How far we have come in what each bank says of payouts: the last report that is recorded.
CREATE TABLE bank_feed (
    bank text PRIMARY KEY,
    report_id text NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who can be paid out. A balance's changes leave the index as it is: neither its columns nor its condition have it.
CREATE INDEX account_balance_available ON account_balance (account, currency)
    WHERE account LIKE 'merchant:%:available';
