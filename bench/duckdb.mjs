/*
 * duckdb.mjs - the works W1, W6 and W7 on DuckDB; script.c says what is passed and printed.
 *
 * The rows stand in a table without keys before the clock starts, as other engines have them in
 * memory: W1 times the inserts of 10,000 rows a transaction into a table with its primary key,
 * foreign keys and five indexes. DuckDB knows neither ON DELETE CASCADE nor synchronous=NORMAL.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [folder, work, store, inputs] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(folder + '/')('@duckdb/node-api');
const batch = 10000;
const day = 86400000000;

const tables = {
    users: `id INTEGER PRIMARY KEY, "openId" VARCHAR UNIQUE, name VARCHAR, email VARCHAR NOT NULL UNIQUE,
        "loginMethod" VARCHAR NOT NULL, "onboardingCompleted" INTEGER NOT NULL,
        "createdAt" BIGINT NOT NULL, "updatedAt" BIGINT NOT NULL, "lastSignedIn" BIGINT NOT NULL`,
    agency_tasks: `id INTEGER PRIMARY KEY, "userId" INTEGER NOT NULL REFERENCES users (id),
        "taskUuid" UUID NOT NULL UNIQUE, "sourceType" VARCHAR NOT NULL, title VARCHAR NOT NULL,
        "taskType" VARCHAR NOT NULL, priority VARCHAR NOT NULL, status VARCHAR NOT NULL,
        "queuedAt" BIGINT, "createdAt" BIGINT NOT NULL, "updatedAt" BIGINT NOT NULL`,
    task_executions: `id INTEGER PRIMARY KEY, "taskId" INTEGER NOT NULL REFERENCES agency_tasks (id),
        "executionUuid" UUID NOT NULL UNIQUE, "attemptNumber" INTEGER NOT NULL, status VARCHAR NOT NULL,
        "triggeredBy" VARCHAR NOT NULL, "triggeredByUserId" INTEGER REFERENCES users (id),
        "stepsTotal" INTEGER NOT NULL, "stepsCompleted" INTEGER NOT NULL, duration INTEGER,
        "startedAt" BIGINT NOT NULL, "createdAt" BIGINT NOT NULL`,
};
const calls = (key, user, execution) => `id INTEGER ${key}, "userId" INTEGER NOT NULL ${user},
    "executionId" INTEGER ${execution}, "requestId" VARCHAR, model VARCHAR NOT NULL,
    "inputTokens" INTEGER NOT NULL, "outputTokens" INTEGER NOT NULL,
    "cacheCreationTokens" INTEGER NOT NULL, "cacheReadTokens" INTEGER NOT NULL,
    "totalTokens" INTEGER NOT NULL, "inputCost" DECIMAL(10,4) NOT NULL,
    "outputCost" DECIMAL(10,4) NOT NULL, "cacheCost" DECIMAL(10,4) NOT NULL,
    "totalCost" DECIMAL(10,4) NOT NULL, "promptType" VARCHAR, "toolsUsed" VARCHAR,
    "responseTime" INTEGER, "stopReason" VARCHAR, "createdAt" TIMESTAMP NOT NULL`;
const raw = `'id': 'INTEGER', 'userId': 'INTEGER', 'executionId': 'INTEGER', 'requestId': 'VARCHAR',
    'model': 'VARCHAR', 'inputTokens': 'INTEGER', 'outputTokens': 'INTEGER',
    'cacheCreationTokens': 'INTEGER', 'cacheReadTokens': 'INTEGER', 'totalTokens': 'INTEGER',
    'inputCost': 'BIGINT', 'outputCost': 'BIGINT', 'cacheCost': 'BIGINT', 'totalCost': 'BIGINT',
    'promptType': 'VARCHAR', 'toolsUsed': 'VARCHAR', 'responseTime': 'INTEGER',
    'stopReason': 'VARCHAR', 'createdAt': 'BIGINT'`;
const text = `delim '\t', quote '', escape '', header false, nullstr '\\N'`;
const reading = `delim = '\t', quote = '', escape = '', header = false, nullstr = '\\N'`;
const costs = ['inputCost', 'outputCost', 'cacheCost', 'totalCost'];

const instance = await DuckDBInstance.create(store, { threads: '2' });
const connection = await instance.connect();
const rows = async (sql) => (await connection.runAndReadAll(sql)).getRows();

/* ------------------------------------------------------------------ W1 */

async function load() {
    for (const [name, columns] of Object.entries(tables)) {
        await connection.run(`CREATE TABLE ${name} (${columns})`);
        await connection.run(`COPY ${name} FROM '${inputs}${name}' (${text})`);
    }
    await connection.run(`CREATE TEMP TABLE waiting (${calls('', '', '')})`);
    await connection.run(`INSERT INTO waiting SELECT * REPLACE (
        ${costs.map((c) => `CAST("${c}" AS DECIMAL(18,4)) / 10000 AS "${c}"`).join(', ')},
        make_timestamp("createdAt") AS "createdAt")
        FROM read_csv('${inputs}api_token_usage', columns = {${raw}}, auto_detect = false, ${reading})`);
    await connection.run(`CREATE TABLE api_token_usage (${calls(
        'PRIMARY KEY', 'REFERENCES users (id)', 'REFERENCES task_executions (id)')})`);
    for (const columns of ['"userId"', '"executionId"', 'model', '"createdAt"', '"userId", "createdAt"']) {
        const name = columns.replaceAll(/[^A-Za-z]+/g, '_');
        await connection.run(`CREATE INDEX calls_${name} ON api_token_usage (${columns})`);
    }
    const [[count]] = await rows('SELECT count(*) FROM waiting');
    const start = process.hrtime.bigint();
    for (let first = 1; first <= Number(count); first += batch) {
        await connection.run('BEGIN');
        await connection.run(`INSERT INTO api_token_usage
            SELECT * FROM waiting WHERE id >= ${first} AND id < ${first + batch}`);
        await connection.run('COMMIT');
    }
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    await connection.run(`COPY (SELECT * REPLACE (
        ${costs.map((c) => `CAST("${c}" * 10000 AS BIGINT) AS "${c}"`).join(', ')},
        epoch_us("createdAt") AS "createdAt") FROM api_token_usage ORDER BY id)
        TO '${store}.calls' (${text})`);
    return { operations: count, seconds, count: 0n, sum: 0n, checksum: 0n };
}

/* ------------------------------------------------------------------ W6 and W7 */

const wrap = (number) => BigInt.asUintN(64, number);

/* engine.h: mix_bytes() and answer_group(). */
function mixBytes(value) {
    let mixed = 0n;
    const bytes = Buffer.from(value);
    for (const byte of bytes) {
        mixed = wrap((mixed ^ BigInt(byte)) * 0x100000001b3n);
    }
    return wrap((mixed ^ BigInt(bytes.length)) * 0x9e3779b97f4a7c15n + 1n);
}

function addGroup(answer, key, [count, tokens, cost]) {
    answer.count += 1n;
    answer.sum += cost;
    answer.checksum = wrap(answer.checksum + (key | 1n) * (count * 3n + tokens * 5n + cost * 7n));
}

const measures = `count(*), CAST(sum("totalTokens") AS BIGINT), CAST(sum("totalCost") * 10000 AS BIGINT)`;

async function sums(sql, keyOf, keys) {
    await rows(sql);
    const start = process.hrtime.bigint();
    const groups = await rows(sql);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const answer = { seconds, count: 0n, sum: 0n, checksum: 0n };
    groups.forEach((group) => addGroup(answer, keyOf(group), group.slice(keys)));
    const [[operations]] = await rows('SELECT count(*) FROM api_token_usage');
    return { operations, ...answer };
}

const works = {
    W1: load,
    load,
    W6: () => sums(`SELECT model, ${measures} FROM api_token_usage GROUP BY model`,
        ([model]) => mixBytes(model), 1),
    W7: () => sums(`SELECT "userId", epoch_us("createdAt") // ${day} AS day, ${measures}
        FROM api_token_usage GROUP BY "userId", day`,
        ([user, time]) => BigInt(user) * 100000n + BigInt(time), 2),
};

const answer = await works[work]();
const status = readFileSync('/proc/self/status', 'utf8');
const kib = (field) => status.match(new RegExp(`${field}:\\s+(\\d+)`))[1];
connection.closeSync();
instance.closeSync();
console.log(answer.operations.toString(), answer.seconds.toFixed(9), answer.count.toString(),
    answer.sum.toString(), answer.checksum.toString(), kib('VmHWM'), kib('RssAnon'));
