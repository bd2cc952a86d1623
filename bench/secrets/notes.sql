-- The same row with a secret and without.

CREATE TABLE secret_notes ( -- Sealed when there are keys.
    id serial PRIMARY KEY,
    body text -- [secret]
);
CREATE TABLE notes ( -- Never sealed.
    id serial PRIMARY KEY,
    body text
);
