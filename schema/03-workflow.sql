-- Workflow & Automation. Automations a user has defined, their timetables, and every run of them.
-- Depends on: users, browser.

CREATE TABLE automation_workflows ( -- A named list of browser steps that can be run again and again.
    id serial PRIMARY KEY, -- Number of the workflow, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the workflow.
    name text NOT NULL, -- Title shown in lists.
    description text, -- What the workflow achieves, for people.
    steps jsonb NOT NULL, -- Ordered list of Stagehand actions, the program that is run.
    category varchar(50) DEFAULT 'custom', -- Shelf in the workflow library; 'custom' for what users build themselves.
    "isTemplate" boolean NOT NULL DEFAULT false, -- True when other users may copy it.
    tags jsonb, -- List of free labels for searching.
    version integer NOT NULL DEFAULT 1, -- Raised with each edit of the steps, starting at 1.
    "isActive" boolean NOT NULL DEFAULT true, -- False for a workflow that was retired but is kept.
    "executionCount" integer NOT NULL DEFAULT 0, -- Runs so far.
    "lastExecutedAt" timestamp, -- Start of the latest run.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the workflow was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the workflow last changed.
);

CREATE TABLE workflow_executions ( -- One run of a workflow, with what went in, what came out and how each
    -- step fared.
    id serial PRIMARY KEY, -- Number of the run, never handed out twice.
    "workflowId" integer NOT NULL REFERENCES automation_workflows (id), -- The workflow that was run.
    "sessionId" integer REFERENCES browser_sessions (id), -- Remote browser that did the work, null before
        -- one was obtained.
    "userId" integer NOT NULL REFERENCES users (id), -- Who started the run.
    status varchar(20) NOT NULL DEFAULT 'pending', -- How far the run has come.
        -- [values: pending, running, completed, failed, cancelled]
    input jsonb, -- Parameters handed to the steps.
    output jsonb, -- What the run produced.
    error text, -- Why it failed, null otherwise.
    "startedAt" timestamp, -- When the first step began; null while waiting.
    "completedAt" timestamp, -- When the run ended, whichever way.
    duration integer, -- Time from start to end. [unit: ms]
    "stepResults" jsonb, -- One entry per step that was tried, in order.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the run was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the run last changed.
);

CREATE TABLE scheduled_browser_tasks ( -- A browser automation with a timetable. Workers poll this table for
    -- what is due. [queue: status, isActive, nextRun]
    id serial PRIMARY KEY, -- Number of the task, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Whose automation this is.
    name varchar(255) NOT NULL, -- Title shown in lists.
    description text, -- What the task is for, for people.
    "automationType" varchar(50) NOT NULL, -- Which kind of automation the configuration describes.
        -- [values: chat, observe, extract, workflow, custom]
    "automationConfig" jsonb NOT NULL, -- Everything the chosen kind needs: prompts, selectors, the workflow to run.
    "scheduleType" varchar(50) NOT NULL, -- How the timetable was expressed by the user.
        -- [values: daily, weekly, monthly, cron, once]
    "cronExpression" varchar(255) NOT NULL, -- The timetable itself, in cron notation, whatever scheduleType is.
    timezone varchar(100) NOT NULL DEFAULT 'UTC', -- IANA name of the zone in which the cron expression is read.
    status varchar(50) NOT NULL DEFAULT 'active', -- Whether the timetable is followed.
        -- [values: active, paused, failed, completed, archived]
    "nextRun" timestamp, -- When the task is due next; null when nothing is planned.
    "lastRun" timestamp, -- When it last started.
    "lastRunStatus" varchar(50), -- How that last run ended. [values: success, failed, timeout, cancelled]
    "lastRunError" text, -- Message of that last run if it failed.
    "lastRunDuration" integer, -- Length of that last run. [unit: ms]
    "executionCount" integer NOT NULL DEFAULT 0, -- Runs so far, good and bad.
    "successCount" integer NOT NULL DEFAULT 0, -- Runs that ended well.
    "failureCount" integer NOT NULL DEFAULT 0, -- Runs that did not.
    "averageDuration" integer NOT NULL DEFAULT 0, -- Mean length of a run. [unit: ms]
    "retryOnFailure" boolean NOT NULL DEFAULT true, -- Whether a failed run is tried again.
    "maxRetries" integer NOT NULL DEFAULT 3, -- How many further tries a failed run gets.
    "retryDelay" integer NOT NULL DEFAULT 60, -- Pause before a further try. [unit: s]
    timeout integer NOT NULL DEFAULT 300, -- A run is stopped after this long. [unit: s]
    "notifyOnSuccess" boolean NOT NULL DEFAULT false, -- Send a message after a good run.
    "notifyOnFailure" boolean NOT NULL DEFAULT true, -- Send a message after a bad run.
    "notificationChannels" jsonb, -- Where such messages go.
    "keepExecutionHistory" boolean NOT NULL DEFAULT true, -- Whether finished runs are kept at all.
    "maxHistoryRecords" integer NOT NULL DEFAULT 100, -- How many runs are kept; older ones are removed.
    tags jsonb, -- List of free labels for searching.
    metadata jsonb, -- Further facts, free in shape.
    "isActive" boolean NOT NULL DEFAULT true, -- Main switch; a task that is off is never started.
    "createdBy" integer NOT NULL REFERENCES users (id), -- Who set the task up; may differ from its owner.
    "lastModifiedBy" integer NOT NULL REFERENCES users (id), -- Who last edited it.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the task was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the task last changed.
);

CREATE TABLE scheduled_task_executions ( -- One run, or one retry, of a scheduled task.
    id serial PRIMARY KEY, -- Number of the run, never handed out twice.
    "taskId" integer NOT NULL REFERENCES scheduled_browser_tasks (id) ON DELETE CASCADE, -- The task that was due.
    status varchar(50) NOT NULL DEFAULT 'queued', -- How far the run has come.
        -- [values: queued, running, success, failed, timeout, cancelled]
    "triggerType" varchar(50) NOT NULL, -- What started it. [values: scheduled, manual, retry]
    "attemptNumber" integer NOT NULL DEFAULT 1, -- 1 for the first try, one more for each retry.
    "startedAt" timestamp, -- When work began; null while queued.
    "completedAt" timestamp, -- When it ended, whichever way.
    duration integer, -- Time from start to end. [unit: ms]
    output jsonb, -- What the run produced.
    error text, -- Why it failed, null otherwise.
    logs jsonb, -- Messages written during the run, in order.
    "sessionId" varchar(255), -- Browserbase's name of the browser used. Text, without a foreign key to
        -- browser_sessions.
    "debugUrl" text, -- Address where the browser could be watched live.
    "recordingUrl" text, -- Address of the replay.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the run was inserted.
);

CREATE TABLE cron_job_registry ( -- Which scheduled tasks the cron runner has loaded, one row per task. It
    -- prevents that two runners start the same job.
    id serial PRIMARY KEY, -- Number of the entry, never handed out twice.
    "taskId" integer NOT NULL UNIQUE REFERENCES scheduled_browser_tasks (id) ON DELETE CASCADE, -- The
        -- task that is registered.
    "jobId" varchar(255) NOT NULL UNIQUE, -- Name of the job inside the runner.
    "jobName" varchar(255) NOT NULL, -- Title of the job for logs.
    "cronExpression" varchar(255) NOT NULL, -- Timetable the runner holds; a copy of the task's.
    timezone varchar(100) NOT NULL DEFAULT 'UTC', -- IANA name of the zone in which the timetable is read.
    "isRunning" boolean NOT NULL DEFAULT false, -- True between start and end of a run.
    "lastStartedAt" timestamp, -- Start of the latest run.
    "lastCompletedAt" timestamp, -- End of the latest run.
    "nextRunAt" timestamp, -- When the runner will start it next.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the entry was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the entry last changed.
);
