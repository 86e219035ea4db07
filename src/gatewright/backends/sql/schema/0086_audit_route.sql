-- The template of a request's path, and what it was sent with; empty in older records,
-- whose hashes are made without them.
ALTER TABLE audit_record ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_record ADD COLUMN app TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_intent ADD COLUMN route TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_intent ADD COLUMN app TEXT NOT NULL DEFAULT '';
