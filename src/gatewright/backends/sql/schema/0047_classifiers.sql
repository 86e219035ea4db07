-- Versions of classifiers of each survey, of which one at most is active.
CREATE TABLE classifier (
    id TEXT NOT NULL PRIMARY KEY,
    survey TEXT NOT NULL,
    version BIGINT NOT NULL,
    method TEXT NOT NULL,
    state TEXT NOT NULL,
    active BIGINT NOT NULL,
    owner TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    until DOUBLE PRECISION NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    labels TEXT NOT NULL,
    missed DOUBLE PRECISION,
    reason TEXT,
    UNIQUE (survey, version)
);
-- The trained classifier, its report, and the examples, as JSON.
CREATE TABLE classifier_content (
    id TEXT NOT NULL PRIMARY KEY,
    judge TEXT NOT NULL,
    report TEXT NOT NULL,
    material TEXT NOT NULL
);
-- The classifier that gave a candidate its score.
ALTER TABLE candidate ADD COLUMN classifier TEXT;
CREATE INDEX candidate_voted ON candidate (source, id) WHERE votes > 0;
