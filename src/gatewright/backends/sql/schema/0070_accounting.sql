-- Projects, their people and usage (domains.accounting). Days are counted from
-- 1970-01-01 UTC; a month is year * 12 + month - 1. The rest of a project and of a
-- member is JSON.
CREATE TABLE accounting_systems (
    system TEXT NOT NULL PRIMARY KEY,
    as_of DOUBLE PRECISION,
    kept BIGINT NOT NULL,
    failure TEXT NOT NULL
);
CREATE TABLE accounting_projects (
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    parent TEXT NOT NULL,
    starts_on BIGINT,
    ends_on BIGINT,
    content TEXT NOT NULL,
    PRIMARY KEY (system, name)
) {clustered};
CREATE TABLE accounting_members (
    system TEXT NOT NULL,
    project TEXT NOT NULL,
    person TEXT NOT NULL,
    part TEXT NOT NULL,
    coordinator BIGINT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (system, project, person, part)
) {clustered};
CREATE INDEX accounting_members_by_person ON accounting_members (person, system);
CREATE TABLE accounting_days (
    system TEXT NOT NULL,
    day BIGINT NOT NULL,
    read_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (system, day)
) {clustered};
CREATE TABLE accounting_usage (
    system TEXT NOT NULL,
    day BIGINT NOT NULL,
    month BIGINT NOT NULL,
    project TEXT NOT NULL,
    person TEXT NOT NULL,
    part TEXT NOT NULL,
    cpu_seconds DOUBLE PRECISION NOT NULL,
    node_seconds DOUBLE PRECISION NOT NULL,
    gpu_seconds DOUBLE PRECISION NOT NULL,
    wall_seconds DOUBLE PRECISION NOT NULL,
    jobs BIGINT NOT NULL,
    PRIMARY KEY (system, day, project, person, part)
) {clustered};
CREATE INDEX accounting_usage_by_person ON accounting_usage (person, system, day);
CREATE INDEX accounting_usage_by_project ON accounting_usage (project, system, day);
CREATE INDEX jobs_by_end ON jobs (system, ended_at);
