-- What a job was given, beside which it is seen how well it used that.
ALTER TABLE jobs ADD COLUMN cores BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN memory_limit_bytes BIGINT NOT NULL DEFAULT 0;
