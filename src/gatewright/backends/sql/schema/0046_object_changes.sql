-- Objects that were merged or split by hand: what was moved from one to another.
CREATE TABLE object_change (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    surveys TEXT NOT NULL,
    candidates TEXT NOT NULL,
    person TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    undone_by TEXT
);
CREATE INDEX object_change_by_source ON object_change (source, id);
CREATE INDEX object_change_by_target ON object_change (target, id);
