-- What happened, for those who may know (core.events).
CREATE TABLE events (
    number {serial},
    at DOUBLE PRECISION NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    owner TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_by_owner ON events (owner, number);
CREATE INDEX events_by_age ON events (at);
