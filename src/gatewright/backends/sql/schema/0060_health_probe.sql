-- One row that health writes to, to see whether the database takes writes.
CREATE TABLE health_probe (
    id BIGINT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
INSERT INTO health_probe (id, number) VALUES (1, 0);
