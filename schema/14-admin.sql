-- Admin & Security. Administrators' actions, switches and settings, the vault of credentials, control over
-- running agents, and security records.
-- Depends on: users.

CREATE TABLE audit_logs ( -- What an administrator did, kept as evidence.
    id serial PRIMARY KEY, -- Number of the entry, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who did it.
    action varchar(100) NOT NULL, -- What was done.
    "entityType" varchar(100) NOT NULL, -- Kind of thing it was done to.
    "entityId" varchar(100), -- Which one. Text, since things are named in different ways.
    "oldValues" jsonb, -- The thing before.
    "newValues" jsonb, -- The thing after.
    "ipAddress" varchar(45), -- Network address it was done from, IPv4 or IPv6 in text form.
    "userAgent" text, -- What the browser calls itself.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the entry was inserted.
);

CREATE TABLE feature_flags ( -- A switch for a part of the platform.
    id serial PRIMARY KEY, -- Number of the flag, never handed out twice.
    name varchar(100) NOT NULL UNIQUE, -- Name by which programs ask for it.
    description text, -- What it switches.
    enabled boolean NOT NULL DEFAULT false, -- Main switch; off means off for everybody.
    "rolloutPercentage" integer NOT NULL DEFAULT 0, -- Share of users who have it. [unit: %]
    "userWhitelist" jsonb, -- Users who have it in any case.
    metadata jsonb, -- Settings of the part.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the flag was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the flag last changed.
);

CREATE TABLE system_config ( -- A setting that can be changed while the platform runs.
    id serial PRIMARY KEY, -- Number of the setting, never handed out twice.
    key varchar(100) NOT NULL UNIQUE, -- Name, with dots between its parts.
    value jsonb NOT NULL, -- The setting itself.
    description text, -- What it does.
    "updatedBy" integer REFERENCES users (id), -- Who last changed it, null for the platform itself.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the setting last changed.
);

CREATE TABLE credentials ( -- A user's password or key for an outside service, encrypted with AES-256-GCM.
    id serial PRIMARY KEY, -- Number of the credential, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- To whom it belongs.
    name text NOT NULL, -- Label the user gave to it.
    service varchar(100) NOT NULL, -- Which service it opens.
    type varchar(50) NOT NULL, -- What kind it is, for instance a password or a key.
    "encryptedData" text NOT NULL, -- The cipher text. [vault]
    iv text NOT NULL, -- The initialisation vector, never used twice with one key. [vault]
    "authTag" text NOT NULL, -- The tag that proves the cipher text unchanged. [vault]
    metadata jsonb, -- Facts about it that need not be hidden.
    "lastUsedAt" timestamp, -- Latest use.
    "useCount" integer NOT NULL DEFAULT 0, -- Uses so far.
    "isActive" boolean NOT NULL DEFAULT true, -- False while it is not to be used.
    "deletedAt" timestamp, -- When the user removed it; the row is kept. Null while it exists.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the credential was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the credential last changed.
);

CREATE TABLE execution_controls ( -- The lever by which a user pauses, resumes or stops a running agent, one
    -- row per run.
    id serial PRIMARY KEY, -- Number of the control, never handed out twice.
    "executionId" integer NOT NULL UNIQUE, -- The run. No foreign key, since several tables hold runs.
    "userId" integer NOT NULL REFERENCES users (id), -- Who is in control.
    "controlState" varchar(20) NOT NULL, -- What the run is to do.
        -- [values: running, paused, cancelled, awaiting_approval]
    "stateReason" text, -- Why it is to do that.
    "injectedInstruction" text, -- Something to tell the agent on its next turn.
    "injectedAt" timestamp, -- When that was said.
    "checkpointData" jsonb, -- State of the agent, to resume from.
    "lastStateChange" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When controlState last changed.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the control was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the control last changed.
);

CREATE TABLE action_approvals ( -- A risky action that an agent may not do before a person agrees.
    id serial PRIMARY KEY, -- Number of the approval, never handed out twice.
    "executionId" integer NOT NULL, -- The run that is waiting. No foreign key, since several tables hold runs.
    "userId" integer NOT NULL REFERENCES users (id), -- Who has to decide.
    "actionType" varchar(100) NOT NULL, -- What is to be done.
    "actionDescription" text NOT NULL, -- What is to be done, in words for the person who decides.
    "actionParams" jsonb NOT NULL, -- Exact arguments of the action.
    "riskLevel" varchar(20) NOT NULL, -- How much harm it could do. [values: low, medium, high, critical]
    "riskFactors" jsonb, -- What makes it risky.
    "screenshotUrl" text, -- What the agent sees at the moment.
    status varchar(20) NOT NULL DEFAULT 'pending', -- What was decided; it begins as 'pending'.
    "approvedAt" timestamp, -- When it was allowed.
    "rejectedAt" timestamp, -- When it was refused.
    "rejectionReason" text, -- Why it was refused.
    "expiresAt" timestamp NOT NULL, -- Latest time for a decision.
    "timeoutAction" varchar(20) NOT NULL DEFAULT 'reject', -- What happens if none was made by then.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the approval was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the approval last changed.
);

CREATE TABLE browser_contexts ( -- Stored state of a remote browser (cookies, logins), kept apart for each
    -- client.
    id serial PRIMARY KEY, -- Number of the context, never handed out twice.
    "clientId" integer NOT NULL, -- The user's client whom it belongs to. No foreign key: clients have no table here.
    "userId" integer NOT NULL REFERENCES users (id), -- Platform user who works for that client.
    "contextId" varchar(128) NOT NULL UNIQUE, -- Browserbase's name of the context.
    "isolationLevel" varchar(20) NOT NULL DEFAULT 'strict', -- How strictly it is kept from others.
    "encryptedStorage" text, -- The cipher text of the state. [vault]
    "storageIv" text, -- The initialisation vector, never used twice with one key. [vault]
    "storageAuthTag" text, -- The tag that proves the cipher text unchanged. [vault]
    metadata jsonb, -- Facts about it that need not be hidden.
    "activeSessionCount" integer NOT NULL DEFAULT 0, -- Browsers that are using it now.
    "lastUsedAt" timestamp, -- Latest use.
    "isActive" boolean NOT NULL DEFAULT true, -- False while it is not to be used.
    "expiresAt" timestamp, -- May be removed from then on; null for never.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the context was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the context last changed.
);

CREATE TABLE security_audit_log ( -- Use of something sensitive (a credential, an approval), kept as evidence.
    id serial PRIMARY KEY, -- Number of the entry, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who did it.
    action varchar(100) NOT NULL, -- What was done.
    "resourceType" varchar(50) NOT NULL, -- Kind of thing it was done to.
    "resourceId" integer, -- Which one; null when there is no number.
    details jsonb, -- Circumstances, free in shape.
    "ipAddress" varchar(45), -- Network address it was done from, IPv4 or IPv6 in text form.
    "userAgent" text, -- What the browser calls itself.
    success boolean NOT NULL, -- Whether it was allowed and worked.
    "errorMessage" text, -- Why not, null otherwise.
    timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When it was done.
);

CREATE TABLE security_events ( -- Something suspicious that was noticed, and who looked into it.
    id serial PRIMARY KEY, -- Number of the event, never handed out twice.
    "userId" integer REFERENCES users (id), -- Who is concerned, null when that is not known.
    "eventType" varchar(50) NOT NULL, -- What was noticed.
    severity varchar(20) NOT NULL DEFAULT 'low', -- How bad it is.
    description text NOT NULL, -- What happened, in words.
    metadata jsonb, -- Circumstances, free in shape.
    "ipAddress" varchar(45), -- Network address it came from, IPv4 or IPv6 in text form.
    "userAgent" text, -- What the browser calls itself.
    "geoLocation" jsonb, -- Where that address is.
    resolved boolean NOT NULL DEFAULT false, -- True once it was looked into.
    "resolvedBy" integer REFERENCES users (id), -- Who looked into it.
    "resolvedAt" timestamp, -- When that was finished.
    notes text, -- What they found.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the event was inserted.
);
