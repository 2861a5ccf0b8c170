-- +goose Up

-- Numbers are in the order of commits already: there is one writer.
SELECT 1;

-- It only adds.
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
