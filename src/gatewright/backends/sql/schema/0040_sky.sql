-- Surveys of telescope images and where their images are (domains.sky).
CREATE TABLE survey (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    pattern TEXT NOT NULL,
    access TEXT NOT NULL,
    configured BIGINT NOT NULL,
    longest DOUBLE PRECISION NOT NULL,
    scanner TEXT NOT NULL,
    scanner_until DOUBLE PRECISION NOT NULL,
    scanned_at DOUBLE PRECISION,
    summary TEXT
);
CREATE TABLE survey_file (
    survey TEXT NOT NULL,
    path TEXT NOT NULL,
    identity TEXT NOT NULL,
    left_out TEXT NOT NULL,
    PRIMARY KEY (survey, path)
) {clustered};
CREATE TABLE image (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    survey TEXT NOT NULL,
    path TEXT NOT NULL,
    identity TEXT NOT NULL,
    hdu BIGINT NOT NULL,
    t DOUBLE PRECISION NOT NULL,
    polygon TEXT NOT NULL,
    ra DOUBLE PRECISION NOT NULL,
    dec DOUBLE PRECISION NOT NULL,
    fov DOUBLE PRECISION NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    scale DOUBLE PRECISION NOT NULL,
    file_size BIGINT NOT NULL,
    observation TEXT NOT NULL,
    kind TEXT NOT NULL,
    t_min DOUBLE PRECISION,
    t_max DOUBLE PRECISION,
    exposure DOUBLE PRECISION,
    filter TEXT,
    band TEXT,
    em_min DOUBLE PRECISION,
    em_max DOUBLE PRECISION,
    depth DOUBLE PRECISION,
    seeing DOUBLE PRECISION,
    facility TEXT,
    instrument TEXT,
    target TEXT
);
-- Identifiers of the Virtual Observatory are the same in small and capital letters.
CREATE INDEX image_by_lower_id ON image (LOWER(id));
CREATE INDEX image_by_time ON image (t, number);
CREATE INDEX image_by_file ON image (survey, path);
CREATE INDEX image_by_survey_time ON image (survey, t, number);
-- The sky in nested HEALPix cells of order 6: which images touch a cell, by time.
CREATE TABLE cover (
    cell BIGINT NOT NULL,
    t DOUBLE PRECISION NOT NULL,
    image BIGINT NOT NULL,
    PRIMARY KEY (cell, t, image)
) {clustered};
