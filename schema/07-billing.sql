-- Billing & Subscriptions. Plans, what users have subscribed to or bought on top, and the account of each
-- past billing period.
-- Depends on: users.

CREATE TABLE subscription_tiers ( -- A plan on offer: its price and what it allows.
    id serial PRIMARY KEY, -- Number of the tier, never handed out twice.
    slug varchar(50) NOT NULL UNIQUE, -- Short stable name of the plan used by programs.
    name varchar(100) NOT NULL, -- Title shown to customers.
    description text, -- Sales text.
    "monthlyPriceCents" integer NOT NULL, -- Price of one month. [unit: cents]
    "setupFeeCents" integer NOT NULL DEFAULT 0, -- Charged once at the start. [unit: cents]
    "weeklyPremiumPercent" integer NOT NULL DEFAULT 15, -- Added to the price when paid by the week. [unit: %]
    "sixMonthDiscountPercent" integer NOT NULL DEFAULT 5, -- Taken off when paid for six months. [unit: %]
    "annualDiscountPercent" integer NOT NULL DEFAULT 10, -- Taken off when paid for a year. [unit: %]
    "maxAgents" integer NOT NULL, -- Agents a subscriber may have.
    "maxConcurrentAgents" integer NOT NULL, -- Agents that may work at the same time.
    "monthlyExecutionLimit" integer NOT NULL, -- Executions included in a month.
    "maxExecutionDurationMinutes" integer NOT NULL DEFAULT 60, -- An execution is stopped after this long. [unit: min]
    "maxGhlAccounts" integer, -- GoHighLevel accounts that can be connected, null for any number.
    features jsonb NOT NULL DEFAULT '{}', -- Object of switches for optional abilities.
    "allowedStrategies" jsonb NOT NULL DEFAULT '["auto"]', -- List of ways in which several agents may be
        -- made to work together.
    "sortOrder" integer NOT NULL DEFAULT 0, -- Place in the price list, low first.
    "isActive" boolean NOT NULL DEFAULT true, -- False for a plan that is no longer sold.
    "isPopular" boolean NOT NULL DEFAULT false, -- True for the plan that is highlighted in the price list.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the tier was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the tier last changed.
);

CREATE TABLE user_subscriptions ( -- The plan a user is on now and what is used up of it. At most one row per
    -- user.
    id serial PRIMARY KEY, -- Number of the subscription, never handed out twice.
    "userId" integer NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE, -- The subscriber.
    "tierId" integer NOT NULL REFERENCES subscription_tiers (id), -- Plan subscribed to.
    status varchar(50) NOT NULL DEFAULT 'active', -- Whether the plan may be used; only active and trial allow work.
        -- [values: active, past_due, cancelled, paused, trial]
    "paymentFrequency" varchar(20) NOT NULL DEFAULT 'monthly', -- How often is paid.
        -- [values: weekly, monthly, six_month, annual]
    "currentPeriodStart" timestamp NOT NULL, -- Begin of the running billing period, inclusive.
    "currentPeriodEnd" timestamp NOT NULL, -- Its end, exclusive.
    "cancelAtPeriodEnd" boolean NOT NULL DEFAULT false, -- True when the plan ends with the running period
        -- instead of being renewed.
    "stripeCustomerId" varchar(255), -- The subscriber at the payment service Stripe.
    "stripeSubscriptionId" varchar(255), -- The subscription at Stripe.
    "executionsUsedThisPeriod" integer NOT NULL DEFAULT 0, -- Executions consumed since currentPeriodStart.
    "agentsSpawnedThisPeriod" integer NOT NULL DEFAULT 0, -- Agents started since currentPeriodStart.
    "additionalAgentSlots" integer NOT NULL DEFAULT 0, -- Agents allowed on top of the plan.
    "additionalExecutions" integer NOT NULL DEFAULT 0, -- Executions allowed on top of the plan in this period.
    "trialEndsAt" timestamp, -- End of the free trial, null when there is none.
    "cancelledAt" timestamp, -- When the subscriber gave notice.
    "cancellationReason" text, -- What they said about it.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the subscription was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the subscription last changed.
);

CREATE TABLE execution_packs ( -- A bundle of further executions on offer, paid once.
    id serial PRIMARY KEY, -- Number of the pack, never handed out twice.
    slug varchar(50) NOT NULL UNIQUE, -- Short stable name used by programs.
    name varchar(100) NOT NULL, -- Title shown to customers.
    description text, -- Sales text.
    "executionCount" integer, -- Executions in the bundle, null for any number.
    "validForDays" integer, -- How long a bought bundle lasts, null for the rest of the billing period. [unit: days]
    "priceCents" integer NOT NULL, -- Price of one bundle. [unit: cents]
    "minTierId" integer REFERENCES subscription_tiers (id), -- Lowest plan whose subscribers may buy it, null for all.
    "maxPerMonth" integer, -- How many a user may buy in a month, null for any number.
    "sortOrder" integer NOT NULL DEFAULT 0, -- Place in the price list, low first.
    "isActive" boolean NOT NULL DEFAULT true, -- False for a bundle that is no longer sold.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the pack was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the pack last changed.
);

CREATE TABLE user_execution_packs ( -- A bundle that a user bought, and what is left of it.
    id serial PRIMARY KEY, -- Number of the purchase, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- The buyer.
    "packId" integer NOT NULL REFERENCES execution_packs (id), -- Bundle that was bought.
    "executionsIncluded" integer, -- Executions at the time of purchase, null for any number.
    "executionsRemaining" integer, -- What is left of them, null for any number.
    "purchasedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it was bought.
    "expiresAt" timestamp, -- What is left is lost at this time; null for no end.
    "pricePaidCents" integer NOT NULL, -- What it cost then. [unit: cents]
    "stripePaymentIntentId" varchar(255), -- The payment at Stripe.
    status varchar(50) NOT NULL DEFAULT 'active', -- Whether it can still be drawn on.
        -- [values: active, depleted, expired]
    metadata jsonb -- Further facts, free in shape.
);

CREATE TABLE agent_add_ons ( -- Further agents on offer, paid by the month.
    id serial PRIMARY KEY, -- Number of the add-on, never handed out twice.
    slug varchar(50) NOT NULL UNIQUE, -- Short stable name used by programs.
    name varchar(100) NOT NULL, -- Title shown to customers.
    description text, -- Sales text.
    "additionalAgents" integer NOT NULL, -- Agents that one unit adds.
    "monthlyPriceCents" integer NOT NULL, -- Price of one unit and month. [unit: cents]
    "minTierId" integer REFERENCES subscription_tiers (id), -- Lowest plan whose subscribers may buy it, null for all.
    "maxPerUser" integer, -- How many units a user may hold, null for any number.
    "sortOrder" integer NOT NULL DEFAULT 0, -- Place in the price list, low first.
    "isActive" boolean NOT NULL DEFAULT true, -- False for an add-on that is no longer sold.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the add-on was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the add-on last changed.
);

CREATE TABLE user_agent_add_ons ( -- Add-ons that a user pays for.
    id serial PRIMARY KEY, -- Number of the holding, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- The subscriber.
    "addOnId" integer NOT NULL REFERENCES agent_add_ons (id), -- Add-on that was taken.
    quantity integer NOT NULL DEFAULT 1, -- Units of it.
    status varchar(50) NOT NULL DEFAULT 'active', -- Whether it counts. [values: active, cancelled]
    "stripeSubscriptionItemId" varchar(255), -- The line of the subscription at Stripe.
    "startedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it began to count.
    "cancelledAt" timestamp, -- When it was given up, null while held.
    metadata jsonb -- Further facts, free in shape.
);

CREATE TABLE subscription_usage_records ( -- A closed billing period: what was allowed, used, bought and
    -- charged.
    id serial PRIMARY KEY, -- Number of the record, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- The subscriber.
    "periodStart" timestamp NOT NULL, -- Begin of the period, inclusive.
    "periodEnd" timestamp NOT NULL, -- Its end, exclusive.
    "tierId" integer NOT NULL REFERENCES subscription_tiers (id), -- Plan in force during the period.
    "executionLimit" integer NOT NULL, -- Executions that the plan included.
    "agentLimit" integer NOT NULL, -- Agents that the plan and add-ons allowed.
    "executionsUsed" integer NOT NULL DEFAULT 0, -- Executions consumed.
    "peakConcurrentAgents" integer NOT NULL DEFAULT 0, -- Most agents at work at the same time.
    "additionalExecutionsPurchased" integer NOT NULL DEFAULT 0, -- Executions bought on top.
    "additionalExecutionsUsed" integer NOT NULL DEFAULT 0, -- How many of those were consumed.
    "overageExecutions" integer NOT NULL DEFAULT 0, -- Executions beyond everything paid for.
    "overageChargedCents" integer NOT NULL DEFAULT 0, -- What was charged for them. [unit: cents]
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the period was closed.
);
