-- +goose Up

-- What proves that this program wrote the row (seal.go); NULL until the
-- database is bound to its keyset (bind.go).
ALTER TABLE objects  ADD COLUMN mac BLOB;
ALTER TABLE versions ADD COLUMN mac BLOB;
ALTER TABLE issuers  ADD COLUMN mac BLOB;
ALTER TABLE contacts ADD COLUMN mac BLOB;
ALTER TABLE accounts ADD COLUMN mac BLOB;
ALTER TABLE settings ADD COLUMN mac BLOB;
