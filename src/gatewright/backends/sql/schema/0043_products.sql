-- Coadds and differences: what was asked, where the file is, and what was found.
CREATE TABLE product (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    until DOUBLE PRECISION NOT NULL,
    body TEXT NOT NULL
);
