-- Lead Management. Lists of prospective customers, their enrichment, telephone campaigns by an AI voice, and
-- the credits that pay for both.
-- Depends on: users.

CREATE TABLE user_credits ( -- How many credits of one type a user has. balance is always totalPurchased less
    -- totalUsed.
    id serial PRIMARY KEY, -- Number of the balance, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the balance.
    "creditType" varchar(50) NOT NULL, -- What the credits pay for. [values: enrichment, calling, scraping]
    balance integer NOT NULL DEFAULT 0, -- Credits left.
    "totalPurchased" integer NOT NULL DEFAULT 0, -- Credits ever bought or granted.
    "totalUsed" integer NOT NULL DEFAULT 0, -- Credits ever consumed.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the balance was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the balance last changed.
);

CREATE TABLE credit_packages ( -- Credits on offer.
    id serial PRIMARY KEY, -- Number of the package, never handed out twice.
    name varchar(200) NOT NULL, -- Title shown to customers.
    description text, -- Sales text.
    "creditAmount" integer NOT NULL, -- Credits in the package.
    price integer NOT NULL, -- Price of one package. [unit: cents]
    "creditType" varchar(50) NOT NULL, -- What the credits pay for. [values: enrichment, calling, scraping]
    "isActive" boolean NOT NULL DEFAULT true, -- False for a package that is no longer sold.
    "sortOrder" integer NOT NULL DEFAULT 0, -- Place in the price list, low first.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the package was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the package last changed.
);

CREATE TABLE lead_lists ( -- An uploaded list of prospective customers and how far it has been worked through.
    id serial PRIMARY KEY, -- Number of the list, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the list.
    name varchar(500) NOT NULL, -- Title shown in lists.
    description text, -- What the list is.
    "fileName" varchar(500), -- Name of the uploaded file.
    "fileSize" integer, -- Length of that file. [unit: bytes]
    status varchar(50) NOT NULL DEFAULT 'uploading', -- How far it has come; it begins as 'uploading'.
    "totalLeads" integer NOT NULL DEFAULT 0, -- People on the list.
    "enrichedLeads" integer NOT NULL DEFAULT 0, -- People for whom more was found out.
    "failedLeads" integer NOT NULL DEFAULT 0, -- People for whom that failed.
    "costInCredits" integer NOT NULL DEFAULT 0, -- Credits consumed for the list.
    metadata jsonb, -- Further facts, free in shape.
    "uploadedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the file arrived.
    "processingStartedAt" timestamp, -- When work on it began.
    "processedAt" timestamp -- When work on it ended.
);

CREATE TABLE leads ( -- One person or company on a list, as uploaded and as enriched.
    id serial PRIMARY KEY, -- Number of the lead, never handed out twice.
    "listId" integer NOT NULL REFERENCES lead_lists (id) ON DELETE CASCADE, -- List it stands on; it goes with the list.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the lead.
    "rawData" jsonb NOT NULL, -- The line of the uploaded file, by column.
    "enrichedData" jsonb, -- What was found out in addition.
    "enrichmentStatus" varchar(50) NOT NULL DEFAULT 'pending', -- How far that has come; it begins as 'pending'.
    "creditsUsed" integer NOT NULL DEFAULT 0, -- Credits consumed for it.
    error text, -- Why it failed, null otherwise.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the lead was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the lead last changed.
    "enrichedAt" timestamp -- When it was done.
);

CREATE TABLE ai_call_campaigns ( -- A round of telephone calls that an AI voice makes to the people of a list.
    id serial PRIMARY KEY, -- Number of the campaign, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the campaign.
    "listId" integer REFERENCES lead_lists (id), -- People to be called, null when they come from elsewhere.
    name varchar(500) NOT NULL, -- Title shown in lists.
    description text, -- What the campaign is for.
    script text NOT NULL, -- What the voice is to say.
    status varchar(50) NOT NULL DEFAULT 'draft', -- How far it has come; it begins as 'draft'.
    "callsMade" integer NOT NULL DEFAULT 0, -- Calls so far.
    "callsSuccessful" integer NOT NULL DEFAULT 0, -- Calls that reached their aim.
    "callsFailed" integer NOT NULL DEFAULT 0, -- Calls that could not be made.
    "callsAnswered" integer NOT NULL DEFAULT 0, -- Calls that somebody picked up.
    "totalDuration" integer NOT NULL DEFAULT 0, -- All calls together. [unit: s]
    "costInCredits" integer NOT NULL DEFAULT 0, -- Credits consumed.
    settings jsonb, -- Voice, language and similar.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the campaign was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the campaign last changed.
    "startedAt" timestamp, -- When calling began.
    "completedAt" timestamp -- When calling ended.
);

CREATE TABLE ai_calls ( -- One telephone call of a campaign.
    id serial PRIMARY KEY, -- Number of the call, never handed out twice.
    "campaignId" integer NOT NULL REFERENCES ai_call_campaigns (id) ON DELETE CASCADE, -- Campaign it is
        -- part of; it goes with the campaign.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the call.
    "leadId" integer REFERENCES leads (id), -- Who was called, null when the number is on no list.
    "phoneNumber" varchar(20) NOT NULL, -- Number that was dialled.
    status varchar(50) NOT NULL DEFAULT 'pending', -- How far the call has come; it begins as 'pending'.
    outcome varchar(50), -- What came of it.
    "vapiCallId" varchar(255), -- The call at the telephone service Vapi.
    duration integer, -- How long it lasted. [unit: s]
    "recordingUrl" text, -- Where its sound is.
    transcript text, -- What was said.
    analysis jsonb, -- What a model made of it.
    notes text, -- Remarks by the user.
    "creditsUsed" integer NOT NULL DEFAULT 1, -- Credits consumed.
    error text, -- Why it failed, null otherwise.
    "calledAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the number was dialled.
    "answeredAt" timestamp, -- When somebody picked up, null when nobody did.
    "completedAt" timestamp -- When it ended.
);
