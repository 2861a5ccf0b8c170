-- +goose Up

-- The keys and secrets of deleted certificates stand on shelves of their own,
-- which no list shows.
UPDATE objects SET shelf = shelf + 4 WHERE managed <> 0 AND shelf IN (2, 3);
