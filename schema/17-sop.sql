-- SOP Management. Standard operating procedures (SOPs): instructions in steps for people and agents, and
-- their runs.
-- Depends on: users.

CREATE TABLE sop_categories ( -- A shelf on which a user keeps procedures.
    id serial PRIMARY KEY, -- Number of the category, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the category.
    name varchar(100) NOT NULL, -- Title of the shelf.
    description text, -- What belongs there.
    icon varchar(50), -- Name of its symbol in the Lucide set.
    color varchar(20), -- Its colour, as used in the interface.
    "sortOrder" integer NOT NULL DEFAULT 0, -- Place among the shelves, low first.
    "isActive" boolean NOT NULL DEFAULT true, -- False for a shelf that is hidden.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the category was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the category last changed.
);

CREATE TABLE sop_documents ( -- A procedure: what it is for, when it applies and how far a machine may carry
    -- it out.
    id serial PRIMARY KEY, -- Number of the procedure, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the procedure.
    "categoryId" integer REFERENCES sop_categories (id), -- Shelf it stands on, null for none.
    title varchar(255) NOT NULL, -- Its title.
    description text, -- What it covers.
    objective text, -- What it is to achieve.
    version integer NOT NULL DEFAULT 1, -- Raised with each edition, starting at 1.
    status varchar(30) NOT NULL DEFAULT 'draft', -- Where it is in its life; it begins as 'draft'.
    "applicableTo" jsonb, -- Cases it applies to.
    prerequisites jsonb, -- What is needed before starting.
    triggers jsonb, -- Events upon which it is carried out.
    "estimatedDuration" integer, -- How long it should take. [unit: min]
    priority varchar(20) DEFAULT 'medium', -- How important it is.
    tags jsonb, -- List of free labels for searching.
    "aiEnabled" boolean NOT NULL DEFAULT true, -- Whether an agent may carry it out.
    "humanApprovalRequired" boolean NOT NULL DEFAULT false, -- Whether a person has to agree first.
    "automationLevel" varchar(20) DEFAULT 'semi', -- How much is done by machine.
    metadata jsonb, -- Further facts, free in shape.
    "lastExecutedAt" timestamp, -- Start of the latest run.
    "executionCount" integer NOT NULL DEFAULT 0, -- Runs so far.
    "successRate" decimal(5,2), -- Share of runs that ended well. [unit: %]
    "publishedAt" timestamp, -- When it was released; null for one never released.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the procedure was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the procedure last changed.
);

CREATE TABLE sop_steps ( -- One step of a procedure.
    id serial PRIMARY KEY, -- Number of the step, never handed out twice.
    "sopId" integer NOT NULL REFERENCES sop_documents (id) ON DELETE CASCADE, -- Procedure it is part of;
        -- it goes with the procedure.
    "stepNumber" integer NOT NULL, -- Place within the procedure.
    title varchar(255) NOT NULL, -- The step in one line.
    instructions text NOT NULL, -- What to do.
    "actionType" varchar(30) NOT NULL DEFAULT 'manual', -- How it is done; 'manual' is by a person.
    "actionConfig" jsonb, -- Settings for doing it by machine.
    conditions jsonb, -- When it is to be done at all.
    alternatives jsonb, -- What may be done instead.
    "expectedOutcome" text, -- What should come of it.
    "validationCriteria" jsonb, -- How to tell that it worked.
    "errorHandling" jsonb, -- What to do if it did not.
    resources jsonb, -- What is needed for it.
    examples jsonb, -- Cases to learn from.
    tips text, -- Advice from practice.
    "estimatedDuration" integer, -- How long it should take. [unit: min]
    timeout integer, -- It is given up after this long. [unit: s]
    "dependsOn" jsonb, -- Steps that have to be finished first.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the step was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the step last changed.
);

CREATE TABLE sop_executions ( -- One run of a procedure.
    id serial PRIMARY KEY, -- Number of the run, never handed out twice.
    "sopId" integer NOT NULL REFERENCES sop_documents (id), -- Procedure that is carried out.
    "userId" integer NOT NULL REFERENCES users (id), -- Who is responsible for the run.
    "executorType" varchar(20) NOT NULL, -- Who carries it out. [values: human, ai_agent, hybrid]
    "agentSessionId" integer, -- Conversation with the agent that carries it out, see agent_sessions. No foreign key.
    status varchar(20) NOT NULL DEFAULT 'in_progress', -- How far it has come; it begins as 'in_progress'.
    "currentStepIndex" integer NOT NULL DEFAULT 0, -- Step that is being done, counted from 0.
    "stepResults" jsonb NOT NULL DEFAULT '[]', -- One entry per step that was done.
    context jsonb, -- What it was started with.
    result jsonb, -- What came of it.
    feedback text, -- What the user said about it.
    rating integer, -- Mark the user gave, 1 (worst) to 5.
    issues jsonb, -- What went wrong on the way.
    "startedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it began.
    "completedAt" timestamp, -- When it ended; null while it runs.
    "durationMs" integer, -- Time from start to end. [unit: ms]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the run was inserted.
);
