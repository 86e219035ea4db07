-- Tokens of jobs: the session that they end with, empty for none and for other tokens.
ALTER TABLE token ADD COLUMN session TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN delegated BIGINT NOT NULL DEFAULT 0;
CREATE INDEX token_session ON token (session) WHERE session <> '';
