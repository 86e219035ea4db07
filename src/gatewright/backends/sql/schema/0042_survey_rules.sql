-- What a survey's headers mean, how far it is read, levels of calibration, footprints of
-- all-sky maps.
-- Bands, kinds, times and outlines are told apart better: every file is read once more.
ALTER TABLE survey ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
ALTER TABLE survey ADD COLUMN reading TEXT;
ALTER TABLE image ADD COLUMN calib_level BIGINT NOT NULL DEFAULT 2;
ALTER TABLE image ADD COLUMN pieces TEXT NOT NULL DEFAULT '';
UPDATE survey_file SET identity = '';
