-- Core. General tables: uploaded files, background jobs, links to outside services, scraped data, and access
-- keys with their request log.
-- Depends on: users, browser, workflow (extracted_data refers to sessions and runs).

CREATE TABLE documents ( -- A file that a user uploaded for the platform to read.
    id serial PRIMARY KEY, -- Number of the document, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the document.
    name text NOT NULL, -- Title, usually the file's name.
    url text NOT NULL, -- Where the file is stored.
    type varchar(50), -- Kind of file, for instance a MIME type or an extension.
    size varchar(20), -- Length as text for display, not a number to compute with.
    "embeddingId" varchar(128), -- Name of the file's vector in an outside index, null before it was indexed.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the document was inserted.
);

CREATE TABLE jobs ( -- A piece of background work waiting for a worker.
    id serial PRIMARY KEY, -- Number of the job, never handed out twice.
    type varchar(50) NOT NULL, -- Which handler does the work.
    status varchar(50) DEFAULT 'pending', -- How far the job has come; new jobs are 'pending'.
    payload text, -- Input for the handler, serialised by the caller.
    result text, -- What the handler returned, serialised.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the job was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the job last changed.
);

CREATE TABLE integrations ( -- A user's account at an outside service, connected through OAuth.
    id serial PRIMARY KEY, -- Number of the link, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the link.
    service varchar(50) NOT NULL, -- Which service, by a short name.
    "accessToken" text, -- Token sent with each call. [secret]
    "refreshToken" text, -- Token that obtains a new access token. [secret]
    "expiresAt" timestamp, -- When the access token stops working.
    metadata text, -- Further facts about the account, serialised as text.
    "isActive" varchar(10) DEFAULT 'true', -- Whether the link may be used. A word, not a boolean. [values: true, false]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the link was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the link last changed.
);

CREATE TABLE extracted_data ( -- Something taken off a web page by a browser session or a workflow run.
    id serial PRIMARY KEY, -- Number of the extract, never handed out twice.
    "sessionId" integer REFERENCES browser_sessions (id), -- Browser that visited the page, null when it is not known.
    "executionId" integer REFERENCES workflow_executions (id), -- Workflow run that asked for the data,
        -- null outside workflows.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the extract.
    url text NOT NULL, -- Page the data came from.
    "dataType" varchar(50) NOT NULL, -- What kind of thing was taken. [values: text, image, table, form, link, custom]
    selector text, -- CSS selector or XPath that found it.
    data jsonb NOT NULL, -- The thing itself, its shape depends on dataType.
    metadata jsonb, -- Circumstances of the extraction, free in shape.
    tags jsonb, -- List of free labels for searching.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the extract was inserted.
);

CREATE TABLE api_keys ( -- A key with which a user's own programs call the platform. Only a hash of it is
    -- kept.
    id serial PRIMARY KEY, -- Number of the key, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- On whose behalf calls with this key act.
    name varchar(100) NOT NULL, -- Label the user gave to the key.
    description text, -- What the key is used for.
    "keyHash" text NOT NULL UNIQUE, -- SHA-256 of the key. A call is authenticated by looking this up.
    "keyPrefix" varchar(12) NOT NULL, -- First characters of the key, so that people can tell keys apart.
    scopes jsonb NOT NULL, -- List of permissions that the key carries.
    "isActive" boolean NOT NULL DEFAULT true, -- False while the key is switched off.
    "rateLimitPerMinute" integer NOT NULL DEFAULT 100, -- Calls allowed in any minute.
    "rateLimitPerHour" integer NOT NULL DEFAULT 1000, -- Calls allowed in any hour.
    "rateLimitPerDay" integer NOT NULL DEFAULT 10000, -- Calls allowed in any day.
    "lastUsedAt" timestamp, -- Latest accepted call.
    "totalRequests" integer NOT NULL DEFAULT 0, -- Accepted calls so far.
    "expiresAt" timestamp, -- The key is refused from then on; null for a key without end.
    "revokedAt" timestamp, -- When the key was withdrawn for good; null while valid.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the key was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the key last changed.
);

CREATE TABLE api_request_logs ( -- One call made with an access key, for statistics and for tracing abuse.
    id serial PRIMARY KEY, -- Number of the request, never handed out twice.
    "apiKeyId" integer NOT NULL REFERENCES api_keys (id), -- Key the call was made with.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of that key at the time of the call.
    method varchar(10) NOT NULL, -- HTTP verb.
    endpoint text NOT NULL, -- Path that was called.
    "statusCode" integer NOT NULL, -- HTTP status of the answer.
    "responseTime" integer NOT NULL, -- How long the answer took. [unit: ms]
    "ipAddress" varchar(45), -- Network address of the caller, IPv4 or IPv6 in text form.
    "userAgent" text, -- What the calling program calls itself.
    referer text, -- Page the call came from, if the caller said so.
    "requestBody" jsonb, -- Body of the call, with whatever the platform chose to keep of it.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the call was received.
);
