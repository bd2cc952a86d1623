-- The tables of the tests: every type, every rule of reference, and the corners that the platform's own
-- tables do not have. Compiled by bbots-schema as "sample".

CREATE TABLE kinds ( -- Every type, nullable and indexed where a type can be.
    id serial PRIMARY KEY,
    flag boolean,
    small smallint,
    medium integer,
    large bigint,
    single real,
    twice double precision,
    amount decimal(12,2),
    wide decimal(18,6),
    words text,
    short varchar(10),
    raw bytea,
    token uuid,
    moment timestamp,
    instant timestamp with time zone,
    settings jsonb,
    place vector(3)
);
CREATE INDEX kinds_flag_idx ON kinds (flag);
CREATE INDEX kinds_small_idx ON kinds (small);
CREATE INDEX kinds_medium_idx ON kinds (medium, small);
CREATE INDEX kinds_large_idx ON kinds (large);
CREATE INDEX kinds_single_idx ON kinds (single);
CREATE INDEX kinds_twice_idx ON kinds (twice);
CREATE INDEX kinds_amount_idx ON kinds (amount);
CREATE INDEX kinds_wide_idx ON kinds (wide);
CREATE INDEX kinds_words_idx ON kinds (words, short, flag);
CREATE INDEX kinds_raw_idx ON kinds (raw, large);
CREATE INDEX kinds_token_idx ON kinds (token);
CREATE INDEX kinds_moment_idx ON kinds (moment);
CREATE INDEX kinds_instant_idx ON kinds (instant);
CREATE INDEX kinds_many_idx ON kinds (words, large, moment, wide, amount, instant, medium, small);
CREATE INDEX kinds_few_idx ON kinds (short, words, large, wide);

CREATE TABLE strict ( -- The same types without null: keys without the byte for it.
    flag boolean NOT NULL,
    small smallint NOT NULL,
    single real NOT NULL,
    twice double precision NOT NULL,
    amount decimal(12,2) NOT NULL,
    words text NOT NULL,
    raw bytea NOT NULL,
    token uuid NOT NULL,
    moment timestamp NOT NULL,
    PRIMARY KEY (small, words)
);
CREATE UNIQUE INDEX strict_all_idx ON strict (flag, twice, amount, raw, token, moment, single);
CREATE INDEX strict_raw_idx ON strict (raw);

CREATE TABLE pages ( -- Keys of several texts of any length; a page may be a part of another.
    site text NOT NULL,
    path text NOT NULL,
    title text,
    rank integer,
    above_site text,
    above_path text,
    PRIMARY KEY (site, path),
    UNIQUE (title, rank),
    FOREIGN KEY (above_site, above_path) REFERENCES pages (site, path) ON DELETE SET NULL
);

CREATE TABLE links ( -- References with two columns, written in the other order.
    id serial PRIMARY KEY,
    path text,
    site text,
    label text UNIQUE,
    FOREIGN KEY (path, site) REFERENCES pages (path, site) ON DELETE CASCADE
);

CREATE TABLE nodes ( -- A tree that goes with its root.
    id serial PRIMARY KEY,
    parent integer REFERENCES nodes (id) ON DELETE CASCADE,
    label text DEFAULT 'leaf'
);

CREATE TABLE shelves ( -- A tree that protects its members.
    id integer PRIMARY KEY,
    parent integer REFERENCES shelves (id)
);

CREATE TABLE owners ( -- The top of a diamond.
    id serial PRIMARY KEY,
    code text NOT NULL UNIQUE,
    score integer NOT NULL DEFAULT 0
);
CREATE INDEX owners_score_idx ON owners (score);

CREATE TABLE folders ( -- Its left side.
    id serial PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    name varchar(20) NOT NULL,
    UNIQUE (owner, name)
);

CREATE TABLE docs ( -- Its foot: goes with the owner, protects its folder, remembers a reviewer.
    id serial PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    folder integer REFERENCES folders (id),
    reviewer integer REFERENCES owners (id) ON DELETE SET NULL,
    owner_code text REFERENCES owners (code),
    body text
);

CREATE TABLE soft ( -- Soft delete by time and flag.
    id serial PRIMARY KEY,
    name text,
    "isActive" boolean NOT NULL DEFAULT true,
    "deletedAt" timestamp,
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE softly ( -- Soft delete by a flag kept as text.
    id serial PRIMARY KEY,
    "isActive" varchar(8) DEFAULT 'true'
);

CREATE TABLE heads ( -- What many kinds of rows refer to.
    id integer PRIMARY KEY
);

CREATE TABLE hats ( -- Forget their head.
    id serial PRIMARY KEY,
    head integer REFERENCES heads (id) ON DELETE SET NULL
);

CREATE TABLE bodies ( -- Forget their head, although others know them by it.
    id serial PRIMARY KEY,
    head integer UNIQUE REFERENCES heads (id) ON DELETE SET NULL
);

CREATE TABLE tails ( -- Know a body by its head; some go with the head.
    id serial PRIMARY KEY,
    body_head integer REFERENCES bodies (head),
    head integer REFERENCES heads (id) ON DELETE CASCADE
);

CREATE TABLE helmets ( -- Cannot forget their head, and are told to.
    id serial PRIMARY KEY,
    head integer NOT NULL REFERENCES heads (id) ON DELETE SET NULL
);

CREATE TABLE tickets ( -- A serial that ends soon.
    id smallserial PRIMARY KEY,
    token uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()),
    pin text, -- Never shown. [vault]
    price decimal(10,4) NOT NULL DEFAULT 1.5,
    quantity integer DEFAULT 7,
    made timestamp with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
    settings jsonb NOT NULL DEFAULT '{"b": [1, null], "a": "x"}'
);
CREATE UNIQUE INDEX tickets_pin_idx ON tickets (pin);
CREATE INDEX tickets_token_price_idx ON tickets (token, price);

CREATE TABLE broad ( -- As many columns as a set has bits.
    c0 integer PRIMARY KEY,
    c1 integer,
    c2 integer,
    c3 integer,
    c4 integer,
    c5 integer,
    c6 integer,
    c7 integer,
    c8 integer,
    c9 integer,
    c10 integer,
    c11 integer,
    c12 integer,
    c13 integer,
    c14 integer,
    c15 integer,
    c16 integer,
    c17 integer,
    c18 integer,
    c19 integer,
    c20 integer,
    c21 integer,
    c22 integer,
    c23 integer,
    c24 integer,
    c25 integer,
    c26 integer,
    c27 integer,
    c28 integer,
    c29 integer,
    c30 integer,
    c31 integer,
    c32 integer,
    c33 integer,
    c34 integer,
    c35 integer,
    c36 integer,
    c37 integer,
    c38 integer,
    c39 integer,
    c40 integer,
    c41 integer,
    c42 integer,
    c43 integer,
    c44 integer,
    c45 integer,
    c46 integer,
    c47 integer,
    c48 integer,
    c49 integer,
    c50 integer,
    c51 integer,
    c52 integer,
    c53 integer,
    c54 integer,
    c55 integer,
    c56 integer,
    c57 integer,
    c58 integer,
    c59 integer,
    c60 integer,
    c61 integer,
    c62 integer,
    c63 text DEFAULT 'last'
);
