-- evolve_1.sql with additions only: columns behind the others, indexes, a table.

CREATE TABLE items ( -- Things.
    id serial PRIMARY KEY,
    name text NOT NULL,
    kind text,
    part integer,
    colour varchar(20) NOT NULL DEFAULT 'grey', -- New, with a value for old rows.
    weight decimal(8,3) DEFAULT 2.5,
    remark text
);
CREATE INDEX items_name_idx ON items (name);
CREATE UNIQUE INDEX items_kind_part_idx ON items (kind, part);
CREATE INDEX items_colour_idx ON items (colour);

CREATE TABLE labels ( -- A new table that refers to an old one.
    id serial PRIMARY KEY,
    item integer NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    text varchar(30) NOT NULL
);
