-- Classes and tags that people gave to candidates.
CREATE TABLE candidate_label (
    id TEXT NOT NULL PRIMARY KEY,
    candidate TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    person TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE UNIQUE INDEX candidate_label_given ON candidate_label (candidate, person, kind, name);
CREATE INDEX candidate_label_by_candidate ON candidate_label (candidate, id);
