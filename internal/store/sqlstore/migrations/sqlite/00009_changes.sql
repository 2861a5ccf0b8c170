-- +goose Up

-- Here one server has the database to itself, and nobody has to be told what it
-- changed (migrations/postgres): nothing is added.
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
