-- User & Authentication. Accounts, sign-in sessions, one-time tokens and the log of sign-in attempts.
-- Depends on: none. Nearly every other group refers to users.

CREATE TABLE users ( -- A person who can sign in. Almost all other rows belong to one; a user cannot be
    -- deleted while rows without a cascade rule still refer to them.
    id serial PRIMARY KEY, -- Number of the account, never handed out twice.
    "openId" varchar(64) UNIQUE, -- Identifier from the Manus OAuth service, null for accounts that do not use it.
    "googleId" varchar(64) UNIQUE, -- Subject identifier from Google OAuth, null for accounts that do not use it.
    password text, -- Bcrypt hash, never the password itself. Null when the person signs in through OAuth only.
    name text, -- How the person is addressed in the interface.
    email varchar(320) NOT NULL UNIQUE, -- Main address, also the sign-in name. 320 characters is the
        -- longest address that mail permits.
    "loginMethod" varchar(64) NOT NULL DEFAULT 'email', -- How the account was last set up to sign in.
        -- [values: email, google, manus]
    role varchar(20) NOT NULL DEFAULT 'user', -- What the account may do; ordinary accounts are 'user'.
    "onboardingCompleted" boolean NOT NULL DEFAULT false, -- True once the introductory questionnaire was
        -- finished, see user_profiles.
    "suspendedAt" timestamp, -- When an administrator locked the account, null while it is usable.
    "suspensionReason" text, -- Explanation given for the lock.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the account was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the account last changed.
    "lastSignedIn" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- Latest successful sign-in.
);
CREATE INDEX users_email_idx ON users (email);
CREATE INDEX users_login_method_idx ON users ("loginMethod");
CREATE INDEX users_email_login_method_idx ON users (email, "loginMethod");

CREATE TABLE sessions ( -- One signed-in browser of a person. The row is what a session cookie points to.
    id text PRIMARY KEY, -- Opaque random identifier carried by the cookie.
    "userId" integer NOT NULL REFERENCES users (id), -- Who is signed in.
    "expiresAt" timestamp with time zone NOT NULL -- The cookie is refused from this instant on. The only
        -- column of the schema that stores a zone-aware time.
);

CREATE TABLE user_profiles ( -- What a customer told about their business during onboarding, at most one row
    -- per user.
    id serial PRIMARY KEY, -- Number of the profile, never handed out twice.
    "userId" integer NOT NULL UNIQUE REFERENCES users (id), -- The customer described here.
    "companyName" text, -- Trading name of the customer's business.
    industry varchar(100), -- Sector the business works in.
    "monthlyRevenue" varchar(50), -- Turnover as a range chosen from a list, hence text.
    "employeeCount" varchar(50), -- Size of staff as a range chosen from a list, hence text.
    website text, -- Address of the company's site.
    phone varchar(30), -- Number to reach the customer at, as typed.
    goals jsonb, -- What the customer wants to achieve and where it hurts today.
    "currentTools" jsonb, -- Software the business already uses.
    "referralSource" varchar(100), -- Where the customer heard of the platform.
    "ghlApiKey" text, -- Key to the customer's GoHighLevel account, encrypted by the platform. [secret]
    notes text, -- Free remarks by the customer or by staff.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the profile was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the profile last changed.
);

CREATE TABLE password_reset_tokens ( -- Proof, sent by mail, that allows one change of a forgotten password.
    id serial PRIMARY KEY, -- Number of the token, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Whose password may be changed.
    token text NOT NULL UNIQUE, -- Hash of the token that was mailed out.
    "expiresAt" timestamp NOT NULL, -- Not accepted after this instant.
    "usedAt" timestamp, -- When the token was redeemed; a token with a value here is spent.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the token was inserted.
);
CREATE INDEX password_reset_user_id_idx ON password_reset_tokens ("userId");
CREATE INDEX password_reset_token_idx ON password_reset_tokens (token);
CREATE INDEX password_reset_expires_at_idx ON password_reset_tokens ("expiresAt");

CREATE TABLE email_verification_tokens ( -- Proof, sent by mail, that a person can read the address they
    -- registered.
    id serial PRIMARY KEY, -- Number of the token, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- Whose address is being proven.
    token text NOT NULL UNIQUE, -- Hash of the token that was mailed out.
    "expiresAt" timestamp NOT NULL, -- Not accepted after this instant.
    "verifiedAt" timestamp, -- When the link was followed; null while the address is unproven.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the token was inserted.
);
CREATE INDEX email_verification_user_id_idx ON email_verification_tokens ("userId");
CREATE INDEX email_verification_token_idx ON email_verification_tokens (token);
CREATE INDEX email_verification_expires_at_idx ON email_verification_tokens ("expiresAt");

CREATE TABLE login_attempts ( -- Every try to sign in, good or bad. Read by address and by network to slow
    -- down guessing.
    id serial PRIMARY KEY, -- Number of the attempt, never handed out twice.
    email varchar(320) NOT NULL, -- Address that was typed; it need not belong to any account, so there is
        -- no foreign key.
    "ipAddress" varchar(45) NOT NULL, -- Network address of the client, IPv4 or IPv6 in text form.
    "userAgent" text, -- What the client's browser calls itself.
    success boolean NOT NULL, -- Whether the try led to a session.
    "failureReason" varchar(100), -- Short cause of a refusal, null after a success.
    "attemptedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the try was made.
);
CREATE INDEX login_attempts_email_idx ON login_attempts (email);
CREATE INDEX login_attempts_ip_idx ON login_attempts ("ipAddress");
CREATE INDEX login_attempts_email_attempted_at_idx ON login_attempts (email, "attemptedAt");
CREATE INDEX login_attempts_attempted_at_idx ON login_attempts ("attemptedAt");
