-- Cells are numbered anew for each class of duration of the images (backends.sql.covers),
-- so that a search within a night need not look back by the longest exposure of all.
-- Images of up to 0.1 days keep the numbers that they had.
UPDATE cover SET cell = CASE WHEN cell < 0 THEN cell - 1 ELSE cell + 49152 END
WHERE (SELECT MAX(longest) FROM survey) > 0.1 AND image IN (
    SELECT number FROM image WHERE t_max - t_min > 0.1 AND NOT t_max - t_min > 2.0
);
UPDATE cover SET cell = CASE WHEN cell < 0 THEN cell - 2 ELSE cell + 98304 END
WHERE (SELECT MAX(longest) FROM survey) > 2.0 AND image IN (
    SELECT number FROM image WHERE t_max - t_min > 2.0 AND NOT t_max - t_min > 100.0
);
UPDATE cover SET cell = CASE WHEN cell < 0 THEN cell - 3 ELSE cell + 147456 END
WHERE (SELECT MAX(longest) FROM survey) > 100.0 AND image IN (
    SELECT number FROM image WHERE t_max - t_min > 100.0
);
