/*
 * diffpg.h - the differential test: one stream of statements, two engines, the same answers.
 *
 * The store runs each statement first, because it answers at once and PostgreSQL does not: what
 * it said decides whether PostgreSQL gets the statement inside a savepoint (a failing statement
 * would end PostgreSQL's transaction; ours goes on). PostgreSQL gets its statements in batches
 * through libpq's pipeline while the store works on the next batch. Then the answers are held
 * against each other.
 *
 *     server.c      a private PostgreSQL
 *     pool.c        memory that goes with an episode
 *     literal*.c    random values of each type, good and bad
 *     living.c      rows that are there
 *     generate*.c   random statements
 *     sql.c         a statement as SQL
 *     store.c       a statement on the store
 *     postgres.c    statements on PostgreSQL
 *     answer.c      what they said, and whether it is the same
 *     variety.c     which kinds of statements there were
 *     excuse.c      differences that the documents decide
 *     contents.c    all rows and all indexes of both
 *     session.c     both engines together, statement by statement
 *     shrink.c      a long list that shows a difference becomes a short one
 *     main.c        options, episodes, figures
 */
#ifndef DIFFPG_H
#define DIFFPG_H

#include <bbots/bbots.h>
#include <libpq-fe.h>

/* ------------------------------------------------------------------ memory: pool.c */

typedef struct pool {
    struct pool_block *blocks;
} pool;

void *pool_alloc(pool *memory, size_t size);
char *pool_copy(pool *memory, const char *data, size_t size); /* with a NUL behind it */
char *pool_print(pool *memory, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pool_free(pool *memory);

/* A text that grows. */
typedef struct builder {
    char *data;
    size_t size;
    size_t room;
} builder;

void builder_add(builder *text, const char *data, size_t size);
void builder_print(builder *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void builder_free(builder *text);

/* Ends the program with a sentence; the server is stopped by what atexit() runs. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ------------------------------------------------------------------ random numbers: pool.c */

typedef struct random_source {
    uint64_t state;
} random_source;

uint64_t random_next(random_source *source);
uint64_t random_below(random_source *source, uint64_t below); /* 0 to below - 1 */
bool chance(random_source *source, unsigned percent);

/* ------------------------------------------------------------------ statements */

/* What a column is given: PostgreSQL gets the text, the store the text or the typed value. */
typedef struct literal {
    const char *text; /* with a NUL behind it; NULL stands for SQL NULL */
    size_t size;
    bbots_value typed; /* of kind BBOTS_NULL: the store gets the text too */
} literal;

typedef enum verb {
    INSERT,
    UPDATE,
    DELETE,
    UPSERT,
    BEGIN,
    COMMIT,
    ROLLBACK,
    SAVEPOINT,
    ROLLBACK_TO,
    RELEASE
} verb;
#define VERB_COUNT (RELEASE + 1)

/* A verb as SQL says it. */
const char *verb_name(verb which);

typedef struct statement {
    verb verb;
    const bbots_table *table;
    unsigned index;   /* whose key finds the row, or on which an upsert's rows clash */
    uint64_t given;   /* columns of an insert or upsert */
    uint64_t set;     /* columns that change */
    literal *values;  /* one for each bit of given */
    literal *changes; /* one for each bit of set */
    literal *key;     /* one for each column of index */
    const char *name; /* of a savepoint */
    const char *now;  /* BEGIN: the transaction's time */
    bool failed;      /* when it was run last */
    int64_t serial;   /* the serial's next number when the column is left out, 0: none */
} statement;

typedef struct statements {
    statement **list;
    size_t count;
    size_t room;
} statements;

void statements_add(statements *all, statement *one);

/* The columns that both sides have: PostgreSQL has no vector. */
uint64_t shared_columns(const bbots_table *table);

/* ------------------------------------------------------------------ SQL: sql.c */

#define PARAMETERS_MAX 160

typedef struct query {
    builder sql;
    const char *values[PARAMETERS_MAX];
    int count;
} query;

/* The statement with $1, $2, ... and what they stand for. */
void sql_query(const statement *one, query *made);

/* The statement as a person reads it, with a semicolon. */
void sql_print(const statement *one, builder *text);

/* "name" with quotes. */
void sql_name(builder *text, const char *name);

/* ------------------------------------------------------------------ answers: answer.c */

typedef struct answer {
    char sqlstate[6]; /* "00000" for success */
    char table[64];
    char column[64];
    char constraint[64];
    int64_t rows; /* that the statement named; -1 where nothing counts */
    char *row;    /* the row that stands after it, from malloc; or NULL */
    size_t row_size;
    bool far_reaching; /* a delete that met references: see excuse.c */
    uint64_t cascaded; /* rows that a delete took with it, as the store says */
    uint64_t set_null; /* and rows that lost a reference */
    char message[512];
} answer;

#define FIELD_END  '\x1e'
#define FIELD_NULL "\x01"

void answer_free(answer *one);
bool answer_same(const answer *ours, const answer *theirs);
void answer_print(const char *who, const answer *one, builder *text);

/* How often each SQLSTATE came, on one side. */
typedef struct tally {
    struct {
        char sqlstate[6];
        uint64_t count;
    } entries[64];
    unsigned used;
} tally;

void tally_add(tally *all, const char *sqlstate);
void tally_print(const tally *ours, const tally *theirs);

/* ------------------------------------------------------------------ what there was: variety.c */

typedef struct variety {
    uint64_t done[VERB_COUNT];
    uint64_t refused[VERB_COUNT];
    uint64_t defaults;   /* rows in which a column with a default was left out */
    uint64_t nulls;      /* statements with a NULL among their values */
    uint64_t keys;       /* updates that name a column of the primary key, */
    uint64_t references; /* one of a foreign key, */
    uint64_t referenced; /* one that a foreign key points to */
    uint64_t far;        /* deletes that reached other rows */
    uint64_t cascaded;   /* rows deleted that way, */
    uint64_t set_null;   /* rows that lost a reference */
} variety;

void variety_add(variety *all, const bbots_schema *schema, const statement *one, const answer *ours);
void variety_print(const variety *all);

/* ------------------------------------------------------------------ the server: server.c */

typedef struct server {
    char directory[200];
    int pid;
} server;

/* Makes and starts one in a new folder; it ends with the program, whatever the reason. */
void server_start(bool keep);
void server_stop(void);

/* A place for other files, which goes with the server. */
const char *server_directory(void);

/* Connects to a database of it. */
PGconn *server_connect(const char *database);

/* Set by SIGINT, SIGTERM and SIGHUP. */
extern volatile int interrupted;

/* ------------------------------------------------------------------ PostgreSQL: postgres.c */

#define IN_FLIGHT_MAX 128

typedef struct postgres {
    PGconn *connection;
    char database[32];
    unsigned expected; /* answers that are on the way */
    unsigned char shape[IN_FLIGHT_MAX];
    uint64_t sent; /* since the last reset */
    bool dirty[BBOTS_TABLES_MAX];
} postgres;

void postgres_open(postgres *engine, const char *database, const bbots_schema *schema,
                   const char *const *files);
void postgres_close(postgres *engine);

/* Queues a statement; within says that it stands in a transaction, fails that it will fail. */
void postgres_send(postgres *engine, const statement *one, bool within, bool fails);
void postgres_flush(postgres *engine);

/* The answers of all that were queued, in order. */
void postgres_receive(postgres *engine, const statement *const *sent, answer *answers);

/* The time that stands in the setting diffpg.now outside of explicit transactions. */
const char *postgres_now(void);

/* Runs one statement alone, again with NO ACTION judged at the end when the first refuses. */
void postgres_judge(postgres *engine, const statement *one, bool within, const answer *ours,
                    answer *first, answer *second);

/* Empties the tables and ends what is open. */
void postgres_reset(postgres *engine, const bbots_schema *schema);

/* A query outside of the pipeline that has to succeed. */
PGresult *postgres_ask(postgres *engine, const char *sql);

/* ------------------------------------------------------------------ the store: store.c */

typedef struct store_side {
    const bbots_schema *schema;
    char path[256];
    bbots_store *store;
    bbots_txn *txn;  /* the explicit transaction, or NULL */
    const char *now; /* outside of one */
} store_side;

void store_reset(store_side *side);
void store_close(store_side *side);
void store_run(store_side *side, const statement *one, answer *said);

/* Gives a transaction's view to look at; peek_end() ends what it began. */
bbots_txn *store_peek(store_side *side, bool *began);
void store_peek_end(bbots_txn *txn, bool began);

/* A value in PostgreSQL's text form behind what text holds. */
void store_print_value(const bbots_table *table, unsigned column, const bbots_value *value,
                       builder *text);

/* ------------------------------------------------------------------ contents.c */

/* Holds all rows and indexes against each other and checks the file. Returns whether they are the
 * same, otherwise says in text what is not. */
bool contents_same(store_side *ours, postgres *theirs, uint64_t *rows, builder *text);

/* ------------------------------------------------------------------ generation */

/* How bad a literal may be. */
typedef enum manner { PLAIN, ODD, BAD } manner;

void literal_make(random_source *source, pool *memory, const bbots_column *column, manner how,
                  bool keyed, literal *made);
void literal_null(literal *made);
void literal_text(pool *memory, literal *made, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void literal_time(random_source *source, pool *memory, const bbots_column *column, manner how,
                  literal *made);
void literal_json(random_source *source, pool *memory, manner how, literal *made);
void literal_number(random_source *source, pool *memory, const bbots_column *column, manner how,
                    literal *made);

/* Some characters of text, of one to four bytes each. */
void random_characters(random_source *source, unsigned count, builder *text);

typedef struct generator {
    random_source source;
    pool *memory;
    store_side *side;
} generator;

/* Columns of a living row as texts; false when the table is empty. */
bool living_row(generator *from, const bbots_table *table, uint64_t columns, literal *row);
uint64_t living_count(generator *from, const bbots_table *table);

/* The columns of a row to insert (given) or to change (set, one for each bit). */
void generate_row(generator *from, statement *made);
void generate_changes(generator *from, statement *made);

/* The next statement, which the generator's memory holds. */
statement *generate(generator *from);

/* ------------------------------------------------------------------ both: session.c */

/* Differences that the documents decide, counted. */
typedef struct excuses {
    uint64_t order_of_triggers;
    uint64_t own_rows;
} excuses;

/* Whether a difference is one that the documents decide. `second` is PostgreSQL's answer with
 * foreign keys judged at the end of the statement. counted may be NULL. */
bool excuse_order(const answer *ours, const answer *first, const answer *second, excuses *counted);

typedef struct figures {
    uint64_t statements;
    uint64_t rows;
    tally ours;
    tally theirs;
    excuses excused;
    variety variety;
} figures;

typedef struct session {
    store_side ours;
    postgres theirs;
    figures *counted; /* NULL: do not count */
    struct pending {
        const statement *statement;
        answer ours;
        uint64_t number;
        bool within; /* a transaction */
    } pending[2][IN_FLIGHT_MAX];
    unsigned filled;
    unsigned flying;
    unsigned side;
    uint64_t number; /* of the statement that is run */
    uint64_t canary; /* the store's answer to this statement is spoiled; 0: none */
    bool strict;     /* nothing is excused */
    bool differs;
    const statement *culprit; /* the statement that differs; NULL: contents do */
    uint64_t at;              /* number of the statement that differs */
    char kind[160];           /* what differs, without values: the same for the same fault */
    builder report;
} session;

void session_open(session *both, const char *database, const bbots_schema *schema,
                  const char *const *files);
void session_close(session *both);
void session_reset(session *both);

/* Runs a statement; transaction statements that do not fit the state are left out. Returns false
 * when a difference was found (perhaps with an earlier statement). */
bool session_run(session *both, statement *one);

/* Waits for all answers. */
bool session_drain(session *both);

/* Compares all contents. */
bool session_compare(session *both);

/* Runs a list from empty tables to its end. */
bool session_replay(session *both, const statements *all);

/* ------------------------------------------------------------------ shrink.c */

/* Makes the list as short as it gets while it shows the same difference. */
void shrink(session *both, statements *all, unsigned seconds_max);

#endif
