-- Keys of users' own. Not one of the platform's tables: who wants it compiles the schema with this file
-- behind the others (README.md). A user who has a row here has his secrets sealed with its key, and
-- deleting the user deletes the key.
-- Depends on: users.

CREATE TABLE user_keys ( -- A key that seals the secrets of one user, itself sealed with the host's key.
    "userId" integer PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE, -- Whose secrets it seals.
    key text NOT NULL, -- The key, made at random when none is given; it cannot be changed. [datakey]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the key was made.
);
