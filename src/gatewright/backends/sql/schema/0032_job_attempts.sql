-- How often a job ran, and what it was given and used of GPUs.
ALTER TABLE jobs ADD COLUMN attempts BIGINT NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN gpus BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN gpus_busy DOUBLE PRECISION;
