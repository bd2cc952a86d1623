/*
 * tests/serial/replay.c - plays histories to a naive model.
 *
 * Each transaction that was committed read a clock, a row like any other, and set it one further. So the
 * numbers have to be 1, 2, 3 ... with none missing and none twice: that alone finds lost updates.
 * Played in this order, everything that a transaction read has to be what the model says then, its
 * own writes included; what one read that was not committed, what the model says after the number that
 * it saw. And nobody may have seen less than what was acknowledged before he began.
 */
#include "serial.h"

enum { TOLD_MAX = 10 };

typedef struct record {
    const record_head *head;
    const int64_t *words;
    int64_t place; /* in the order: twice the number, and one more for those without one */
} record;

typedef struct player {
    model *now;
    uint64_t anomalies;
} player;

static void tell(player *run, const record *one, const char *what)
{
    if (run->anomalies++ < TOLD_MAX) {
        printf("%s that saw number %lld: %s\n", one->head->committed ? "a transaction" : "a reader",
               (long long)one->head->base, what);
    }
}

/* ------------------------------------------------------------------ the model */

static bool is_so(const model *now, event kind, const int64_t *said)
{
    int64_t count = 0;
    int64_t sum = 0;
    for (int64_t i = 0; i < ITEM_COUNT; i++) {
        int64_t amount = now->amounts[i];
        bool counts = amount != 0;
        if (kind == READ_RANGE) {
            counts = counts && amount >= said[0] && amount <= said[1];
        } else if (kind == READ_SUM || kind == REMOVE_GROUP) {
            counts = counts && i / GROUP_ITEMS == said[0];
        }
        count += counts;
        sum += !counts ? 0 : kind == READ_RANGE ? i : amount;
    }
    switch (kind) {
    case READ:
        return now->amounts[said[0]] == said[1];
    case READ_RANGE:
        return said[2] == count && said[3] == sum;
    case READ_SUM:
        return said[1] == count && said[2] == sum;
    case READ_COUNT:
        return said[0] == count;
    case REMOVE_GROUP:
        return said[1] == (now->groups[said[0]] ? count : 0);
    case PUT_GROUP:
        return !now->groups[said[0]];
    default:
        return true;
    }
}

static void make_so(model *now, event kind, const int64_t *said)
{
    if (kind == PUT) {
        now->amounts[said[0]] = said[1];
    } else if (kind == REMOVE) {
        now->amounts[said[0]] = 0;
    } else if (kind == PUT_GROUP) {
        now->groups[said[0]] = true;
    } else if (kind == REMOVE_GROUP) {
        now->groups[said[0]] = false;
        memset(&now->amounts[said[0] * GROUP_ITEMS], 0, GROUP_ITEMS * sizeof *now->amounts);
    }
}

/* ------------------------------------------------------------------ playing */

static const unsigned words_of[] = {
    [END] = 0, [READ] = 2,   [READ_RANGE] = 4,   [READ_SUM] = 3, [READ_COUNT] = 1,
    [PUT] = 2, [REMOVE] = 1, [REMOVE_GROUP] = 2, [PUT_GROUP] = 1};

static void play(player *run, const record *one)
{
    model own = *run->now;
    if (one->head->base != run->now->clock) {
        tell(run, one, "a number is missing or there twice");
    }
    if (one->head->base < one->head->floor) {
        tell(run, one, "what was acknowledged before it began was not there");
    }
    for (const int64_t *word = one->words; *word != END; word += 1 + words_of[*word]) {
        if (!is_so(&own, (event)*word, word + 1)) {
            tell(run, one, "what it read is not so");
        }
        make_so(&own, (event)*word, word + 1);
    }
    if (one->head->committed) {
        own.clock = one->head->base + 1;
        *run->now = own;
    }
}

static int compare_records(const void *a, const void *b)
{
    const record *left = a;
    const record *right = b;
    return (left->place > right->place) - (left->place < right->place);
}

static size_t gather(const stage *all, record *records)
{
    size_t count = 0;
    for (unsigned h = 0; h < PROCESSES * THREADS; h++) {
        const history *log = &all->histories[h];
        size_t at = 0;
        while (at < log->used) {
            const record_head *head = (const record_head *)&log->words[at];
            at += HEAD_WORDS;
            if (records != NULL) {
                records[count].head = head;
                records[count].words = &log->words[at];
                records[count].place = 2 * (head->base + head->committed) + !head->committed;
            }
            count++;
            while (log->words[at] != END) {
                at += 1 + words_of[log->words[at]];
            }
            at++;
        }
    }
    return count;
}

uint64_t replay(const stage *all, model *now, uint64_t *transactions)
{
    player run = {now, 0};
    size_t count = gather(all, NULL);
    record *records = malloc((count + 1) * sizeof *records);
    demand(records != NULL, "memory", NULL);
    gather(all, records);
    qsort(records, count, sizeof *records, compare_records);
    for (size_t i = 0; i < count; i++) {
        play(&run, &records[i]);
    }
    free(records);
    *transactions += count;
    return run.anomalies;
}

/* ------------------------------------------------------------------ the store at rest */

bool model_is(const model *now, bbots_store *store, char *why, size_t room)
{
    bbots_error error;
    bbots_txn *txn;
    if (bbots_begin(store, BBOTS_READ, &txn, &error) != BBOTS_OK) {
        snprintf(why, room, "%s", error.message);
        return false;
    }
    bool holds = plot_done(txn, 0, &error) == now->clock;
    snprintf(why, room, "the store's last number is not %lld", (long long)now->clock);
    for (int64_t i = 0; i < ITEM_COUNT && holds; i++) {
        bbots_value id = bbots_value_integer(i);
        bbots_row row;
        int rc = bbots_get(txn, &ordeal_items_table, 0, &id, &row, &error);
        int column = bbots_table_column(&ordeal_items_table, bbots_text_of("amount"));
        holds = rc == BBOTS_OK ? bbots_row_value(&row, (unsigned)column).integer == now->amounts[i]
                               : rc == BBOTS_NOT_FOUND && now->amounts[i] == 0;
        snprintf(why, room, "item %lld is not what was written last", (long long)i);
    }
    holds = holds && check_whole(txn, why, room);
    bbots_rollback(txn);
    return holds;
}
