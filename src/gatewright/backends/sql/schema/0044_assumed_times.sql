-- Times of images that a survey's table gives, and not the header.
ALTER TABLE image ADD COLUMN time_assumed BIGINT NOT NULL DEFAULT 0;
