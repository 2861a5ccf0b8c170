-- +goose Up

-- What a list shows of a key besides: its kty ('' of others) and exportable.
ALTER TABLE versions ADD COLUMN key_type TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN exportable BIGINT NOT NULL DEFAULT 0;

UPDATE versions SET
    key_type   = coalesce((SELECT json_extract(b.body, '$.key.kty') FROM bodies b WHERE b.id = versions.body), ''),
    exportable = coalesce((SELECT json_extract(b.body, '$.key.exportable') FROM bodies b WHERE b.id = versions.body), 0)
WHERE kind = 'keys';
