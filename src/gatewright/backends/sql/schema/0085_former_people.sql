-- Names under which what removed people said is kept, so that whoever gets the name of
-- their account later is not taken for them.
CREATE TABLE former_person (
    name TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    removed_at DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX former_person_by_account ON former_person (account);
-- Who the person is in their directory, such as by a uid; empty if it does not say.
ALTER TABLE account ADD COLUMN subject TEXT NOT NULL DEFAULT '';
-- Find the authors, and what each of them said.
CREATE INDEX candidate_vote_by_person ON candidate_vote (person, at);
CREATE INDEX candidate_comment_by_person ON candidate_comment (person, at);
CREATE INDEX candidate_label_by_person ON candidate_label (person, at);
CREATE INDEX object_change_by_person ON object_change (person, at);
CREATE INDEX candidate_filter_by_changer ON candidate_filter (changed_by, changed_at);
CREATE INDEX classifier_by_owner ON classifier (owner, created_at);
