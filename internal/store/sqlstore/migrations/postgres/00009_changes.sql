-- +goose Up

-- What a transaction changed stands in the row that proves it: names of objects
-- and ids of accounts, one a line. NULL, as a program leaves it that does not know
-- the column, is anything. By xid a reader finds what was committed since it last
-- looked, and passes by nothing that was committed late.
ALTER TABLE commits ADD COLUMN names TEXT;
ALTER TABLE commits ADD COLUMN xid XID8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX commits_xid ON commits (xid);

-- It only adds.
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
