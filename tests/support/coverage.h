/*
 * tests/support/coverage.h - what gcov counted in a process that ends without exit().
 */
#ifndef TESTS_COVERAGE_H
#define TESTS_COVERAGE_H

#ifdef BBOTS_COVERAGE
void __gcov_dump(void);
#endif

/* To be called before _exit(): a child's branches count, too. */
static inline void keep_coverage(void)
{
#ifdef BBOTS_COVERAGE
    __gcov_dump();
#endif
}

#endif
