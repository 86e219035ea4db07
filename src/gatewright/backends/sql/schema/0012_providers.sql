-- What a session was begun by, and what its identity provider is told at its end.
ALTER TABLE session ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN hint TEXT NOT NULL DEFAULT '';

-- Sign-ins whose person is at an identity provider. "state" and "browser" are the
-- SHA-256 of secrets; "id" tells which of a network's is the newest.
CREATE TABLE begun_sign_in (
    state TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    browser TEXT NOT NULL,
    provider TEXT NOT NULL,
    path TEXT NOT NULL,
    network TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX begun_sign_in_network ON begun_sign_in (network, id);
CREATE INDEX begun_sign_in_end ON begun_sign_in (expires_at);
