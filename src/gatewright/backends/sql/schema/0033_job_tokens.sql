-- The file with the token of a job, whose path the job finds in its environment.
ALTER TABLE job_submissions ADD COLUMN token_path TEXT NOT NULL DEFAULT '';

-- Tokens of jobs that have not ended, and those whose file is not removed yet. "uuid" is
-- that of the job, or of an array's first element; "number" is null until the job is
-- recorded.
CREATE TABLE job_tokens (
    uuid TEXT NOT NULL PRIMARY KEY,
    number BIGINT,
    system TEXT NOT NULL,
    owner TEXT NOT NULL,
    token TEXT NOT NULL,
    path TEXT NOT NULL,
    made_at DOUBLE PRECISION NOT NULL,
    postponed_until DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX job_tokens_by_token ON job_tokens (owner, token);
