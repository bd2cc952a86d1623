-- Tables for the tests of live aggregates: every kind of column by which one can be kept, nulls everywhere,
-- units from year to minute. Compiled by bbots-schema as "gauges".

CREATE TABLE owners ( -- Whoever goes takes the readings along.
    id serial PRIMARY KEY,
    name varchar(20)
);

CREATE TABLE readings ( -- What the gauges said.
    -- [live owners: by owner; split place, kind; time moment month, day, hour; fine amount; sum large, small]
    -- [live everything: sum amount, large]
    -- [live totals: split flag; time moment year, month, day, minute; fine large; sum amount]
    -- [live places: by place, flag; time moment day; sum amount]
    -- [live tokens: by token, owner; sum small] [live days: by day; split owner; time instant month, hour; sum amount]
    id serial PRIMARY KEY,
    owner integer REFERENCES owners (id) ON DELETE CASCADE,
    keeper integer REFERENCES owners (id) ON DELETE SET NULL,
    place varchar(12),
    kind varchar(40),
    flag boolean,
    token uuid,
    amount decimal(12,3),
    large bigint,
    small smallint,
    note text,
    day timestamp,
    moment timestamp,
    instant timestamp with time zone
);
CREATE INDEX readings_moment_idx ON readings (moment);
CREATE INDEX readings_owner_idx ON readings (owner, moment);

CREATE TABLE plain ( -- Nothing is kept of it.
    id serial PRIMARY KEY
);
