-- The tables of the differential test's own: what the platform's tables do not have. Every type, keys and
-- references of several columns, SET NULL and CASCADE on them, diamonds, unique keys over nullable columns.

CREATE TABLE roots ( -- What all else hangs on.
    id serial PRIMARY KEY,
    code varchar(8) UNIQUE,
    region smallint NOT NULL DEFAULT 3,
    number integer NOT NULL,
    UNIQUE (region, number)
);

CREATE TABLE kinds ( -- Every type, indexed where a type can be.
    id serial PRIMARY KEY,
    flag boolean,
    small smallint,
    medium integer,
    large bigint,
    single real,
    twice double precision,
    amount decimal(12,2),
    wide decimal(18,6),
    whole decimal(5,0),
    tiny decimal(3,3),
    words text,
    short varchar(3),
    free varchar,
    raw bytea,
    token uuid,
    moment timestamp,
    instant timestamp with time zone,
    settings jsonb
);
CREATE INDEX kinds_flag_idx ON kinds (flag);
CREATE INDEX kinds_small_idx ON kinds (small, medium);
CREATE INDEX kinds_large_idx ON kinds (large);
CREATE INDEX kinds_single_idx ON kinds (single);
CREATE INDEX kinds_twice_idx ON kinds (twice);
CREATE INDEX kinds_amount_idx ON kinds (amount);
CREATE INDEX kinds_wide_idx ON kinds (wide, whole, tiny);
CREATE INDEX kinds_words_idx ON kinds (words, short, flag);
CREATE INDEX kinds_raw_idx ON kinds (raw, large);
CREATE INDEX kinds_token_idx ON kinds (token);
CREATE INDEX kinds_moment_idx ON kinds (moment);
CREATE INDEX kinds_instant_idx ON kinds (instant);

CREATE TABLE tight ( -- Nothing may be null, everything is a key.
    flag boolean NOT NULL DEFAULT true,
    small smallint NOT NULL,
    twice double precision NOT NULL,
    single real NOT NULL DEFAULT 1.5,
    amount decimal(6,2) NOT NULL DEFAULT 0.5,
    words text NOT NULL,
    raw bytea NOT NULL,
    moment timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    settings jsonb NOT NULL DEFAULT '{"b": [1, null], "a": "x"}',
    PRIMARY KEY (small, words)
);
CREATE UNIQUE INDEX tight_twice_idx ON tight (twice, flag);
CREATE UNIQUE INDEX tight_single_idx ON tight (single, amount, raw);

CREATE TABLE nullable ( -- Unique keys with nulls in them.
    id integer PRIMARY KEY,
    a integer,
    b varchar(4),
    c boolean,
    d timestamp with time zone,
    UNIQUE (a, b),
    UNIQUE (c, d),
    UNIQUE (b)
);

CREATE TABLE sites ( -- A key of two columns, and a reference to a unique key of two.
    region smallint NOT NULL,
    code varchar(8) NOT NULL,
    number integer,
    title text,
    PRIMARY KEY (region, code),
    FOREIGN KEY (region, number) REFERENCES roots (region, number) ON DELETE CASCADE
);

CREATE TABLE pages ( -- Hangs on sites by both columns, forgets them, and has a tree of its own.
    id serial PRIMARY KEY,
    region smallint,
    code varchar(8),
    above integer REFERENCES pages (id) ON DELETE CASCADE,
    root integer REFERENCES roots (id),
    FOREIGN KEY (region, code) REFERENCES sites (region, code) ON DELETE SET NULL
);

CREATE TABLE notes ( -- Written in the other order; goes with its site, protects its page.
    id serial PRIMARY KEY,
    code varchar(8),
    region smallint,
    page integer REFERENCES pages (id),
    text varchar(20),
    FOREIGN KEY (code, region) REFERENCES sites (code, region) ON DELETE CASCADE
);

CREATE TABLE lefts ( -- One side of a diamond below roots.
    id serial PRIMARY KEY,
    root integer NOT NULL REFERENCES roots (id) ON DELETE CASCADE,
    name varchar(5) DEFAULT 'l'
);

CREATE TABLE rights ( -- The other side.
    id serial PRIMARY KEY,
    root integer REFERENCES roots (id) ON DELETE CASCADE,
    code varchar(8) REFERENCES roots (code) ON DELETE SET NULL
);

CREATE TABLE feet ( -- Its foot: goes with the left side, protects the right one, forgets a root.
    id serial PRIMARY KEY,
    "left" integer REFERENCES lefts (id) ON DELETE CASCADE,
    "right" integer REFERENCES rights (id),
    root integer REFERENCES roots (id) ON DELETE SET NULL
);

CREATE TABLE toes ( -- Below the foot: refuses, forgets in vain, and goes.
    id serial PRIMARY KEY,
    foot integer REFERENCES feet (id) ON DELETE CASCADE,
    held integer REFERENCES feet (id),
    root integer REFERENCES roots (id),
    forgets integer NOT NULL REFERENCES lefts (id) ON DELETE SET NULL
);

CREATE TABLE trees ( -- Goes with its root, at any depth.
    id integer PRIMARY KEY,
    parent integer REFERENCES trees (id) ON DELETE CASCADE,
    friend integer REFERENCES trees (id) ON DELETE SET NULL
);

CREATE TABLE chains ( -- Protects what it follows.
    id integer PRIMARY KEY,
    before integer REFERENCES chains (id),
    tree integer REFERENCES trees (id) ON DELETE CASCADE
);

CREATE TABLE heads ( -- Known by a key that may be null.
    id integer PRIMARY KEY,
    tree integer UNIQUE REFERENCES trees (id) ON DELETE SET NULL
);

CREATE TABLE hats ( -- Know a head by its tree.
    id serial PRIMARY KEY,
    head integer REFERENCES heads (tree),
    tree integer REFERENCES trees (id) ON DELETE CASCADE
);

CREATE TABLE tickets ( -- A serial that ends soon.
    id smallserial PRIMARY KEY,
    token uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()),
    pin text UNIQUE, -- Never shown. [vault]
    price decimal(10,4) NOT NULL DEFAULT 1.5,
    quantity integer DEFAULT 7,
    made timestamp with time zone NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
