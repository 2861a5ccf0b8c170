-- +goose Up

-- What is cleaned away, and when, is SQLite's own affair (migrations/postgres).
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
