-- Alerts & Notifications. Rules that watch tasks, the alerts they raised, and their way to the user.
-- Depends on: users.

CREATE TABLE alert_rules ( -- When a user wants to be told about their tasks, how, and how often at most.
    id serial PRIMARY KEY, -- Number of the rule, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the rule.
    name varchar(255) NOT NULL, -- Title shown in lists.
    description text, -- What it is for.
    "ruleType" varchar(50) NOT NULL, -- What kind of condition it is.
    "targetType" varchar(50) NOT NULL DEFAULT 'all_tasks', -- Which tasks it watches; 'all_tasks' is every one.
    "targetTaskIds" jsonb, -- Those tasks by number, if it watches some.
    "targetTags" jsonb, -- Those tasks by label, if it watches some.
    conditions jsonb NOT NULL, -- What has to be true.
    "notificationChannels" jsonb NOT NULL, -- Where the alert is sent.
    "cooldownMinutes" integer NOT NULL DEFAULT 5, -- Silence after an alert. [unit: min]
    "aggregationEnabled" boolean NOT NULL DEFAULT true, -- Whether similar alerts are put together into one.
    "maxAlertsPerHour" integer NOT NULL DEFAULT 12, -- No more alerts than this in an hour.
    severity varchar(20) NOT NULL DEFAULT 'medium', -- How bad it is when the rule applies.
    priority integer NOT NULL DEFAULT 5, -- Rank among rules and in the delivery queue.
    "isActive" boolean NOT NULL DEFAULT true, -- False while the rule is switched off.
    "isPaused" boolean NOT NULL DEFAULT false, -- True while it is suspended for a time.
    "lastAlertSentAt" timestamp, -- Latest alert.
    "alertsThisHour" integer NOT NULL DEFAULT 0, -- Alerts since the hour began.
    "hourlyResetAt" timestamp, -- When that count starts again.
    "createdBy" integer NOT NULL REFERENCES users (id), -- Who made the rule.
    "lastModifiedBy" integer NOT NULL REFERENCES users (id), -- Who last edited it.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the rule was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the rule last changed.
);

CREATE TABLE alert_history ( -- A rule that applied, and what was sent on account of it.
    id serial PRIMARY KEY, -- Number of the alert, never handed out twice.
    "ruleId" integer NOT NULL REFERENCES alert_rules (id) ON DELETE CASCADE, -- The rule; the alert goes with it.
    "userId" integer NOT NULL REFERENCES users (id), -- Who is told.
    "taskId" integer, -- Task it is about. No foreign key: it may be gone.
    "executionId" integer, -- Run it is about. No foreign key: it may be gone.
    "alertType" varchar(50) NOT NULL, -- What kind of alert it is.
    severity varchar(20) NOT NULL, -- How bad it is, as the rule said at the time.
    title varchar(500) NOT NULL, -- The alert in one line.
    message text NOT NULL, -- The alert in full.
    details jsonb, -- Circumstances, free in shape.
    channels jsonb NOT NULL, -- Where it was sent.
    "deliveryStatus" jsonb, -- How that went, by channel.
    status varchar(20) NOT NULL DEFAULT 'pending', -- What became of it; it begins as 'pending'.
    "triggeredAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the rule applied.
    "acknowledgedAt" timestamp, -- When somebody took note.
    "acknowledgedBy" integer REFERENCES users (id), -- Who took note.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the alert was inserted.
);

CREATE TABLE in_app_notifications ( -- A message in the user's own interface.
    id serial PRIMARY KEY, -- Number of the notification, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who sees it.
    "alertHistoryId" integer REFERENCES alert_history (id) ON DELETE CASCADE, -- Alert it tells about,
        -- null for other messages; it goes with the alert.
    title varchar(255) NOT NULL, -- The message in one line.
    message text NOT NULL, -- The message in full.
    type varchar(20) NOT NULL DEFAULT 'info', -- How it is displayed. [values: info, warning, error, success]
    priority integer NOT NULL DEFAULT 5, -- Place among the user's messages.
    "isRead" boolean NOT NULL DEFAULT false, -- Whether it was opened.
    "isDismissed" boolean NOT NULL DEFAULT false, -- Whether it was put away.
    metadata jsonb, -- Further facts, free in shape.
    "actionUrl" text, -- Where its button leads.
    "actionLabel" varchar(100), -- What its button says.
    "readAt" timestamp, -- When it was opened.
    "dismissedAt" timestamp, -- When it was put away.
    "expiresAt" timestamp, -- Not shown from then on; null for always.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the notification was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the notification last changed.
);

CREATE TABLE alert_delivery_queue ( -- One alert on its way through one channel. Senders poll it by priority
    -- and due time. [queue: status, priority, scheduledFor]
    id serial PRIMARY KEY, -- Number of the delivery, never handed out twice.
    "alertHistoryId" integer NOT NULL REFERENCES alert_history (id) ON DELETE CASCADE, -- The alert; the
        -- delivery goes with it.
    channel varchar(50) NOT NULL, -- What kind of channel it is.
    destination text NOT NULL, -- Address within that channel.
    payload jsonb NOT NULL, -- What is sent.
    status varchar(20) NOT NULL DEFAULT 'pending', -- How far it has come; it begins as 'pending'.
    attempts integer NOT NULL DEFAULT 0, -- Tries so far.
    "maxAttempts" integer NOT NULL DEFAULT 3, -- Given up after this many tries.
    "lastAttemptAt" timestamp, -- Latest try.
    error text, -- Why that failed, null otherwise.
    priority integer NOT NULL DEFAULT 5, -- Rank in the queue.
    "scheduledFor" timestamp, -- Not to be tried before this time; null for at once.
    "sentAt" timestamp, -- When it was sent; null until then.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the delivery was inserted.
);
