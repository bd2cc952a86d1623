/*
 * prices.c - bbots-inspect FILE prices: price lists shown, imported, and rows priced anew.
 */
#include "cells.h"
#include "options.h"
#include "session.h"

#include <errno.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ list */

typedef struct listing {
    const command_line *line;
    sheet *to;
    const char *provider; /* only this one; NULL: all */
    const char *model;    /* only ids that contain this; NULL: all */
} listing;

static bool is_text(bbots_text text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.data, wanted, text.size) == 0;
}

static bool contains(bbots_text text, const char *part)
{
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static int put_entry(const bbots_price_entry *entry, void *context)
{
    const listing *show = context;
    if ((show->provider != NULL && !is_text(entry->provider, show->provider)) ||
        (show->model != NULL && !contains(entry->model, show->model))) {
        return BBOTS_OK;
    }
    cell_text(show->to, entry->provider);
    cell_text(show->to, entry->model);
    if (entry->has_from) {
        cell_time(show->line, show->to, entry->from);
    } else {
        sheet_null(show->to);
    }
    if (entry->has_above) {
        cell_integer(show->to, entry->above);
    } else {
        sheet_null(show->to);
    }
    for (unsigned part = 0; part < BBOTS_PRICE_PARTS; part++) {
        if ((entry->price->given & 1u << part) != 0) {
            cell_short_decimal(show->to, entry->price->parts[part], BBOTS_PRICE_SCALE);
        } else {
            sheet_null(show->to);
        }
    }
    sheet_boolean(show->to, entry->fallback);
    return BBOTS_OK;
}

static int list(const command_line *line, const char *provider, const char *model)
{
    static const sheet_column columns[] = {
        {"provider", SHEET_TEXT},      {"model", SHEET_TEXT},        {"from", SHEET_WHOLE},
        {"above", SHEET_NUMBER},       {"input", SHEET_NUMBER},      {"output", SHEET_NUMBER},
        {"cache_write", SHEET_NUMBER}, {"cache_read", SHEET_NUMBER}, {"minute", SHEET_NUMBER},
        {"recording", SHEET_NUMBER},   {"screenshot", SHEET_NUMBER}, {"request", SHEET_NUMBER},
        {"transfer_gb", SHEET_NUMBER}, {"storage_gb", SHEET_NUMBER}, {"fallback", SHEET_TEXT},
    };
    session in;
    bbots_error error;
    int rc = session_open(line, &in);
    if (rc != EXIT_DONE) {
        return rc;
    }
    listing show = {line,
                    sheet_begin(line, columns, sizeof columns / sizeof *columns,
                                (sheet_options){.empty = "no prices: `prices import FILE` reads a list"}),
                    provider, model};
    int status = show.to != NULL ? bbots_prices_each(in.txn, put_entry, &show, &error) : BBOTS_OK;
    rc = sheet_end(show.to);
    if (status < 0) {
        rc = library_error(line, &error);
    }
    session_close(&in);
    return rc;
}

/* ------------------------------------------------------------------ import */

typedef struct importing {
    bbots_text file;
    const char *const *providers;
    unsigned count;
    bbots_price_import *imports;
} importing;

static int import_work(bbots_txn *txn, void *context, bbots_error *error)
{
    importing *run = context;
    return bbots_prices_import(txn, run->file, run->providers, run->count, 0, run->imports, error);
}

/* The whole file, from malloc, or NULL after a message. */
static char *read_file(const command_line *line, const char *path, size_t *size)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "rb");
    ssize_t got = file != NULL ? getdelim(&text, &room, '\0', file) : -1;
    if (file == NULL || ferror(file) != 0) {
        fprintf(stderr, "%s: cannot read \"%s\": %s\n", line->program, path, strerror(errno));
        free(text);
        text = NULL;
    } else if (got < 0) {
        got = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    *size = got > 0 ? (size_t)got : 0;
    return text;
}

static int put_imports(const command_line *line, const bbots_price_import *imports, unsigned count)
{
    static const sheet_column columns[] = {{"list", SHEET_TEXT},
                                           {"models", SHEET_NUMBER},
                                           {"entries", SHEET_NUMBER},
                                           {"left_out", SHEET_NUMBER},
                                           {"changed", SHEET_TEXT}};
    sheet *to = sheet_begin(line, columns, 5, (sheet_options){.single = false});
    for (unsigned i = 0; i < count && to != NULL; i++) {
        sheet_text(to, imports[i].list);
        sheet_number(to, imports[i].models);
        sheet_number(to, imports[i].entries);
        sheet_number(to, imports[i].left_out);
        sheet_boolean(to, imports[i].changed);
    }
    return sheet_end(to);
}

static int import(const command_line *line, const char *path, const option_list *named)
{
    static const char *const usual[] = {"anthropic", "google"};
    bbots_price_import imports[OPTION_LIST_MAX];
    bbots_error error;
    importing run = {.providers = named->count > 0 ? named->values : usual,
                     .count = named->count > 0 ? named->count : 2,
                     .imports = imports};
    char *text = read_file(line, path, &run.file.size);
    if (text == NULL) {
        return EXIT_FAILED;
    }
    run.file.data = text;
    bbots_store *store = open_store(line, 0);
    int rc = EXIT_FAILED;
    if (store != NULL) {
        rc = bbots_write(store, import_work, &run, &error) >= 0
                 ? put_imports(line, imports, run.count)
                 : library_error(line, &error);
        (void)bbots_close(store, NULL);
    }
    free(text);
    return rc;
}

/* ------------------------------------------------------------------ reprice */

typedef struct repricing {
    bbots_reprice_request request;
    bbots_repricing *done;
} repricing;

static int reprice_work(bbots_txn *txn, void *context, bbots_error *error)
{
    repricing *run = context;
    bbots_repricing_free(run->done); /* of a try before the map grew */
    run->done = NULL;
    return bbots_prices_reprice(txn, &run->request, &run->done, error);
}

static int put_repricing(const command_line *line, const repricing *run)
{
    static const sheet_column columns[] = {{"provider", SHEET_TEXT},    {"day", SHEET_WHOLE},
                                           {"model", SHEET_TEXT},       {"rows", SHEET_NUMBER},
                                           {"old", SHEET_NUMBER},       {"new", SHEET_NUMBER},
                                           {"difference", SHEET_NUMBER}};
    uint64_t rows = 0;
    bbots_reprice_line sum = {.rows = 0};
    sheet *to = sheet_begin(line, columns, 7, (sheet_options){.single = false});
    for (size_t i = 0; i < bbots_repricing_count(run->done) && to != NULL; i++) {
        const bbots_reprice_line *one = bbots_repricing_line(run->done, i);
        sheet_text(to, one->provider);
        cell_day(to, one->day);
        cell_text(to, one->model);
        sheet_number(to, one->rows);
        cell_decimal(to, one->old_cost, BBOTS_REPRICE_SCALE);
        cell_decimal(to, one->new_cost, BBOTS_REPRICE_SCALE);
        cell_decimal(to, one->difference, BBOTS_REPRICE_SCALE);
        rows += one->rows;
        sum.difference += one->difference;
    }
    int rc = sheet_end(to);
    if (rc == EXIT_DONE && line->format == FORMAT_PEOPLE && !line->quiet) {
        char difference[BBOTS_DECIMAL_TEXT_MAX];
        bbots_decimal_print(sum.difference, BBOTS_REPRICE_SCALE, difference);
        bool applied = (run->request.flags & BBOTS_REPRICE_APPLY) != 0;
        printf("%s%llu of %llu rows %s, by %s USD%s\n",
               bbots_repricing_count(run->done) > 0 ? "\n" : "", (unsigned long long)rows,
               (unsigned long long)bbots_repricing_rows(run->done),
               applied ? "changed" : "would change", difference,
               applied || rows == 0 ? "" : " (--apply changes them)");
    }
    return rc;
}

static int reprice(const command_line *line, repricing *run)
{
    bbots_error error;
    bool apply = (run->request.flags & BBOTS_REPRICE_APPLY) != 0;
    bbots_store *store = open_store(line, apply ? 0 : BBOTS_OPEN_READ_ONLY);
    bbots_txn *txn = NULL;
    if (store == NULL) {
        return EXIT_FAILED;
    }
    int rc = BBOTS_OK;
    if (apply) {
        rc = bbots_write(store, reprice_work, run, &error);
    } else {
        rc = bbots_begin(store, BBOTS_READ, &txn, &error);
        rc = rc == BBOTS_OK ? reprice_work(txn, run, &error) : rc;
        bbots_rollback(txn);
    }
    rc = rc >= 0 ? put_repricing(line, run) : library_error(line, &error);
    bbots_repricing_free(run->done);
    (void)bbots_close(store, NULL);
    return rc;
}

static int read_range(const command_line *line, const char *from, const char *to, const char *user,
                      bbots_reprice_request *request)
{
    int rc = user != NULL ? read_id(line, "--user", user, &request->user_id) : EXIT_DONE;
    if (rc == EXIT_DONE && from != NULL) {
        rc = read_time(line, "--from", from, &request->from);
    }
    if (rc == EXIT_DONE && to != NULL) {
        rc = read_time(line, "--to", to, &request->to);
    }
    if (from != NULL && to == NULL) {
        request->to = BBOTS_TIMESTAMP_MAX;
    }
    if (to != NULL && from == NULL) {
        request->from = BBOTS_TIMESTAMP_MIN;
    }
    return rc;
}

/* ------------------------------------------------------------------ which of them */

static int run(const command_line *line)
{
    const char *from = NULL;
    const char *to = NULL;
    const char *user = NULL;
    const char *model = NULL;
    option_list providers = {.count = 0};
    bool apply = false;
    bool fallback = false;
    bool noted = false;
    const option options[] = {{"--provider", NULL, NULL, &providers},
                              {"--model", &model, NULL, NULL},
                              {"--user", &user, NULL, NULL},
                              {"--from", &from, NULL, NULL},
                              {"--to", &to, NULL, NULL},
                              {"--apply", NULL, &apply, NULL},
                              {"--fallback", NULL, &fallback, NULL},
                              {"--noted", NULL, &noted, NULL},
                              {NULL, NULL, NULL, NULL}};
    rest_words rest;
    repricing again = {.done = NULL};
    int rc = read_options(line, options, 1, 2, "list, import FILE or reprice", &rest);
    if (rc != EXIT_DONE) {
        return rc;
    }
    const char *what = rest.words[0];
    const char *provider = providers.count > 0 ? providers.values[0] : NULL;
    if (strcmp(what, "import") == 0) {
        return rest.count == 2 ? import(line, rest.words[1], &providers)
                               : usage_error(line, "prices import: which FILE?");
    }
    if (rest.count > 1 || providers.count > 1) {
        return usage_error(line, "prices %s takes no further word and one provider", what);
    }
    if (strcmp(what, "list") == 0) {
        return list(line, provider, model);
    }
    if (strcmp(what, "reprice") != 0) {
        return usage_error(line, "prices has no \"%s\": list, import or reprice", what);
    }
    again.request.provider = bbots_text_of(provider);
    again.request.model = bbots_text_of(model);
    again.request.flags = (apply ? BBOTS_REPRICE_APPLY : 0u) |
                          (fallback ? BBOTS_REPRICE_FALLBACK : 0u) |
                          (noted ? BBOTS_REPRICE_NOTED : 0u);
    rc = read_range(line, from, to, user, &again.request);
    return rc == EXIT_DONE ? reprice(line, &again) : rc;
}

const command command_prices = {
    "prices", "show and import price lists, price rows anew",
    "Usage: bbots-inspect FILE prices list [--provider P] [--model PART]\n"
    "       bbots-inspect FILE prices import FILE [--provider P]...\n"
    "       bbots-inspect FILE prices reprice [--provider P] [--model M] [--user N]\n"
    "                                 [--from T] [--to T] [--fallback] [--noted] [--apply]\n"
    "\n"
    "list shows every entry: prices in USD, of a million tokens, of a minute, of one recording,\n"
    "screenshot or request, of a GB; from is since when it is valid, above the number of tokens\n"
    "of context from which on.\n"
    "\n"
    "import makes lists from a genai-prices data file (prices/data.json), for anthropic and "
    "google\n"
    "unless others are named. left_out counts prices of kinds that no table has.\n"
    "\n"
    "reprice computes the costs of rows by the lists in force at their time and shows what "
    "differs\n"
    "from what is stored, by provider, day and model. Nothing is written without --apply; with it\n"
    "all of it is one transaction. Rows whose costs were given by their caller are priced too: "
    "name\n"
    "what was wrong, or say --noted.\n"
    "  --from T, --to T   createdAt, from <= createdAt < to\n"
    "  --fallback         a model without a price takes the list's fallback\n"
    "  --noted            only rows of which it is noted which entry priced them\n",
    run};
