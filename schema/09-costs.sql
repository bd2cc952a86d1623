-- Cost Tracking. What was spent on models, browsers and storage, summed up by day, and the limits that users
-- set.
-- Depends on: users, communication (costs are charged to task_executions).

CREATE TABLE api_token_usage ( -- One call of Anthropic's Claude, with its tokens and its price.
    -- [live users: by userId; split model, promptType; time createdAt month, day, hour; fine totalTokens, totalCost;
    -- sum inputTokens, outputTokens, cacheCreationTokens, cacheReadTokens]
    -- [live all: split model, promptType; time createdAt month, day, hour; fine totalTokens, totalCost;
    -- sum inputTokens, outputTokens, cacheCreationTokens, cacheReadTokens]
    -- [live executions: by userId, executionId; time createdAt month, day; fine totalCost]
    -- [live execution: by executionId; sum inputTokens, outputTokens, cacheCreationTokens, cacheReadTokens,
    -- totalTokens, totalCost]
    -- [once: requestId]
    id serial PRIMARY KEY, -- Number of the call, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Who pays.
    "executionId" integer REFERENCES task_executions (id) ON DELETE CASCADE, -- Attempt at a task that
        -- made the call, null outside tasks.
    "requestId" varchar(255), -- Anthropic's name of the call. Serves to recognise a call that is reported twice.
    model varchar(100) NOT NULL, -- Exact name of the model.
    "inputTokens" integer NOT NULL DEFAULT 0, -- Tokens sent, without those of the cache. [unit: tokens]
    "outputTokens" integer NOT NULL DEFAULT 0, -- Tokens received. [unit: tokens]
    "cacheCreationTokens" integer NOT NULL DEFAULT 0, -- Tokens written to the prompt cache. [unit: tokens]
    "cacheReadTokens" integer NOT NULL DEFAULT 0, -- Tokens read from the prompt cache. [unit: tokens]
    "totalTokens" integer NOT NULL, -- Sum of the four kinds. [unit: tokens]
    "inputCost" decimal(10,4) NOT NULL, -- Price of the input tokens. [unit: USD]
    "outputCost" decimal(10,4) NOT NULL, -- Price of the output tokens. [unit: USD]
    "cacheCost" decimal(10,4) NOT NULL DEFAULT 0, -- Price of writing and reading the cache. [unit: USD]
    "totalCost" decimal(10,4) NOT NULL, -- Price of the whole call. [unit: USD]
    "promptType" varchar(100), -- What the call was for. [values: system, task, observation, error_recovery]
    "toolsUsed" jsonb, -- Tools that the model asked for.
    "responseTime" integer, -- How long the answer took. [unit: ms]
    "stopReason" varchar(50), -- Why the model stopped, in Anthropic's words.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the call was made; decides to which
        -- day its cost counts.
);
CREATE INDEX api_token_usage_user_id_idx ON api_token_usage ("userId");
CREATE INDEX api_token_usage_execution_id_idx ON api_token_usage ("executionId");
CREATE INDEX api_token_usage_model_idx ON api_token_usage (model);
CREATE INDEX api_token_usage_created_at_idx ON api_token_usage ("createdAt");
CREATE INDEX api_token_usage_user_created_idx ON api_token_usage ("userId", "createdAt");

CREATE TABLE gemini_token_usage ( -- One call of Google's Gemini, with its tokens and its price.
    -- [live users: by userId; split model, promptType; time createdAt month, day, hour; fine totalTokens, totalCost;
    -- sum inputTokens, outputTokens]
    -- [live all: split model, promptType; time createdAt month, day, hour; fine totalTokens, totalCost;
    -- sum inputTokens, outputTokens]
    -- [live executions: by userId, executionId; time createdAt month, day; fine totalCost]
    -- [live execution: by executionId; sum inputTokens, outputTokens, totalTokens, totalCost]
    -- [once: requestId]
    id serial PRIMARY KEY, -- Number of the call, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Who pays.
    "executionId" integer REFERENCES task_executions (id) ON DELETE CASCADE, -- Attempt at a task that
        -- made the call, null outside tasks.
    "requestId" varchar(255), -- Google's name of the call. Serves to recognise a call that is reported twice.
    model varchar(100) NOT NULL, -- Exact name of the model.
    "inputTokens" integer NOT NULL DEFAULT 0, -- Tokens sent. [unit: tokens]
    "outputTokens" integer NOT NULL DEFAULT 0, -- Tokens received. [unit: tokens]
    "totalTokens" integer NOT NULL, -- Sum of both. [unit: tokens]
    "inputCost" decimal(10,6) NOT NULL, -- Price of the input tokens. [unit: USD]
    "outputCost" decimal(10,6) NOT NULL, -- Price of the output tokens. [unit: USD]
    "totalCost" decimal(10,6) NOT NULL, -- Price of the whole call. [unit: USD]
    "promptType" varchar(100), -- What the call was for. [values: system, task, observation, error_recovery]
    "toolsUsed" jsonb, -- Tools that the model asked for.
    "responseTime" integer, -- How long the answer took. [unit: ms]
    "finishReason" varchar(50), -- Why the model stopped, in Google's words.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the call was made; decides to which
        -- day its cost counts.
);
CREATE INDEX gemini_token_usage_user_id_idx ON gemini_token_usage ("userId");
CREATE INDEX gemini_token_usage_execution_id_idx ON gemini_token_usage ("executionId");
CREATE INDEX gemini_token_usage_model_idx ON gemini_token_usage (model);
CREATE INDEX gemini_token_usage_created_at_idx ON gemini_token_usage ("createdAt");
CREATE INDEX gemini_token_usage_user_created_idx ON gemini_token_usage ("userId", "createdAt");

CREATE TABLE browserbase_costs ( -- What one remote browser cost. The row is brought up to date while the
    -- browser runs.
    -- [live users: by userId; split status; time createdAt month, day, hour; fine totalCost;
    -- sum durationMs, durationMinutes, recordingCost, screenshotCount, screenshotCost]
    -- [live all: split status; time createdAt month, day, hour; fine totalCost;
    -- sum durationMs, durationMinutes, recordingCost, screenshotCount, screenshotCost]
    -- [live executions: by userId, executionId; time createdAt month, day; fine totalCost]
    -- [live execution: by executionId; sum durationMs, durationMinutes, recordingCost, screenshotCount,
    -- screenshotCost, totalCost]
    id serial PRIMARY KEY, -- Number of the session cost, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Who pays.
    "executionId" integer REFERENCES task_executions (id) ON DELETE CASCADE, -- Attempt at a task that
        -- used the browser, null outside tasks.
    "sessionId" varchar(255) NOT NULL UNIQUE, -- Browserbase's name of the session, one row each.
    "projectId" varchar(255), -- Browserbase project that was billed.
    "durationMs" integer NOT NULL, -- How long the browser ran. [unit: ms]
    "durationMinutes" decimal(10,2) NOT NULL, -- The running time again, rounded. [unit: min]
    "costPerMinute" decimal(10,4) NOT NULL DEFAULT 0.01, -- Price in force. [unit: USD/min]
    "totalCost" decimal(10,4) NOT NULL, -- Running time, recording and screenshots together. [unit: USD]
    "debugUrl" varchar(500), -- Address where the browser could be watched live.
    "recordingUrl" varchar(500), -- Address of the replay.
    "hasRecording" boolean NOT NULL DEFAULT false, -- Whether a replay was made and is charged.
    "recordingCost" decimal(10,4) NOT NULL DEFAULT 0, -- Price of the replay. [unit: USD]
    "screenshotCount" integer NOT NULL DEFAULT 0, -- Pictures taken.
    "screenshotCost" decimal(10,4) NOT NULL DEFAULT 0, -- Price of the pictures. [unit: USD]
    status varchar(50) NOT NULL, -- How far the session has come. [values: active, completed, failed, timeout]
    "startedAt" timestamp NOT NULL, -- When the browser was started.
    "completedAt" timestamp, -- When it was closed; null while it runs.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the cost was first reported; decides
        -- to which day it counts.
);
CREATE INDEX browserbase_costs_user_id_idx ON browserbase_costs ("userId");
CREATE INDEX browserbase_costs_execution_id_idx ON browserbase_costs ("executionId");
CREATE INDEX browserbase_costs_session_id_idx ON browserbase_costs ("sessionId");
CREATE INDEX browserbase_costs_status_idx ON browserbase_costs (status);
CREATE INDEX browserbase_costs_created_at_idx ON browserbase_costs ("createdAt");
CREATE INDEX browserbase_costs_user_created_idx ON browserbase_costs ("userId", "createdAt");

CREATE TABLE storage_costs ( -- One operation on object storage and its price.
    -- [live users: by userId; split provider, operationType; time createdAt month, day, hour; fine totalCost;
    -- sum sizeBytes, sizeMb, requestCost]
    -- [live all: split provider, operationType; time createdAt month, day, hour; fine totalCost;
    -- sum sizeBytes, sizeMb, requestCost]
    -- [live executions: by userId, executionId; time createdAt month, day; fine totalCost]
    -- [live execution: by executionId; sum sizeBytes, sizeMb, requestCost, totalCost]
    -- [once: operationId]
    id serial PRIMARY KEY, -- Number of the operation, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Who pays.
    "executionId" integer REFERENCES task_executions (id) ON DELETE CASCADE, -- Attempt at a task that did
        -- it, null outside tasks.
    "operationId" varchar(255), -- Name of the operation. Serves to recognise one that is reported twice.
    provider varchar(50) NOT NULL, -- Where the object is stored: Amazon, Cloudflare or Google. [values: s3, r2, gcs]
    bucket varchar(255) NOT NULL, -- Name of the bucket.
    "operationType" varchar(50) NOT NULL, -- What was done. [values: upload, download, delete, list]
    "objectKey" varchar(1000), -- Name of the object in its bucket, null for a listing.
    "sizeBytes" integer NOT NULL DEFAULT 0, -- Length of what was moved. [unit: bytes]
    "sizeMb" decimal(10,4) NOT NULL DEFAULT 0, -- That length in units of 1,048,576 bytes. [unit: MB]
    "storageCostPerGb" decimal(10,6) NOT NULL DEFAULT 0.023, -- Price of storing in force. [unit: USD/GB]
    "transferCostPerGb" decimal(10,6) NOT NULL DEFAULT 0.09, -- Price of transfer in force. [unit: USD/GB]
    "requestCost" decimal(10,8) NOT NULL DEFAULT 0, -- Price of the request itself. [unit: USD]
    "totalCost" decimal(10,6) NOT NULL, -- Price of the whole operation. [unit: USD]
    "contentType" varchar(255), -- MIME type of the object.
    status varchar(50) NOT NULL, -- How it went. [values: success, failed, pending]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When it was done; decides to which day its cost counts.
);
CREATE INDEX storage_costs_user_id_idx ON storage_costs ("userId");
CREATE INDEX storage_costs_execution_id_idx ON storage_costs ("executionId");
CREATE INDEX storage_costs_provider_idx ON storage_costs (provider);
CREATE INDEX storage_costs_operation_type_idx ON storage_costs ("operationType");
CREATE INDEX storage_costs_created_at_idx ON storage_costs ("createdAt");
CREATE INDEX storage_costs_user_created_idx ON storage_costs ("userId", "createdAt");

CREATE TABLE daily_cost_summaries ( -- Everything that one user spent on one day, kept in step with the four
    -- tables of costs.
    id serial PRIMARY KEY, -- Number of the summary, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Who pays.
    date timestamp NOT NULL, -- Midnight (UTC) at which the day begins.
    "totalApiCalls" integer NOT NULL DEFAULT 0, -- Calls of Claude.
    "totalInputTokens" integer NOT NULL DEFAULT 0, -- Tokens sent to Claude. [unit: tokens]
    "totalOutputTokens" integer NOT NULL DEFAULT 0, -- Tokens received from Claude. [unit: tokens]
    "totalCacheTokens" integer NOT NULL DEFAULT 0, -- Tokens that Claude's cache wrote or read. [unit: tokens]
    "apiCostUsd" decimal(10,4) NOT NULL DEFAULT 0, -- Price of Claude. [unit: USD]
    "totalGeminiCalls" integer NOT NULL DEFAULT 0, -- Calls of Gemini.
    "totalGeminiInputTokens" integer NOT NULL DEFAULT 0, -- Tokens sent to Gemini. [unit: tokens]
    "totalGeminiOutputTokens" integer NOT NULL DEFAULT 0, -- Tokens received from Gemini. [unit: tokens]
    "geminiCostUsd" decimal(10,6) NOT NULL DEFAULT 0, -- Price of Gemini. [unit: USD]
    "totalSessions" integer NOT NULL DEFAULT 0, -- Remote browsers.
    "totalSessionMinutes" decimal(10,2) NOT NULL DEFAULT 0, -- How long they ran. [unit: min]
    "browserbaseCostUsd" decimal(10,4) NOT NULL DEFAULT 0, -- Price of the browsers. [unit: USD]
    "totalStorageOperations" integer NOT NULL DEFAULT 0, -- Operations on object storage.
    "totalStorageMb" decimal(10,4) NOT NULL DEFAULT 0, -- What they moved. [unit: MB]
    "storageCostUsd" decimal(10,6) NOT NULL DEFAULT 0, -- Price of storage. [unit: USD]
    "totalCostUsd" decimal(10,4) NOT NULL, -- The four prices together. [unit: USD]
    "costByModel" jsonb, -- Object of model name to price in USD, Claude and Gemini.
    "costByProvider" jsonb, -- Object of provider name to price in USD.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the summary was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the summary last changed.
);
CREATE INDEX daily_cost_summaries_user_id_idx ON daily_cost_summaries ("userId");
CREATE INDEX daily_cost_summaries_date_idx ON daily_cost_summaries (date);
CREATE INDEX daily_cost_summaries_user_date_idx ON daily_cost_summaries ("userId", date);

CREATE TABLE cost_budgets ( -- How much a user allows to be spent by day, week and month, and how far that is
    -- used up. At most one row per user.
    id serial PRIMARY KEY, -- Number of the budget, never handed out twice.
    "userId" integer NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE, -- Whose spending is limited.
    "dailyBudget" decimal(10,2), -- Limit for a day, null for none. [unit: USD]
    "weeklyBudget" decimal(10,2), -- Limit for a week, null for none. [unit: USD]
    "monthlyBudget" decimal(10,2), -- Limit for a month, null for none. [unit: USD]
    "alertThreshold" integer NOT NULL DEFAULT 80, -- Share of a limit from which the user is warned. [unit: %]
    "currentDailySpend" decimal(10,4) NOT NULL DEFAULT 0, -- Spent since dailyPeriodStart. [unit: USD]
    "currentWeeklySpend" decimal(10,4) NOT NULL DEFAULT 0, -- Spent since weeklyPeriodStart. [unit: USD]
    "currentMonthlySpend" decimal(10,4) NOT NULL DEFAULT 0, -- Spent since monthlyPeriodStart. [unit: USD]
    "isActive" boolean NOT NULL DEFAULT true, -- False while the limits are not watched.
    "autoStopOnLimit" boolean NOT NULL DEFAULT false, -- Whether work is refused beyond a limit, instead
        -- of only being reported.
    "lastAlertSent" timestamp, -- Latest warning.
    "alertsSentToday" integer NOT NULL DEFAULT 0, -- Warnings on the current day.
    "dailyPeriodStart" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- Begin of the running day.
    "weeklyPeriodStart" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- Begin of the running week; weeks
        -- follow each other from here.
    "monthlyPeriodStart" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- Begin of the running month;
        -- months follow each other from here.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the budget was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the budget last changed.
);
CREATE INDEX cost_budgets_user_id_idx ON cost_budgets ("userId");
CREATE INDEX cost_budgets_is_active_idx ON cost_budgets ("isActive");
