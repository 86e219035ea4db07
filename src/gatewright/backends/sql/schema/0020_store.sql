-- The document store (domains.store).
CREATE TABLE store_collections (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    sequence BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    documents BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    indexes TEXT NOT NULL
);

-- A deleted document leaves its row for the change feed, without its text.
CREATE TABLE store_documents (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    etag TEXT NOT NULL,
    size BIGINT NOT NULL,
    creator TEXT NOT NULL,
    writer TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    modified_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION,
    guarded BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (collection, key)
);
CREATE UNIQUE INDEX store_documents_by_change ON store_documents (collection, sequence);
CREATE INDEX store_documents_by_end ON store_documents (expires_at)
    WHERE expires_at IS NOT NULL;
CREATE INDEX store_documents_deleted ON store_documents (modified_at)
    WHERE deleted = 1;

-- Rights of principals on a collection (key empty) or a document of it.
CREATE TABLE store_grants (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    who TEXT NOT NULL,
    level BIGINT NOT NULL,
    PRIMARY KEY (collection, key, who)
) {clustered};
CREATE INDEX store_grants_by_who ON store_grants (who, collection);

-- What the declared indexes hold: a number, or other values as text.
CREATE TABLE store_entries (
    collection TEXT NOT NULL,
    field TEXT NOT NULL,
    key TEXT NOT NULL,
    number DOUBLE PRECISION,
    text TEXT,
    PRIMARY KEY (collection, field, key)
) {clustered};
CREATE INDEX store_entries_by_number ON store_entries (collection, field, number, key)
    WHERE number IS NOT NULL;
CREATE INDEX store_entries_by_text ON store_entries (collection, field, text, key)
    WHERE text IS NOT NULL;
CREATE INDEX store_entries_by_key ON store_entries (collection, key);

CREATE TABLE store_usage (
    account TEXT NOT NULL PRIMARY KEY,
    documents BIGINT NOT NULL,
    bytes BIGINT NOT NULL
);
