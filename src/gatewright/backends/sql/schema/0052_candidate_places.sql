-- The index of places has all that a page of a circle is chosen by, so that only its
-- candidates are read, and not all in the circle.
DROP INDEX candidate_by_place;
CREATE INDEX candidate_by_place ON candidate (zone, ra, source, strength, id, score, votes, ux, uy, uz);
