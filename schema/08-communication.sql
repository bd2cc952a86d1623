-- Communication & Webhooks. Channels through which users write to their bot, the conversations, the task
-- board and its runs, and the delivery log.
-- Depends on: users. The cost tables refer to task_executions, so this group is loaded before them.

CREATE TABLE user_webhooks ( -- A channel of a user (text message, mail, own webhook) with its address, limits
    -- and counters.
    id serial PRIMARY KEY, -- Number of the channel, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Owner of the channel.
    "webhookToken" uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Unguessable part of the address,
        -- which identifies the channel.
    "webhookUrl" text, -- The full address to give to the provider.
    "channelType" varchar(50) NOT NULL, -- What kind of channel it is. [values: sms, email, custom_webhook]
    "channelName" varchar(100) NOT NULL, -- Label the user gave to it.
    "channelOrder" integer NOT NULL DEFAULT 1, -- Place among the user's channels, 1 to 3.
    "providerConfig" jsonb, -- Settings of the service that delivers to the platform.
    "outboundEnabled" boolean NOT NULL DEFAULT true, -- Whether answers are sent through this channel.
    "outboundConfig" jsonb, -- Settings for sending.
    "isActive" boolean NOT NULL DEFAULT true, -- False while the channel is switched off.
    "isPrimary" boolean NOT NULL DEFAULT false, -- True for the channel that is used when none is named.
    "isVerified" boolean NOT NULL DEFAULT false, -- True once the user has proven that the channel is theirs.
    "verifiedAt" timestamp, -- When that was.
    "verificationCode" varchar(10), -- Code that the user has to repeat.
    "verificationCodeExpiresAt" timestamp, -- The code is refused from then on.
    "tokenExpiresAt" timestamp, -- The token is refused from then on, null for never.
    "tokenRotationRequired" boolean NOT NULL DEFAULT false, -- True when the token must be replaced before further use.
    "secretKey" varchar(64), -- Key for the HMAC signature on messages.
    "rateLimitPerMinute" integer NOT NULL DEFAULT 30, -- Messages accepted in any minute.
    "rateLimitPerHour" integer NOT NULL DEFAULT 200, -- Messages accepted in any hour.
    "totalMessagesReceived" integer NOT NULL DEFAULT 0, -- Messages in, so far.
    "totalMessagesSent" integer NOT NULL DEFAULT 0, -- Messages out, so far.
    "lastMessageAt" timestamp, -- Latest message in either direction.
    metadata jsonb, -- Further facts, free in shape.
    tags jsonb, -- List of free labels for searching.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the channel was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the channel last changed.
);
CREATE INDEX user_webhooks_user_id_idx ON user_webhooks ("userId");
CREATE UNIQUE INDEX user_webhooks_token_idx ON user_webhooks ("webhookToken");
CREATE INDEX user_webhooks_channel_type_idx ON user_webhooks ("channelType");
CREATE INDEX user_webhooks_is_active_idx ON user_webhooks ("isActive");
CREATE INDEX user_webhooks_user_channel_idx ON user_webhooks ("userId", "channelType");

CREATE TABLE inbound_messages ( -- A message that came in through a channel, and what was made of it.
    id serial PRIMARY KEY, -- Number of the message, never handed out twice.
    "webhookId" integer NOT NULL REFERENCES user_webhooks (id) ON DELETE CASCADE, -- Channel it came through.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Owner of that channel.
    "externalMessageId" varchar(255), -- The provider's name of the message.
    "senderIdentifier" varchar(255) NOT NULL, -- Telephone number, address or other name of the sender.
    "senderName" varchar(255), -- The sender's name for people.
    "messageType" varchar(50) NOT NULL, -- What the message holds. [values: text, image, audio, file, structured]
    content text NOT NULL, -- Text as it was received.
    "contentParsed" jsonb, -- What the parser understood of it.
    "hasAttachments" boolean NOT NULL DEFAULT false, -- Whether files came with it.
    attachments jsonb, -- Where those files are.
    "processingStatus" varchar(50) NOT NULL DEFAULT 'received', -- How far it has been dealt with; new
        -- messages are 'received'.
    "processingError" text, -- Why that failed, null otherwise.
    "taskId" integer, -- Task that it gave rise to, see agency_tasks. No foreign key.
    "conversationId" integer, -- Conversation it belongs to, see bot_conversations. No foreign key.
    "isPartOfThread" boolean NOT NULL DEFAULT false, -- True when it continues an earlier message.
    "parentMessageId" integer REFERENCES inbound_messages (id), -- The message it answers.
    "rawPayload" jsonb, -- The provider's delivery, unchanged.
    "providerMetadata" jsonb, -- What the provider says about the message.
    "receivedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it arrived.
    "processedAt" timestamp, -- When it had been dealt with; null until then.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the message was inserted.
);
CREATE INDEX inbound_messages_webhook_id_idx ON inbound_messages ("webhookId");
CREATE INDEX inbound_messages_user_id_idx ON inbound_messages ("userId");
CREATE INDEX inbound_messages_sender_idx ON inbound_messages ("senderIdentifier");
CREATE INDEX inbound_messages_status_idx ON inbound_messages ("processingStatus");
CREATE INDEX inbound_messages_conversation_idx ON inbound_messages ("conversationId");
CREATE INDEX inbound_messages_received_at_idx ON inbound_messages ("receivedAt");
CREATE INDEX inbound_messages_user_webhook_idx ON inbound_messages ("userId", "webhookId");

CREATE TABLE bot_conversations ( -- An exchange between the bot and one participant, with what the bot
    -- remembers of it.
    id serial PRIMARY KEY, -- Number of the conversation, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Whose bot is talking.
    "webhookId" integer REFERENCES user_webhooks (id) ON DELETE SET NULL, -- Channel it takes place in,
        -- null once that was deleted.
    "conversationUuid" uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Name used outside the database.
    "participantIdentifier" varchar(255) NOT NULL, -- Telephone number, address or other name of the other side.
    status varchar(50) NOT NULL DEFAULT 'active', -- Where the exchange stands.
        -- [values: active, paused, resolved, archived]
    topic varchar(255), -- What it is mainly about.
    "contextSummary" text, -- Account of it so far, written by the model.
    "contextMemory" jsonb, -- Facts to remember.
    "aiPersonality" varchar(50) DEFAULT 'professional', -- Tone in which the bot writes.
    "autoCreateTasks" boolean NOT NULL DEFAULT true, -- Whether requests become tasks without asking.
    "requireConfirmation" boolean NOT NULL DEFAULT false, -- Whether the participant has to agree before a task starts.
    "messageCount" integer NOT NULL DEFAULT 0, -- Messages so far, both ways.
    "tasksCreated" integer NOT NULL DEFAULT 0, -- Tasks that came out of it.
    "lastMessageAt" timestamp, -- Latest message.
    "startedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it began.
    "resolvedAt" timestamp, -- When it was settled; null while open.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the conversation was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the conversation last changed.
);
CREATE INDEX bot_conversations_user_id_idx ON bot_conversations ("userId");
CREATE INDEX bot_conversations_webhook_id_idx ON bot_conversations ("webhookId");
CREATE UNIQUE INDEX bot_conversations_uuid_idx ON bot_conversations ("conversationUuid");
CREATE INDEX bot_conversations_participant_idx ON bot_conversations ("participantIdentifier");
CREATE INDEX bot_conversations_status_idx ON bot_conversations (status);
CREATE INDEX bot_conversations_user_participant_idx ON bot_conversations ("userId", "participantIdentifier");

CREATE TABLE agency_tasks ( -- A card on the task board: something that the bot, or a person, is to do.
    -- Workers poll it by status and due time. [queue: status, assignedToBot, blockedBy, priority, scheduledFor]
    id serial PRIMARY KEY, -- Number of the task, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- For whom the work is done.
    "taskUuid" uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Name used outside the database.
    "sourceType" varchar(50) NOT NULL, -- Where the task came from.
    "sourceWebhookId" integer REFERENCES user_webhooks (id) ON DELETE SET NULL, -- Channel it came
        -- through, null once that was deleted.
    "sourceMessageId" integer REFERENCES inbound_messages (id) ON DELETE SET NULL, -- Message it was made
        -- from, null once that was deleted.
    "conversationId" integer REFERENCES bot_conversations (id) ON DELETE SET NULL, -- Conversation it came
        -- up in, null once that was deleted.
    title varchar(500) NOT NULL, -- One line for the board.
    description text, -- The work in full.
    "originalMessage" text, -- The words of the request, kept also when the message is gone.
    category varchar(100) DEFAULT 'general', -- Shelf on the board.
    "taskType" varchar(100) NOT NULL, -- Kind of work, decides which handler does it.
    priority varchar(20) NOT NULL DEFAULT 'medium', -- How important it is. [values: low, medium, high, critical]
    urgency varchar(20) NOT NULL DEFAULT 'normal', -- How soon it is wanted.
    status varchar(50) NOT NULL DEFAULT 'pending', -- Column of the board; new tasks are 'pending'.
    "statusReason" text, -- Why it is in that column.
    "assignedToBot" boolean NOT NULL DEFAULT true, -- False when a person has to do it.
    "requiresHumanReview" boolean NOT NULL DEFAULT false, -- Whether a person must agree before it is run.
    "humanReviewedBy" integer REFERENCES users (id) ON DELETE SET NULL, -- Who agreed, null once that user was deleted.
    "humanReviewedAt" timestamp, -- When that person agreed.
    "executionType" varchar(50) DEFAULT 'automatic', -- How the work is started.
    "executionConfig" jsonb, -- Settings for the run.
    "scheduledFor" timestamp, -- Not to be started before this time.
    deadline timestamp, -- To be done by this time.
    "dependsOn" jsonb, -- Tasks that have to be finished first.
    "blockedBy" integer REFERENCES agency_tasks (id) ON DELETE SET NULL, -- The task that holds this one
        -- up at present, null once that was deleted.
    result jsonb, -- What came out.
    "resultSummary" text, -- The outcome in a sentence or two.
    "lastError" text, -- Message of the latest failure.
    "errorCount" integer NOT NULL DEFAULT 0, -- Failures so far.
    "maxRetries" integer NOT NULL DEFAULT 3, -- Given up after this many further tries.
    "notifyOnComplete" boolean NOT NULL DEFAULT true, -- Tell the user when it is done.
    "notifyOnFailure" boolean NOT NULL DEFAULT true, -- Tell the user when it failed.
    "notificationsSent" jsonb, -- Which messages went out, and when.
    tags jsonb, -- List of free labels for searching.
    metadata jsonb, -- Further facts, free in shape.
    "queuedAt" timestamp, -- When it was given to the workers.
    "startedAt" timestamp, -- When work began.
    "completedAt" timestamp, -- When work ended.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the task was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the task last changed.
);
CREATE INDEX agency_tasks_user_id_idx ON agency_tasks ("userId");
CREATE UNIQUE INDEX agency_tasks_uuid_idx ON agency_tasks ("taskUuid");
CREATE INDEX agency_tasks_status_idx ON agency_tasks (status);
CREATE INDEX agency_tasks_priority_idx ON agency_tasks (priority);
CREATE INDEX agency_tasks_task_type_idx ON agency_tasks ("taskType");
CREATE INDEX agency_tasks_scheduled_for_idx ON agency_tasks ("scheduledFor");
CREATE INDEX agency_tasks_conversation_id_idx ON agency_tasks ("conversationId");
CREATE INDEX agency_tasks_user_status_idx ON agency_tasks ("userId", status);
CREATE INDEX agency_tasks_pending_bot_idx ON agency_tasks (status, "assignedToBot", "scheduledFor");

CREATE TABLE task_executions ( -- One attempt at a task of the board. Costs are charged to it.
    id serial PRIMARY KEY, -- Number of the run, never handed out twice.
    "taskId" integer NOT NULL REFERENCES agency_tasks (id) ON DELETE CASCADE, -- The task that is attempted.
    "executionUuid" uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Name used outside the database.
    "attemptNumber" integer NOT NULL DEFAULT 1, -- 1 for the first try, one more for each retry.
    status varchar(50) NOT NULL DEFAULT 'started', -- How far the attempt has come; it begins as 'started'.
    "triggeredBy" varchar(50) NOT NULL, -- What set it off.
    "triggeredByUserId" integer REFERENCES users (id) ON DELETE SET NULL, -- Person who set it off, if it
        -- was one; null once that user was deleted.
    "browserSessionId" varchar(255), -- Browserbase's name of the browser used. Text, without a foreign key.
    "debugUrl" text, -- Address where the browser could be watched live.
    "recordingUrl" text, -- Address of the replay.
    "stepsTotal" integer NOT NULL DEFAULT 0, -- Steps that the attempt is made of.
    "stepsCompleted" integer NOT NULL DEFAULT 0, -- How many of them are done.
    "currentStep" varchar(255), -- Title of the one being worked on.
    "stepResults" jsonb, -- One entry per step that was tried.
    output jsonb, -- What the attempt produced.
    logs jsonb, -- Messages written during it, in order.
    screenshots jsonb, -- Pictures taken during it.
    error text, -- Why it failed, null otherwise.
    "errorCode" varchar(100), -- The failure as a short code for programs.
    "errorStack" text, -- Call stack at the failure.
    duration integer, -- Time from start to end. [unit: ms]
    "resourceUsage" jsonb, -- What it took: memory, tokens, browser time and similar.
    "startedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it began.
    "completedAt" timestamp, -- When it ended; null while it runs.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the run was inserted.
);
CREATE INDEX task_executions_task_id_idx ON task_executions ("taskId");
CREATE UNIQUE INDEX task_executions_uuid_idx ON task_executions ("executionUuid");
CREATE INDEX task_executions_status_idx ON task_executions (status);
CREATE INDEX task_executions_started_at_idx ON task_executions ("startedAt");
CREATE INDEX task_executions_browser_session_idx ON task_executions ("browserSessionId");

CREATE TABLE outbound_messages ( -- A message that the bot sends, or has sent, through a channel. Senders poll
    -- it by status and due time.
    id serial PRIMARY KEY, -- Number of the message, never handed out twice.
    "webhookId" integer NOT NULL REFERENCES user_webhooks (id) ON DELETE CASCADE, -- Channel it goes through.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Owner of that channel.
    "inboundMessageId" integer REFERENCES inbound_messages (id) ON DELETE SET NULL, -- The message it
        -- answers, null once that was deleted.
    "taskId" integer REFERENCES agency_tasks (id) ON DELETE SET NULL, -- Task it is about, null once that was deleted.
    "conversationId" integer REFERENCES bot_conversations (id) ON DELETE SET NULL, -- Conversation it
        -- belongs to, null once that was deleted.
    "messageType" varchar(50) NOT NULL, -- What the message holds.
    content text NOT NULL, -- Its text.
    "recipientIdentifier" varchar(255) NOT NULL, -- Telephone number, address or other name of the recipient.
    "recipientName" varchar(255), -- The recipient's name for people.
    "deliveryStatus" varchar(50) NOT NULL DEFAULT 'pending', -- How far the delivery has come; new
        -- messages are 'pending'.
    "deliveryError" text, -- Why it failed, null otherwise.
    "externalMessageId" varchar(255), -- The provider's name of the message.
    "providerResponse" jsonb, -- What the provider answered.
    "scheduledFor" timestamp, -- Not to be sent before this time; null for at once.
    "sentAt" timestamp, -- When it was given to the provider.
    "deliveredAt" timestamp, -- When the provider reported its arrival.
    "readAt" timestamp, -- When the provider reported that it was read.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the message was inserted.
);
CREATE INDEX outbound_messages_webhook_id_idx ON outbound_messages ("webhookId");
CREATE INDEX outbound_messages_user_id_idx ON outbound_messages ("userId");
CREATE INDEX outbound_messages_task_id_idx ON outbound_messages ("taskId");
CREATE INDEX outbound_messages_conversation_id_idx ON outbound_messages ("conversationId");
CREATE INDEX outbound_messages_delivery_status_idx ON outbound_messages ("deliveryStatus");
CREATE INDEX outbound_messages_scheduled_for_idx ON outbound_messages ("scheduledFor");
CREATE INDEX outbound_messages_pending_idx ON outbound_messages ("deliveryStatus", "scheduledFor");

CREATE TABLE webhook_logs ( -- Each call to somebody's webhook, with its answer and the plan for a retry.
    id uuid PRIMARY KEY DEFAULT (gen_random_uuid()), -- Random identifier.
    "webhookId" text NOT NULL, -- Channel or webhook called. Text, without a foreign key: the log outlives it.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Whose webhook it is.
    event varchar(100) NOT NULL, -- What the call tells about.
    url text NOT NULL, -- Address that was called.
    method varchar(10) NOT NULL DEFAULT 'POST', -- HTTP verb.
    "requestHeaders" jsonb, -- Headers that were sent.
    "requestBody" jsonb, -- Body that was sent.
    "responseStatus" integer, -- HTTP status of the answer, null when none came.
    "responseBody" text, -- Text of the answer.
    "responseTime" integer, -- How long the answer took. [unit: ms]
    status varchar(50) NOT NULL, -- How far the delivery has come.
    attempts integer NOT NULL DEFAULT 1, -- Calls made so far.
    "nextRetryAt" timestamp, -- When it will be tried again; null when it will not.
    error text, -- Why the last call failed, null otherwise.
    "errorCode" varchar(100), -- The failure as a short code for programs.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the delivery was inserted.
    "completedAt" timestamp -- When it was delivered or given up.
);
CREATE INDEX webhook_logs_webhook_id_idx ON webhook_logs ("webhookId");
CREATE INDEX webhook_logs_user_id_idx ON webhook_logs ("userId");
CREATE INDEX webhook_logs_status_idx ON webhook_logs (status);
CREATE INDEX webhook_logs_event_idx ON webhook_logs (event);
CREATE INDEX webhook_logs_created_at_idx ON webhook_logs ("createdAt");
CREATE INDEX webhook_logs_next_retry_at_idx ON webhook_logs ("nextRetryAt");
CREATE INDEX webhook_logs_user_webhook_idx ON webhook_logs ("userId", "webhookId");
CREATE INDEX webhook_logs_status_retry_idx ON webhook_logs (status, "nextRetryAt");
CREATE INDEX webhook_logs_user_status_idx ON webhook_logs ("userId", status);
