-- Work that one process of the gateway does at a time (core.lease). The holder is empty
-- when nobody has the lease; the beat rises with each sign of life of its holder.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    beat BIGINT NOT NULL
) {clustered};
