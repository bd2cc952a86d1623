/*
 * tests/contract/test_open.c - proves the first half of bbots/store.h: a store is made, opened,
 * refused, brought to a new schema, grown and closed.
 *
 * Files that are no store, or are damaged, are made here byte by byte or with LMDB itself, and
 * opened in a child where a crash would be the wrong answer.
 */
#include "schema/schema.h"
#include "support/variant.h"

#include <bbots/evolve_1.h>
#include <bbots/evolve_2.h>
#include <bbots/platform.h>
#include <bbots/sample.h>

#include <dirent.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NODES   (&sample_nodes_table)
#define ITEMS_1 (&evolve_1_items_table)
#define ITEMS_2 (&evolve_2_items_table)

/* Opens and closes again; the status of the opening. */
static int try_open(const char *path, const bbots_options *options)
{
    bbots_store *store = (bbots_store *)(uintptr_t)1;
    int rc = bbots_open(path, options, &store, &fault);
    if (rc == BBOTS_OK) {
        assert_non_null(store);
        bbots_error closing;
        assert_int_equal(bbots_close(store, &closing), BBOTS_OK);
    } else {
        assert_null(store);
    }
    return rc;
}

static char *path_in(const fixture *place, const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *path = paths[turn++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", place->folder, name);
    return path;
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A file's bytes, from malloc. */
static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*size + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

static size_t files_in(const char *folder)
{
    DIR *open = opendir(folder);
    size_t count = 0;
    const struct dirent *entry;
    assert_non_null(open);
    while ((entry = readdir(open)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(open);
    return count;
}

static const bbots_options creating = {
    .schema = &bbots_sample_schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED};
static const bbots_options existing = {.schema = &bbots_sample_schema, .durability = BBOTS_RELAXED};

/* ------------------------------------------------------------------ making a store */

static void a_store_is_made_once_and_opened_often(void **state)
{
    fixture *place = *state;
    bbots_options exclusive = creating;
    exclusive.flags |= BBOTS_OPEN_EXCLUSIVE;
    assert_status(try_open(place->path, NULL), BBOTS_FILE_MISSING);
    assert_status(try_open(place->path, &existing), BBOTS_FILE_MISSING);
    assert_int_equal(files_in(place->folder), 0);
    assert_ok(try_open(place->path, &exclusive));
    assert_int_equal(files_in(place->folder), 2); /* the store and its locks */
    assert_status(try_open(place->path, &exclusive), BBOTS_FILE_EXISTS);
    assert_int_equal(files_in(place->folder), 2);
    assert_ok(try_open(place->path, &creating));
    assert_ok(try_open(place->path, &existing));
    assert_ok(try_open(place->path, NULL));
    place->store = open_store(place->path, &existing);
    assert_int_equal(check_store(place->store), 0);
}

static void a_store_in_no_folder_is_missing(void **state)
{
    fixture *place = *state;
    assert_status(try_open(path_in(place, "no/such/store"), &creating), BBOTS_FILE_MISSING);
    assert_status(try_open(path_in(place, "no/such/store"), NULL), BBOTS_FILE_MISSING);
}

static void a_new_store_is_its_owners_alone(void **state)
{
    fixture *place = *state;
    struct stat status;
    mode_t mask = umask(0);
    place->store = open_store(place->path, &creating);
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat(path_in(place, "store.bbots-lock"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    bbots_options shared = creating;
    shared.mode = 0640;
    assert_ok(try_open(path_in(place, "shared"), &shared));
    umask(mask);
    assert_int_equal(stat(path_in(place, "shared"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

static void options_outside_of_what_is_allowed_are_refused(void **state)
{
    fixture *place = *state;
    bbots_options wrong = creating;
    assert_status(try_open("", &creating), BBOTS_INVALID_ARGUMENT);
    assert_status(try_open(NULL, &creating), BBOTS_INVALID_ARGUMENT);
    wrong.flags = 1u << 20;
    assert_status(try_open(place->path, &wrong), BBOTS_INVALID_ARGUMENT);
    wrong = creating;
    wrong.schema = NULL;
    assert_status(try_open(place->path, &wrong), BBOTS_INVALID_ARGUMENT);
    wrong = creating;
    wrong.durability = 3;
    assert_status(try_open(place->path, &wrong), BBOTS_INVALID_ARGUMENT);
    wrong = creating;
    wrong.mode = 010000;
    assert_status(try_open(place->path, &wrong), BBOTS_INVALID_ARGUMENT);
    wrong = creating;
    wrong.readers_max = 100001;
    assert_status(try_open(place->path, &wrong), BBOTS_INVALID_ARGUMENT);
    assert_int_equal(files_in(place->folder), 0);
    assert_int_equal(bbots_close(NULL, NULL), BBOTS_OK);
}

static void a_read_only_store_refuses_writers(void **state)
{
    fixture *place = *state;
    bbots_txn *txn;
    bbots_options options = existing;
    assert_ok(try_open(place->path, &creating));
    options.flags = BBOTS_OPEN_READ_ONLY;
    place->store = open_store(place->path, &options);
    assert_status(bbots_begin(place->store, BBOTS_WRITE, &txn, &fault), BBOTS_READ_ONLY);
    assert_null(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(count_of(txn, NODES), 0);
    commit(txn);
}

/* ------------------------------------------------------------------ files that are no store */

static void foreign_files_are_no_store(void **state)
{
    fixture *place = *state;
    random_source source = random_begin(__func__);
    unsigned char bytes[20000];
    write_file(place->path, "", 0);
    assert_status(try_open(place->path, &creating), BBOTS_NOT_A_STORE);
    assert_non_null(strstr(fault.message, "empty"));
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, "SQLite format 3", 16);
    write_file(place->path, bytes, sizeof bytes);
    assert_status(try_open(place->path, &creating), BBOTS_NOT_A_STORE);
    assert_non_null(strstr(fault.message, "SQLite"));
    write_file(place->path, "a,b\n1,2\n", 8);
    assert_status(try_open(place->path, NULL), BBOTS_NOT_A_STORE);
    for (int i = 0; i < 50; i++) {
        size_t size = random_below(&source, sizeof bytes) + 1;
        for (size_t b = 0; b < size; b++) {
            bytes[b] = (unsigned char)random_next(&source);
        }
        write_file(place->path, bytes, size);
        assert_status(try_open(place->path, NULL), BBOTS_NOT_A_STORE);
    }
    /* What was found is left as it was. */
    size_t size;
    unsigned char *after = read_file(place->path, &size);
    assert_memory_equal(after, bytes, size);
    free(after);
    assert_status(try_open(place->folder, &creating), BBOTS_NOT_A_STORE);
    assert_status(try_open("/dev/null", NULL), BBOTS_NOT_A_STORE);
}

static int open_pipe(void *context)
{
    bbots_store *store;
    alarm(5); /* opening a pipe must not wait for somebody to write into it */
    return bbots_open(context, NULL, &store, NULL) == BBOTS_NOT_A_STORE ? 0 : 1;
}

static void a_pipe_is_no_store(void **state)
{
    fixture *place = *state;
    assert_int_equal(mkfifo(place->path, 0600), 0);
    assert_int_equal(in_child(open_pipe, place->path), 0);
}

/* An LMDB file by LMDB: puts records into the main tree, beside what is there. */
static void edit_main(const char *path, const char *key, const void *data, size_t size)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;
    MDB_val name = {strlen(key), (void *)(uintptr_t)key};
    MDB_val value = {size, (void *)(uintptr_t)data};
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0); /* what valgrind can map too */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &tree), 0);
    if (data != NULL) {
        assert_int_equal(mdb_put(txn, tree, &name, &value, 0), 0);
    } else {
        assert_int_equal(mdb_del(txn, tree, &name, NULL), 0);
    }
    /* The record of the last commit has to fit, otherwise it is what would be found wrong. */
    if (strcmp(key, "@commit") != 0) {
        uint64_t number = mdb_txn_id(txn);
        MDB_val commit_name = {7, (void *)(uintptr_t) "@commit"};
        MDB_val commit_value = {sizeof number, &number};
        assert_int_equal(mdb_put(txn, tree, &commit_name, &commit_value, 0), 0);
    }
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void get_main(const char *path, const char *key, void *data, size_t size)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi tree;
    MDB_val name = {strlen(key), (void *)(uintptr_t)key};
    MDB_val value;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 28), 0); /* what valgrind can map too */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &tree), 0);
    assert_int_equal(mdb_get(txn, tree, &name, &value), 0);
    assert_true(value.mv_size >= size);
    memcpy(data, value.mv_data, size);
    mdb_txn_abort(txn);
    mdb_env_close(env);
}

static void an_lmdb_file_of_others_is_no_store(void **state)
{
    fixture *place = *state;
    edit_main(place->path, "key", "value", 5);
    assert_status(try_open(place->path, &creating), BBOTS_NOT_A_STORE);
    assert_non_null(strstr(fault.message, "LMDB"));
}

static void the_format_record_is_judged(void **state)
{
    fixture *place = *state;
    unsigned char record[32];
    unsigned char wrong[32];
    assert_ok(try_open(place->path, &creating));
    get_main(place->path, "@bbots", record, sizeof record);
    static const struct {
        size_t at;
        int status;
    } cases[] = {{0, BBOTS_NOT_A_STORE},
                 {7, BBOTS_NOT_A_STORE},
                 {8, BBOTS_UNSUPPORTED_VERSION},
                 {11, BBOTS_UNSUPPORTED_VERSION},
                 {12, BBOTS_UNSUPPORTED_VERSION},
                 {15, BBOTS_UNSUPPORTED_VERSION},
                 {16, BBOTS_CORRUPTED}, /* not the fingerprint of the schema beside it */
                 {31, BBOTS_CORRUPTED}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        memcpy(wrong, record, sizeof wrong);
        wrong[cases[i].at] ^= 0x40;
        edit_main(place->path, "@bbots", wrong, sizeof wrong);
        assert_status(try_open(place->path, &existing), cases[i].status);
        assert_status(try_open(place->path, NULL), cases[i].status);
    }
    edit_main(place->path, "@bbots", record, 31);
    assert_status(try_open(place->path, NULL), BBOTS_NOT_A_STORE);
    edit_main(place->path, "@bbots", record, sizeof record);
    assert_ok(try_open(place->path, NULL));
    edit_main(place->path, "@commit", "12345678", 8);
    assert_status(try_open(place->path, NULL), BBOTS_CORRUPTED);
    edit_main(place->path, "@commit", NULL, 0);
    assert_status(try_open(place->path, NULL), BBOTS_CORRUPTED);
    edit_main(place->path, "@schema", "\x80", 1);
    assert_status(try_open(place->path, NULL), BBOTS_CORRUPTED);
    edit_main(place->path, "@schema", NULL, 0);
    assert_status(try_open(place->path, NULL), BBOTS_CORRUPTED);
}

static void a_page_format_of_another_lmdb_is_named(void **state)
{
    fixture *place = *state;
    size_t size;
    assert_ok(try_open(place->path, &creating));
    unsigned char *data = read_file(place->path, &size);
    static const uint32_t versions[] = {2, 999};
    for (size_t i = 0; i < COUNT(versions); i++) {
        memcpy(data + 20, &versions[i], 4);
        memcpy(data + 4096 + 20, &versions[i], 4);
        write_file(place->path, data, size);
        assert_status(try_open(place->path, NULL), BBOTS_UNSUPPORTED_VERSION);
        assert_non_null(strstr(fault.message, i == 0 ? "2" : "999"));
    }
    free(data);
}

static void make_filled(const char *path)
{
    bbots_store *store = make_store(path, &bbots_sample_schema);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < 500; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("some text that fills pages")));
    }
    commit(txn);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

static void a_file_that_was_cut_off_is_damaged(void **state)
{
    fixture *place = *state;
    size_t size;
    make_filled(place->path);
    unsigned char *data = read_file(place->path, &size);
    char *cut = path_in(place, "cut");
    for (size_t length = 0; length < size; length += length < 200 ? 7 : 997) {
        write_file(cut, data, length);
        int rc = try_open(cut, NULL);
        if (rc != (length < 152 ? BBOTS_NOT_A_STORE : BBOTS_CORRUPTED)) {
            fail_msg("%zu of %zu bytes: %s", length, size, bbots_status_name(rc));
        }
    }
    write_file(cut, data, size - 1);
    assert_status(try_open(cut, NULL), BBOTS_CORRUPTED);
    write_file(cut, data, size);
    assert_ok(try_open(cut, NULL));
    free(data);
}

static int open_and_check(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_check_result result;
    if (bbots_open(context, NULL, &store, NULL) == BBOTS_OK) {
        if (bbots_begin(store, BBOTS_READ, &txn, NULL) == BBOTS_OK) {
            if (bbots_check(txn, NULL, &result, NULL) > 0) {
                return 1;
            }
            bbots_rollback(txn);
        }
        bbots_close(store, NULL);
    }
    return 0;
}

/* Of the two meta pages each byte is changed in two ways: an answer, never a crash. */
static void a_damaged_meta_page_crashes_nobody(void **state)
{
    fixture *place = *state;
    size_t size;
    int crashes = 0;
    make_filled(place->path);
    unsigned char *data = read_file(place->path, &size);
    char *damaged = path_in(place, "damaged");
    for (size_t page = 0; page < 2; page++) {
        for (size_t at = 0; at < 152; at++) {
            for (unsigned way = 0; way < 2; way++) {
                unsigned char kept = data[page * 4096 + at];
                data[page * 4096 + at] ^= way == 0 ? 0x01 : 0xff;
                write_file(damaged, data, size);
                data[page * 4096 + at] = kept;
                if (in_child(open_and_check, damaged) != 0) {
                    print_error("meta page %zu, byte %zu changed by %#x: crash\n", page, at,
                                way == 0 ? 1u : 0xffu);
                    crashes++;
                }
            }
        }
    }
    free(data);
    assert_int_equal(crashes, 0);
}

/* ------------------------------------------------------------------ rights */

static int open_as_nobody(void *context)
{
    bbots_store *store;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return 2;
    }
    return bbots_open(context, NULL, &store, NULL) == BBOTS_ACCESS_DENIED ? 0 : 1;
}

static int create_as_nobody(void *context)
{
    bbots_store *store;
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
        return 2;
    }
    return bbots_open(context, &creating, &store, NULL) == BBOTS_ACCESS_DENIED ? 0 : 1;
}

static void what_the_system_forbids_is_denied(void **state)
{
    fixture *place = *state;
    make_filled(place->path);
    assert_int_equal(chmod(place->path, 0), 0);
    assert_int_equal(chmod(place->folder, 0755), 0);
    assert_int_equal(in_child(open_as_nobody, place->path), 0);
    assert_int_equal(chmod(place->folder, 0555), 0);
    assert_int_equal(in_child(create_as_nobody, path_in(place, "new")), 0);
    assert_int_equal(chmod(place->folder, 0700), 0);
    assert_int_equal(chmod(place->path, 0600), 0);
}

static int open_with_umask(void *context)
{
    umask(077);
    return try_open(context, &existing) == BBOTS_OK ? 0 : 1;
}

/* Whoever comes first makes the lock file for all who may write: umask, or root, must not lock the owner out. */
static void the_lock_file_is_for_all_who_may_write(void **state)
{
    fixture *place = *state;
    struct stat file;
    struct stat lock;
    make_filled(place->path);
    assert_int_equal(unlink(path_in(place, "store.bbots-lock")), 0);
    assert_int_equal(chmod(place->path, 0660), 0);
    if (getuid() == 0) {
        assert_int_equal(chown(place->path, 65534, 65533), 0);
    }
    assert_int_equal(in_child(open_with_umask, place->path), 0);
    assert_int_equal(stat(place->path, &file), 0);
    assert_int_equal(stat(path_in(place, "store.bbots-lock"), &lock), 0);
    assert_int_equal(lock.st_mode & 0777, 0660);
    assert_int_equal(lock.st_uid, file.st_uid);
    assert_int_equal(lock.st_gid, file.st_gid);
    place->store = open_store(place->path, &existing);
}

/* ------------------------------------------------------------------ opened twice */

static int open_in_child(void *context)
{
    bbots_store *store;
    bbots_txn *txn;
    if (bbots_open(context, &existing, &store, NULL) != BBOTS_OK ||
        bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
        return 1;
    }
    bbots_rollback(txn);
    return bbots_close(store, NULL) == BBOTS_OK ? 0 : 2;
}

static void a_process_opens_a_file_once_under_any_name(void **state)
{
    fixture *place = *state;
    char *symbolic = path_in(place, "symbolic");
    char *hard = path_in(place, "hard");
    place->store = open_store(place->path, &creating);
    assert_status(try_open(place->path, NULL), BBOTS_ALREADY_OPEN);
    assert_int_equal(symlink(place->path, symbolic), 0);
    assert_status(try_open(symbolic, &existing), BBOTS_ALREADY_OPEN);
    assert_int_equal(link(place->path, hard), 0);
    assert_status(try_open(hard, &existing), BBOTS_ALREADY_OPEN);
    assert_status(try_open(place->path, &creating), BBOTS_ALREADY_OPEN);
    /* Another process may, also one that was forked. */
    assert_int_equal(in_child(open_in_child, place->path), 0);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("x")));
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(symbolic, &existing);
    txn = begin(place->store, BBOTS_READ);
    assert_int_equal(count_of(txn, NODES), 1);
    commit(txn);
}

/* Two names with a lock each would be two writers at once, and a damaged file. */
static void a_symbolic_link_has_the_lock_of_its_file(void **state)
{
    fixture *place = *state;
    char *symbolic = path_in(place, "symbolic");
    assert_ok(try_open(place->path, &creating));
    assert_int_equal(symlink("store.bbots", symbolic), 0);
    assert_int_equal(in_child(open_in_child, symbolic), 0);
    assert_int_equal(files_in(place->folder), 3); /* the file, its lock and the link */
    assert_int_not_equal(access(path_in(place, "symbolic-lock"), F_OK), 0);
    assert_int_equal(access(path_in(place, "store.bbots-lock"), F_OK), 0);
}

static int is_refused_in_child(void *context)
{
    bbots_store *store;
    int rc = bbots_open(context, &existing, &store, &fault);
    return rc == BBOTS_BUSY && strstr(fault.message, "by another name") != NULL ? 0 : 1;
}

static int is_kept_out_in_child(void *context)
{
    bbots_store *store;
    int rc = bbots_open(context, &existing, &store, &fault);
    return rc == BBOTS_BUSY && strstr(fault.message, "lock file") != NULL ? 0 : 1;
}

/* What is named may have a lock file already, of a file that had the name before; it is not the writer's. */
static void nobody_writes_beside_a_writer_whose_file_was_renamed(void **state)
{
    fixture *place = *state;
    char *aside = path_in(place, "aside");
    char *lock = path_in(place, "store.bbots-lock");
    assert_ok(try_open(aside, &creating)); /* leaves a lock file */
    place->store = open_store(place->path, &creating);
    assert_int_equal(rename(place->path, aside), 0);
    assert_int_equal(in_child(is_refused_in_child, aside), 0);
    assert_int_equal(rename(aside, place->path), 0);
    assert_int_equal(in_child(open_in_child, place->path), 0);
    assert_int_equal(rename(path_in(place, "aside-lock"), lock),
                     0); /* free, and of the right name */
    assert_int_equal(in_child(is_refused_in_child, place->path), 0);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &existing);
}

/* A backup that takes the name of a file in use finds that one's lock file, which says of which commit it is. */
static void a_file_put_in_the_place_of_one_in_use_waits_for_its_end(void **state)
{
    fixture *place = *state;
    char *copy = path_in(place, "copy");
    place->store = open_store(place->path, &creating);
    assert_ok(bbots_backup(place->store, copy, &fault));
    for (int i = 0; i < 8; i++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(insert_named(txn, NODES, "label", string("x")));
        commit(txn);
    }
    assert_int_equal(rename(copy, place->path), 0);
    assert_int_equal(in_child(is_kept_out_in_child, place->path), 0);
    assert_status(try_open(place->path, &existing), BBOTS_ALREADY_OPEN);
    assert_int_equal(in_child(is_kept_out_in_child, place->path), 0); /* the lock is still there */
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("x")));
    commit(txn);
    assert_int_equal(check_store(place->store), 9);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(in_child(open_in_child, place->path), 0);
    place->store = open_store(place->path, &existing);
    assert_int_equal(check_store(place->store), 0);
}

/* A hard link has a lock of its own, and so has a name whose lock file was removed. */
static void nobody_writes_beside_a_writer_with_another_lock(void **state)
{
    fixture *place = *state;
    char *hard = path_in(place, "hard");
    char *lock = path_in(place, "store.bbots-lock");
    char *aside = path_in(place, "aside");
    place->store = open_store(place->path, &creating);
    assert_int_equal(link(place->path, hard), 0);
    assert_int_equal(in_child(is_refused_in_child, hard), 0);
    assert_int_not_equal(access(path_in(place, "hard-lock"), F_OK), 0);
    assert_int_equal(in_child(open_in_child, place->path), 0);
    assert_int_equal(unlink(hard), 0);
    assert_int_equal(rename(lock, aside), 0);
    assert_int_equal(in_child(is_refused_in_child, place->path), 0);
    assert_int_equal(rename(aside, lock), 0);
    assert_int_equal(in_child(open_in_child, place->path), 0);
    assert_ok(bbots_close(place->store, &fault));
    assert_int_equal(link(place->path, hard), 0);
    assert_int_equal(in_child(open_in_child, hard), 0); /* one at a time may have any name */
    place->store = open_store(place->path, &existing);
}

static void a_store_with_open_transactions_stays_open(void **state)
{
    fixture *place = *state;
    place->store = open_store(place->path, &creating);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_status(bbots_close(place->store, &fault), BBOTS_BUSY);
    assert_int_equal(count_of(reader, NODES), 0);
    bbots_rollback(reader);
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_status(bbots_close(place->store, &fault), BBOTS_BUSY);
    assert_ok(insert_named(writer, NODES, "label", string("x")));
    commit(writer);
    assert_int_equal(check_store(place->store), 1);
    reopen(place);
    assert_int_equal(check_store(place->store), 1);
}

/* ------------------------------------------------------------------ schemas */

static void a_file_opens_with_its_own_schema_and_answers_the_same(void **state)
{
    fixture *place = *state;
    bbots_value key = integer(250);
    bbots_row row;
    make_filled(place->path);
    bbots_store *typed = open_store(place->path, &existing);
    bbots_txn *txn = begin(typed, BBOTS_READ);
    bbots_digest digest = digest_of(txn);
    bbots_rollback(txn);
    assert_ok(bbots_close(typed, &fault));
    place->store = open_store(place->path, NULL);
    const bbots_schema *own = bbots_store_schema(place->store);
    assert_ptr_not_equal(own, &bbots_sample_schema);
    assert_memory_equal(own->fingerprint.bytes, bbots_sample_schema.fingerprint.bytes, 16);
    assert_int_equal(own->table_count, bbots_sample_schema.table_count);
    const bbots_table *nodes = bbots_store_table(place->store, "nodes", &fault);
    assert_non_null(nodes);
    assert_int_equal(nodes->struct_size, 0);
    txn = begin(place->store, BBOTS_WRITE);
    assert_digest(txn, digest);
    assert_ok(bbots_get(txn, nodes, 0, &key, &row, &fault));
    assert_int_equal(row_at(&row, "label").kind, BBOTS_TEXT);
    assert_status(bbots_get(txn, NODES, 0, &key, &row, &fault), BBOTS_UNKNOWN_TABLE);
    sample_nodes record = {0};
    assert_status(bbots_record_insert(txn, nodes, &record, &fault), BBOTS_INVALID_ARGUMENT);
    assert_ok(insert_named(txn, nodes, "parent", integer(1)));
    assert_status(insert_named(txn, nodes, "parent", integer(1000)), BBOTS_FOREIGN_KEY_VIOLATION);
    bbots_deleted deleted;
    assert_ok(delete_id(txn, nodes, 1, &deleted));
    assert_int_equal(deleted.cascaded, 1);
    commit(txn);
}

static void another_schema_is_a_mismatch(void **state)
{
    fixture *place = *state;
    bbots_options other = {.schema = &bbots_platform_schema};
    make_filled(place->path);
    size_t size;
    unsigned char *before = read_file(place->path, &size);
    assert_status(try_open(place->path, &other), BBOTS_SCHEMA_MISMATCH);
    assert_string_equal(fault.sqlstate, "BB004");
    other.flags = BBOTS_OPEN_UPGRADE;
    assert_status(try_open(place->path, &other), BBOTS_SCHEMA_MISMATCH);
    other.flags = BBOTS_OPEN_CREATE;
    assert_status(try_open(place->path, &other), BBOTS_SCHEMA_MISMATCH);
    size_t size_after;
    unsigned char *after = read_file(place->path, &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    place->store = open_store(place->path, &existing);
}

static const bbots_options first = {
    .schema = &bbots_evolve_1_schema, .flags = BBOTS_OPEN_CREATE, .durability = BBOTS_RELAXED};
/* evolve_2.sql under the name of evolve_1.sql: the generator keeps the two apart by name, a file
 * knows them as one schema. */
static bbots_schema grown;
static const bbots_options second = {.schema = &grown, .durability = BBOTS_RELAXED};
static const bbots_options upgrading = {
    .schema = &grown, .flags = BBOTS_OPEN_UPGRADE, .durability = BBOTS_RELAXED};

static int make_grown(void **state)
{
    bb_arena arena;
    const void *data;
    size_t size;
    (void)state;
    grown = bbots_evolve_2_schema;
    grown.name = bbots_evolve_1_schema.name;
    bb_arena_init(&arena);
    int rc = schema_serialize(&arena, &grown, &data, &size, NULL);
    if (rc == BBOTS_OK) {
        grown.fingerprint = schema_fingerprint(data, size);
    }
    bb_arena_free(&arena);
    return rc;
}

/* Items 1 to count; kinds repeat with parts that tell them apart, or with parts that are null. */
static void make_items(const char *path, int count, bool clash)
{
    bbots_store *store = open_store(path, &first);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < count; i++) {
        assert_ok(insert_named(txn, ITEMS_1, "name", string(i % 2 ? "odd" : "even"), "kind",
                               i % 3 == 0 ? null_value() : string("kind"), "part",
                               i % 5 == 0 ? null_value() : integer(clash ? i / 50 : i)));
    }
    commit(txn);
    check_store(store);
    assert_ok(bbots_close(store, &fault));
}

static void an_upgrade_adds_and_old_rows_read_the_new_columns_defaults(void **state)
{
    fixture *place = *state;
    bbots_row row;
    make_items(place->path, 300, false);
    assert_status(try_open(place->path, &second), BBOTS_SCHEMA_MISMATCH);
    bbots_options read_only = upgrading;
    read_only.flags |= BBOTS_OPEN_READ_ONLY;
    assert_status(try_open(place->path, &read_only), BBOTS_SCHEMA_MISMATCH);
    place->store = open_store(place->path, &upgrading);
    assert_int_equal(check_store(place->store), 300);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(get_id(txn, ITEMS_2, 7, &row));
    bbots_value colour = row_at(&row, "colour");
    bbots_value grey = string("grey");
    assert_true(same_value(&colour, &grey));
    bbots_value weight = row_at(&row, "weight");
    bbots_value expected = bbots_value_decimal(2500, 3);
    assert_true(same_value(&weight, &expected));
    assert_int_equal(row_at(&row, "remark").kind, BBOTS_NULL);
    /* The new indexes know the old rows. */
    bbots_cursor *cursor;
    bbots_range range = {.from = &grey, .to = &grey, .from_count = 1, .to_count = 1};
    assert_ok(bbots_cursor_open(txn, ITEMS_2, index_of(ITEMS_2, "items_colour_idx"), &range,
                                &cursor, &fault));
    int rows = 0;
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        rows++;
    }
    bbots_cursor_close(cursor);
    assert_int_equal(rows, 300);
    bbots_value key[] = {string("kind"), integer(7)};
    assert_ok(bbots_get(txn, ITEMS_2, index_of(ITEMS_2, "items_kind_part_idx"), key, &row, &fault));
    assert_int_equal(row_at(&row, "id").integer, 8);
    assert_status(
        insert_named(txn, ITEMS_2, "name", string("x"), "kind", string("kind"), "part", integer(7)),
        BBOTS_UNIQUE_VIOLATION);
    /* Old rows change, go, and come back from a savepoint. */
    bbots_digest before = digest_of(txn);
    assert_ok(bbots_savepoint(txn, "s", &fault));
    assert_ok(update_named(txn, ITEMS_2, 7, "colour", string("red")));
    assert_ok(update_named(txn, ITEMS_2, 9, "name", string("renamed")));
    assert_ok(delete_id(txn, ITEMS_2, 10, NULL));
    check_txn(txn);
    assert_ok(bbots_savepoint_rollback(txn, "s", &fault));
    assert_digest(txn, before);
    check_txn(txn);
    assert_ok(insert_named(txn, &evolve_2_labels_table, "item", integer(7), "text", string("l")));
    bbots_deleted deleted;
    assert_ok(delete_id(txn, ITEMS_2, 7, &deleted));
    assert_int_equal(deleted.cascaded, 1);
    commit(txn);
    /* From now on it is a file of the new schema. */
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    bbots_options old_options = first;
    old_options.flags = 0;
    assert_status(try_open(place->path, &old_options), BBOTS_SCHEMA_MISMATCH);
    old_options.flags = BBOTS_OPEN_UPGRADE;
    assert_status(try_open(place->path, &old_options), BBOTS_SCHEMA_MISMATCH);
    place->store = open_store(place->path, NULL);
    assert_int_equal(check_store(place->store), 299);
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &upgrading);
}

static void an_upgrade_that_rows_contradict_leaves_the_file_as_it_was(void **state)
{
    fixture *place = *state;
    make_items(place->path, 300, true);
    size_t size;
    unsigned char *before = read_file(place->path, &size);
    assert_status(try_open(place->path, &upgrading), BBOTS_UNIQUE_VIOLATION);
    assert_string_equal(fault.table, "items");
    assert_string_equal(fault.constraint, "items_kind_part_idx");
    size_t size_after;
    unsigned char *after = read_file(place->path, &size_after);
    assert_true(size_after >= size);
    assert_memory_equal(before, after, size); /* pages behind it are of nobody */
    free(before);
    free(after);
    bbots_options again = first;
    again.flags = 0;
    place->store = open_store(place->path, &again);
    assert_int_equal(check_store(place->store), 300);
}

/* Two rows with the same long text and a null beside it do not clash: null is like nothing. */
static void an_upgrade_takes_nulls_beside_long_texts_as_distinct(void **state)
{
    fixture *place = *state;
    char kind[400];
    memset(kind, 'k', sizeof kind - 1);
    kind[sizeof kind - 1] = '\0';
    bbots_store *store = open_store(place->path, &first);
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (int i = 0; i < 3; i++) {
        assert_ok(insert_named(txn, ITEMS_1, "name", string("x"), "kind", string(kind)));
    }
    commit(txn);
    assert_ok(bbots_close(store, &fault));
    place->store = open_store(place->path, &upgrading);
    assert_int_equal(check_store(place->store), 3);
}

static void an_upgrade_grows_the_map_as_it_needs(void **state)
{
    fixture *place = *state;
    make_items(place->path, 20000, false);
    struct stat status;
    assert_int_equal(stat(place->path, &status), 0);
    bbots_options tight = upgrading;
    tight.map_bytes = (uint64_t)status.st_size;
    place->store = open_store(place->path, &tight);
    assert_int_equal(check_store(place->store), 20000);
}

typedef struct elder {
    const char *path;
    int ready;
    int go;
} elder;

/* Has the file open with the old schema while another process brings it to the new one. */
static int live_through_upgrade(const elder *self)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_cursor *cursor;
    bbots_row row;
    bbots_options options = first;
    options.flags = 0;
    if (bbots_open(self->path, &options, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    send_byte(self->ready);
    await_byte(self->go);
    if (bbots_begin(store, BBOTS_WRITE, &txn, NULL) != BBOTS_SCHEMA_MISMATCH) {
        return 2;
    }
    int rc = bbots_begin(store, BBOTS_READ, &txn, NULL);
    if (rc == BBOTS_SCHEMA_MISMATCH) {
        return bbots_close(store, NULL) == BBOTS_OK ? 0 : 3;
    }
    if (rc != BBOTS_OK || bbots_cursor_open(txn, ITEMS_1, 0, NULL, &cursor, NULL) != BBOTS_OK) {
        return 4;
    }
    do {
        rc = bbots_cursor_next(cursor, &row, NULL);
    } while (rc == BBOTS_OK);
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
    bbots_close(store, NULL);
    /* A healthy row must not be called damaged. */
    return rc == BBOTS_END || rc == BBOTS_SCHEMA_MISMATCH ? 0 : 5;
}

static void a_process_with_the_old_schema_is_told_to_open_again(void **state)
{
    fixture *place = *state;
    int ready[2];
    int go[2];
    int status;
    make_items(place->path, 10, false);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        elder self = {place->path, ready[1], go[0]};
        end_child(live_through_upgrade(&self));
    }
    await_byte(ready[0]);
    place->store = open_store(place->path, &upgrading);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, ITEMS_2, "name", string("new"), "colour", string("red")));
    commit(txn);
    send_byte(go[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ------------------------------------------------------------------ fork */

typedef struct heirloom {
    bbots_store *store;
    bbots_txn *reader;
    bbots_txn *writer;
    bbots_cursor *cursor;
} heirloom;

static int nothing_to_do(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)txn;
    (void)context;
    (void)error;
    return BBOTS_OK;
}

/* Every entry point in a child that inherited a store and transactions. */
static int use_heirloom(void *context)
{
    heirloom *old = context;
    bbots_txn *txn;
    bbots_row row;
    bbots_value key = integer(1);
    bbots_value values[3] = {integer(5)};
    bbots_deleted deleted;
    bbots_digest digest;
    bbots_stat stat;
    bbots_cursor *cursor;
    bbots_check_result result;
    bbots_summary *summary;
    sample_nodes record = {0};
    uint64_t count;
    int64_t next;
    bool inserted;
    int wrong = 0;
    bbots_summary_query query = {
        .table = NODES, .measures = {{BBOTS_COUNT, -1}}, .measure_count = 1};
#define IS_FORKED(call)                                                                            \
    do {                                                                                           \
        int got = (call);                                                                          \
        if (got != BBOTS_FORKED) {                                                                 \
            fprintf(stderr, "%s gave %s\n", #call, bbots_status_name(got));                        \
            wrong++;                                                                               \
        }                                                                                          \
    } while (0)
    IS_FORKED(bbots_begin(old->store, BBOTS_READ, &txn, NULL));
    IS_FORKED(bbots_begin(old->store, BBOTS_WRITE, &txn, NULL));
    IS_FORKED(bbots_write(old->store, nothing_to_do, NULL, NULL));
    IS_FORKED(bbots_store_stat(old->store, &stat, NULL));
    IS_FORKED(bbots_insert(old->writer, NODES, values, 1, NULL, NULL));
    IS_FORKED(bbots_update(old->writer, NODES, 0, &key, values, 1, NULL, NULL));
    IS_FORKED(bbots_delete(old->writer, NODES, 0, &key, &deleted, NULL));
    IS_FORKED(bbots_upsert(old->writer, NODES, 0, values, 1, values, 0, NULL, &inserted, NULL));
    IS_FORKED(bbots_soft_delete(old->writer, &sample_soft_table, 0, &key, NULL));
    IS_FORKED(bbots_serial_advance(old->writer, NODES, 100, NULL));
    IS_FORKED(bbots_record_insert(old->writer, NODES, &record, NULL));
    IS_FORKED(bbots_record_update(old->writer, NODES, &record, 0, NULL));
    IS_FORKED(bbots_record_delete(old->writer, NODES, &record, NULL, NULL));
    IS_FORKED(bbots_record_upsert(old->writer, NODES, 0, &record, 0, NULL, NULL));
    IS_FORKED(bbots_savepoint(old->writer, "new", NULL));
    IS_FORKED(bbots_savepoint_rollback(old->writer, "s", NULL));
    IS_FORKED(bbots_savepoint_release(old->writer, "s", NULL));
    IS_FORKED(bbots_get(old->reader, NODES, 0, &key, &row, NULL));
    IS_FORKED(bbots_record_get(old->reader, NODES, 0, &record, NULL));
    IS_FORKED(bbots_count(old->reader, NODES, &count, NULL));
    IS_FORKED(bbots_table_digest(old->reader, NODES, &digest, NULL));
    IS_FORKED(bbots_store_digest(old->reader, &digest, NULL));
    IS_FORKED(bbots_serial_next(old->reader, NODES, &next, NULL));
    IS_FORKED(bbots_cursor_open(old->reader, NODES, 0, NULL, &cursor, NULL));
    IS_FORKED(bbots_cursor_next(old->cursor, &row, NULL));
    IS_FORKED(bbots_cursor_next_record(old->cursor, &record, NULL));
    IS_FORKED(bbots_check(old->reader, NULL, &result, NULL));
    IS_FORKED(bbots_summarize(old->reader, &query, &summary, NULL));
    IS_FORKED(bbots_commit(old->writer, NULL));
    bbots_cursor_close(old->cursor);
    bbots_rollback(old->reader);
    bbots_close(old->store, NULL);
    return wrong;
}

static void a_forked_child_can_use_nothing_of_its_parents(void **state)
{
    fixture *place = *state;
    bbots_row row;
    make_filled(place->path);
    place->store = open_store(place->path, &existing);
    /* One that rests, one that reads. */
    bbots_txn *resting = begin(place->store, BBOTS_READ);
    heirloom old = {.store = place->store};
    old.reader = begin(place->store, BBOTS_READ);
    bbots_rollback(resting);
    assert_ok(bbots_cursor_open(old.reader, NODES, 0, NULL, &old.cursor, &fault));
    assert_ok(bbots_cursor_next(old.cursor, &row, &fault));
    old.writer = begin(place->store, BBOTS_WRITE);
    assert_ok(bbots_savepoint(old.writer, "s", &fault));
    assert_ok(insert_named(old.writer, NODES, "label", string("of the parent")));
    int wrong = in_child(use_heirloom, &old);
    /* The parent goes on as if nothing had been. */
    assert_ok(bbots_cursor_next(old.cursor, &row, &fault));
    bbots_cursor_close(old.cursor);
    bbots_rollback(old.reader);
    assert_ok(bbots_savepoint_release(old.writer, "s", &fault));
    commit(old.writer);
    assert_int_equal(check_store(place->store), 501);
    assert_int_equal(wrong, 0);
}

static int read_commit_in_child(void *context)
{
    return bbots_commit(context, NULL) == BBOTS_FORKED ? 0 : 1;
}

static void a_forked_child_cannot_even_end_a_reader(void **state)
{
    fixture *place = *state;
    make_filled(place->path);
    place->store = open_store(place->path, &existing);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    int wrong = in_child(read_commit_in_child, reader);
    assert_int_equal(count_of(reader, NODES), 500);
    bbots_rollback(reader);
    assert_int_equal(wrong, 0);
}

/* ------------------------------------------------------------------ size */

static int insert_many(bbots_txn *txn, void *context, bbots_error *error)
{
    static char text[1000];
    int *calls = context;
    bbots_value values[3];
    memset(text, 't', sizeof text - 1);
    ++*calls;
    uint64_t given = fill_row(NODES, values, "label", string(text), NULL);
    for (int i = 0; i < 2000; i++) {
        int rc = bbots_insert(txn, NODES, values, given, NULL, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    return BBOTS_OK;
}

static void a_small_map_grows_with_its_rows(void **state)
{
    fixture *place = *state;
    bbots_options small = creating;
    int calls = 0;
    bbots_stat stat;
    small.map_bytes = 1u << 20;
    place->store = open_store(place->path, &small);
    for (int i = 0; i < 10; i++) {
        assert_ok(bbots_write(place->store, insert_many, &calls, &fault));
        bbots_txn *txn = begin(place->store, BBOTS_READ);
        assert_int_equal(count_of(txn, NODES), 2000 * (i + 1));
        bbots_rollback(txn);
    }
    assert_true(calls > 10); /* at least one was run again */
    assert_ok(bbots_store_stat(place->store, &stat, &fault));
    assert_true(stat.map_bytes >= stat.file_bytes && stat.file_bytes >= stat.used_bytes);
    assert_true(stat.used_bytes > (20u << 20));
    assert_int_equal(stat.page_bytes, 4096);
    assert_int_equal(stat.format_version, 1);
}

static void a_map_of_any_size_is_enough_to_begin_with(void **state)
{
    fixture *place = *state;
    bbots_options small = creating;
    int calls = 0;
    small.map_bytes = 4096;
    place->store = open_store(place->path, &small);
    assert_ok(bbots_write(place->store, insert_many, &calls, &fault));
}

static void a_full_map_breaks_the_transaction_and_the_next_one_has_room(void **state)
{
    fixture *place = *state;
    bbots_options small = creating;
    int calls = 0;
    int rc = BBOTS_OK;
    small.map_bytes = 1u << 20;
    place->store = open_store(place->path, &small);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 10 && rc == BBOTS_OK; i++) {
        rc = insert_many(txn, &calls, &fault);
    }
    assert_int_equal(rc, BBOTS_MAP_FULL);
    assert_string_equal(fault.sqlstate, "53400");
    assert_status(insert_named(txn, NODES, "label", string("x")), BBOTS_TRANSACTION_BROKEN);
    assert_status(bbots_savepoint(txn, "s", &fault), BBOTS_TRANSACTION_BROKEN);
    uint64_t count;
    assert_status(bbots_count(txn, NODES, &count, &fault), BBOTS_TRANSACTION_BROKEN);
    assert_status(bbots_commit(txn, &fault), BBOTS_TRANSACTION_BROKEN);
    assert_int_equal(check_store(place->store), 0);
    assert_ok(bbots_write(place->store, insert_many, &calls, &fault));
    assert_int_equal(check_store(place->store), 2000);
}

static void a_file_at_its_limit_stays_usable(void **state)
{
    fixture *place = *state;
    bbots_options limited = creating;
    int calls = 0;
    int rc;
    uint64_t rows = 0;
    struct stat status;
    limited.map_bytes = 1u << 20;
    limited.file_bytes_max = 8u << 20;
    place->store = open_store(place->path, &limited);
    while ((rc = bbots_write(place->store, insert_many, &calls, &fault)) == BBOTS_OK) {
        rows += 2000;
    }
    assert_int_equal(rc, BBOTS_MAP_FULL);
    assert_true(rows > 0);
    assert_int_equal(stat(place->path, &status), 0);
    assert_true((uint64_t)status.st_size <= limited.file_bytes_max);
    assert_int_equal(check_store(place->store), rows);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(update_named(txn, NODES, 1, "label", string("short")));
    for (int id = 2; id <= 1500; id++) {
        assert_ok(delete_id(txn, NODES, id, NULL));
    }
    commit(txn);
    /* Room that was given back serves again, one commit later. */
    txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, NODES, "label", string("x")));
    commit(txn);
    txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 300; i++) {
        assert_ok(insert_named(txn, NODES, "label", string("text text text text")));
    }
    commit(txn);
    assert_int_equal(check_store(place->store), rows - 1499 + 301);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A map that is half full may grow some time; nobody waits for a long reader because of it. */
static void a_writer_that_has_room_does_not_wait_for_readers(void **state)
{
    fixture *place = *state;
    bbots_options small = creating;
    int calls = 0;
    small.map_bytes = 4u << 20;
    place->store = open_store(place->path, &small);
    assert_ok(bbots_write(place->store, insert_many, &calls, &fault));
    bbots_stat stat;
    assert_ok(bbots_store_stat(place->store, &stat, &fault));
    assert_true(stat.used_bytes > stat.map_bytes / 2);
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    double start = seconds();
    bbots_txn *writer = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(writer, NODES, "label", string("x")));
    commit(writer);
    double took = seconds() - start;
    bbots_rollback(reader);
    if (took > 2) {
        fail_msg("begin and commit took %.1f seconds", took);
    }
}

typedef struct grower {
    const char *path;
    int ready;
    int go;
} grower;

/* Opens before and reads after another process has made the file larger than this one's map. */
static int read_what_grew(const grower *self)
{
    bbots_store *store;
    bbots_txn *txn;
    bbots_options small = existing;
    uint64_t count;
    int calls = 0;
    small.map_bytes = 1u << 20;
    if (bbots_open(self->path, &small, &store, NULL) != BBOTS_OK) {
        return 1;
    }
    if (bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK) {
        return 2;
    }
    bbots_rollback(txn);
    send_byte(self->ready);
    await_byte(self->go);
    if (bbots_begin(store, BBOTS_READ, &txn, NULL) != BBOTS_OK ||
        bbots_count(txn, NODES, &count, NULL) != BBOTS_OK || count != 20000) {
        return 3;
    }
    bbots_rollback(txn);
    if (bbots_write(store, insert_many, &calls, NULL) != BBOTS_OK) {
        return 4;
    }
    return bbots_close(store, NULL) == BBOTS_OK ? 0 : 5;
}

static void growth_by_one_process_is_followed_by_another(void **state)
{
    fixture *place = *state;
    bbots_options small = creating;
    int ready[2];
    int go[2];
    int calls = 0;
    int status;
    small.map_bytes = 1u << 20;
    assert_ok(try_open(place->path, &small));
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        grower self = {place->path, ready[1], go[0]};
        end_child(read_what_grew(&self));
    }
    await_byte(ready[0]);
    small.flags = 0;
    place->store = open_store(place->path, &small);
    for (int i = 0; i < 10; i++) {
        assert_ok(bbots_write(place->store, insert_many, &calls, &fault));
    }
    send_byte(go[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(check_store(place->store), 22000);
}

static int answer_work(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)error;
    if (insert_named(txn, NODES, "label", string("x")) != BBOTS_OK) {
        return BBOTS_CORRUPTED;
    }
    return *(int *)context;
}

static void work_commits_unless_it_fails(void **state)
{
    fixture *place = *state;
    int answer = BBOTS_OK;
    place->store = open_store(place->path, &creating);
    assert_int_equal(bbots_write(place->store, answer_work, &answer, &fault), BBOTS_OK);
    answer = BBOTS_UNCHANGED;
    assert_int_equal(bbots_write(place->store, answer_work, &answer, &fault), BBOTS_UNCHANGED);
    answer = BBOTS_CANCELLED;
    assert_int_equal(bbots_write(place->store, answer_work, &answer, &fault), BBOTS_CANCELLED);
    assert_int_equal(check_store(place->store), 2);
}

static void a_store_of_the_platforms_schema_is_whole(void **state)
{
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, &bbots_users_table, "email", string("a@example.com")));
    commit(txn);
    reopen(place);
    assert_int_equal(check_store(place->store), 1);
    assert_string_equal(bbots_version(), "0.1.0");
}

/* The comment of users.name in the file's own schema. */
static void expect_comment(const char *path, const char *comment)
{
    bbots_store *store = open_store(path, NULL);
    const bbots_table *users = bbots_schema_table(bbots_store_schema(store), "users", NULL);
    assert_string_equal(users->columns[column(users, "name")].comment, comment);
    assert_ok(bbots_close(store, &fault));
}

/* A file keeps its own comments until it is told to take others. */
static void other_comments_are_no_other_schema(void **state)
{
    static const char said[] = "what they are called";
    fixture *place = *state;
    const char *before = bbots_users_table.columns[column(&bbots_users_table, "name")].comment;
    bbots_options options = {.schema = &bbots_platform_schema, .flags = BBOTS_OPEN_CREATE};
    variant *other = variant_new();
    variant_column(other, "users", "name")->comment = said;
    variant_settle(other);
    assert_ok(try_open(place->path, &options));
    options = (bbots_options){.schema = &other->schema};
    assert_ok(try_open(place->path, &options));
    options.flags = BBOTS_OPEN_READ_ONLY;
    assert_ok(try_open(place->path, &options));
    expect_comment(place->path, before);
    options.flags = BBOTS_OPEN_UPGRADE;
    assert_ok(try_open(place->path, &options));
    expect_comment(place->path, said);
    options = (bbots_options){.schema = &bbots_platform_schema};
    assert_ok(try_open(place->path, &options));
    expect_comment(place->path, said);
    variant_free(other);
}

/* A ring without a key is as none. */
static void an_empty_ring_opens_what_needs_no_key(void **state)
{
    fixture *place = *state;
    bbots_keyring *ring;
    assert_ok(bbots_keyring_new(&ring, &fault));
    bbots_options options = creating;
    options.keys = ring;
    assert_ok(try_open(place->path, &options));
    options = existing;
    options.keys = ring;
    assert_ok(try_open(place->path, &options));
    bbots_keyring_free(ring);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_is_made_once_and_opened_often),
        TEST(a_store_in_no_folder_is_missing),
        TEST(a_new_store_is_its_owners_alone),
        TEST(other_comments_are_no_other_schema),
        TEST(an_empty_ring_opens_what_needs_no_key),
        TEST(options_outside_of_what_is_allowed_are_refused),
        TEST(a_read_only_store_refuses_writers),
        TEST(foreign_files_are_no_store),
        TEST(a_pipe_is_no_store),
        TEST(an_lmdb_file_of_others_is_no_store),
        TEST(the_format_record_is_judged),
        TEST(a_page_format_of_another_lmdb_is_named),
        TEST(a_file_that_was_cut_off_is_damaged),
        TEST(a_damaged_meta_page_crashes_nobody),
        TEST(what_the_system_forbids_is_denied),
        TEST(the_lock_file_is_for_all_who_may_write),
        TEST(a_process_opens_a_file_once_under_any_name),
        TEST(a_symbolic_link_has_the_lock_of_its_file),
        TEST(nobody_writes_beside_a_writer_with_another_lock),
        TEST(nobody_writes_beside_a_writer_whose_file_was_renamed),
        TEST(a_file_put_in_the_place_of_one_in_use_waits_for_its_end),
        TEST(a_store_with_open_transactions_stays_open),
        TEST(a_file_opens_with_its_own_schema_and_answers_the_same),
        TEST(another_schema_is_a_mismatch),
        TEST(an_upgrade_adds_and_old_rows_read_the_new_columns_defaults),
        TEST(an_upgrade_that_rows_contradict_leaves_the_file_as_it_was),
        TEST(an_upgrade_takes_nulls_beside_long_texts_as_distinct),
        TEST(an_upgrade_grows_the_map_as_it_needs),
        TEST(a_process_with_the_old_schema_is_told_to_open_again),
        TEST(a_forked_child_can_use_nothing_of_its_parents),
        TEST(a_forked_child_cannot_even_end_a_reader),
        TEST(a_small_map_grows_with_its_rows),
        TEST(a_map_of_any_size_is_enough_to_begin_with),
        TEST(a_full_map_breaks_the_transaction_and_the_next_one_has_room),
        TEST(a_file_at_its_limit_stays_usable),
        TEST(a_writer_that_has_room_does_not_wait_for_readers),
        TEST(growth_by_one_process_is_followed_by_another),
        TEST(work_commits_unless_it_fails),
        TEST(a_store_of_the_platforms_schema_is_whole),
    };
    choose_tests();
    return cmocka_run_group_tests_name("open", tests, make_grown, NULL);
}
