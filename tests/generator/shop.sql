-- A host's own schema, with everything that the platform's does not use: keys of several columns, a
-- reference to one of them, a reference to its own table, every type, names that C and C++ reserve.

CREATE TABLE customers ( -- Who buys.
    id bigserial PRIMARY KEY, -- Number of the customer.
    email varchar(320) NOT NULL UNIQUE, -- Where the bill goes; "quotes" and a \ backslash.
    "class" text DEFAULT 'it''s new', -- What kind of customer. [values: new, old-timer, old_timer]
    secret text, -- Password hash. [secret]
    balance decimal(12,2) NOT NULL DEFAULT -0.50, -- What is owed. [unit: EUR]
    rating double precision DEFAULT 1.5e1, -- Mean of all ratings.
    weight real, -- Of the last parcel. [unit: kg]
    photo bytea DEFAULT '\x00ff', -- A picture.
    token uuid NOT NULL UNIQUE DEFAULT (gen_random_uuid()), -- Name in addresses.
    settings jsonb NOT NULL DEFAULT '{"a": [1, "it''s"]}', -- Anything /* else */ the shop knows.
    small smallint DEFAULT 7, -- A small number.
    flag boolean NOT NULL DEFAULT true, -- A flag.
    "createdAt" timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, -- When the row was made.
    "updatedAt" timestamp with time zone -- When it last changed.
);

CREATE TABLE categories ( -- Shelves; a shelf can stand in another one.
    id serial PRIMARY KEY, -- Number of the shelf.
    parent integer REFERENCES categories (id) ON DELETE CASCADE, -- The shelf around it.
    "technicalSEO" text -- Words for search engines.
);

CREATE TABLE orders ( -- What was bought, numbered for each customer.
    customer bigint NOT NULL REFERENCES customers ON DELETE CASCADE, -- Who bought.
    number integer NOT NULL, -- Counts the customer's orders.
    note varchar, -- A remark without limit.
    error text UNIQUE, -- A column that is named like a parameter.
    PRIMARY KEY (customer, number)
);
CREATE INDEX orders_customer_note_idx ON orders (customer, note);

CREATE TABLE order_lines ( -- What an order
    -- [live sold: by customer; split category; sum price] is made of.
    id serial PRIMARY KEY, -- Number of the line.
    customer bigint, -- Together with number:
    number integer, -- the order.
    category integer REFERENCES categories (id) ON DELETE SET NULL, -- The shelf it came from.
    price numeric(18) NOT NULL, -- In the smallest coin. [unit: cents]
    UNIQUE (customer, number, price),
    FOREIGN KEY (number, customer) REFERENCES orders (number, customer) ON DELETE CASCADE
);
CREATE INDEX order_lines_order_idx ON order_lines (customer, number);
CREATE UNIQUE INDEX order_lines_price_idx ON order_lines (price, id);

ALTER TABLE categories ADD COLUMN
    direction -- Where it points.
        vector(3);
