-- Incidents, planned outages and notices of administrators, with their history.
CREATE TABLE announcement (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    begins_at DOUBLE PRECISION NOT NULL,
    -- When it ends; far in the future if that is not known.
    until DOUBLE PRECISION NOT NULL,
    withdrawn BIGINT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX announcement_until ON announcement (withdrawn, until);
CREATE INDEX announcement_begin ON announcement (withdrawn, begins_at, id);
