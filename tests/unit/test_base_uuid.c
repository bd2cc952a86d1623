/* Identifiers: the forms that PostgreSQL 15 reads, the text form, and random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bbots/uuid.h>

#include <pthread.h>

/* Results taken from PostgreSQL 15: text::uuid::text, or the SQLSTATE of its error. */
static const struct {
    const char *text;
    const char *result;
} cases[] = {
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
    {"ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    {"", "22P02"},
    {"{}", "22P02"},
    {"{", "22P02"},
    {" a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ", "22P02"},
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "22P02"},
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111", "22P02"},
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-", "22P02"},
    {"-a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "22P02"},
    {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-}", "22P02"},
    {"{{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}}", "22P02"},
    {"g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
    {"a0eebc99:9c0b-4ef8-bb6d-6bb9bd380a11", "22P02"},
};

static void texts_are_read_as_postgresql_reads_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bbots_uuid uuid;
        char text[BBOTS_UUID_TEXT_MAX];
        const char *result;
        int status = bbots_uuid_parse(bbots_text_of(cases[i].text), &uuid);
        if (status == BBOTS_OK) {
            assert_int_equal(bbots_uuid_print(&uuid, text), 36);
            result = text;
        } else {
            result = bbots_status_sqlstate(status);
        }
        if (strcmp(result, cases[i].result) != 0) {
            fail_msg("\"%s\" gives %s, not %s", cases[i].text, result, cases[i].result);
        }
    }
}

static void null_and_bytes_behind_the_text_are_not_read(void **state)
{
    (void)state;
    bbots_uuid uuid;
    bbots_text null_text = {NULL, 0};
    assert_int_equal(bbots_uuid_parse(null_text, &uuid), BBOTS_INVALID_TEXT);
    bbots_text start = {"a0eebc999c0b4ef8bb6d6bb9bd380a11ff", 32};
    assert_int_equal(bbots_uuid_parse(start, &uuid), BBOTS_OK);
    start.size = 31;
    assert_int_equal(bbots_uuid_parse(start, &uuid), BBOTS_INVALID_TEXT);
}

static void a_failed_read_leaves_the_result_alone(void **state)
{
    (void)state;
    bbots_uuid uuid;
    bbots_uuid before;
    memset(&uuid, 0x5A, sizeof uuid);
    before = uuid;
    assert_int_equal(bbots_uuid_parse(bbots_text_of("a0eebc99-9c0b-4ef8"), &uuid),
                     BBOTS_INVALID_TEXT);
    assert_memory_equal(&uuid, &before, sizeof uuid);
}

static void every_byte_keeps_its_place_in_text(void **state)
{
    (void)state;
    bbots_uuid uuid;
    char text[BBOTS_UUID_TEXT_MAX];
    for (unsigned i = 0; i < 16; i++) {
        uuid.bytes[i] = (uint8_t)(i * 17);
    }
    bbots_uuid_print(&uuid, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    bbots_uuid again;
    assert_int_equal(bbots_uuid_parse(bbots_text_of(text), &again), BBOTS_OK);
    assert_memory_equal(&again, &uuid, sizeof uuid);
}

/* A bit that is free stays the same over 500 draws with a chance of 2^-499. */
static void random_ones_have_version_4_and_every_other_bit_free(void **state)
{
    (void)state;
    uint8_t ever_set[16] = {0};
    uint8_t always_set[16];
    memset(always_set, 0xFF, sizeof always_set);
    for (int i = 0; i < 500; i++) {
        bbots_uuid uuid = bbots_uuid_random();
        for (size_t k = 0; k < 16; k++) {
            ever_set[k] = (uint8_t)(ever_set[k] | uuid.bytes[k]);
            always_set[k] = (uint8_t)(always_set[k] & uuid.bytes[k]);
        }
    }
    for (size_t k = 0; k < 16; k++) {
        assert_int_equal(ever_set[k], k == 6 ? 0x4F : k == 8 ? 0xBF : 0xFF);
        assert_int_equal(always_set[k], k == 6 ? 0x40 : k == 8 ? 0x80 : 0x00);
    }
}

enum { THREADS = 4, DRAWS = 2000 };
static bbots_uuid drawn[THREADS * DRAWS];

static void *draw(void *to)
{
    bbots_uuid *uuids = to;
    for (int i = 0; i < DRAWS; i++) {
        uuids[i] = bbots_uuid_random();
    }
    return NULL;
}

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, sizeof(bbots_uuid));
}

static void threads_draw_different_ones(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, draw, drawn + i * DRAWS), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    bbots_uuid *all = drawn;
    qsort(all, (size_t)THREADS * DRAWS, sizeof all[0], compare);
    for (size_t i = 1; i < (size_t)THREADS * DRAWS; i++) {
        assert_int_not_equal(compare(&all[i - 1], &all[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_postgresql_reads_them),
        cmocka_unit_test(null_and_bytes_behind_the_text_are_not_read),
        cmocka_unit_test(a_failed_read_leaves_the_result_alone),
        cmocka_unit_test(every_byte_keeps_its_place_in_text),
        cmocka_unit_test(random_ones_have_version_4_and_every_other_bit_free),
        cmocka_unit_test(threads_draw_different_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
