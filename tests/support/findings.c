/* tests/support/findings.c - see findings.h */
#include "support/findings.h"

#include "base/hash.h"

typedef struct told {
    uint64_t findings[FINDINGS_SEEN];
    unsigned count;
} told;

static void note(const bbots_finding *finding, void *context)
{
    told *all = context;
    const char *texts[] = {finding->table, finding->object, finding->key, finding->message};
    uint64_t hash = (uint64_t)finding->severity;
    for (size_t i = 0; i < COUNT(texts); i++) {
        hash = hash * UINT64_C(0x9e3779b97f4a7c15) ^ bb_hash64(texts[i], strlen(texts[i]));
    }
    assert_true(all->count < FINDINGS_SEEN);
    all->findings[all->count++] = hash;
}

static int check_some(bbots_txn *txn, uint64_t most, told *all)
{
    bbots_check_options options = {
        .usual_values = true, .findings_max = most, .on_finding = note, .context = all};
    bbots_check_result result;
    all->count = 0;
    int rc = bbots_check(txn, &options, &result, &fault);
    assert_true(rc < 0 || result.damage + result.derived + result.notes == all->count);
    return rc;
}

unsigned check_in_steps(bbots_txn *txn)
{
    told whole;
    told part;
    if (check_some(txn, FINDINGS_SEEN, &whole) != BBOTS_OK) {
        return 0;
    }
    for (unsigned most = 1; most < whole.count; most++) {
        assert_ok(check_some(txn, most, &part));
        assert_int_equal(part.count, most);
        assert_memory_equal(part.findings, whole.findings, most * sizeof *part.findings);
    }
    return whole.count;
}
