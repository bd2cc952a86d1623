-- Rows that are taken out of use and stay: every way in which a table can tell.

CREATE TABLE dated ( -- By a time.
    id serial PRIMARY KEY,
    "deletedAt" timestamp
);

CREATE TABLE switched ( -- By a boolean, which may be missing.
    id serial PRIMARY KEY,
    "isActive" boolean
);

CREATE TABLE endless ( -- By a word, as by any.
    id serial PRIMARY KEY,
    "isActive" varchar
);

CREATE TABLE worded ( -- By a word.
    id serial PRIMARY KEY,
    "isActive" varchar(10)
);

CREATE TABLE doubled ( -- By both.
    id serial PRIMARY KEY,
    "deletedAt" timestamp with time zone,
    "isActive" boolean NOT NULL DEFAULT true
);

CREATE TABLE named_so ( -- Columns of these names and of other types.
    id serial PRIMARY KEY,
    "deletedAt" varchar(20),
    "isActive" integer
);

CREATE TABLE narrow ( -- A word that 'false' does not fit.
    id serial PRIMARY KEY,
    "isActive" varchar(3)
);
