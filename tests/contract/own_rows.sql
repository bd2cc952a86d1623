-- A row that is set to null and then goes, on two ways of different length (docs/differences.md, "References
-- to a row's own change"). Loaded into PostgreSQL by tests/docs/test_differences.sh as well.

CREATE TABLE roots ( -- What is deleted.
    id integer PRIMARY KEY
);
CREATE TABLE stems ( -- Goes with its root.
    id integer PRIMARY KEY,
    root integer REFERENCES roots (id) ON DELETE CASCADE
);
CREATE TABLE twigs ( -- Goes with its stem, a step later.
    id integer PRIMARY KEY,
    stem integer REFERENCES stems (id) ON DELETE CASCADE
);
CREATE TABLE leaves ( -- Forgets its root at once, and goes with its twig two steps later.
    id integer PRIMARY KEY,
    root integer REFERENCES roots (id) ON DELETE SET NULL,
    twig integer REFERENCES twigs (id) ON DELETE CASCADE
);
