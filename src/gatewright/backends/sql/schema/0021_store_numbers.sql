-- The highest number of a change in collections that are gone: those that are made
-- begin above it, so that a number of one that is gone is never one of theirs.
CREATE TABLE store_numbers (
    id BIGINT NOT NULL PRIMARY KEY,
    highest BIGINT NOT NULL
);
INSERT INTO store_numbers (id, highest)
    SELECT 1, COALESCE(MAX(sequence), 0) FROM store_collections;

-- The newest of the keys that were made by time, after which the next one sorts.
ALTER TABLE store_collections ADD COLUMN newest_key TEXT NOT NULL DEFAULT '';
