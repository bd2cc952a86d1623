-- The vector of each documentation chunk. It stands apart from the numbered files because PostgreSQL knows
-- the type only after CREATE EXTENSION vector (pgvector); SQLite loads it as it is.
-- Depends on: rag. Load it after all numbered files.
--
-- The comment stands between name and type, not behind: SQLite keeps the text from the column's name to the
-- last token, so that a comment here is kept and one at the end would not be.

ALTER TABLE documentation_chunks ADD COLUMN
    embedding -- Meaning of the chunk as a point in space, compared by cosine distance. Null until it was
        -- computed.
        vector(1536);
