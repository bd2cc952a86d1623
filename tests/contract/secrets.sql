-- Secrets of every kind, with owners that may have keys of their own.

CREATE TABLE people ( -- Who owns things.
    id serial PRIMARY KEY,
    name text NOT NULL,
    pin text -- [secret]
);
CREATE TABLE people_keys ( -- Data keys.
    "personId" integer PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    key text NOT NULL, -- [datakey]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE accounts ( -- Things with secrets.
    id serial PRIMARY KEY,
    "personId" integer REFERENCES people (id) ON DELETE SET NULL,
    label text,
    token text NOT NULL, -- [secret]
    short varchar(5), -- [secret]
    settings jsonb, -- [secret]
    "updatedAt" timestamp
);
CREATE TABLE pairs ( -- A key of two columns, one of them text.
    a text,
    b integer,
    secret text, -- [secret]
    PRIMARY KEY (a, b)
);
CREATE TABLE grown ( -- Secrets in the open, from before there were keys.
    id serial PRIMARY KEY,
    secret text -- [secret]
);
