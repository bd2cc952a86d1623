-- Meta Ads. Copies of a user's advertising accounts, campaigns, ad sets and ads at Meta (Facebook), and what
-- models say about them.
-- Depends on: users.

CREATE TABLE ad_analyses ( -- Figures and judgement that a vision model read off the screenshot of an ad.
    id serial PRIMARY KEY, -- Number of the analysis, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who asked for it.
    "adId" varchar(128), -- Meta's name of the ad, null when it is not known.
    "screenshotUrl" text NOT NULL, -- Where the picture is.
    impressions integer, -- Times the ad was shown.
    clicks integer, -- Times it was clicked.
    ctr decimal(5,2), -- Clicks in relation to impressions. [unit: %]
    cpc decimal(10,2), -- Cost of one click, in the account's currency.
    spend decimal(10,2), -- Total cost, in the account's currency.
    conversions integer, -- Clicks that led to the wanted act.
    roas decimal(10,2), -- Revenue in relation to cost.
    insights jsonb, -- What the model noticed.
    suggestions jsonb, -- What it would change.
    sentiment varchar(20), -- How the ad comes across.
    confidence decimal(3,2), -- How sure the model is, 0 to 1.
    "rawAnalysis" jsonb, -- Its answer, unchanged.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the analysis was inserted.
);

CREATE TABLE ad_recommendations ( -- One change that is advised for an ad, and whether it was made.
    id serial PRIMARY KEY, -- Number of the recommendation, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Whom it is meant for.
    "analysisId" integer REFERENCES ad_analyses (id), -- Analysis it follows from.
    "adId" varchar(128), -- Meta's name of the ad.
    type varchar(50) NOT NULL, -- What would be changed. [values: copy, targeting, budget, creative, schedule]
    priority varchar(20) NOT NULL, -- How much it matters. [values: high, medium, low]
    title text NOT NULL, -- The advice in one line.
    description text NOT NULL, -- The advice in full.
    "expectedImpact" text, -- What it is expected to bring.
    actionable varchar(10) NOT NULL DEFAULT 'true', -- Whether it can be carried out by the platform. A
        -- word, not a boolean. [values: true, false]
    status varchar(20) NOT NULL DEFAULT 'pending', -- What became of it; new advice is 'pending'.
    "appliedAt" timestamp, -- When it was carried out.
    "appliedBy" integer REFERENCES users (id), -- Who carried it out.
    "resultMetrics" jsonb, -- Figures afterwards.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the recommendation was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the recommendation last changed.
);

CREATE TABLE meta_ad_accounts ( -- A user's advertising account at Meta, as it was last fetched.
    id serial PRIMARY KEY, -- Number of the account, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the account.
    "accountId" varchar(128) NOT NULL UNIQUE, -- Meta's name of the account.
    "accountName" text NOT NULL, -- Its title.
    "accountStatus" varchar(50), -- Its state, in Meta's words.
    currency varchar(10), -- Three-letter code of the currency in which all its amounts are.
    metadata jsonb, -- Further facts, free in shape.
    "lastSyncedAt" timestamp, -- When it was fetched.
    "isActive" varchar(10) NOT NULL DEFAULT 'true', -- Whether it is kept up to date. A word, not a boolean.
        -- [values: true, false]
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the account was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the account last changed.
);

CREATE TABLE meta_campaigns ( -- An advertising campaign, as it was last fetched.
    id serial PRIMARY KEY, -- Number of the campaign, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the campaign.
    "accountId" integer NOT NULL REFERENCES meta_ad_accounts (id), -- Account it belongs to: the row, not Meta's name.
    "campaignId" varchar(128) NOT NULL UNIQUE, -- Meta's name of the campaign.
    "campaignName" text NOT NULL, -- Its title.
    status varchar(50), -- Its state, in Meta's words.
    objective varchar(100), -- What it is meant to achieve, in Meta's words.
    "dailyBudget" decimal(10,2), -- Limit for a day, in the account's currency.
    "lifetimeBudget" decimal(10,2), -- Limit for all its time, in the account's currency.
    metadata jsonb, -- Further facts, free in shape.
    "lastSyncedAt" timestamp, -- When it was fetched.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the campaign was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the campaign last changed.
);

CREATE TABLE meta_ad_sets ( -- Ads of a campaign that share an audience and a budget, as last fetched.
    id serial PRIMARY KEY, -- Number of the ad set, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the ad set.
    "campaignId" integer NOT NULL REFERENCES meta_campaigns (id), -- Campaign it belongs to: the row, not Meta's name.
    "adSetId" varchar(128) NOT NULL UNIQUE, -- Meta's name of the ad set.
    "adSetName" text NOT NULL, -- Its title.
    status varchar(50), -- Its state, in Meta's words.
    "dailyBudget" decimal(10,2), -- Limit for a day, in the account's currency.
    "lifetimeBudget" decimal(10,2), -- Limit for all its time, in the account's currency.
    "targetingDescription" text, -- The audience in words.
    targeting jsonb, -- The audience as Meta defines it.
    metadata jsonb, -- Further facts, free in shape.
    "lastSyncedAt" timestamp, -- When it was fetched.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the ad set was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the ad set last changed.
);

CREATE TABLE meta_ads ( -- A single ad, as it was last fetched.
    id serial PRIMARY KEY, -- Number of the ad, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Owner of the ad.
    "adSetId" integer NOT NULL REFERENCES meta_ad_sets (id), -- Ad set it belongs to: the row, not Meta's name.
    "adId" varchar(128) NOT NULL UNIQUE, -- Meta's name of the ad.
    "adName" text NOT NULL, -- Its title in the account.
    status varchar(50), -- Its state, in Meta's words.
    headline text, -- The large line that is shown.
    "primaryText" text, -- The text that is shown.
    description text, -- The small line that is shown.
    "imageUrl" text, -- Where its picture is.
    "videoUrl" text, -- Where its film is.
    "callToAction" varchar(50), -- Label of its button, in Meta's words.
    creative jsonb, -- Its make-up as Meta defines it.
    "latestMetrics" jsonb, -- Figures at the last fetch.
    "lastSyncedAt" timestamp, -- When it was fetched.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the ad was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the ad last changed.
);
