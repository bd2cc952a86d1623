/*
 * tests/unit/test_zone.c - proves that a time zone's file (RFC 8536) is read as it says, and that one
 * which is cut off, swollen or senseless is refused and never read past its end.
 *
 * Files are made here, in memory of exactly their size, so that the sanitized build sees the first
 * byte too far.
 */
#include "base/error.h"
#include "ledger/zone.h"
#include "support/support.h"

#define HEADER 44
#define HOUR   INT64_C(3600)
#define SECOND INT64_C(1000000)

typedef struct change {
    int64_t at; /* seconds since 1970 */
    uint8_t type;
} change;

typedef struct file {
    uint8_t bytes[600];
    size_t size;
} file;

static void put_big(file *to, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        to->bytes[to->size++] = (uint8_t)(number >> 8 * bytes);
    }
}

static void put_header(file *to, uint32_t times, uint32_t types)
{
    memcpy(to->bytes + to->size, "TZif2", 5);
    to->size += 20;
    put_big(to, 0, 4); /* UTC marks, standard marks, leap seconds */
    put_big(to, 0, 4);
    put_big(to, 0, 4);
    put_big(to, times, 4);
    put_big(to, types, 4);
    put_big(to, 0, 4); /* characters */
}

/* Two types, of which `first` and `second` are the offsets; then the line. */
static file file_of(const change *changes, uint32_t count, int32_t first, int32_t second,
                    const char *line)
{
    file made = {.size = 0};
    put_header(&made, 0, 1);
    put_big(&made, 0, 6);
    put_header(&made, count, 2);
    for (uint32_t i = 0; i < count; i++) {
        put_big(&made, (uint64_t)changes[i].at, 8);
    }
    for (uint32_t i = 0; i < count; i++) {
        put_big(&made, changes[i].type, 1);
    }
    put_big(&made, (uint32_t)first, 4);
    put_big(&made, 0, 2);
    put_big(&made, (uint32_t)second, 4);
    put_big(&made, 0, 2);
    memcpy(made.bytes + made.size, line, strlen(line));
    made.size += strlen(line);
    return made;
}

static int read_file(const file *from, size_t size, zone *made)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    memcpy(exact, from->bytes, size);
    memset(made, 0, sizeof *made);
    bb_error_clear(&fault);
    int rc = zone_read("Some/Where", exact, size, made, &fault);
    free(exact);
    return rc;
}

static void expect_refused(const file *from, size_t size, const char *what)
{
    zone made;
    int rc = read_file(from, size, &made);
    zone_close(&made);
    if (rc != BBOTS_INVALID_ARGUMENT) {
        fail_msg("%s: %s", what, bbots_status_name(rc));
    }
}

static const change twice[] = {{1000000, 1}, {2000000, 0}};

static void changes_hold_until_the_next_one(void **state)
{
    (void)state;
    file given = file_of(twice, 2, 3600, 7200, "\nCET-1\n");
    zone made;
    assert_ok(read_file(&given, given.size, &made));
    assert_int_equal(zone_offset(&made, 999999 * SECOND), HOUR * SECOND);
    assert_int_equal(zone_offset(&made, 1000000 * SECOND), 2 * HOUR * SECOND);
    assert_int_equal(zone_offset(&made, 2000000 * SECOND), HOUR * SECOND);
    assert_int_equal(zone_offset(&made, -1), HOUR * SECOND);
    assert_false(zone_is_utc(&made));
    zone_close(&made);
    /* A type that is not there counts as the first; no line is no rule. */
    static const change wrong[] = {{1000000, 9}};
    given = file_of(wrong, 1, 0, 7200, "");
    assert_ok(read_file(&given, given.size, &made));
    assert_int_equal(zone_offset(&made, 1000001 * SECOND), 0);
    zone_close(&made);
}

/* A rule, and its offset in the January and the July of 2026. */
typedef struct rule {
    const char *line;
    int32_t january;
    int32_t july;
} rule;

static void the_last_line_is_a_rule(void **state)
{
    (void)state;
    static const rule rules[] = {
        {"\nCET-1CEST,M3.5.0,M10.5.0/3\n", 3600, 7200},
        {"\nCET-1CEST,M3.5.0,M10.5.0/3", 3600, 7200},               /* no end of line */
        {"\n<+1030>-10:30<+11>-11,M10.1.0,M4.1.0\n", 39600, 37800}, /* its summer is in January */
        {"\nEST5EDT,M3.2.0,M11.1.0\n", -18000, -14400},
        {"\nXXX+5:30:15YYY4:30,M3.2.0/0:30,M11.1.0/-1\n", -19815, -16200},
        {"\nUTC0\n", 0, 0},
        {"\nGMT0BST,M3.5.0/1,M10.5.0\n", 0, 3600},
        /* What is no rule is none: the last change holds. */
        {"\nC-1CEST,M3.5.0,M10.5.0\n", 0, 0},
        {"\n<C-1\n", 0, 0},
        {"\nCET\n", 0, 0},
        {"\nCET-1C\n", 0, 0},
        {"\nCET-1CEST\n", 0, 0},
        {"\nCET-1CEST;M3.5.0,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.5,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M0.5.0,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M13.5.0,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.0.0,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.6.0,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.5.7,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.5.-1,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,M3.5.0/x,M10.5.0\n", 0, 0},
        {"\nCET-1CEST,J60,J300\n", 0, 0},
        {"x", 0, 0}};
    static const int64_t january = INT64_C(1768478400) * SECOND; /* 2026-01-15 */
    static const int64_t july = INT64_C(1784116800) * SECOND;    /* 2026-07-15 */
    for (size_t i = 0; i < COUNT(rules); i++) {
        file given = file_of(NULL, 0, 0, 0, rules[i].line);
        zone made;
        assert_ok(read_file(&given, given.size, &made));
        if (zone_offset(&made, january) != rules[i].january * SECOND ||
            zone_offset(&made, july) != rules[i].july * SECOND) {
            fail_msg("%s: %lld and %lld", rules[i].line + 1,
                     (long long)(zone_offset(&made, january) / SECOND),
                     (long long)(zone_offset(&made, july) / SECOND));
        }
        assert_int_equal(zone_is_utc(&made), rules[i].january == 0 && rules[i].july == 0);
        zone_close(&made);
    }
}

static void a_file_that_is_cut_off_is_refused(void **state)
{
    (void)state;
    file given = file_of(twice, 2, 3600, 7200, "");
    for (size_t size = 0; size < given.size; size++) {
        expect_refused(&given, size, "cut off");
    }
}

static void senseless_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* in the second header */
        uint32_t number;
    } counts[] = {{20, 257}, {24, 257}, {28, 10001}, {32, 100001},    {32, 0xffffffff},
                  {36, 0},   {36, 257}, {40, 10001}, {40, 0xffffffff}};
    const file good = file_of(twice, 2, 3600, 7200, "\nCET-1\n");
    for (size_t i = 0; i < COUNT(counts); i++) {
        file given = good;
        given.size = HEADER + 6 + counts[i].at;
        put_big(&given, counts[i].number, 4);
        expect_refused(&given, good.size, "a count");
    }
    file given = good;
    given.bytes[0] = 'X';
    expect_refused(&given, good.size, "another format");
    given = good;
    given.bytes[4] = 0;
    expect_refused(&given, good.size, "the first version, which has no 64-bit times");
    static const change back[] = {{2000000, 1}, {1000000, 0}};
    given = file_of(back, 2, 0, 0, "");
    expect_refused(&given, given.size, "times that go back");
    static const int32_t far[] = {26 * 3600, -26 * 3600, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < COUNT(far); i++) {
        given = file_of(twice, 2, far[i], 0, "");
        expect_refused(&given, given.size, "the first offset");
        given = file_of(twice, 2, 0, far[i], "");
        expect_refused(&given, given.size, "an offset");
    }
    static const char *const lines[] = {"\nCET-26\n", "\nCET26\n",
                                        "\nCET-1CEST-26,M3.5.0,M10.5.0\n",
                                        "\nCET-1CEST26,M3.5.0,M10.5.0\n", "\nCET99999999\n"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        given = file_of(NULL, 0, 0, 0, lines[i]);
        expect_refused(&given, given.size, lines[i]);
    }
}

static void names_lead_nowhere_else(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        "/etc/passwd",
                                        "../../../etc/passwd",
                                        "Europe//X",
                                        "1Europe",
                                        "Europe/Berlin ",
                                        "Europe",
                                        "+16:00",
                                        "-16:00",
                                        "+1x",
                                        "+",
                                        "Europe/Nowhere",
                                        "+05:",
                                        "+05:3x",
                                        "+5:30:15:10",
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                                        "AAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < COUNT(names); i++) {
        zone opened;
        bb_error_clear(&fault);
        assert_status(zone_open(names[i], &opened, &fault), BBOTS_INVALID_ARGUMENT);
    }
    static const char *const fixed[] = {"+05:30", "-15:59", "UTC", "Z"};
    for (size_t i = 0; i < COUNT(fixed); i++) {
        zone opened;
        assert_ok(zone_open(fixed[i], &opened, &fault));
        assert_int_equal(zone_is_utc(&opened), i > 1);
        zone_close(&opened);
    }
}

/*
 * Every time lies in its unit, and the unit's first and last moments lie in the same one: where
 * clocks are turned by half an hour, at a minute past midnight, over a whole day.
 */
static void units_neither_overlap_nor_leave_gaps(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bbots_timestamp change; /* seconds since 1970, near the change of clocks */
    } zones[] = {
        {"Australia/Lord_Howe", 1111849200}, /* back by half an hour, */
        {"Australia/Lord_Howe", 1130599800}, /* and on */
        {"America/St_Johns", 1194147060},    /* at 00:01 back to 23:01 */
        {"America/St_Johns", 1257046260},    /* the same, and the month had begun */
        {"Asia/Pyongyang", 1525446000},      /* on by half an hour, at 23:30 */
        {"America/Caracas", 1197183600},
        {"Antarctica/Casey", 1267714800}, /* back by three hours, over midnight */
        {"Pacific/Apia", 1325239200},     /* a day was left out */
        {"Europe/Berlin", 1774746000},
    };
    for (size_t z = 0; z < COUNT(zones); z++) {
        zone opened;
        assert_ok(zone_open(zones[z].name, &opened, &fault));
        for (int64_t i = -200; i < 200; i++) {
            bbots_timestamp time = zones[z].change * SECOND + i * 457 * SECOND;
            for (int unit = BBOTS_TIME_MINUTE; unit <= BBOTS_TIME_YEAR; unit++) {
                bbots_timestamp from, to, other_from, other_to;
                zone_unit(&opened, time, (bbots_time_unit)unit, &from, &to);
                assert_true(from <= time && time < to);
                zone_unit(&opened, from, (bbots_time_unit)unit, &other_from, &other_to);
                assert_true(other_from == from && other_to == to);
                zone_unit(&opened, to - 1, (bbots_time_unit)unit, &other_from, &other_to);
                assert_true(other_from == from && other_to == to);
                zone_unit(&opened, to, (bbots_time_unit)unit, &other_from, &other_to);
                assert_true(other_from == to);
            }
        }
        zone_close(&opened);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_hold_until_the_next_one),
        cmocka_unit_test(the_last_line_is_a_rule),
        cmocka_unit_test(a_file_that_is_cut_off_is_refused),
        cmocka_unit_test(senseless_files_are_refused),
        cmocka_unit_test(names_lead_nowhere_else),
        cmocka_unit_test(units_neither_overlap_nor_leave_gaps),
    };
    choose_tests();
    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
