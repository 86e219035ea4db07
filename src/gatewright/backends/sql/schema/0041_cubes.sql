-- Cubes are images too, and places with the declination as first axis are right: every
-- file is read once more.
ALTER TABLE image ADD COLUMN planes BIGINT NOT NULL DEFAULT 1;
ALTER TABLE image ADD COLUMN samples BIGINT NOT NULL DEFAULT 1;
ALTER TABLE image ADD COLUMN polarizations TEXT;
UPDATE survey_file SET identity = '';
