-- AI Agent System. Agent sessions, the tasks run in them, each tool call, and what the agents built or
-- learnt.
-- Depends on: users.

CREATE TABLE agent_sessions ( -- A lasting conversation with an agent: its context, its reasoning and the
    -- tools it has used.
    id serial PRIMARY KEY, -- Number of the session, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who talks to the agent.
    "sessionUuid" uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Name used outside the database, so
        -- that serial numbers stay private.
    status varchar(50) NOT NULL DEFAULT 'idle', -- What the agent is doing.
        -- [values: idle, planning, executing, complete, error, paused]
    context jsonb, -- Facts carried over from one request to the next.
    "thinkingSteps" jsonb NOT NULL DEFAULT '[]', -- Reasoning so far, one entry per step.
    "toolHistory" jsonb NOT NULL DEFAULT '[]', -- Tool calls so far, with their results.
    plan jsonb, -- The plan being followed, null when there is none.
    "currentPhase" varchar(100), -- Name of the plan's phase that is being worked on.
    "iterationCount" integer NOT NULL DEFAULT 0, -- Turns of the agent's loop so far.
    "maxIterations" integer NOT NULL DEFAULT 100, -- The loop stops at this many turns.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the session was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the session last changed.
);

CREATE TABLE agent_executions ( -- One request to an agent and everything that followed from it.
    id serial PRIMARY KEY, -- Number of the task, never handed out twice.
    "sessionId" integer NOT NULL REFERENCES agent_sessions (id), -- Conversation the request was made in.
    "userId" integer NOT NULL REFERENCES users (id), -- Who made the request.
    "taskDescription" text NOT NULL, -- The request in the user's words.
    status varchar(50) NOT NULL DEFAULT 'pending', -- How far the task has come.
        -- [values: pending, planning, executing, completed, failed, cancelled]
    plan jsonb, -- What the agent intends to do.
    phases jsonb NOT NULL DEFAULT '[]', -- Sections of the plan with their state.
    "currentPhaseIndex" integer NOT NULL DEFAULT 0, -- Position in phases, counted from 0.
    "thinkingSteps" jsonb NOT NULL DEFAULT '[]', -- Reasoning about this task, one entry per step.
    "toolExecutions" jsonb NOT NULL DEFAULT '[]', -- Tool calls made for this task, with their results.
    result jsonb, -- What the agent delivered.
    error text, -- Why it failed, null otherwise.
    iterations integer NOT NULL DEFAULT 0, -- Turns of the agent's loop spent on the task.
    "durationMs" integer, -- Time from start to end. [unit: ms]
    "startedAt" timestamp, -- When the agent began; null while waiting.
    "completedAt" timestamp, -- When it ended, whichever way.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the task was inserted.
);

CREATE TABLE tool_executions ( -- One call of a tool by an agent, kept for statistics on speed and
    -- reliability.
    id serial PRIMARY KEY, -- Number of the call, never handed out twice.
    "executionId" integer NOT NULL REFERENCES agent_executions (id), -- Agent task during which the tool was called.
    "toolName" varchar(100) NOT NULL, -- Which tool.
    parameters jsonb, -- Arguments given to it.
    result jsonb, -- What it returned.
    success boolean NOT NULL DEFAULT true, -- Whether it did its work.
    "durationMs" integer, -- How long the call took. [unit: ms]
    error text, -- Why it failed, null otherwise.
    "executedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the call was made.
);

CREATE TABLE generated_projects ( -- A web application that an agent wrote for a user.
    id serial PRIMARY KEY, -- Number of the project, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the project.
    "executionId" integer REFERENCES agent_executions (id), -- Agent task that created it, null when that is not known.
    name varchar(255) NOT NULL, -- Title of the project.
    description text, -- What the application does.
    "techStack" varchar(50) NOT NULL DEFAULT 'react', -- Framework it is built with.
    features jsonb NOT NULL DEFAULT '{}', -- Which optional parts are switched on.
    "filesSnapshot" jsonb, -- The source files as they were generated.
    status varchar(50) NOT NULL DEFAULT 'active', -- Where the project is in its life.
        -- [values: active, archived, deleted]
    "devServerPort" integer, -- TCP port of the development server while it runs.
    "previewUrl" text, -- Address of the development version.
    "deploymentUrl" text, -- Address of the published version.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the project was inserted.
);

CREATE TABLE knowledge_entries ( -- A lesson about how a user wants things done, consulted before a task is
    -- planned.
    id serial PRIMARY KEY, -- Number of the entry, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Whose habits the lesson describes.
    category varchar(50) NOT NULL, -- What the lesson is about.
        -- [values: workflow, brand_voice, preference, process, technical]
    context text NOT NULL, -- Situation in which the lesson applies.
    content text NOT NULL, -- The lesson.
    examples jsonb, -- Cases in which it was applied.
    confidence decimal(3,2) NOT NULL DEFAULT 1.0, -- How far to trust it, 0 to 1.
    "usageCount" integer NOT NULL DEFAULT 0, -- How often it was used.
    "isActive" boolean NOT NULL DEFAULT true, -- False for a lesson that no longer holds.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the entry was inserted.
);
