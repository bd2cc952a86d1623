-- Email Integration. Mailboxes that users have connected, the mail fetched from them, and answers drafted by
-- a model.
-- Depends on: users.

CREATE TABLE email_connections ( -- A mailbox that the platform may read and send from, connected through
    -- OAuth.
    id serial PRIMARY KEY, -- Number of the mailbox, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the mailbox.
    provider varchar(20) NOT NULL, -- Who runs the mailbox. [values: gmail, outlook]
    email varchar(320) NOT NULL, -- Its address.
    "accessToken" text NOT NULL, -- Token sent with each call, encrypted by the platform. [secret]
    "refreshToken" text NOT NULL, -- Token that obtains a new access token, encrypted by the platform. [secret]
    "expiresAt" timestamp NOT NULL, -- When the access token stops working.
    scope text NOT NULL, -- What the user has allowed, as the provider words it.
    metadata jsonb, -- What the provider says about the mailbox.
    "isActive" boolean NOT NULL DEFAULT true, -- False while it is not fetched from.
    "lastSyncedAt" timestamp, -- Latest fetch.
    "syncCursor" text, -- The provider's mark of how far was fetched.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the mailbox was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the mailbox last changed.
);

CREATE TABLE synced_emails ( -- A mail that was fetched from a mailbox, with what a model made of it.
    id serial PRIMARY KEY, -- Number of the mail, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the mailbox.
    "connectionId" integer NOT NULL REFERENCES email_connections (id), -- Mailbox it was fetched from.
    "messageId" text NOT NULL UNIQUE, -- The provider's name of the mail.
    "threadId" text, -- The provider's name of the exchange it belongs to.
    subject text, -- Its subject line.
    "from" jsonb NOT NULL, -- Name and address of the sender.
    "to" jsonb NOT NULL, -- Names and addresses of the recipients.
    cc jsonb, -- Names and addresses of those who got a copy.
    bcc jsonb, -- Names and addresses of those who got a hidden copy.
    "replyTo" jsonb, -- Addresses that answers should go to.
    date timestamp NOT NULL, -- When it was sent, by its own account.
    body text, -- Its text.
    "bodyType" varchar(10), -- What that text is. [values: html, text]
    snippet text, -- Its beginning, for lists.
    labels jsonb, -- Folders or labels that it carries.
    "isRead" boolean NOT NULL DEFAULT false, -- Whether it was opened.
    "isStarred" boolean NOT NULL DEFAULT false, -- Whether it was marked.
    "hasAttachments" boolean NOT NULL DEFAULT false, -- Whether files came with it.
    attachments jsonb, -- Names, types and sizes of those files, not the files.
    headers jsonb, -- Its header lines.
    "rawData" jsonb, -- The provider's delivery, unchanged.
    sentiment varchar(20), -- Mood, in a model's opinion.
    "sentimentScore" integer, -- That mood as a number.
    importance varchar(20), -- Weight, in a model's opinion.
    category varchar(50), -- Subject area, in a model's opinion.
    "requiresResponse" boolean, -- Whether it wants an answer, in a model's opinion; null until judged.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the mail was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the mail last changed.
);

CREATE TABLE email_drafts ( -- An answer that a model wrote, for the user to approve.
    id serial PRIMARY KEY, -- Number of the draft, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the draft.
    "emailId" integer NOT NULL REFERENCES synced_emails (id), -- Mail that it answers.
    "connectionId" integer NOT NULL REFERENCES email_connections (id), -- Mailbox that it would be sent from.
    subject text NOT NULL, -- Its subject line.
    body text NOT NULL, -- Its text.
    "bodyType" varchar(10) NOT NULL DEFAULT 'html', -- What that text is. [values: html, text]
    tone varchar(20), -- Manner in which it is written.
    status varchar(20) NOT NULL DEFAULT 'pending', -- What became of it; new drafts are 'pending'.
    model varchar(50), -- Name of the model that wrote it.
    "generatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it was written.
    "sentAt" timestamp, -- When it was sent; null until then.
    "providerId" text, -- The provider's name of the sent mail.
    metadata jsonb, -- Settings it was written with.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the draft was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the draft last changed.
);
