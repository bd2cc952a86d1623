/* tests/refusal/world.c - the store that the scenes play in; see refusal.h. */
#include "refusal.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "schema/schema.h"

#include <bbots/evolve_1.h>
#include <bbots/evolve_2.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void give_up(const char *what, const bbots_error *error)
{
    fprintf(stderr, "refusal: cannot %s%s%s\n", what, error != NULL ? ": " : "",
            error != NULL ? error->message : "");
    exit(2);
}

/* ------------------------------------------------------------------ rows */

static uint64_t take_named(const bbots_table *table, va_list rest, bbots_value *values)
{
    uint64_t given = 0;
    const char *name;
    while ((name = va_arg(rest, const char *)) != NULL) {
        int number = bbots_table_column(table, bbots_text_of(name));
        if (number < 0) {
            give_up(name, NULL);
        }
        values[number] = va_arg(rest, bbots_value);
        given |= BBOTS_COLUMN_BIT(number);
    }
    return given;
}

int put(bbots_txn *txn, bbots_error *error, const bbots_table *table, ...)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    va_list rest;
    va_start(rest, table);
    uint64_t given = take_named(table, rest, values);
    va_end(rest);
    return bbots_insert(txn, table, values, given, NULL, error);
}

int change(bbots_txn *txn, bbots_error *error, const bbots_table *table, int64_t id, ...)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_value key = integer(id);
    va_list rest;
    va_start(rest, id);
    uint64_t set = take_named(table, rest, values);
    va_end(rest);
    return bbots_update(txn, table, 0, &key, values, set, NULL, error);
}

static const char anthropic_prices[] =
    "{\"provider\": \"anthropic\", \"models\": [{\"id\": \"sonnet\", \"match\": {\"or\": ["
    "{\"starts_with\": \"claude\"}, {\"regex\": \"^s[0-9]+$\"}]}, \"prices\": ["
    "{\"input\": \"3\", \"output\": \"15\", \"cacheWrite\": \"3.75\", \"cacheRead\": \"0.3\"},"
    "{\"from\": \"2026-01-10\", \"input\": \"2\", \"output\": \"10\", \"cacheWrite\": \"2.5\","
    " \"cacheRead\": \"0.2\"}]}], \"fallback\": {\"id\": \"any\", \"prices\": ["
    "{\"input\": \"15\", \"output\": \"75\"}]}}";

static const char browser_prices[] =
    "{\"provider\": \"browserbase\", \"models\": [{\"id\": \"session\", \"prices\": ["
    "{\"minute\": \"0.01\", \"recording\": \"0.05\", \"screenshot\": \"0.0007\"}]}]}";

static const char storage_prices[] =
    "{\"provider\": \"storage\", \"models\": [{\"id\": \"s3/download\", \"prices\": ["
    "{\"request\": \"0.0000004\", \"transferGb\": \"0.09\"}]}]}";

#define DO(call)                                                                                   \
    do {                                                                                           \
        if ((call) < 0) {                                                                          \
            give_up(#call, &error);                                                                \
        }                                                                                          \
    } while (0)

static void put_people(bbots_txn *txn)
{
    bbots_error error;
    for (int i = 1; i <= 4; i++) {
        char mail[32];
        snprintf(mail, sizeof mail, "user%d@example.org", i);
        DO(put(txn, &error, &bbots_users_table, "email", string(mail), "name", string("n"), NULL));
    }
    DO(put(txn, &error, &bbots_sessions_table, "id", string("first"), "userId", integer(1),
           "expiresAt", time_at(NOW + DAY), NULL));
    DO(put(txn, &error, &bbots_user_profiles_table, "userId", integer(1), "ghlApiKey",
           string("the key of user 1"), "goals", json_of("{\"a\": [1, 2.50, \"x\"]}"), NULL));
    DO(put(txn, &error, &bbots_user_profiles_table, "userId", integer(2), "ghlApiKey",
           string("the key of user 2"), NULL));
    DO(put(txn, &error, &bbots_api_keys_table, "userId", integer(1), "name", string("k"), "keyHash",
           string("h"), "keyPrefix", string("p"), "scopes", json_of("[]"), NULL));
}

static void put_work(bbots_txn *txn)
{
    bbots_error error;
    for (int i = 0; i < 6; i++) {
        DO(put(txn, &error, &bbots_agency_tasks_table, "userId", integer(2), "sourceType",
               string("x"), "title", string("t"), "taskType", string("x"), "priority",
               string(i % 2 == 0 ? "high" : "low"), "scheduledFor", time_at(NOW - i), NULL));
    }
    DO(put(txn, &error, &bbots_task_executions_table, "taskId", integer(1), "triggeredBy",
           string("x"), "triggeredByUserId", integer(3), NULL));
}

static void put_plans(bbots_txn *txn)
{
    bbots_error error;
    unsigned made;
    DO(bbots_usage_seed_tiers(txn, NOW, &made, &error));
    DO(put(txn, &error, &bbots_user_subscriptions_table, "userId", integer(1), "tierId", integer(2),
           "currentPeriodStart", time_at(NOW - 14 * DAY), "currentPeriodEnd",
           time_at(NOW + 14 * DAY), "executionsUsedThisPeriod", integer(3), "metadata",
           json_of("{\"usage\": {\"periodStart\": 1767268800000000, \"packExecutions\": 1}}"),
           NULL));
    DO(put(txn, &error, &bbots_execution_packs_table, "slug", string("small"), "name",
           string("small"), "executionCount", integer(5), "priceCents", integer(50), NULL));
    DO(put(txn, &error, &bbots_agent_add_ons_table, "slug", string("two"), "name", string("two"),
           "additionalAgents", integer(2), "monthlyPriceCents", integer(10), NULL));
    DO(put(txn, &error, &bbots_user_agent_add_ons_table, "userId", integer(1), "addOnId",
           integer(1), "quantity", integer(1), NULL));
    DO(put(txn, &error, &bbots_execution_packs_table, "slug", string("large"), "name",
           string("large"), "executionCount", integer(500), "priceCents", integer(5000),
           "minTierId", integer(2), NULL));
    DO(put(txn, &error, &bbots_user_execution_packs_table, "userId", integer(1), "packId",
           integer(1), "executionsIncluded", integer(5), "executionsRemaining", integer(2),
           "pricePaidCents", integer(50), "expiresAt", time_at(NOW + 30 * DAY), NULL));
    DO(put(txn, &error, &bbots_subscription_usage_records_table, "userId", integer(1),
           "periodStart", time_at(NOW - 44 * DAY), "periodEnd", time_at(NOW - 14 * DAY), "tierId",
           integer(2), "executionLimit", integer(500), "agentLimit", integer(5), "executionsUsed",
           integer(3), NULL));
}

static void put_costs(bbots_txn *txn)
{
    static const char *const keys[] = {"pricing.anthropic", "pricing.browserbase",
                                       "pricing.storage"};
    static const char *const lists[] = {anthropic_prices, browser_prices, storage_prices};
    bbots_error error;
    bbots_cost_recorded done;
    for (unsigned i = 0; i < COUNT(keys); i++) {
        DO(put(txn, &error, &bbots_system_config_table, "key", string(keys[i]), "value",
               json_of(lists[i]), NULL));
    }
    for (int i = 0; i < 12; i++) {
        bbots_cost_call call = {.user_id = 1 + i % 2,
                                .execution_id = i % 3 == 0,
                                .model = bbots_text_of(i % 2 == 0 ? "claude-x" : "s4"),
                                .input_tokens = 1000 * i,
                                .output_tokens = 10,
                                .at = NOW - i * DAY / 2};
        DO(bbots_cost_record_call(txn, &call, 0, NOW, &done, &error));
    }
    bbots_budget_limits limits = {.limits = {1000000, BBOTS_BUDGET_UNLIMITED, 9000000}};
    bbots_uuid reservation;
    DO(bbots_budget_set(txn, 1, &limits, NOW, &error));
    DO(bbots_budget_reserve(txn, 1, 50, NOW + DAY, NOW, &reservation, NULL, &error));
}

static void fill(stage *at)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_credential of = {.user_id = 1,
                           .name = bbots_text_of("Mail"),
                           .service = bbots_text_of("mail.example.org"),
                           .type = bbots_text_of("password"),
                           .metadata = bbots_json_of("{\"port\": 993}")};
    bbots_bytes secret = {"pass word", 9};
    DO(bbots_begin(at->store, BBOTS_WRITE, &txn, &error));
    bbots_txn_set_now(txn, NOW);
    put_people(txn);
    put_work(txn);
    put_plans(txn);
    put_costs(txn);
    DO(bbots_credential_store(txn, at->ring, &of, secret, BBOTS_VAULT_HEX, NULL, &error));
    DO(bbots_credits_add(txn, 1, bbots_text_of("call"), 10, NOW, NULL, &error));
    DO(bbots_commit(txn, &error));
}

/* ------------------------------------------------------------------ the file */

bbots_options stage_options(const stage *at)
{
    return (bbots_options){.schema = &bbots_platform_schema,
                           .keys = at->ring,
                           .flags = at->plain_reads ? BBOTS_OPEN_PLAIN_READS : 0};
}

static void take_image(const stage *at, stage_image *image)
{
    struct stat status;
    int fd = open(at->path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0) {
        give_up("read the store's file", NULL);
    }
    image->size = (size_t)status.st_size;
    image->bytes = malloc(image->size);
    if (image->bytes == NULL || read(fd, image->bytes, image->size) != status.st_size) {
        give_up("read the store's file", NULL);
    }
    close(fd);
}

enum { ANCHOR_FROM_END = 512, ANCHOR_RUN = 8, ANCHOR_HASHED = 176 };

/*
 * The store as a process left it that died with commits that were not flushed, and as another run of the
 * system finds it: it goes back to the last flush, which was after the last change.
 */
static void make_unclean(stage *at)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_stat stat;
    bbots_options options = stage_options(at);
    options.durability = BBOTS_BUFFERED;
    DO(bbots_open(at->path, &options, &at->store, &error));
    DO(bbots_store_stat(at->store, &stat, &error));
    DO(bbots_begin(at->store, BBOTS_WRITE, &txn, &error));
    bbots_rollback(txn);
    take_image(at, &at->open);
    DO(bbots_close(at->store, &error));
    at->store = NULL;
    uint8_t *anchor = (uint8_t *)at->open.bytes + 2 * stat.page_bytes - ANCHOR_FROM_END;
    anchor[ANCHOR_RUN] ^= 1;
    bb_store64(anchor + ANCHOR_HASHED, bb_hash64(anchor, ANCHOR_HASHED));
}

static void make_store(stage *at)
{
    bbots_error error;
    bbots_txn *txn;
    bbots_keyring *old;
    bbots_options options = stage_options(at);
    options.flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE;
    DO(bbots_keyring_new(&old, &error));
    DO(bbots_keyring_add_file(old, at->key_path, &error));
    options.durability = BBOTS_RELAXED;
    options.keys = old; /* so that a rotation to the first key has something to do */
    DO(bbots_open(at->path, &options, &at->store, &error));
    fill(at);
    DO(bbots_begin(at->store, BBOTS_READ, &txn, &error));
    DO(bbots_store_digest(txn, &at->digest, &error));
    bbots_rollback(txn);
    DO(bbots_close(at->store, &error));
    at->store = NULL;
    take_image(at, &at->closed);
    make_unclean(at);
    bbots_keyring_free(old);
}

/* evolve_2 under the name of evolve_1: a file knows them as one schema. */
static void make_grown(stage *at)
{
    bb_arena arena;
    const void *data;
    size_t size;
    bbots_error error;
    at->grown = bbots_evolve_2_schema;
    at->grown.name = bbots_evolve_1_schema.name;
    bb_arena_init(&arena);
    DO(schema_serialize(&arena, &at->grown, &data, &size, &error));
    at->grown.fingerprint = schema_fingerprint(data, size);
    bb_arena_free(&arena);
}

void stage_make(stage *at)
{
    bbots_error error;
    const char *place = getenv("TMPDIR");
    memset(at, 0, sizeof *at);
    snprintf(at->folder, sizeof at->folder, "%.40s/bbots-refusal-XXXXXX",
             place != NULL ? place : "/tmp");
    if (mkdtemp(at->folder) == NULL) {
        give_up("make a folder", NULL);
    }
    snprintf(at->path, sizeof at->path, "%s/store", at->folder);
    snprintf(at->other, sizeof at->other, "%s/other", at->folder);
    snprintf(at->key_path, sizeof at->key_path, "%s/key", at->folder);
    DO(bbots_key_file_create(at->key_path, NULL, &error));
    DO(bbots_keyring_new(&at->ring, &error));
    DO(bbots_keyring_add(at->ring, (const uint8_t[BBOTS_KEY_BYTES]){9, 9, 9}, &error));
    DO(bbots_keyring_add_file(at->ring, at->key_path, &error));
    make_grown(at);
    make_store(at);
}

/* Calls on_name for what lies in the folder. */
static void each_name(const char *folder, void (*on_name)(const char *name, void *context),
                      void *context)
{
    DIR *names = opendir(folder);
    struct dirent *entry;
    while (names != NULL && (entry = readdir(names)) != NULL) {
        if (entry->d_name[0] != '.') {
            on_name(entry->d_name, context);
        }
    }
    if (names != NULL) {
        closedir(names);
    }
}

static bool belongs(const char *name)
{
    return strcmp(name, "store") == 0 || strcmp(name, "store-lock") == 0 ||
           strcmp(name, "key") == 0;
}

static void count_litter(const char *name, void *context)
{
    *(unsigned *)context += !belongs(name);
}

unsigned stage_litter(const stage *at)
{
    unsigned count = 0;
    each_name(at->folder, count_litter, &count);
    return count;
}

static void remove_name(const char *name, void *context)
{
    const stage *at = context;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", at->folder, name);
    if (strcmp(name, "key") != 0 && strcmp(name, "store") != 0) {
        unlink(path);
    }
}

void stage_clear(stage *at)
{
    each_name(at->folder, remove_name, at);
}

void stage_restore(stage *at, bool unclean)
{
    const stage_image *image = unclean ? &at->open : &at->closed;
    stage_clear(at);
    int fd = open(at->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, image->bytes, image->size) != (ssize_t)image->size) {
        give_up("write the store's file", NULL);
    }
    close(fd);
}

void stage_end(stage *at)
{
    each_name(at->folder, remove_name, at);
    unlink(at->path);
    unlink(at->key_path);
    rmdir(at->folder);
    bbots_keyring_free(at->ring);
    free(at->open.bytes);
    free(at->closed.bytes);
}
