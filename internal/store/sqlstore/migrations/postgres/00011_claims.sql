-- +goose Up

-- A claim writes token, end of the lease and revision of a row, and nothing else
-- that an index has once nobody looks for leases by their ends, which one server
-- alone does when it starts (migrations/sqlite). So it stays on its page, if there
-- is room, and writes to no index.
DROP INDEX objects_leased;
ALTER TABLE objects SET (fillfactor = 85);

-- Rows that fell due lie at the beginning of objects_due, where every claim comes
-- by until they are cleaned away: a fifth of a million is too many to wait for. A
-- part of the table, since each time all of its indexes are read.
ALTER TABLE objects SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE commits SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- Programs of before go on.
INSERT INTO settings (key, value) VALUES ('schema.min_reader', '8') ON CONFLICT (key) DO UPDATE SET value = excluded.value;
