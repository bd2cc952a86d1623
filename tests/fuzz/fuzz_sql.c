/*
 * tests/fuzz/fuzz_sql.c - libFuzzer target over bbots-schema: any text as the SQL of a schema.
 *
 * Invariants: it is refused with a message; or it makes a schema that is written as SQL, and that
 * SQL makes a schema with the same fingerprint.
 *
 * The generator ends its process when it refuses; here its exit() leads back (-Wl,--wrap=exit). Its
 * main.c is taken in whole, for the steps that are static there, and pgname.c, for the names that it
 * keeps for one run.
 */
#include "fuzz.h"

#define main generator_main
#include "tools/bbots-schema/main.c"
#undef main
#include "tools/bbots-schema/pgname.c"

#include <setjmp.h>

_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);

static jmp_buf refused;
static bool running;
static sqlite3 *database;

_Noreturn void __wrap_exit(int status)
{
    if (running) {
        longjmp(refused, 1);
    }
    __real_exit(status);
}

/*
 * The statement that was prepared first of those that a refusal left open: a pragma that is read as a
 * table keeps a later one of its own, and finalizes it itself.
 */
static sqlite3_stmt *oldest_statement(void)
{
    sqlite3_stmt *oldest = NULL;
    for (sqlite3_stmt *next = NULL; (next = sqlite3_next_stmt(database, next)) != NULL;) {
        oldest = next;
    }
    return oldest;
}

static void end(void)
{
    sqlite3_stmt *open;
    running = false;
    while (database != NULL && (open = oldest_statement()) != NULL) {
        sqlite3_finalize(open);
    }
    sqlite3_close(database);
    database = NULL;
    bb_arena_free(gen_arena());
    memset(&relations, 0, sizeof relations);
    memset(&constraints, 0, sizeof constraints);
}

/* Whether a text makes a schema; then what it is. */
static bool make_schema(const char *text, bbots_fingerprint *fingerprint, char **sql)
{
    size_t size;
    if (setjmp(refused) != 0) {
        end();
        return false;
    }
    running = true;
    gen_model *model = gen_alloc(1, sizeof *model);
    model->name = "fuzzed";
    model->prefix = "fuzzed_";
    database = gen_catalogue_open();
    gen_place place = {"input", 1};
    gen_statement statement;
    while (gen_statement_next(&text, &place, &statement)) {
        gen_declare(model, &statement);
        gen_catalogue_load(database, &statement);
    }
    if (model->table_count == 0) {
        gen_give_up("no table");
    }
    read_catalogue(database, model);
    finish_schema(model);
    *fingerprint = model->schema.fingerprint;
    REQUIRE(bbots_schema_sql(&model->schema, NULL, sql, &size) == BBOTS_OK);
    end();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bbots_fingerprint first;
    bbots_fingerprint second;
    char *sql;
    char *again;
    (void)fuzz_base_get(); /* messages go nowhere */
    char *text = malloc(size + 1);
    REQUIRE(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (strlen(text) == size && make_schema(text, &first, &sql)) {
        REQUIRE(make_schema(sql, &second, &again));
        REQUIRE(memcmp(&first, &second, sizeof first) == 0);
        free(again);
        free(sql);
    }
    free(text);
    return 0;
}
