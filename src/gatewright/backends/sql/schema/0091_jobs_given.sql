-- What a job was given by its scheduler, shown also after its end. Of older jobs, it is
-- not known.
ALTER TABLE jobs ADD COLUMN nodes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN queue_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN project TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN limit_seconds DOUBLE PRECISION;
