/* tests/ledger/act.c - one thing happens to costs, in the store and in the mirror. */
#include "act.h"

#include <bbots/defer.h>

/* ------------------------------------------------------------------ drawing */

uint64_t draw(actor *of, uint64_t below)
{
    return random_below(&of->all->random, below);
}

static int64_t draw_user(actor *of)
{
    return 1 + (int64_t)draw(of, USERS);
}

/* Half of all costs are reported at once; the others were forgotten, or come from a backfill. */
static int64_t draw_time(actor *of)
{
    return draw(of, 2) != 0 ? of->all->now.now : BEGIN_TIME + (int64_t)draw(of, 90 * (uint64_t)DAY);
}

static cost *draw_row(actor *of)
{
    mirror *now = &of->all->now;
    return now->count != 0 ? &now->rows[draw(of, now->count)] : NULL;
}

static void draw_tokens(actor *of, cost *row)
{
    bbots_cost_sums *sums = &row->sums;
    sums->input_tokens = (int64_t)draw(of, 100000);
    sums->output_tokens = (int64_t)draw(of, 10000);
    if (row->source == BBOTS_COST_CLAUDE) {
        sums->cache_creation_tokens = (int64_t)draw(of, 5000);
        sums->cache_read_tokens = (int64_t)draw(of, 50000);
    }
    sums->tokens = sums->input_tokens + sums->output_tokens + sums->cache_creation_tokens +
                   sums->cache_read_tokens;
}

/* A row of a source with all that can be drawn; prices are another matter. */
static cost draw_cost(actor *of, unsigned source)
{
    cost row;
    memset(&row, 0, sizeof row);
    row.source = source;
    row.user = draw_user(of);
    row.execution = (int64_t)draw(of, EXECUTIONS + 1);
    row.time = draw_time(of);
    row.by = (labels){-1, -1, -1, -1, -1};
    if (source <= BBOTS_COST_GEMINI) {
        row.by.model = (int8_t)(source * 2 + draw(of, 2));
        row.by.prompt_type = (int8_t)((int)draw(of, 4) - 1);
        draw_tokens(of, &row);
    } else if (source == BBOTS_COST_BROWSER) {
        row.by.status = (int8_t)draw(of, 3);
        row.sums.duration_ms = (int64_t)draw(of, 4000000);
        row.sums.minutes = rounded((wide)row.sums.duration_ms * 100, 60000);
        row.sums.screenshots = (int64_t)draw(of, 20);
    } else {
        row.by.store = (int8_t)draw(of, 3);
        row.by.operation = (int8_t)draw(of, 4);
        row.sums.bytes = (int64_t)draw(of, 2000000000);
        row.sums.mb = rounded((wide)row.sums.bytes * 10000, 1048576);
    }
    return row;
}

static bbots_text label(const char *const *names, int number)
{
    return number >= 0 ? bbots_text_of(names[number]) : (bbots_text){NULL, 0};
}

static bbots_text name_text(int name, char text[16])
{
    snprintf(text, 16, "n%d", name);
    return name != 0 ? bbots_text_of(text) : (bbots_text){NULL, 0};
}

/* ------------------------------------------------------------------ recording */

static bbots_cost_recorded recorded_row(actor *of, const cost *row, const bbots_cost_recorded *got)
{
    if (got->repeated || got->id <= 0 || got->total != cost_total(row)) {
        broken(of->all, "recording says id %lld, total %lld instead of %lld", (long long)got->id,
               (long long)got->total, (long long)cost_total(row));
    }
    return *got;
}

static void check_verdict(actor *of, int64_t user, const bbots_cost_recorded *got)
{
    bbots_budget_verdict wanted = mirror_budget(&of->all->now, user).verdict;
    if (got->verdict != wanted) {
        broken(of->all, "recording says verdict %d of user %lld instead of %d", (int)got->verdict,
               (long long)user, (int)wanted);
    }
}

/* One of few, so that many are repeated, by whatever user and in whatever way. */
static int16_t draw_name(actor *of)
{
    return (int16_t)(1 + draw(of, 60));
}

/* A name is known already: nothing may change, and the first row of that name is told. */
static bool was_there(actor *of, unsigned source, int name, const bbots_cost_recorded *got)
{
    mirror *now = &of->all->now;
    if (name == 0 || mirror_named(now, source, name) == NULL) {
        return false;
    }
    const cost *row = mirror_named(now, source, name);
    if (!got->repeated || row->id != got->id || got->total != cost_total(row)) {
        broken(of->all, "a repeated recording of n%d of source %u was not seen", name, source);
    }
    return true;
}

static void record_call(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    cost row = draw_cost(of, (unsigned)draw(of, 2));
    bool once = draw(of, 3) == 0;
    bool priced = draw(of, 6) == 0;
    char text[16];
    bbots_cost_recorded got;
    row.name = once ? draw_name(of) : 0;
    bbots_cost_call call = {.source = (bbots_cost_source)row.source,
                            .user_id = row.user,
                            .execution_id = row.execution,
                            .request_id = name_text(row.name, text),
                            .model = label(model_names, row.by.model),
                            .prompt_type = label(prompt_types, row.by.prompt_type),
                            .input_tokens = row.sums.input_tokens,
                            .output_tokens = row.sums.output_tokens,
                            .cache_creation_tokens = row.sums.cache_creation_tokens,
                            .cache_read_tokens = row.sums.cache_read_tokens,
                            .response_ms = -1,
                            .at = row.time,
                            .priced = priced};
    if (priced) {
        row.parts[0] = call.input_cost = (int64_t)draw(of, 100000);
        row.parts[1] = call.output_cost = (int64_t)draw(of, 100000);
        cost_set_total(&row, row.parts[0] + row.parts[1]);
    } else {
        price_call(now, &row);
    }
    must(of,
         bbots_cost_record_call(txn, &call, once ? BBOTS_COST_ONCE : 0, now->now, &got, &of->error),
         BBOTS_OK);
    if (once && was_there(of, row.source, row.name, &got)) {
        return;
    }
    row.id = recorded_row(of, &row, &got).id;
    mirror_add(now, &row);
    check_verdict(of, row.user, &got);
}

static void set_session_cost(cost *row, int64_t minute, int64_t recording, int64_t picture)
{
    row->sums.recording_cost = recording;
    row->sums.screenshot_cost = row->sums.screenshots * picture;
    wide total = (wide)row->sums.duration_ms * minute +
                 ((wide)recording + row->sums.screenshot_cost) * 60000;
    cost_set_total(row, rounded(total, 60000));
}

static void record_session(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    cost row = draw_cost(of, BBOTS_COST_BROWSER);
    int64_t minute = draw(of, 2) != 0 ? BBOTS_COST_UNKNOWN : (int64_t)draw(of, 300);
    int64_t picture = (int64_t)draw(of, 30);
    bool taped = draw(of, 2) != 0;
    char text[16];
    bbots_cost_recorded got;
    row.name = (int16_t)(1 + draw(of, 60));
    bbots_cost_session session = {.user_id = row.user,
                                  .execution_id = row.execution,
                                  .session_id = name_text(row.name, text),
                                  .status = label(statuses, row.by.status),
                                  .duration_ms = row.sums.duration_ms,
                                  .recorded = taped,
                                  .screenshots = row.sums.screenshots,
                                  .minute_cost = minute,
                                  .recording_cost = 1000,
                                  .screenshot_cost = picture,
                                  .started = BEGIN_TIME,
                                  .at = row.time};
    cost *known = mirror_named(now, BBOTS_COST_BROWSER, row.name);
    if (known != NULL) {
        session.user_id = known->user;
        row.user = known->user;
        row.execution = known->execution;
        row.time = known->time;
    }
    set_session_cost(&row, minute == BBOTS_COST_UNKNOWN ? 100 : minute, taped ? 1000 : 0, picture);
    must(of, bbots_cost_record_session(txn, &session, 0, now->now, &got, &of->error), BBOTS_OK);
    row.id = recorded_row(of, &row, &got).id;
    if (got.updated != (known != NULL) || (known != NULL && known->id != row.id)) {
        broken(of->all, "session %s was%s updated", text, got.updated ? "" : " not");
    }
    if (known != NULL) {
        *known = row;
    } else {
        mirror_add(now, &row);
    }
    check_verdict(of, row.user, &got);
}

static void record_operation(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    cost row = draw_cost(of, BBOTS_COST_STORAGE);
    int64_t request = (int64_t)draw(of, 5000);
    bool once = draw(of, 3) == 0;
    char text[16];
    bbots_cost_recorded got;
    row.name = once ? draw_name(of) : 0;
    bbots_cost_operation operation = {.user_id = row.user,
                                      .execution_id = row.execution,
                                      .operation_id = name_text(row.name, text),
                                      .provider = label(stores, row.by.store),
                                      .bucket = bbots_text_of("b"),
                                      .operation = label(operations, row.by.operation),
                                      .size_bytes = row.sums.bytes,
                                      .request_cost = request,
                                      .transfer_cost = 90000,
                                      .at = row.time};
    /* of 10^-14 USD: a request at 10^-8 and bytes / 2^30 at 10^-6 */
    wide total = row.by.operation != 0 ? (wide)request << 30 : 0;
    total += row.by.operation == 1 ? (wide)row.sums.bytes * 90000 * 100 : 0;
    cost_set_total(&row, rounded(total, (wide)100 << 30));
    must(of,
         bbots_cost_record_operation(txn, &operation, once ? BBOTS_COST_ONCE : 0, now->now, &got,
                                     &of->error),
         BBOTS_OK);
    if (once && was_there(of, row.source, row.name, &got)) {
        return;
    }
    row.id = recorded_row(of, &row, &got).id;
    mirror_add(now, &row);
    check_verdict(of, row.user, &got);
}

/* ------------------------------------------------------------------ plain rows */

#define SET(name, value) set_value(table, values, &given, name, value)

static void set_value(const bbots_table *table, bbots_value *values, uint64_t *given,
                      const char *name, bbots_value value)
{
    unsigned place = column(table, name);
    values[place] = value;
    *given |= BBOTS_COLUMN_BIT(place);
}

static bbots_value text_or_null(bbots_text text)
{
    return text.data != NULL ? bbots_value_text(text) : bbots_value_null();
}

/* The columns of a row as a host would write them. */
static uint64_t fill(const cost *row, bbots_value *values, char text[16])
{
    const bbots_table *table = sources[row->source];
    const bbots_cost_sums *sums = &row->sums;
    unsigned scale = scale_of(row->source);
    uint64_t given = 0;
    SET("userId", integer(row->user));
    SET("executionId", row->execution != 0 ? integer(row->execution) : null_value());
    SET("createdAt", bbots_value_timestamp(row->time));
    SET("totalCost", bbots_value_decimal(cost_total(row), scale));
    if (row->source <= BBOTS_COST_GEMINI) {
        SET("requestId", text_or_null(name_text(row->name, text)));
        SET("model", bbots_value_text(label(model_names, row->by.model)));
        SET("promptType", text_or_null(label(prompt_types, row->by.prompt_type)));
        SET("inputTokens", integer(sums->input_tokens));
        SET("outputTokens", integer(sums->output_tokens));
        SET("totalTokens", integer(sums->tokens));
        SET("inputCost", bbots_value_decimal(row->parts[0], scale));
        SET("outputCost", bbots_value_decimal(row->parts[1], scale));
        if (row->source == BBOTS_COST_CLAUDE) {
            SET("cacheCreationTokens", integer(sums->cache_creation_tokens));
            SET("cacheReadTokens", integer(sums->cache_read_tokens));
            SET("cacheCost", bbots_value_decimal(row->parts[2], scale));
        }
    } else if (row->source == BBOTS_COST_BROWSER) {
        SET("sessionId", text_or_null(name_text(row->name, text)));
        SET("status", bbots_value_text(label(statuses, row->by.status)));
        SET("durationMs", integer(sums->duration_ms));
        SET("durationMinutes", bbots_value_decimal(sums->minutes, 2));
        SET("recordingCost", bbots_value_decimal(sums->recording_cost, 4));
        SET("screenshotCount", integer(sums->screenshots));
        SET("screenshotCost", bbots_value_decimal(sums->screenshot_cost, 4));
        SET("startedAt", bbots_value_timestamp(BEGIN_TIME));
    } else {
        SET("operationId", text_or_null(name_text(row->name, text)));
        SET("provider", bbots_value_text(label(stores, row->by.store)));
        SET("operationType", bbots_value_text(label(operations, row->by.operation)));
        SET("sizeBytes", integer(sums->bytes));
        SET("sizeMb", bbots_value_decimal(sums->mb, 4));
        SET("bucket", string("b"));
        SET("status", string("success"));
    }
    return given;
}

static void draw_costs(actor *of, cost *row)
{
    if (row->source <= BBOTS_COST_GEMINI) {
        for (unsigned p = 0; p < 3; p++) {
            bool has = p < 2 || row->source == BBOTS_COST_CLAUDE;
            row->parts[p] = has ? (int64_t)draw(of, 100000) : 0;
        }
    } else if (row->source == BBOTS_COST_BROWSER) {
        row->sums.recording_cost = (int64_t)draw(of, 2000);
        row->sums.screenshot_cost = (int64_t)draw(of, 2000);
    }
    cost_set_total(row, (int64_t)draw(of, 1000000) - 1000);
}

static void insert_plain(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_row stored;
    char text[16];
    cost row = draw_cost(of, (unsigned)draw(of, BBOTS_COST_SOURCES));
    draw_costs(of, &row);
    if (row.source == BBOTS_COST_BROWSER) {
        row.name = (int16_t)(100 + draw(of, 30000));
        if (mirror_named(now, row.source, row.name) != NULL) {
            return;
        }
    } else if (draw(of, 4) == 0) {
        row.name = draw_name(of);
    }
    uint64_t given = fill(&row, values, text);
    must(of, bbots_insert(txn, sources[row.source], values, given, &stored, &of->error), BBOTS_OK);
    row.id = row_at(&stored, "id").integer;
    mirror_add(now, &row);
}

/* A load: many rows of one source whose references are judged at the commit. */
static void load(actor *of, bbots_txn *txn)
{
    unsigned rows = 10 + (unsigned)draw(of, 30);
    must(of, bbots_defer_references(txn, NULL, &of->error), BBOTS_OK);
    while (rows-- != 0 && of->all->now.count < ROWS_MAX - 20) {
        insert_plain(of, txn);
    }
}

static void update_plain(actor *of, bbots_txn *txn)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    char text[16];
    cost *row = draw_row(of);
    if (row == NULL) {
        return;
    }
    cost changed = *row;
    if (draw(of, 2) != 0) {
        changed.time = draw_time(of);
    }
    if (draw(of, 3) == 0) {
        changed.user = draw_user(of);
    }
    if (draw(of, 3) == 0) {
        changed.execution = (int64_t)draw(of, EXECUTIONS + 1);
    }
    if (draw(of, 2) != 0) {
        draw_costs(of, &changed);
    }
    if (changed.source <= BBOTS_COST_GEMINI && draw(of, 3) == 0) {
        changed.by.model = (int8_t)(changed.source * 2 + draw(of, 2));
        changed.by.prompt_type = (int8_t)((int)draw(of, 4) - 1);
        draw_tokens(of, &changed);
    }
    if (changed.source != BBOTS_COST_BROWSER && draw(of, 4) == 0) {
        changed.name = draw(of, 3) != 0 ? draw_name(of) : 0;
    }
    uint64_t set = fill(&changed, values, text);
    bbots_value key = integer(row->id);
    must(of, bbots_update(txn, sources[row->source], 0, &key, values, set, NULL, &of->error),
         BBOTS_OK);
    *row = changed;
}

static void delete_plain(actor *of, bbots_txn *txn)
{
    cost *row = draw_row(of);
    if (row != NULL) {
        bbots_value key = integer(row->id);
        must(of, bbots_delete(txn, sources[row->source], 0, &key, NULL, &of->error), BBOTS_OK);
        mirror_remove(&of->all->now, row);
    }
}

/* ------------------------------------------------------------------ cascades */

static void insert_row(actor *of, bbots_txn *txn, const bbots_table *table, uint64_t given)
{
    must(of, bbots_insert(txn, table, named, given, NULL, &of->error), BBOTS_OK);
}

static void insert_user(actor *of, bbots_txn *txn, int64_t id)
{
    char email[48];
    snprintf(email, sizeof email, "u%lld@example.org", (long long)id);
    insert_row(
        of, txn, &bbots_users_table,
        fill_row(&bbots_users_table, named, "id", integer(id), "email", string(email), NULL));
}

static void insert_execution(actor *of, bbots_txn *txn, int64_t id)
{
    insert_row(of, txn, &bbots_task_executions_table,
               fill_row(&bbots_task_executions_table, named, "id", integer(id), "taskId",
                        integer(id), "triggeredBy", string("x"), NULL));
}

static void insert_task(actor *of, bbots_txn *txn, int64_t id)
{
    insert_row(of, txn, &bbots_agency_tasks_table,
               fill_row(&bbots_agency_tasks_table, named, "id", integer(id), "userId",
                        integer(1 + id % USERS), "sourceType", string("x"), "title", string("x"),
                        "description", string("x"), "taskType", string("x"), NULL));
    insert_execution(of, txn, id);
}

static void forget_execution(mirror *now, int64_t id)
{
    for (unsigned i = now->count; i-- != 0;) {
        if (now->rows[i].execution == id) {
            mirror_remove(now, &now->rows[i]);
        }
    }
}

/* A user goes, with his costs, his budget and his tasks' executions; then somebody has his number. */
static void delete_user(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    int64_t user = draw_user(of);
    bbots_value key = integer(user);
    must(of, bbots_delete(txn, &bbots_users_table, 0, &key, NULL, &of->error), BBOTS_OK);
    for (unsigned i = now->count; i-- != 0;) {
        if (now->rows[i].user == user) {
            mirror_remove(now, &now->rows[i]);
        }
    }
    now->budgets[user].there = false;
    insert_user(of, txn, user);
    for (int64_t e = 1; e <= EXECUTIONS; e++) {
        if (1 + e % USERS == user) {
            forget_execution(now, e);
            insert_task(of, txn, e);
        }
    }
}

static void delete_execution(actor *of, bbots_txn *txn)
{
    int64_t id = 1 + (int64_t)draw(of, EXECUTIONS);
    bbots_value key = integer(id);
    must(of, bbots_delete(txn, &bbots_task_executions_table, 0, &key, NULL, &of->error), BBOTS_OK);
    forget_execution(&of->all->now, id);
    insert_execution(of, txn, id);
}

/* ------------------------------------------------------------------ which */

void act_begin(actor *of, bbots_txn *txn)
{
    for (int64_t user = 1; user <= USERS; user++) {
        insert_user(of, txn, user);
    }
    for (int64_t holder = FIRST_HOLDER; holder < FIRST_HOLDER + HOLDERS; holder++) {
        insert_user(of, txn, holder);
    }
    for (int64_t id = 1; id <= EXECUTIONS; id++) {
        insert_task(of, txn, id);
    }
    write_prices(of, txn, BBOTS_COST_CLAUDE, true);
    write_prices(of, txn, BBOTS_COST_GEMINI, true);
}

/* As many rows as there should be: now few, now many. */
static unsigned crowd(const actor *of)
{
    static const unsigned sizes[] = {60, 200, 60, 700};
    return sizes[atomic_load(&of->all->operations) / 4096 % COUNT(sizes)];
}

void act(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    uint64_t which = draw(of, 1000);
    pass_time(of, txn);
    if (now->count > crowd(of) && which >= 500 && which < 900) {
        delete_plain(of, txn);
    } else if (now->count > ROWS_MAX - 20 || which < 140) {
        delete_plain(of, txn);
    } else if (which < 300) {
        update_plain(of, txn);
    } else if (which < 420) {
        insert_plain(of, txn);
    } else if (which < 425) {
        load(of, txn);
    } else if (which < 427) {
        delete_user(of, txn);
    } else if (which < 432) {
        delete_execution(of, txn);
    } else if (which < 450) {
        change_prices(of, txn);
    } else if (which < 470) {
        reprice(of, txn);
    } else if (which < 500) {
        use_budget(of, txn);
    } else if (which < 700) {
        record_call(of, txn);
    } else if (which < 800) {
        record_session(of, txn);
    } else if (which < 900) {
        record_operation(of, txn);
    } else if (which < 950) {
        reserve(of, txn);
    } else {
        use_credits(of, txn);
    }
    atomic_fetch_add(&of->all->operations, 1);
}
