-- The classifier that is to give the scores of a source: that of the first survey of the
-- science images that has one. Two differences of the same surveys, the one's science
-- images being the other's reference, are of two sources. NULL for older sources of
-- several surveys, of which it is not known.
CREATE TABLE candidate_source_of (
    number BIGINT NOT NULL PRIMARY KEY,
    surveys TEXT NOT NULL,
    science TEXT,
    UNIQUE (surveys, science)
);
INSERT INTO candidate_source_of (number, surveys, science)
SELECT number, surveys, CASE WHEN REPLACE(surveys, '", "', '') = surveys THEN surveys END
FROM candidate_source;
DROP TABLE candidate_source;
ALTER TABLE candidate_source_of RENAME TO candidate_source;
-- Finds the candidates whose score another version gave.
CREATE INDEX candidate_by_classifier ON candidate (source, classifier);
-- Whether the stored candidates are being scored by this version, and how far it is.
ALTER TABLE classifier ADD COLUMN rescoring BIGINT NOT NULL DEFAULT 0;
ALTER TABLE classifier ADD COLUMN rescored BIGINT NOT NULL DEFAULT 0;
ALTER TABLE classifier ADD COLUMN to_rescore BIGINT NOT NULL DEFAULT 0;
UPDATE classifier SET rescoring = 1 WHERE active = 1;
