/*
 * ledger/credits.c - balances of credits.
 *
 * The facts are what was purchased and what was used; the balance is written beside them and
 * never read. The table has no unique key on user and type, so that there may be several rows of
 * one: together they are the balance. A user has a handful of rows, found by the index that the
 * reference to users has.
 */
#include "ledger/audit.h"

#include <bbots/credits.h>

enum { ID, USER, TYPE, BALANCE, PURCHASED, USED, CREATED, UPDATED };

static const ledger_column columns[] = {
    [ID] = {"id", LEDGER_INTEGER},
    [USER] = {"userId", LEDGER_INTEGER},
    [TYPE] = {"creditType", LEDGER_TEXT},
    [BALANCE] = {"balance", LEDGER_INTEGER},
    [PURCHASED] = {"totalPurchased", LEDGER_INTEGER},
    [USED] = {"totalUsed", LEDGER_INTEGER},
    [CREATED] = {"createdAt", LEDGER_TIME},
    [UPDATED] = {"updatedAt", LEDGER_TIME},
};

enum { BY_ID, BY_USER };

static const ledger_key keys[] = {[BY_ID] = {true, 1, {ID}}, [BY_USER] = {false, 1, {USER}}};

static const ledger_need need = {
    LEDGER_USER_CREDITS,       "user_credits", columns, keys, sizeof columns / sizeof *columns,
    sizeof keys / sizeof *keys};

/* A user's rows of one type. */
typedef struct account {
    bbots_txn *txn;
    const ledger_table *of;
    bbots_value user;
    bbots_text type;
    bbots_timestamp now;
} account;

static int open_account(bbots_txn *txn, bool write, int64_t user_id, bbots_text type,
                        bbots_timestamp now, account *opened, bbots_error *error)
{
    *opened = (account){txn, NULL, bbots_value_integer(user_id), type, now};
    int rc = ledger_begin(txn, write, write ? &opened->now : NULL, error);
    if (rc == BBOTS_OK && (type.data == NULL || type.size == 0)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "the type of credits is missing");
    }
    return rc == BBOTS_OK ? ledger_find(txn, &need, &opened->of, error) : rc;
}

static bool is_of_type(const account *of, const bbots_row *row)
{
    bbots_value type = ledger_value(of->of, row, TYPE);
    return type.kind == BBOTS_TEXT && type.size == of->type.size &&
           memcmp(type.data, of->type.data, type.size) == 0;
}

/* The next row of the account's type: BBOTS_OK or BBOTS_END. */
static int next_row(const account *of, bbots_cursor *cursor, bbots_row *row, bbots_error *error)
{
    int rc;
    do {
        rc = bbots_cursor_next(cursor, row, error);
    } while (rc == BBOTS_OK && !is_of_type(of, row));
    return rc;
}

static int refuse_sum(const account *of, bbots_error *error)
{
    return bb_fail_at(
        error, BBOTS_NUMERIC_OUT_OF_RANGE, of->of->table->name, columns[PURCHASED].name, NULL,
        "the credits of user %lld need more than 64 bits", (long long)of->user.integer);
}

static int add_up(const account *of, const bbots_row *row, bbots_credits *sum, bbots_error *error)
{
    if (__builtin_add_overflow(sum->purchased, ledger_integer(of->of, row, PURCHASED),
                               &sum->purchased) ||
        __builtin_add_overflow(sum->used, ledger_integer(of->of, row, USED), &sum->used) ||
        __builtin_sub_overflow(sum->purchased, sum->used, &sum->balance)) {
        return refuse_sum(of, error);
    }
    return BBOTS_OK;
}

/* Sum over the account's rows; *first is the id of the first one, or null. */
static int read_balance(const account *of, bbots_credits *sum, bbots_value *first,
                        bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    memset(sum, 0, sizeof *sum);
    *first = bbots_value_null();
    int rc = ledger_scan(of->txn, of->of, BY_USER, &of->user, 1, &cursor, error);
    while (rc == BBOTS_OK && (rc = next_row(of, cursor, &row, error)) == BBOTS_OK) {
        if (first->kind == BBOTS_NULL) {
            *first = ledger_value(of->of, &row, ID);
        }
        rc = add_up(of, &row, sum, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* Writes a row's totals and the balance that follows from them. */
static int write_row(const account *of, const bbots_row *row, int64_t purchased, int64_t used,
                     bbots_error *error)
{
    ledger_values change;
    bbots_value id = ledger_value(of->of, row, ID);
    ledger_values_begin(&change, of->of);
    ledger_set_integer(&change, PURCHASED, purchased);
    ledger_set_integer(&change, USED, used);
    ledger_set_integer(&change, BALANCE, purchased - used);
    ledger_set_time(&change, UPDATED, of->now);
    return ledger_update(of->txn, &change, id, error);
}

/* ------------------------------------------------------------------ adding */

static int insert_first(const account *of, int64_t amount, bbots_error *error)
{
    ledger_values made;
    ledger_values_begin(&made, of->of);
    ledger_set(&made, USER, of->user);
    ledger_set(&made, TYPE, bbots_value_text(of->type));
    ledger_set_integer(&made, PURCHASED, amount);
    ledger_set_integer(&made, USED, 0);
    ledger_set_integer(&made, BALANCE, amount);
    ledger_set_time(&made, CREATED, of->now);
    ledger_set_time(&made, UPDATED, of->now);
    return ledger_insert(of->txn, &made, NULL, error);
}

static int add_to_row(const account *of, bbots_value id, int64_t amount, bbots_error *error)
{
    bbots_row row;
    int64_t purchased;
    int rc = bbots_get(of->txn, of->of->table, of->of->indexes[BY_ID], &id, &row, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (__builtin_add_overflow(ledger_integer(of->of, &row, PURCHASED), amount, &purchased)) {
        return refuse_sum(of, error);
    }
    return write_row(of, &row, purchased, ledger_integer(of->of, &row, USED), error);
}

int bbots_credits_add(bbots_txn *txn, int64_t user_id, bbots_text type, int64_t amount,
                      bbots_timestamp now, bbots_credits *after, bbots_error *error)
{
    account of;
    bbots_credits sum;
    bbots_value first;
    int rc = open_account(txn, true, user_id, type, now, &of, error);
    if (rc == BBOTS_OK) {
        rc = ledger_check_positive("the amount of credits", amount, error);
    }
    if (rc == BBOTS_OK) {
        rc = read_balance(&of, &sum, &first, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_credits grown = sum;
    if (__builtin_add_overflow(sum.purchased, amount, &grown.purchased) ||
        __builtin_add_overflow(sum.balance, amount, &grown.balance)) {
        rc = refuse_sum(&of, error);
    }
    if (rc == BBOTS_OK) {
        rc = first.kind == BBOTS_NULL ? insert_first(&of, amount, error)
                                      : add_to_row(&of, first, amount, error);
    }
    if (rc == BBOTS_OK && after != NULL) {
        *after = grown;
    }
    return rc;
}

/* ------------------------------------------------------------------ consuming */

/* Takes amount from the rows, each as far as it goes. */
static int take(const account *of, int64_t amount, bbots_error *error)
{
    bbots_cursor *cursor;
    bbots_row row;
    int rc = ledger_scan(of->txn, of->of, BY_USER, &of->user, 1, &cursor, error);
    while (rc == BBOTS_OK && amount > 0 && (rc = next_row(of, cursor, &row, error)) == BBOTS_OK) {
        int64_t purchased = ledger_integer(of->of, &row, PURCHASED);
        int64_t used = ledger_integer(of->of, &row, USED);
        int64_t taken = amount < purchased - used ? amount : purchased - used;
        if (taken > 0) {
            amount -= taken;
            rc = write_row(of, &row, purchased, used + taken, error);
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int bbots_credits_consume(bbots_txn *txn, int64_t user_id, bbots_text type, int64_t amount,
                          bbots_timestamp now, bbots_credits *after, bbots_error *error)
{
    account of;
    bbots_credits sum;
    bbots_value first;
    int rc = open_account(txn, true, user_id, type, now, &of, error);
    if (rc == BBOTS_OK) {
        rc = ledger_check_positive("the amount of credits", amount, error);
    }
    if (rc == BBOTS_OK) {
        rc = read_balance(&of, &sum, &first, error);
    }
    if (rc == BBOTS_OK && sum.balance < amount) {
        rc = BBOTS_REFUSED;
    }
    if (rc == BBOTS_OK) {
        rc = ledger_begin_rows(txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = ledger_end_rows(txn, take(&of, amount, error));
        sum.balance -= amount;
        sum.used += amount;
    }
    if (rc >= 0 && after != NULL) {
        *after = sum;
    }
    return rc;
}

int bbots_credits_balance(bbots_txn *txn, int64_t user_id, bbots_text type, bbots_credits *credits,
                          bbots_error *error)
{
    account of;
    bbots_value first;
    int rc = open_account(txn, false, user_id, type, 0, &of, error);
    return rc == BBOTS_OK ? read_balance(&of, credits, &first, error) : rc;
}

/* Tells of a row's type, unless an earlier row has it too. Sets *over when no more are wanted. */
static int tell_type(account *of, const bbots_row *row, bbots_credits_visit *visit, void *context,
                     bool *over, bbots_error *error)
{
    bbots_value type = ledger_value(of->of, row, TYPE);
    bbots_credits sum;
    bbots_value first;
    of->type = (bbots_text){type.data, type.size};
    int rc = read_balance(of, &sum, &first, error);
    if (rc == BBOTS_OK && first.integer == ledger_integer(of->of, row, ID)) {
        *over = visit(of->type, &sum, context) != 0;
    }
    return rc;
}

int bbots_credits_list(bbots_txn *txn, int64_t user_id, bbots_credits_visit *visit, void *context,
                       bbots_error *error)
{
    account of = {.txn = txn, .user = bbots_value_integer(user_id)};
    bbots_cursor *cursor = NULL;
    bbots_row row;
    bool over = false;
    int rc = ledger_begin(txn, false, NULL, error);
    if (rc == BBOTS_OK) {
        rc = ledger_open(txn, &need, BY_USER, &of.user, 1, &of.of, &cursor, error);
    }
    while (rc == BBOTS_OK && !over && (rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
        rc = tell_type(&of, &row, visit, context, &over, error);
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

/* ------------------------------------------------------------------ the judge */

static bool judges(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &need);
}

static int judge(judged_row *of, bbots_error *error)
{
    const ledger_table *table;
    ledger_values change;
    int rc = ledger_find(of->txn, &need, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int64_t purchased = ledger_integer(table, &of->row, PURCHASED);
    int64_t used = ledger_integer(table, &of->row, USED);
    int64_t balance = ledger_integer(table, &of->row, BALANCE);
    bool negative = audit_negative(of, table, PURCHASED);
    if (audit_negative(of, table, USED) || negative) {
        return BBOTS_OK;
    }
    if (used > purchased) {
        judge_tell(of, BBOTS_DAMAGE, columns[USED].name,
                   "%lld credits were used, but %lld purchased", (long long)used,
                   (long long)purchased);
        return BBOTS_OK;
    }
    if (balance == purchased - used) {
        return BBOTS_OK;
    }
    judge_tell(of, BBOTS_DERIVED, columns[BALANCE].name,
               "the balance is %lld, but %lld purchased less %lld used are %lld",
               (long long)balance, (long long)purchased, (long long)used,
               (long long)(purchased - used));
    ledger_values_begin(&change, table);
    ledger_set_integer(&change, BALANCE, purchased - used);
    return of->mend ? ledger_update(of->txn, &change, ledger_value(table, &of->row, ID), error)
                    : BBOTS_OK;
}

const table_judge credits_judge = {false, judges, judge};
