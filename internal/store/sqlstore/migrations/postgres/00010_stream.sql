-- +goose Up

-- Events are read in the order of their transactions, and numbers within one.
CREATE INDEX outbox_stream ON outbox (sink, state, xid, seq);

-- It only adds.
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
