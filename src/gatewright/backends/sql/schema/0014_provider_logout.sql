-- Whom a provider signed in, and in which session of its own: it may end both.
ALTER TABLE session ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN sid TEXT NOT NULL DEFAULT '';
CREATE INDEX session_made_by ON session (made_by, subject);

-- Logout tokens that were used, by the SHA-256 of provider and "jti".
CREATE TABLE used_logout (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX used_logout_end ON used_logout (expires_at);
