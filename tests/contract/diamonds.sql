-- Rows reachable by two paths, one that cascades and one that refuses, in each order of PostgreSQL's queue.
-- Compiled by bbots-schema as "diamonds".

CREATE TABLE tops ( -- What is deleted.
    id integer PRIMARY KEY
);

CREATE TABLE near ( -- The protected row hangs on the top itself.
    id integer PRIMARY KEY,
    top integer NOT NULL REFERENCES tops (id) ON DELETE CASCADE
);

CREATE TABLE far ( -- Goes with near, a level below, and protects the top: the refusal has its turn first.
    id integer PRIMARY KEY,
    near integer REFERENCES near (id) ON DELETE CASCADE,
    top integer REFERENCES tops (id)
);

CREATE TABLE early ( -- Goes with the top in the same level, and protects what goes with it: a turn later.
    id integer PRIMARY KEY,
    top integer REFERENCES tops (id) ON DELETE CASCADE,
    near integer REFERENCES near (id)
);

CREATE TABLE either ( -- Forgets the one path and goes by the other.
    id integer PRIMARY KEY,
    near integer REFERENCES near (id) ON DELETE SET NULL,
    early integer REFERENCES early (id) ON DELETE CASCADE
);

CREATE TABLE places ( -- A key of two columns.
    site text NOT NULL,
    number integer NOT NULL,
    PRIMARY KEY (site, number)
);

CREATE TABLE visits ( -- Protect their place.
    site text NOT NULL,
    number integer NOT NULL,
    turn integer NOT NULL,
    place integer,
    PRIMARY KEY (site, number, turn),
    FOREIGN KEY (site, place) REFERENCES places (site, number)
);
