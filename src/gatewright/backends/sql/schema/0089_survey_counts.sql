-- The counts of a survey's images in cells are made anew after each scan that changed
-- them. Before, they were kept if the number of images, the highest number and the sum of
-- the numbers were the same, as they are after the last file of a survey was replaced.
-- So all surveys are counted once more after their next scan.
ALTER TABLE survey_cells DROP COLUMN of_images;
UPDATE survey SET reading = COALESCE(reading, '') || ' ';
