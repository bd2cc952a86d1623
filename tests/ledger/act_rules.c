/* tests/ledger/act_rules.c - prices change and rows are priced anew; budgets, money set aside,
 * credits; time goes by. */
#include "act.h"

#define DAYS 100

/* ------------------------------------------------------------------ prices */

void write_prices(actor *of, bbots_txn *txn, unsigned source, bool insert)
{
    static const char *const keys[] = {"pricing.anthropic", "pricing.google"};
    char text[4000];
    print_prices(&of->all->now, source, text);
    bbots_value value = bbots_value_json(bbots_json_of(text));
    const bbots_table *table = &bbots_system_config_table;
    bbots_value key = string(keys[source]);
    if (insert) {
        uint64_t given = fill_row(table, named, "key", key, "value", value, NULL);
        must(of, bbots_insert(txn, table, named, given, NULL, &of->error), BBOTS_OK);
    } else {
        uint64_t set = fill_row(table, named, "value", value, NULL);
        must(of,
             bbots_update(txn, table, index_of(table, "system_config_key_key"), &key, named, set,
                          NULL, &of->error),
             BBOTS_OK);
    }
}

void change_prices(actor *of, bbots_txn *txn)
{
    unsigned model = (unsigned)draw(of, MODELS);
    unsigned place = (unsigned)draw(of, ENTRIES);
    entry *one = &of->all->now.prices[model][place];
    one->there = place == 0 || draw(of, 4) != 0;
    /* Entries differ by their places, so that no two are in force at once. */
    one->day = place == 0 ? 0 : (int)(draw(of, 30) * ENTRIES + place);
    one->above = place != 0 && draw(of, 2) != 0 ? (int64_t)draw(of, 100000) : 0;
    for (unsigned p = 0; p < 4; p++) {
        one->price[p] = (int64_t)draw(of, 300000);
    }
    write_prices(of, txn, model / 2, false);
}

/* ------------------------------------------------------------------ pricing anew */

typedef struct line {
    uint64_t rows;
    int64_t old_cost;
    int64_t new_cost;
} line;

typedef struct anew {
    uint64_t rows;
    line lines[2][DAYS][2]; /* source, day, model */
} anew;

static bool is_wanted(const bbots_reprice_request *request, unsigned provider, int model,
                      const cost *row)
{
    bool inside = (request->from == 0 && request->to == 0) ||
                  (request->from <= row->time && row->time < request->to);
    return row->source <= BBOTS_COST_GEMINI && inside &&
           (provider == 2 || provider == row->source) && (model < 0 || model == row->by.model) &&
           (request->user_id == 0 || request->user_id == row->user) &&
           ((request->flags & BBOTS_REPRICE_NOTED) == 0 || row->noted);
}

static void price_rows(mirror *now, const bbots_reprice_request *request, unsigned provider,
                       int model, anew *made)
{
    memset(made, 0, sizeof *made);
    for (unsigned i = 0; i < now->count; i++) {
        cost *row = &now->rows[i];
        if (!is_wanted(request, provider, model, row)) {
            continue;
        }
        cost priced = *row;
        price_call(now, &priced);
        made->rows++;
        if (memcmp(priced.parts, row->parts, sizeof priced.parts) != 0 ||
            cost_total(&priced) != cost_total(row)) {
            line *in = &made->lines[row->source][(row->time - BEGIN_TIME) / DAY][row->by.model % 2];
            in->rows++;
            in->old_cost += row->sums.total;
            in->new_cost += priced.sums.total;
        }
        if ((request->flags & BBOTS_REPRICE_APPLY) != 0) {
            *row = priced;
        }
    }
}

static void compare_lines(actor *of, const bbots_repricing *done, const anew *wanted)
{
    size_t at = 0;
    for (unsigned place = 0; place < 2 * DAYS * 2; place++) {
        unsigned source = place / (DAYS * 2);
        const line *one = &wanted->lines[source][place / 2 % DAYS][place % 2];
        if (one->rows == 0) {
            continue;
        }
        const bbots_reprice_line *got =
            at < bbots_repricing_count(done) ? bbots_repricing_line(done, at) : NULL;
        if (got == NULL || got->day != BEGIN_TIME + place / 2 % DAYS * DAY ||
            strcmp(got->model.data, model_names[source * 2 + place % 2]) != 0 ||
            got->rows != one->rows || got->old_cost != one->old_cost ||
            got->new_cost != one->new_cost || got->difference != one->new_cost - one->old_cost) {
            broken(of->all, "line %zu of pricing anew differs", at);
        }
        at++;
    }
    if (at != bbots_repricing_count(done) || bbots_repricing_rows(done) != wanted->rows) {
        broken(of->all, "pricing anew tells %zu lines instead of %zu", bbots_repricing_count(done),
               at);
    }
    atomic_fetch_add(&of->all->answers, 1);
}

void reprice(actor *of, bbots_txn *txn)
{
    static const char *const providers[] = {"anthropic", "google", NULL};
    anew wanted;
    bbots_repricing *done;
    unsigned provider = (unsigned)draw(of, 3);
    int model = (int)draw(of, 2 * MODELS) - MODELS;
    bbots_reprice_request request = {.user_id = (int64_t)draw(of, USERS + 1)};
    if (draw(of, 2) != 0) {
        request.from = BEGIN_TIME + (int64_t)draw(of, 80 * (uint64_t)DAY);
        request.to = request.from + (int64_t)draw(of, 30 * (uint64_t)DAY);
    }
    request.flags = (draw(of, 2) != 0 ? BBOTS_REPRICE_APPLY : 0u) |
                    (draw(of, 3) == 0 ? BBOTS_REPRICE_NOTED : 0u);
    request.provider =
        providers[provider] != NULL ? bbots_text_of(providers[provider]) : (bbots_text){NULL, 0};
    request.model = model >= 0 ? bbots_text_of(model_names[model]) : (bbots_text){NULL, 0};
    must(of, bbots_prices_reprice(txn, &request, &done, &of->error), BBOTS_OK);
    price_rows(&of->all->now, &request, provider, model, &wanted);
    compare_lines(of, done, &wanted);
    bbots_repricing_free(done);
}

/* ------------------------------------------------------------------ budgets */

static void set_budget(actor *of, bbots_txn *txn, int64_t user)
{
    mirror *now = &of->all->now;
    budget *set = &now->budgets[user];
    bbots_budget_limits limits = {.alert_threshold = (int32_t)draw(of, 101),
                                  .auto_stop = draw(of, 2) != 0,
                                  .inactive = draw(of, 6) == 0};
    for (unsigned p = 0; p < BBOTS_BUDGET_PERIODS; p++) {
        limits.limits[p] =
            draw(of, 4) == 0 ? BBOTS_BUDGET_UNLIMITED : 100 * (1 + (int64_t)draw(of, 50000));
        set->limits[p] = limits.limits[p];
    }
    must(of, bbots_budget_set(txn, user, &limits, now->now, &of->error), BBOTS_OK);
    set->begun = set->there ? set->begun : BEGIN_TIME + (now->now - BEGIN_TIME) / DAY * DAY;
    set->there = true;
    set->active = !limits.inactive;
    set->auto_stop = limits.auto_stop;
    set->threshold = limits.alert_threshold != 0 ? limits.alert_threshold : 80;
}

void use_budget(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    int64_t user = 1 + (int64_t)draw(of, USERS);
    if (draw(of, 2) != 0) {
        set_budget(of, txn, user);
    } else {
        must(of, bbots_budget_refresh(txn, user, now->now, &of->error),
             now->budgets[user].there ? BBOTS_OK : BBOTS_NOT_FOUND);
    }
}

/* Is it too much, with what is set aside already? To the last digit of the costs. */
static bool is_too_much(const mirror *now, int64_t user, int64_t amount)
{
    bbots_budget_status status = mirror_budget(now, user);
    bool much = false;
    for (unsigned p = 0; p < BBOTS_BUDGET_PERIODS && status.has_budget && status.auto_stop; p++) {
        const bbots_budget_state *state = &status.periods[p];
        int64_t spent = mirror_sums(now, user, state->from, state->to).total;
        much |= state->budget != BBOTS_BUDGET_UNLIMITED &&
                spent + (state->reserved + amount) * 100 > state->budget * 100;
    }
    return much;
}

/* What is left in the tightest period, or a little more: where a rule is right or wrong. */
static int64_t draw_bound(actor *of, int64_t user)
{
    bbots_budget_status status = mirror_budget(&of->all->now, user);
    int64_t least = 1 + (int64_t)draw(of, 100000);
    for (unsigned p = 0; p < BBOTS_BUDGET_PERIODS && draw(of, 2) != 0; p++) {
        const bbots_budget_state *state = &status.periods[p];
        int64_t left = state->remaining - state->reserved;
        if (status.has_budget && state->budget != BBOTS_BUDGET_UNLIMITED && left > 0) {
            least = left + (int64_t)draw(of, 2);
        }
    }
    return least;
}

static void make_reservation(actor *of, bbots_txn *txn, int64_t user, reservation *one)
{
    mirror *now = &of->all->now;
    reservation made = {.open = true,
                        .amount = draw_bound(of, user),
                        .expires = now->now + 1 + (int64_t)draw(of, 2 * (uint64_t)DAY)};
    bool much = is_too_much(now, user, made.amount);
    must(of,
         bbots_budget_reserve(txn, user, made.amount, made.expires, now->now, &made.id, NULL,
                              &of->error),
         much ? BBOTS_REFUSED : BBOTS_OK);
    if (!much) {
        *one = made;
    }
}

/* Sets aside, settles, releases; what expired longer than a while ago may have been forgotten. */
void reserve(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    int64_t user = 1 + (int64_t)draw(of, USERS);
    reservation *one = &now->reservations[user][draw(of, OPEN_MAX)];
    if (!one->open) {
        make_reservation(of, txn, user, one);
        return;
    }
    bool settle = draw(of, 2) != 0;
    int rc = settle ? bbots_budget_settle(txn, user, one->id, now->now, &of->error)
                    : bbots_budget_release(txn, user, one->id, now->now, &of->error);
    if (rc != BBOTS_INVALID_ARGUMENT || one->expires > now->now) {
        must_be(of, rc, BBOTS_OK, "ending a reservation");
    }
    must(of, bbots_budget_settle(txn, user, one->id, now->now, &of->error), BBOTS_INVALID_ARGUMENT);
    one->open = false;
}

/* ------------------------------------------------------------------ credits */

void use_credits(actor *of, bbots_txn *txn)
{
    static const char *const types[] = {"calling", "scraping"};
    unsigned holder = (unsigned)draw(of, HOLDERS);
    unsigned type = (unsigned)draw(of, 2);
    bbots_credits *have = &of->all->now.credits[holder][type];
    bbots_credits after;
    int64_t amount = 1 + (int64_t)draw(of, 20);
    bool more = draw(of, 4) == 0;
    bool refused = !more && amount > have->balance;
    bbots_text name = bbots_text_of(types[type]);
    if (more) {
        must(of,
             bbots_credits_add(txn, FIRST_HOLDER + holder, name, 2 * amount, 0, &after, &of->error),
             BBOTS_OK);
        have->purchased += 2 * amount;
    } else {
        must(of,
             bbots_credits_consume(txn, FIRST_HOLDER + holder, name, amount, 0, &after, &of->error),
             refused ? BBOTS_REFUSED : BBOTS_OK);
        have->used += refused ? 0 : amount;
    }
    have->balance = have->purchased - have->used;
    if (memcmp(&after, have, sizeof after) != 0) {
        broken(of->all, "holder %u has %lld credits instead of %lld", holder,
               (long long)after.balance, (long long)have->balance);
    }
}

/* ------------------------------------------------------------------ time */

/* When the quarter is over it begins again: budgets and what is set aside go, costs stay. */
static void begin_again(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    const bbots_table *table = &bbots_cost_budgets_table;
    for (int64_t user = 1; user <= USERS; user++) {
        for (unsigned i = 0; i < OPEN_MAX; i++) {
            reservation *one = &now->reservations[user][i];
            int rc = one->open ? bbots_budget_release(txn, user, one->id, now->now, &of->error)
                               : BBOTS_OK;
            if (rc != BBOTS_INVALID_ARGUMENT || one->expires > now->now) {
                must_be(of, rc, BBOTS_OK, "releasing");
            }
            one->open = false;
        }
        bbots_value key = integer(user);
        must(of,
             bbots_delete(txn, table, index_of(table, "cost_budgets_userId_key"), &key, NULL,
                          &of->error),
             now->budgets[user].there ? BBOTS_OK : BBOTS_NOT_FOUND);
        now->budgets[user].there = false;
    }
    now->now = BEGIN_TIME;
}

void pass_time(actor *of, bbots_txn *txn)
{
    mirror *now = &of->all->now;
    now->now += (int64_t)draw(of, 120 * UINT64_C(1000000));
    if (now->now > END_TIME) {
        begin_again(of, txn);
    }
}
