-- The lots by when they are due: the text after '@', which sorts as time does. Not the balances in its predicate: an
-- index that names `balance_minor` would make every append write to it, where it changes no index today. A lot that was
-- due and holds nothing is taken out of the table instead, which says the same as a balance of 0.
CREATE INDEX account_balance_lot_due ON account_balance ((split_part(account, '@', 2) COLLATE "C"))
    WHERE account LIKE '%@%';
-- A merchant's lots.
CREATE INDEX account_balance_lot_of ON account_balance ((split_part(account, ':', 2))) WHERE account LIKE '%@%';
