-- A schema as it was first written; evolve_2.sql is what became of it.

CREATE TABLE items ( -- Things.
    id serial PRIMARY KEY,
    name text NOT NULL,
    kind text,
    part integer
);
CREATE INDEX items_name_idx ON items (name);
