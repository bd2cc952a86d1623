-- RAG & Documentation. Documents that answers are drawn from, cut into pieces for retrieval (RAG, retrieval-
-- augmented generation).
-- Depends on: users. The vectors of the pieces are in vectors.sql.

CREATE TABLE documentation_sources ( -- A document that answers may be drawn from.
    id serial PRIMARY KEY, -- Number of the document, never handed out twice.
    "userId" integer REFERENCES users (id), -- Who uploaded it, null when it came with the platform.
    platform varchar(50) NOT NULL, -- Product that it documents.
    category varchar(50) NOT NULL, -- What kind of knowledge it is.
    title text NOT NULL, -- Its title.
    "sourceUrl" text, -- Where it was found.
    "sourceType" varchar(50), -- What kind of document it is.
    version varchar(50), -- Version of the product that it describes.
    content text NOT NULL, -- Its whole text.
    "contentHash" varchar(64), -- Hash of that text, so that the same text is not taken in twice.
    "isActive" boolean NOT NULL DEFAULT true, -- False while it is left out of answers.
    metadata jsonb, -- Further facts, free in shape.
    tags jsonb, -- List of free labels for searching.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the document was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the document last changed.
);

CREATE TABLE documentation_chunks ( -- A piece of a document, short enough to be searched by meaning and shown
    -- to a model.
    id serial PRIMARY KEY, -- Number of the piece, never handed out twice.
    "sourceId" integer NOT NULL REFERENCES documentation_sources (id) ON DELETE CASCADE, -- Document it
        -- was cut from; it goes with the document.
    "chunkIndex" integer NOT NULL, -- Place within the document, counted from 0.
    content text NOT NULL, -- Its text.
    "tokenCount" integer NOT NULL, -- Its length. [unit: tokens]
    metadata jsonb, -- Further facts, such as the heading it stands under.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the piece was inserted.
);

CREATE TABLE platform_keywords ( -- A word by which a question is recognised to be about a product.
    id serial PRIMARY KEY, -- Number of the keyword, never handed out twice.
    platform varchar(50) NOT NULL, -- Product that it points to.
    keyword varchar(255) NOT NULL, -- The word.
    weight integer NOT NULL DEFAULT 1, -- How strongly it points there.
    category varchar(50), -- What kind of word it is.
    "isActive" boolean NOT NULL DEFAULT true, -- False while it is not used.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the keyword was inserted.
);
