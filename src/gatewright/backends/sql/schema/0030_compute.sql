-- Jobs of all systems (domains.compute). A submission is one specification: a job
-- alone, or all elements of an array. A key is a client's Idempotency-Key.
CREATE TABLE job_submissions (
    number {serial},
    system TEXT NOT NULL,
    owner TEXT NOT NULL,
    spec TEXT NOT NULL
);
CREATE TABLE jobs (
    number BIGINT NOT NULL,
    array_index BIGINT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    system TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    native_state TEXT NOT NULL,
    native_id TEXT,
    lease DOUBLE PRECISION NOT NULL,
    directory TEXT NOT NULL,
    stdout_path TEXT NOT NULL,
    stderr_path TEXT NOT NULL,
    submitted_at DOUBLE PRECISION NOT NULL,
    started_at DOUBLE PRECISION,
    ended_at DOUBLE PRECISION,
    exit_code BIGINT,
    end_signal BIGINT,
    reason TEXT NOT NULL,
    wall_seconds DOUBLE PRECISION NOT NULL,
    cpu_seconds DOUBLE PRECISION NOT NULL,
    peak_memory_bytes BIGINT NOT NULL,
    PRIMARY KEY (number, array_index)
) {clustered};
CREATE INDEX jobs_by_owner ON jobs (system, owner, number, array_index);
CREATE UNIQUE INDEX jobs_by_native_id ON jobs (system, native_id);
CREATE INDEX jobs_open ON jobs (system, owner, number) WHERE ended_at IS NULL;
CREATE TABLE job_keys (
    system TEXT NOT NULL,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    numbers TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (system, owner, key)
) {clustered};
CREATE INDEX job_keys_by_age ON job_keys (at);
