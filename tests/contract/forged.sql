-- Rows that somebody writes past the library: a table with every rule that a value can break, and a table for
-- each kind of key that a finding has to name.

CREATE TABLE things ( -- Every rule of a value.
    id integer PRIMARY KEY,
    flag boolean NOT NULL,
    amount decimal(5,2),
    moment timestamp,
    parent integer REFERENCES things (id),
    words text,
    short varchar(3),
    settings jsonb,
    place vector(2)
);

CREATE TABLE by_flag ( -- A boolean and a time.
    enabled boolean NOT NULL,
    since timestamp NOT NULL,
    note text,
    PRIMARY KEY (enabled, since)
);

CREATE TABLE by_amount ( -- A decimal and a short number.
    amount decimal(10,2) NOT NULL,
    small smallint NOT NULL,
    note text,
    PRIMARY KEY (amount, small)
);

CREATE TABLE by_token ( -- A uuid.
    token uuid PRIMARY KEY,
    note text
);

CREATE TABLE by_text ( -- Texts of both kinds, and a long number.
    words text NOT NULL,
    short varchar(8) NOT NULL,
    large bigint NOT NULL,
    note text,
    PRIMARY KEY (words, short, large)
);

CREATE TABLE by_real ( -- A number that its key does not give back.
    size double precision PRIMARY KEY,
    note text
);

CREATE TABLE by_bytes ( -- Bytes, which are not read back either.
    bytes bytea PRIMARY KEY,
    note text
);
