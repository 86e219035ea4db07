-- Intents, such as jobs, that ended before the grants do by which they go on without
-- their person. They are kept until then.
CREATE TABLE ended_intent (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (account, name)
) {clustered};
CREATE INDEX ended_intent_end ON ended_intent (expires_at);
