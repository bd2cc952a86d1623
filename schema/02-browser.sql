-- Browser & Session Management. Remote browsers rented from Browserbase and the settings a user keeps for
-- them.
-- Depends on: users.

CREATE TABLE browser_sessions ( -- One remote browser at Browserbase, from its start until it is closed.
    id serial PRIMARY KEY, -- Number of the session, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- For whom the browser was started.
    "sessionId" varchar(128) NOT NULL UNIQUE, -- Browserbase's name of the session.
    status varchar(20) NOT NULL DEFAULT 'active', -- How far the session has come.
        -- [values: active, completed, failed, expired]
    url text, -- Page that is open now, or was open last.
    "projectId" varchar(128), -- Browserbase project that is billed for the session.
    "debugUrl" text, -- Address where a person can watch the browser live.
    "recordingUrl" text, -- Address of the replay, once one exists.
    metadata jsonb, -- Further facts about the session, free in shape.
    "expiresAt" timestamp, -- Browserbase closes the browser by itself at this time.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the session was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the session last changed.
    "completedAt" timestamp -- When the session ended, whichever way.
);

CREATE TABLE user_preferences ( -- Defaults a user has chosen, at most one row per user.
    id serial PRIMARY KEY, -- Number of the settings row, never handed out twice.
    "userId" integer NOT NULL UNIQUE REFERENCES users (id), -- Whose settings these are.
    "defaultBrowserConfig" jsonb, -- Options applied to each new remote browser.
    "defaultWorkflowSettings" jsonb, -- Options applied to each new automation.
    notifications jsonb, -- Which messages the user wants, and through which channel.
    "apiKeys" jsonb, -- Keys to outside services, encrypted by the platform. [secret]
    theme varchar(20) DEFAULT 'light', -- Colour scheme of the interface.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the settings row was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the settings row last changed.
);
