-- When an account was last used, and when an administrator disabled it; null if never.
ALTER TABLE account ADD COLUMN seen_at DOUBLE PRECISION;
ALTER TABLE account ADD COLUMN disabled_at DOUBLE PRECISION;
UPDATE account SET seen_at = (
    SELECT MAX(used.at) FROM (
        SELECT account AS who, used_at AS at FROM session
        UNION ALL SELECT account AS who, used_at AS at FROM token
    ) used WHERE used.who = account.name
);
