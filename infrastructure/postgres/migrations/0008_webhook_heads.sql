-- `head` is the position of the store's last event when the delivery came in: a view that has not come so far may not
-- know yet which payment is meant. 0, which every view has come to, for those that came before there was this column.
ALTER TABLE webhook_delivery ADD COLUMN head bigint NOT NULL DEFAULT 0;
