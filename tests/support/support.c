/* tests/support/support.c - see support.h. */
#include "support/support.h"

#include "support/coverage.h"

#include <bbots/sample.h>

#include <ftw.h>
#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bbots_error fault;
_Thread_local bbots_value named[BBOTS_COLUMNS_MAX];

/* ------------------------------------------------------------------ a test's place */

int fixture_setup(void **state)
{
    fixture *place = calloc(1, sizeof *place);
    if (place == NULL) {
        return -1;
    }
    const char *temporary = getenv("TMPDIR");
    snprintf(place->folder, sizeof place->folder, "%.40s/bbots-test-XXXXXX",
             temporary != NULL && strlen(temporary) <= 40 ? temporary : "/tmp");
    if (mkdtemp(place->folder) == NULL) {
        free(place);
        return -1;
    }
    snprintf(place->path, sizeof place->path, "%s/store.bbots", place->folder);
    *state = place;
    return 0;
}

int fixture_setup_store(void **state)
{
    if (fixture_setup(state) != 0) {
        return -1;
    }
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_sample_schema);
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int fixture_teardown(void **state)
{
    fixture *place = *state;
    if (place->store != NULL) {
        check_store(place->store);
        assert_ok(bbots_close(place->store, &fault));
    }
    nftw(place->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(place);
    return 0;
}

bbots_store *open_store(const char *path, const bbots_options *options)
{
    bbots_store *store = NULL;
    assert_ok(bbots_open(path, options, &store, &fault));
    assert_non_null(store);
    return store;
}

bbots_keyring *ring_of(const char *keys)
{
    bbots_keyring *ring;
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_ok(bbots_keyring_add_text(ring, bbots_text_of(keys), &fault));
    return ring;
}

void open_with_keys(fixture *place, const bbots_schema *schema, const char *keys)
{
    bbots_keyring *ring = keys != NULL ? ring_of(keys) : NULL;
    bbots_options options = {
        .schema = schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED, .keys = ring};
    if (place->store != NULL) {
        assert_ok(bbots_close(place->store, &fault));
    }
    place->store = open_store(place->path, &options);
    bbots_keyring_free(ring); /* the store has its own copy */
}

bbots_store *make_store(const char *path, const bbots_schema *schema)
{
    bbots_options options = {.schema = schema,
                             .flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE,
                             .durability = BBOTS_RELAXED};
    return open_store(path, &options);
}

void reopen(fixture *place)
{
    const bbots_schema *schema = bbots_store_schema(place->store);
    bbots_options options = {.schema = schema, .durability = BBOTS_RELAXED};
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &options);
}

void choose_tests(void)
{
    const char *pattern = getenv("BBOTS_TEST");
    if (pattern != NULL && pattern[0] != '\0') {
        cmocka_set_test_filter(pattern);
    }
}

/* ------------------------------------------------------------------ what must be true */

static void show_finding(const bbots_finding *finding, void *context)
{
    int *shown = context;
    if (++*shown > 5) {
        return;
    }
    print_error("severity %d, table \"%s\", object \"%s\", key %s: %s\n", (int)finding->severity,
                finding->table, finding->object, finding->key, finding->message);
}

uint64_t check_txn(bbots_txn *txn)
{
    int shown = 0;
    bbots_check_options options = {.on_finding = show_finding, .context = &shown};
    bbots_check_result result;
    memset(&result, 0xff, sizeof result);
    assert_ok(bbots_check(txn, &options, &result, &fault));
    assert_int_equal(result.damage, 0);
    assert_int_equal(result.derived, 0);
    assert_int_equal(result.notes, 0);
    return result.rows;
}

uint64_t check_store(bbots_store *store)
{
    bbots_txn *txn = begin(store, BBOTS_READ);
    uint64_t rows = check_txn(txn);
    bbots_rollback(txn);
    return rows;
}

void expect_status(int got, int wanted, bbots_error *error, const char *call, const char *file,
                   int line)
{
    if (got != wanted) {
        print_error("%s\n  gave %s and not %s%s%s\n", call, bbots_status_name(got),
                    bbots_status_name(wanted), got < 0 ? ": " : "", got < 0 ? error->message : "");
        _fail(file, line);
    }
    if (got < 0 && (error->code != got || error->message[0] == '\0' ||
                    strcmp(error->sqlstate, bbots_status_sqlstate(got)) != 0)) {
        print_error("%s\n  gave %s, and an error object with code %d, SQLSTATE \"%s\": \"%s\"\n",
                    call, bbots_status_name(got), error->code, error->sqlstate, error->message);
        _fail(file, line);
    }
}

bool same_value(const bbots_value *a, const bbots_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch ((bbots_kind)a->kind) {
    case BBOTS_NULL:
        return true;
    case BBOTS_BOOLEAN:
        return a->boolean == b->boolean;
    case BBOTS_DECIMAL:
        return a->scale == b->scale && a->integer == b->integer;
    case BBOTS_INTEGER:
    case BBOTS_TIMESTAMP:
        return a->integer == b->integer;
    case BBOTS_FLOAT:
        return a->real == b->real || (isnan(a->real) && isnan(b->real));
    case BBOTS_UUID:
        return memcmp(a->uuid.bytes, b->uuid.bytes, 16) == 0;
    default:
        return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
    }
}

/* ------------------------------------------------------------------ short forms */

bbots_txn *begin(bbots_store *store, bbots_access access)
{
    bbots_txn *txn = NULL;
    assert_ok(bbots_begin(store, access, &txn, &fault));
    assert_non_null(txn);
    return txn;
}

void commit(bbots_txn *txn)
{
    assert_ok(bbots_commit(txn, &fault));
}

uint64_t count_of(bbots_txn *txn, const bbots_table *table)
{
    uint64_t count = UINT64_MAX;
    assert_ok(bbots_count(txn, table, &count, &fault));
    return count;
}

bbots_digest digest_of(bbots_txn *txn)
{
    bbots_digest digest;
    memset(&digest, 0, sizeof digest);
    assert_ok(bbots_store_digest(txn, &digest, &fault));
    return digest;
}

void assert_digest(bbots_txn *txn, bbots_digest expected)
{
    bbots_digest digest = digest_of(txn);
    assert_memory_equal(digest.bytes, expected.bytes, sizeof digest.bytes);
}

bbots_timestamp time_of(const char *text)
{
    bbots_timestamp time = 0;
    assert_int_equal(bbots_timestamp_parse(bbots_text_of(text), true, &time), BBOTS_OK);
    return time;
}

unsigned column(const bbots_table *table, const char *name)
{
    int number = bbots_table_column(table, bbots_text_of(name));
    if (number < 0) {
        fail_msg("table \"%s\" has no column \"%s\"", table->name, name);
    }
    return (unsigned)number;
}

unsigned index_of(const bbots_table *table, const char *name)
{
    int number = bbots_table_index(table, name);
    if (number < 0) {
        fail_msg("table \"%s\" has no index \"%s\"", table->name, name);
    }
    return (unsigned)number;
}

uint64_t fill_row(const bbots_table *table, bbots_value *values, ...)
{
    va_list arguments;
    uint64_t given = 0;
    const char *name;
    va_start(arguments, values);
    while ((name = va_arg(arguments, const char *)) != NULL) {
        unsigned number = column(table, name);
        values[number] = va_arg(arguments, bbots_value);
        given |= BBOTS_COLUMN_BIT(number);
    }
    va_end(arguments);
    return given;
}

int insert_filled(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                  uint64_t given)
{
    return bbots_insert(txn, table, values, given, NULL, &fault);
}

int update_filled(bbots_txn *txn, const bbots_table *table, int64_t id, const bbots_value *values,
                  uint64_t set)
{
    bbots_value key = bbots_value_integer(id);
    return bbots_update(txn, table, 0, &key, values, set, NULL, &fault);
}

int delete_id(bbots_txn *txn, const bbots_table *table, int64_t id, bbots_deleted *deleted)
{
    bbots_value key = bbots_value_integer(id);
    return bbots_delete(txn, table, 0, &key, deleted, &fault);
}

int get_id(bbots_txn *txn, const bbots_table *table, int64_t id, bbots_row *row)
{
    bbots_value key = bbots_value_integer(id);
    return bbots_get(txn, table, 0, &key, row, &fault);
}

bbots_value row_at(const bbots_row *row, const char *name)
{
    return bbots_row_value(row, column(row->table, name));
}

/* ------------------------------------------------------------------ random numbers */

random_source random_begin(const char *test)
{
    const char *given = getenv("BBOTS_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = given != NULL && given[0] != '\0'
                        ? strtoull(given, NULL, 0)
                        : (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec;
    print_message("%s: BBOTS_SEED=%llu repeats this run\n", test, (unsigned long long)seed);
    return (random_source){seed};
}

uint64_t random_next(random_source *source)
{
    uint64_t mixed = source->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

uint64_t random_below(random_source *source, uint64_t below)
{
    return random_next(source) % below;
}

/* One of few numbers, one near a border, or any within most. */
static int64_t random_integer(random_source *source, int64_t most)
{
    switch (random_below(source, 4)) {
    case 0:
        return (int64_t)random_below(source, 9) - 4;
    case 1:
        return random_below(source, 2) ? most - (int64_t)random_below(source, 3)
                                       : -most + (int64_t)random_below(source, 3);
    default: {
        int64_t any = (int64_t)(random_next(source) >> 1);
        any = most == INT64_MAX ? any : any % (most + 1);
        return random_below(source, 2) ? any : -any;
    }
    }
}

static double random_float(random_source *source, bool single)
{
    static const double special[] = {0.0, -0.0,  1,      -1,  INFINITY, -INFINITY,
                                     NAN, 1e-30, -1e-30, 3.5, -3.5,     1e30};
    if (random_below(source, 2) == 0) {
        double number = special[random_below(source, COUNT(special))];
        return single ? (double)(float)number : number;
    }
    uint64_t bits = random_next(source);
    if (single) {
        uint32_t half = (uint32_t)bits;
        float number;
        memcpy(&number, &half, sizeof number);
        return (double)number;
    }
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Short texts of few letters, now and then one with a long beginning that others have too. */
static size_t random_text(random_source *source, bool bytes, size_t most, char *buffer)
{
    static const char letters[] = {'a', 'b', '\x01', 'z', ' ', '~'};
    static const char any[] = {'\0', '\x01', '\xff', 'a', '\xfe', '\x02'};
    size_t size = random_below(source, 5);
    size_t at = 0;
    if (most >= 300 && random_below(source, 4) == 0) {
        at = 205 + random_below(source, 45); /* around what a key keeps whole */
        memset(buffer, bytes && random_below(source, 2) ? 0 : 'm', at);
    }
    for (size_t i = 0; i < size; i++) {
        buffer[at + i] = bytes ? any[random_below(source, sizeof any)]
                               : letters[random_below(source, sizeof letters)];
    }
    return at + size < most ? at + size : most;
}

bbots_value random_value(random_source *source, const bbots_column *described, char *buffer)
{
    static const int64_t powers[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};
    if ((described->flags & BBOTS_COLUMN_NOT_NULL) == 0 && random_below(source, 6) == 0) {
        return bbots_value_null();
    }
    switch ((bbots_type)described->type) {
    case BBOTS_TYPE_BOOLEAN:
        return bbots_value_boolean(random_below(source, 2) == 1);
    case BBOTS_TYPE_SMALLINT:
        return bbots_value_integer(random_integer(source, INT16_MAX));
    case BBOTS_TYPE_INTEGER:
        return bbots_value_integer(random_integer(source, INT32_MAX));
    case BBOTS_TYPE_BIGINT:
        return bbots_value_integer(random_integer(source, INT64_MAX));
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return bbots_value_float(random_float(source, described->type == BBOTS_TYPE_REAL));
    case BBOTS_TYPE_DECIMAL:
        return bbots_value_decimal(random_integer(source, powers[described->length] - 1),
                                   described->scale);
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        switch (random_below(source, 8)) {
        case 0:
            return bbots_value_timestamp(BBOTS_TIMESTAMP_INFINITY);
        case 1:
            return bbots_value_timestamp(BBOTS_TIMESTAMP_MINUS_INFINITY);
        case 2:
            return bbots_value_timestamp(random_below(source, 2) ? BBOTS_TIMESTAMP_MIN
                                                                 : BBOTS_TIMESTAMP_MAX);
        default:
            return bbots_value_timestamp(random_integer(source, 4000000000000000));
        }
    case BBOTS_TYPE_UUID: {
        bbots_uuid uuid = {{0}};
        uuid.bytes[random_below(source, 16)] = (uint8_t)random_next(source);
        return bbots_value_uuid(uuid);
    }
    case BBOTS_TYPE_BYTEA:
        return bbots_value_of_bytes(BBOTS_BYTES, buffer, random_text(source, true, 300, buffer));
    case BBOTS_TYPE_VARCHAR:
    case BBOTS_TYPE_TEXT: {
        size_t most = described->length != 0 ? described->length : 300;
        return bbots_value_of_bytes(BBOTS_TEXT, buffer, random_text(source, false, most, buffer));
    }
    case BBOTS_TYPE_JSONB: {
        static const char *const texts[] = {"null", "{}", "[1, 2.50, \"x\"]", "{\"a\": true}"};
        const char *text = texts[random_below(source, COUNT(texts))];
        return bbots_value_of_bytes(BBOTS_JSONTEXT, text, strlen(text));
    }
    case BBOTS_TYPE_VECTOR: {
        float numbers[16];
        for (unsigned i = 0; i < described->length && i < COUNT(numbers); i++) {
            numbers[i] = (float)random_integer(source, 1000) / 8;
        }
        memcpy(buffer, numbers, described->length * sizeof *numbers);
        return bbots_value_of_bytes(BBOTS_VECTOR, buffer, described->length * sizeof *numbers);
    }
    }
    return bbots_value_null();
}

/* ------------------------------------------------------------------ order of values */

static int order_of_reals(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0); /* PostgreSQL: NaN is above all */
    }
    return (a > b) - (a < b);
}

int compare_values(const bbots_value *a, const bbots_value *b)
{
    if (a->kind == BBOTS_NULL || b->kind == BBOTS_NULL) {
        return (a->kind == BBOTS_NULL) - (b->kind == BBOTS_NULL);
    }
    switch ((bbots_kind)a->kind) {
    case BBOTS_BOOLEAN:
        return a->boolean - b->boolean;
    case BBOTS_FLOAT:
        return order_of_reals(a->real, b->real);
    case BBOTS_UUID:
        return memcmp(a->uuid.bytes, b->uuid.bytes, 16);
    case BBOTS_TEXT:
    case BBOTS_BYTES: {
        uint32_t common = a->size < b->size ? a->size : b->size;
        int order = common != 0 ? memcmp(a->data, b->data, common) : 0;
        return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
    }
    default:
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
}

/* ------------------------------------------------------------------ processes */

void end_child(int status)
{
    char command[32];
    snprintf(command, sizeof command, "exit %d", status);
    if (getenv("BBOTS_VALGRIND") != NULL) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    }
    keep_coverage();
    _exit(status);
}

int in_child(int (*work)(void *context), void *context)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        end_child(work(context));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void send_byte(int fd)
{
    char byte = 'x';
    if (write(fd, &byte, 1) != 1) {
        abort();
    }
}

void await_byte(int fd)
{
    char byte;
    if (read(fd, &byte, 1) != 1) {
        abort(); /* the other side is gone */
    }
}
