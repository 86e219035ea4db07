-- Accounts. "password" is an argon2 hash, or null for one that has none.
CREATE TABLE account (
    name TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    password TEXT,
    created_at DOUBLE PRECISION NOT NULL
) {clustered};

CREATE TABLE account_group (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account, name)
) {clustered};

-- Sessions by the SHA-256 of their secret, which is in the cookie alone.
CREATE TABLE session (
    digest TEXT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    used_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    address TEXT NOT NULL
) {clustered};
CREATE INDEX session_account ON session (account, key);
CREATE INDEX session_end ON session (expires_at);

-- Single-use codes that sign in, by their SHA-256.
CREATE TABLE sign_in_link (
    digest TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL
) {clustered};

-- Personal tokens; "digest" is the SHA-256 of the secret, "scopes" are apart by spaces.
CREATE TABLE token (
    key TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    account TEXT NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    parent TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    used_at DOUBLE PRECISION,
    used_from TEXT NOT NULL
) {clustered};
CREATE INDEX token_account ON token (account, key);
CREATE INDEX token_parent ON token (parent);

-- Failed sign-ins; "subject" is the SHA-256 of address and name.
CREATE TABLE sign_in_failure (
    subject TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    bans BIGINT NOT NULL,
    banned_until DOUBLE PRECISION NOT NULL,
    noted_at DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX sign_in_failure_age ON sign_in_failure (noted_at);

-- The audit log: only ever added to. "hash" covers the record before and this one.
CREATE TABLE audit_record (
    number BIGINT NOT NULL PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    account TEXT NOT NULL,
    token TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL,
    hash TEXT NOT NULL
) {clustered};

-- Changes that were begun and have no record yet.
CREATE TABLE audit_intent (
    id TEXT NOT NULL PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    account TEXT NOT NULL,
    token TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT NOT NULL,
    note TEXT NOT NULL
) {clustered};
