-- SEO & Analytics. Search engine work: audits of pages, keywords and their ranks, links from other sites, and
-- heat maps of visitors.
-- Depends on: users.

CREATE TABLE seo_reports ( -- An audit of one page for search engines.
    id serial PRIMARY KEY, -- Number of the report, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who asked for it.
    url text NOT NULL, -- Page that was examined.
    title text, -- Title of that page.
    score integer NOT NULL, -- Overall mark, 0 to 100.
    status varchar(20) NOT NULL DEFAULT 'completed', -- How far the audit has come.
    "metaDescription" text, -- Content of the page's description tag.
    "metaKeywords" text, -- Content of the page's keywords tag.
    headings jsonb, -- Headings by level.
    images jsonb, -- Pictures and their alternative texts.
    links jsonb, -- Links within the site and to others.
    performance jsonb, -- Loading times and similar measurements.
    "technicalSEO" jsonb, -- Findings on robots, sitemap, canonical address and similar.
    "contentAnalysis" jsonb, -- Findings on length, readability and words used.
    "aiInsights" text, -- Assessment written by a model.
    recommendations jsonb, -- List of things to improve.
    "pdfUrl" text, -- Address of the report as a PDF.
    "reportType" varchar(20) DEFAULT 'full', -- How thorough the audit is.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the report was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the report last changed.
);

CREATE TABLE keyword_research ( -- A search term that was suggested for a topic, with its market figures.
    id serial PRIMARY KEY, -- Number of the finding, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who asked for it.
    topic text NOT NULL, -- Subject that was researched.
    keyword text NOT NULL, -- The search term.
    "searchVolume" integer DEFAULT 0, -- Searches in a month.
    difficulty integer DEFAULT 50, -- How hard it is to rank for, 0 to 100.
    cpc integer DEFAULT 0, -- Advertisers' price for one click. [unit: cents]
    trend varchar(10) DEFAULT 'stable', -- Which way the searches are going. [values: up, down, stable]
    "relatedKeywords" jsonb, -- Similar terms.
    source varchar(50) DEFAULT 'ai', -- Where the figures come from.
    metadata jsonb, -- Further facts, free in shape.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the finding was inserted.
);

CREATE TABLE keyword_rankings ( -- Rank of a site for a search term at one time. Rows are added, so that the
    -- course can be drawn.
    id serial PRIMARY KEY, -- Number of the measurement, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who watches it.
    url text NOT NULL, -- Site or page that is watched.
    keyword text NOT NULL, -- The search term.
    position integer, -- Rank that was found, 1 is best, null when not listed.
    "previousPosition" integer, -- Rank at the measurement before.
    change integer DEFAULT 0, -- Difference between position and previousPosition.
    "searchEngine" varchar(20) DEFAULT 'google', -- Search engine that was asked.
    location varchar(100) DEFAULT 'United States', -- Place the search was made from, since ranks differ by place.
    "pageTitle" text, -- Title of the page that ranked.
    "pageUrl" text, -- Page that ranked, may differ from url.
    snippet text, -- Text that the search engine showed.
    "checkedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the search was made.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the measurement was inserted.
);

CREATE TABLE backlinks ( -- A link from another site to a page that a user watches.
    id serial PRIMARY KEY, -- Number of the link, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who watches the page.
    "targetUrl" text NOT NULL, -- Page that is linked to.
    "sourceUrl" text NOT NULL, -- Page that has the link.
    "sourceDomain" text NOT NULL, -- Site of that page.
    "anchorText" text, -- Words that are linked.
    "isDoFollow" boolean DEFAULT true, -- Whether search engines count the link.
    "isActive" boolean DEFAULT true, -- False once the link was found to be gone.
    "domainRating" integer DEFAULT 0, -- Strength of the site's own links, 0 to 100.
    "domainAuthority" integer DEFAULT 0, -- Estimated weight of the site with search engines, 0 to 100.
    "pageAuthority" integer DEFAULT 0, -- Estimated weight of the page with search engines, 0 to 100.
    "isToxic" boolean DEFAULT false, -- True when the link is likely to do harm.
    "firstSeen" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it was discovered.
    "lastSeen" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it was last there.
    "lastChecked" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- Latest look at the source page.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the link was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the link last changed.
);

CREATE TABLE heatmap_sessions ( -- A page whose visitors' clicks and scrolling are recorded, with the totals.
    id serial PRIMARY KEY, -- Number of the tracking, never handed out twice.
    "userId" integer NOT NULL REFERENCES users (id), -- Who has it recorded.
    url text NOT NULL, -- Page that is watched.
    "trackingId" varchar(100) NOT NULL UNIQUE, -- Name that the script on the page reports under.
    "totalClicks" integer DEFAULT 0, -- Clicks so far.
    "totalSessions" integer DEFAULT 0, -- Visits so far.
    "averageScrollDepth" integer DEFAULT 0, -- How far down visitors get on average. [unit: %]
    "bounceRate" integer DEFAULT 0, -- Visitors who leave without doing anything. [unit: %]
    "averageTimeOnPage" integer DEFAULT 0, -- How long visitors stay on average. [unit: s]
    "isActive" boolean DEFAULT true, -- False once recording was stopped.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the tracking was inserted.
    "updatedAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When the tracking last changed.
);

CREATE TABLE heatmap_events ( -- One click or scroll of a visitor.
    id serial PRIMARY KEY, -- Number of the event, never handed out twice.
    "sessionId" integer NOT NULL REFERENCES heatmap_sessions (id), -- Tracking it was reported to.
    "eventType" varchar(20) NOT NULL, -- What the visitor did. [values: click, scroll]
    x integer, -- Distance from the left edge. [unit: px]
    y integer, -- Distance from the top edge. [unit: px]
    element text, -- CSS selector of what was clicked.
    "scrollDepth" integer, -- How far the visitor scrolled. [unit: px]
    "scrollPercentage" integer, -- That distance as a share of the page's height. [unit: %]
    "visitorId" varchar(100), -- Random name of the visitor.
    "userAgent" text, -- What the visitor's browser calls itself.
    "ipAddress" varchar(45), -- Network address of the visitor, IPv4 or IPv6 in text form.
    timestamp timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When it happened at the visitor's.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP -- When it was reported.
);
