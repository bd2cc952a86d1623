-- Tables for tests/format: every type of column, keys of every kind, a shared tree, a long key.

CREATE TABLE shapes ( -- One column of every type.
    id bigserial PRIMARY KEY, -- Number of the row.
    flag boolean, -- A boolean.
    small smallint, -- Two bytes.
    medium integer NOT NULL DEFAULT -7, -- Four bytes.
    large bigint, -- Eight bytes.
    single real, -- Single precision.
    twice double precision, -- Double precision.
    tiny decimal(2,1), -- One byte.
    price decimal(10,4), -- Five bytes.
    most decimal(18,0), -- Eight bytes.
    note text, -- Text without limit.
    word varchar(12), -- Text with one.
    raw bytea, -- Bytes.
    token uuid UNIQUE, -- A unique column that may be null.
    moment timestamp, -- Without zone.
    instant timestamp with time zone, -- With zone.
    document jsonb, -- JSON.
    point vector(3) -- A vector.
);

CREATE TABLE names ( -- Keys of several columns, some longer than LMDB takes.
    area text NOT NULL, -- First column of the key.
    name text NOT NULL, -- Second column of the key.
    score double precision, -- Something to sort by.
    blob bytea, -- Bytes with zeros in a key.
    parent bigint REFERENCES shapes (id) ON DELETE SET NULL, -- A row of shapes, or none.
    PRIMARY KEY (area, name),
    UNIQUE (name, parent)
);
CREATE INDEX names_score_idx ON names (score, blob);
CREATE INDEX names_name_idx ON names (name);

CREATE TABLE switches ( -- A boolean and a time as the key, and no column of variable size.
    enabled boolean NOT NULL, -- Whether it is on.
    since timestamp NOT NULL, -- Since when.
    weight real, -- Something to index.
    PRIMARY KEY (enabled, since)
);
CREATE INDEX switches_weight_idx ON switches (weight);

CREATE TABLE links ( -- Keys that grow past 239 bytes by their numbers.
    id serial PRIMARY KEY, -- Number of the row.
    address text NOT NULL, -- Long.
    first bigint NOT NULL, -- Behind it.
    second integer, -- Behind that, may be null.
    third timestamp, -- Behind all.
    UNIQUE (address, first, second, third)
);

CREATE TABLE blanks ( -- Stays empty.
    id serial PRIMARY KEY -- Number of the row.
);
