-- Saved conditions on candidates, and by which names people may use them.
CREATE TABLE candidate_filter (
    name TEXT NOT NULL PRIMARY KEY,
    words TEXT NOT NULL,
    description TEXT NOT NULL,
    owner TEXT NOT NULL,
    access TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX candidate_filter_by_owner ON candidate_filter (owner);
CREATE TABLE candidate_filter_reader (
    who TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (who, name)
) {clustered};
CREATE INDEX candidate_filter_reader_by_name ON candidate_filter_reader (name);
-- The photometric band of the science images of a candidate's difference.
ALTER TABLE candidate ADD COLUMN band TEXT;
{json_functions}
