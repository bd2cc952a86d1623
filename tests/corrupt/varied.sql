-- A file with pages of all kinds in little space: names so long that trees of a few hundred entries are three
-- levels deep, values on overflow pages, indexes in blocks and unique ones, live aggregates of several levels.
-- Compiled by bbots-schema as "varied".

CREATE TABLE owners ( -- Few names fit on a page.
    id serial PRIMARY KEY,
    name text NOT NULL UNIQUE
);

CREATE TABLE readings ( -- What is counted.
    -- [live owners: by owner; split kind; time moment month, day, hour; fine amount; sum large]
    -- [live everything: sum amount]
    id serial PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    keeper integer REFERENCES owners (id) ON DELETE SET NULL,
    kind varchar(12),
    amount decimal(12,3) NOT NULL,
    large bigint,
    twice double precision,
    token uuid UNIQUE,
    settings jsonb,
    moment timestamp NOT NULL
);
CREATE INDEX readings_owner_idx ON readings (owner, moment);
CREATE INDEX readings_keeper_idx ON readings (keeper);
CREATE INDEX readings_kind_idx ON readings (kind, amount);

CREATE TABLE letters ( -- Texts that lie beside the leaves.
    id serial PRIMARY KEY,
    owner integer NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
    body text NOT NULL
);
CREATE INDEX letters_owner_idx ON letters (owner);
