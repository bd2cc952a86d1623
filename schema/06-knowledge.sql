-- Knowledge & Learning. What the automations have learnt: steps and selectors that work, cures for errors,
-- preferences, and checkpoints.
-- Depends on: users.

CREATE TABLE action_patterns ( -- Steps that were found to carry out a kind of task.
    id serial PRIMARY KEY, -- Number of the pattern, never handed out twice.
    "userId" integer REFERENCES users (id), -- Whose pattern it is, null when it serves everyone.
    "taskType" varchar(255) NOT NULL, -- Kind of task, the key for looking patterns up.
    "taskName" text NOT NULL, -- Title for people.
    "pageUrl" text, -- Page on which the steps start.
    steps jsonb NOT NULL DEFAULT '[]', -- The actions in order.
    "successCount" integer NOT NULL DEFAULT 0, -- Uses that worked.
    "failureCount" integer NOT NULL DEFAULT 0, -- Uses that did not.
    "lastExecuted" timestamp, -- Latest use.
    metadata jsonb DEFAULT '{}', -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the pattern last changed.
);
CREATE INDEX action_patterns_task_type_idx ON action_patterns ("taskType");
CREATE INDEX action_patterns_user_id_idx ON action_patterns ("userId");

CREATE TABLE element_selectors ( -- How to find an element of a page, with alternatives for when the page
    -- changes.
    id serial PRIMARY KEY, -- Number of the selector, never handed out twice.
    "userId" integer REFERENCES users (id), -- Who it was learnt for, null when it serves everyone.
    "pagePath" varchar(500) NOT NULL, -- Path of the page, without host and query.
    "elementName" varchar(255) NOT NULL, -- What the element is called in tasks.
    "primarySelector" text NOT NULL, -- CSS selector to try first.
    "fallbackSelectors" jsonb NOT NULL DEFAULT '[]', -- Others to try in order if the first finds nothing.
    "successRate" real NOT NULL DEFAULT 1.0, -- Share of tries that found the element, 0 to 1.
    "totalAttempts" integer NOT NULL DEFAULT 0, -- Tries so far.
    "lastVerified" timestamp, -- Latest time that the selector was seen to work.
    "screenshotRef" text, -- Picture of the element on its page.
    metadata jsonb DEFAULT '{}', -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the selector was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the selector last changed.
);
CREATE INDEX element_selectors_page_path_idx ON element_selectors ("pagePath");
CREATE INDEX element_selectors_element_name_idx ON element_selectors ("elementName");
CREATE INDEX element_selectors_user_id_idx ON element_selectors ("userId");

CREATE TABLE error_patterns ( -- An error that keeps coming back, and what helps against it.
    id serial PRIMARY KEY, -- Number of the pattern, never handed out twice.
    "userId" integer REFERENCES users (id), -- Who met it, null when it concerns everyone.
    "errorType" varchar(255) NOT NULL, -- Class of the error, the key for looking it up.
    "errorMessage" text, -- Text as it was reported.
    context text, -- Where it occurs.
    "recoveryStrategies" jsonb NOT NULL DEFAULT '[]', -- Things to try, best first.
    "occurrenceCount" integer NOT NULL DEFAULT 0, -- How often it was met.
    "resolvedCount" integer NOT NULL DEFAULT 0, -- How often it was overcome.
    "lastOccurred" timestamp, -- Latest meeting.
    metadata jsonb DEFAULT '{}', -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the pattern last changed.
);
CREATE INDEX error_patterns_error_type_idx ON error_patterns ("errorType");
CREATE INDEX error_patterns_context_idx ON error_patterns (context);
CREATE INDEX error_patterns_user_id_idx ON error_patterns ("userId");

CREATE TABLE user_memory ( -- What is remembered about a user from one task to the next. One row per user by
    -- habit, though no constraint says so.
    id serial PRIMARY KEY, -- Number of the memory, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Whose memory this is.
    preferences jsonb NOT NULL, -- Ways of working that the user has shown or stated.
    "taskHistory" jsonb NOT NULL DEFAULT '[]', -- Short account of past tasks.
    "learnedPatterns" jsonb NOT NULL, -- Regularities found in them.
    "userCorrections" jsonb NOT NULL DEFAULT '[]', -- Occasions on which the user set something right.
    stats jsonb NOT NULL, -- Counters on the user's activity.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the memory was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the memory last changed.
    "lastAccessedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- Latest time the memory was read.
);
CREATE INDEX user_memory_user_id_idx ON user_memory ("userId");

CREATE TABLE execution_checkpoints ( -- State of an agent's task at one moment, from which it can be taken up
    -- again.
    id serial PRIMARY KEY, -- Number of the checkpoint, never handed out twice.
    "checkpointId" varchar(255) NOT NULL UNIQUE, -- Name used outside the database.
    "executionId" integer NOT NULL, -- Task that was under way. No foreign key: a checkpoint may outlive it.
    "userId" integer NOT NULL REFERENCES users (id), -- For whom the task runs.
    "phaseId" integer, -- Number of the phase that was being worked on.
    "phaseName" text, -- Title of that phase.
    "stepIndex" integer NOT NULL DEFAULT 0, -- Step within the phase, counted from 0.
    "completedSteps" jsonb NOT NULL DEFAULT '[]', -- Steps already done.
    "completedPhases" jsonb NOT NULL DEFAULT '[]', -- Phases already done.
    "partialResults" jsonb NOT NULL DEFAULT '{}', -- Results gathered so far.
    "extractedData" jsonb NOT NULL DEFAULT '{}', -- Data taken off pages so far.
    "sessionState" jsonb, -- Cookies, storage and similar of the browser.
    "browserContext" jsonb, -- Pages and tabs that were open.
    "errorInfo" jsonb, -- What had gone wrong, if anything.
    "checkpointReason" varchar(100), -- Why it was written. [values: error, manual, auto, phase_complete]
    "canResume" boolean NOT NULL DEFAULT true, -- False once the task can no longer be continued from here.
    "resumeCount" integer NOT NULL DEFAULT 0, -- How often it was continued from here.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the checkpoint was inserted.
    "expiresAt" timestamp -- May be removed from then on; null for never.
);
CREATE INDEX execution_checkpoint_id_idx ON execution_checkpoints ("checkpointId");
CREATE INDEX execution_checkpoint_execution_id_idx ON execution_checkpoints ("executionId");
CREATE INDEX execution_checkpoint_user_id_idx ON execution_checkpoints ("userId");
CREATE INDEX execution_checkpoint_created_at_idx ON execution_checkpoints ("createdAt");
CREATE INDEX execution_checkpoint_expires_at_idx ON execution_checkpoints ("expiresAt");

CREATE TABLE task_success_patterns ( -- An approach that has worked, kept so that similar tasks can start from
    -- it.
    id serial PRIMARY KEY, -- Number of the pattern, never handed out twice.
    "patternId" varchar(255) NOT NULL UNIQUE, -- Name used outside the database.
    "userId" integer NOT NULL REFERENCES users (id), -- For whom it worked.
    "taskType" varchar(100) NOT NULL, -- Kind of task, the key for looking patterns up.
    "taskName" text, -- Title for people.
    "successfulApproach" jsonb NOT NULL, -- What was done.
    selectors jsonb DEFAULT '{}', -- Selectors that were used, by element.
    workflow jsonb DEFAULT '[]', -- Steps in order.
    "contextConditions" jsonb DEFAULT '{}', -- When the approach applies.
    "requiredState" jsonb DEFAULT '{}', -- What has to be true before starting.
    "avgExecutionTime" real, -- Mean length of a use, in the unit that the writer chose.
    "successRate" real NOT NULL DEFAULT 1.0, -- Share of uses that worked, 0 to 1.
    "usageCount" integer NOT NULL DEFAULT 1, -- Uses so far, counting the one it was learnt from.
    confidence real NOT NULL DEFAULT 0.8, -- How far to trust it, 0 to 1.
    adaptations jsonb DEFAULT '[]', -- Changes made to it over time.
    "reasoningPatternId" varchar(255), -- Name of the line of reasoning behind it, without a foreign key.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern last changed.
    "lastUsedAt" timestamp -- Latest use.
);
CREATE INDEX task_success_user_id_idx ON task_success_patterns ("userId");
CREATE INDEX task_success_task_type_idx ON task_success_patterns ("taskType");
CREATE INDEX task_success_success_rate_idx ON task_success_patterns ("successRate");
CREATE INDEX task_success_confidence_idx ON task_success_patterns (confidence);

CREATE TABLE workflow_patterns ( -- A reusable shape of a workflow: shipped with the platform, or learnt.
    id serial PRIMARY KEY, -- Number of the pattern, never handed out twice.
    "patternId" varchar(255) NOT NULL UNIQUE, -- Name used outside the database.
    name text NOT NULL, -- Title shown in lists.
    description text, -- What it is for.
    category varchar(100), -- Shelf in the library.
    pattern jsonb NOT NULL, -- The shape itself, with places for the variables.
    variables jsonb DEFAULT '[]', -- Values that a user has to supply.
    conditions jsonb DEFAULT '{}', -- When it may be used.
    "userId" integer REFERENCES users (id), -- Owner, null for one that belongs to the platform.
    "isPublic" boolean NOT NULL DEFAULT false, -- True when all users see it.
    "isSystemPattern" boolean NOT NULL DEFAULT false, -- True when it was shipped with the platform.
    "usageCount" integer NOT NULL DEFAULT 0, -- Uses so far.
    "successRate" real NOT NULL DEFAULT 1.0, -- Share of uses that worked, 0 to 1.
    "avgExecutionTime" real, -- Mean length of a use, in the unit that the writer chose.
    tags jsonb DEFAULT '[]', -- List of free labels for searching.
    metadata jsonb DEFAULT '{}', -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pattern last changed.
    "lastUsedAt" timestamp -- Latest use.
);
CREATE INDEX workflow_pattern_user_id_idx ON workflow_patterns ("userId");
CREATE INDEX workflow_pattern_category_idx ON workflow_patterns (category);
CREATE INDEX workflow_pattern_public_idx ON workflow_patterns ("isPublic");
CREATE INDEX workflow_pattern_system_idx ON workflow_patterns ("isSystemPattern");
