-- How many images of large surveys touch each cell of the sky, as of their last scan.
CREATE TABLE survey_cells (
    survey TEXT NOT NULL,
    kind TEXT NOT NULL,
    band TEXT NOT NULL,
    filter TEXT NOT NULL,
    images BIGINT NOT NULL,
    t_min DOUBLE PRECISION,
    t_max DOUBLE PRECISION,
    of_images TEXT NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (survey, kind, band, filter)
) {clustered};
