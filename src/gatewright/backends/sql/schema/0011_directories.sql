-- The directory that knows an account; the gateway's own accounts are of "local".
ALTER TABLE account ADD COLUMN source TEXT NOT NULL DEFAULT 'local';
