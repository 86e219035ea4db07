-- The candidates of large cells of the sky in the order of pages (candidate_cells.py), so
-- that those of a wide circle are found without walking through all that there are.
-- Those with a vote have cells of their own.
CREATE INDEX candidate_by_cell_strength ON candidate (
    source,
    (zone / 1801 * 24 + CASE WHEN ra < 30 THEN 0 WHEN ra < 60 THEN 2 WHEN ra < 90
    THEN 4 WHEN ra < 120 THEN 6 WHEN ra < 150 THEN 8 WHEN ra < 180 THEN 10 WHEN ra <
    210 THEN 12 WHEN ra < 240 THEN 14 WHEN ra < 270 THEN 16 WHEN ra < 300 THEN 18
    WHEN ra < 330 THEN 20 ELSE 22 END + CASE WHEN votes = 0 THEN 0 ELSE 1 END),
    strength, id, zone, ra, votes
);
CREATE INDEX candidate_by_cell_score ON candidate (
    source,
    (zone / 1801 * 24 + CASE WHEN ra < 30 THEN 0 WHEN ra < 60 THEN 2 WHEN ra < 90
    THEN 4 WHEN ra < 120 THEN 6 WHEN ra < 150 THEN 8 WHEN ra < 180 THEN 10 WHEN ra <
    210 THEN 12 WHEN ra < 240 THEN 14 WHEN ra < 270 THEN 16 WHEN ra < 300 THEN 18
    WHEN ra < 330 THEN 20 ELSE 22 END + CASE WHEN votes = 0 THEN 0 ELSE 1 END),
    score, id, zone, ra, votes
);
