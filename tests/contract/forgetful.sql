-- Rows that forget others and are known to others by what they forget, and by what they do not.

CREATE TABLE lords ( -- Who is forgotten.
    id bigint PRIMARY KEY
);

CREATE TABLE vassals ( -- Who forget a lord, in either place.
    id integer PRIMARY KEY,
    first bigint UNIQUE REFERENCES lords (id) ON DELETE SET NULL,
    second bigint UNIQUE REFERENCES lords (id) ON DELETE SET NULL
);

CREATE TABLE tenants ( -- Who know a vassal by itself, or by a lord of its.
    id serial PRIMARY KEY,
    vassal integer REFERENCES vassals (id) ON DELETE CASCADE,
    first bigint REFERENCES vassals (first),
    second bigint REFERENCES vassals (second)
);
