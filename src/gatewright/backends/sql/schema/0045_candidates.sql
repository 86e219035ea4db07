-- What differences found, joined to objects by place, with votes and comments.
-- A source is a set of surveys that differences have pixels of: there are few, and who
-- may see a candidate is a condition on its source.
CREATE TABLE candidate_source (
    number BIGINT NOT NULL PRIMARY KEY,
    surveys TEXT NOT NULL UNIQUE
);
CREATE TABLE candidate (
    id TEXT NOT NULL PRIMARY KEY,
    source BIGINT NOT NULL,
    difference TEXT NOT NULL,
    number BIGINT NOT NULL,
    object TEXT NOT NULL,
    mjd DOUBLE PRECISION,
    time_assumed BIGINT NOT NULL,
    zone BIGINT NOT NULL,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    ux DOUBLE PRECISION NOT NULL,
    uy DOUBLE PRECISION NOT NULL,
    uz DOUBLE PRECISION NOT NULL,
    x DOUBLE PRECISION NOT NULL,
    y DOUBLE PRECISION NOT NULL,
    snr DOUBLE PRECISION NOT NULL,
    strength DOUBLE PRECISION NOT NULL,
    flux DOUBLE PRECISION NOT NULL,
    flux_error DOUBLE PRECISION NOT NULL,
    score DOUBLE PRECISION,
    reason TEXT,
    features TEXT NOT NULL,
    votes BIGINT NOT NULL,
    votes_real BIGINT NOT NULL,
    votes_bogus BIGINT NOT NULL,
    votes_unsure BIGINT NOT NULL
);
CREATE INDEX candidate_by_strength ON candidate (source, strength, id);
CREATE INDEX candidate_by_score ON candidate (source, score, id);
CREATE INDEX candidate_unscanned ON candidate (source, strength, id) WHERE votes = 0;
CREATE INDEX candidate_by_difference ON candidate (difference, strength, id);
CREATE INDEX candidate_by_object ON candidate (object);
-- The sky in zones of one minute of arc of declination.
CREATE INDEX candidate_by_place ON candidate (zone, ra);
CREATE TABLE sky_object (
    id TEXT NOT NULL PRIMARY KEY,
    zone BIGINT NOT NULL,
    ra DOUBLE PRECISION NOT NULL,
    ux DOUBLE PRECISION NOT NULL,
    uy DOUBLE PRECISION NOT NULL,
    uz DOUBLE PRECISION NOT NULL,
    weight DOUBLE PRECISION NOT NULL
);
CREATE INDEX sky_object_by_place ON sky_object (zone, ra);
CREATE TABLE candidate_vote (
    candidate TEXT NOT NULL,
    person TEXT NOT NULL,
    choice TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (candidate, person)
) {clustered};
CREATE TABLE candidate_comment (
    id TEXT NOT NULL PRIMARY KEY,
    candidate TEXT NOT NULL,
    person TEXT NOT NULL,
    words TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL
);
CREATE INDEX candidate_comment_by_candidate ON candidate_comment (candidate, id);
-- Who looks at a candidate to vote on it: nobody else is given it until then.
CREATE TABLE candidate_claim (
    candidate TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    until DOUBLE PRECISION NOT NULL
);
CREATE INDEX candidate_claim_by_person ON candidate_claim (person);
