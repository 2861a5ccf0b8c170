-- +goose Up

-- What was done for the current version of an object, and what is planned.
CREATE TABLE lives (
    vault TEXT NOT NULL,
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    body  TEXT NOT NULL,
    PRIMARY KEY (vault, kind, key)
);

-- sink '' holds every message once, for people to read; other rows are to be
-- delivered there. id is the same in all rows of one message.
ALTER TABLE outbox ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN sink TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET id = lower(hex(randomblob(16))), state = 'delivered';

DROP INDEX outbox_state;
CREATE INDEX outbox_state ON outbox (sink, state, seq);
CREATE INDEX outbox_due ON outbox (sink, due) WHERE state = 'queued';
