-- +goose Up

-- What an operation's body says of its state, so that those in progress are found.
ALTER TABLE operations ADD COLUMN status TEXT NOT NULL DEFAULT '';
UPDATE operations SET status = json_extract(body, '$.status');

CREATE INDEX operations_underway ON operations (vault, key) WHERE kind = 'certificates' AND status = 'inProgress';
