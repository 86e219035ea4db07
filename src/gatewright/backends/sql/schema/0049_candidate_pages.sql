-- The indexes in whose order pages are read hold the place too, so that those of a wide
-- circle are found in them; and the best scores without a vote have one of their own.
DROP INDEX candidate_by_strength;
CREATE INDEX candidate_by_strength ON candidate (source, strength, id, zone, ra);
DROP INDEX candidate_by_score;
CREATE INDEX candidate_by_score ON candidate (source, score, id, zone, ra);
DROP INDEX candidate_unscanned;
CREATE INDEX candidate_unscanned ON candidate (source, strength, id, zone, ra) WHERE votes = 0;
CREATE INDEX candidate_unscanned_score ON candidate (source, score, id, zone, ra) WHERE votes = 0;
