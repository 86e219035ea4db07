-- When a right was given, seconds since 1970 UTC; null for rights of before this was
-- recorded, until the gateway has looked whether their accounts are still there.
ALTER TABLE store_grants ADD COLUMN given_at DOUBLE PRECISION;
CREATE INDEX store_grants_undated ON store_grants (given_at) WHERE given_at IS NULL;
