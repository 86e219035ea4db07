-- Days of UTC, counted from 1970-01-01, on which a job began or ended as was recorded
-- since the accounting was read last: usage from such a day on is read again.
CREATE TABLE accounting_late (
    system TEXT NOT NULL,
    day BIGINT NOT NULL,
    PRIMARY KEY (system, day)
) {clustered};
