-- +goose Up

-- Those that failed are found and counted for who watches the server.
CREATE INDEX operations_failed ON operations (vault, key) WHERE kind = 'certificates' AND status = 'failed';
