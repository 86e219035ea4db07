-- Which coadd was subtracted where a candidate was found; NULL for other images, and for
-- candidates of before.
ALTER TABLE candidate ADD COLUMN reference TEXT;
