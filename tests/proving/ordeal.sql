-- What the workers of the proofs write: rows that go with their owner, rows that forget their keeper, a live
-- aggregate, a sealed column, long texts. Compiled by bbots-schema as "ordeal".

CREATE TABLE workers ( -- What each has done, set in the transaction that does it.
    id integer PRIMARY KEY,
    done bigint NOT NULL
);

CREATE TABLE owners ( -- Whoever goes takes the items along.
    id integer PRIMARY KEY,
    worker integer NOT NULL REFERENCES workers (id),
    version bigint NOT NULL,
    name varchar(40) NOT NULL UNIQUE
);

CREATE TABLE items ( -- [live sums: by owner; split kind; sum amount]
    id integer PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    keeper integer REFERENCES owners (id) ON DELETE SET NULL,
    kind varchar(8) NOT NULL,
    amount bigint NOT NULL,
    body text,
    token text -- [secret]
);
CREATE INDEX items_amount_idx ON items (amount);
