/*
 * progress.c - a progress bar on standard error.
 *
 * Drawing costs more than the work it reports, so a call looks at the clock first and draws at
 * most ten times a second. The bar begins to show after a quarter of a second: short work leaves
 * the terminal alone.
 */
#include "inspect.h"
#include "terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct progress {
    char what[32];
    int64_t next_ms; /* not drawn before */
    bool drawn;
};

enum { FIRST_DELAY_MS = 250, DELAY_MS = 100, BAR_MAX = 50 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

progress *progress_begin(const command_line *line, const char *what)
{
    if (line->quiet || !isatty(STDERR_FILENO)) {
        return NULL;
    }
    progress *bar = calloc(1, sizeof *bar); /* no memory: no bar */
    if (bar != NULL) {
        snprintf(bar->what, sizeof bar->what, "%s", what);
        bar->next_ms = now_ms() + FIRST_DELAY_MS;
    }
    return bar;
}

/* "what [####....]  45 %  1234", and of that as much as fits into width columns. */
static void draw(const progress *bar, uint64_t done, uint64_t total, size_t width)
{
    char count[48];
    char filled[BAR_MAX + 1];
    if (total == 0) {
        int size = snprintf(count, sizeof count, "%" PRIu64, done);
        int room = (int)width - 2 - size;
        fprintf(stderr, "\r\033[K%.*s %s", room > 0 ? room : 0, bar->what, count);
        return;
    }
    unsigned percent = done >= total ? 100 : (unsigned)((double)done / (double)total * 100);
    snprintf(count, sizeof count, "%3u %%  %" PRIu64, percent, done);
    size_t rest = strlen(count) + 5; /* blanks, brackets, and the last column stays free */
    size_t name = strlen(bar->what);
    size_t room = width > rest ? width - rest : 0;
    if (room < name + 4) {
        name = room > 14 ? room - 10 : 0;
    }
    size_t cells = room > name ? room - name : 0;
    cells = cells < BAR_MAX ? cells : BAR_MAX;
    size_t full = cells * percent / 100;
    memset(filled, '#', full);
    memset(filled + full, '.', cells - full);
    filled[cells] = '\0';
    fprintf(stderr, "\r\033[K%.*s%s[%s] %s", (int)name, bar->what, name > 0 ? " " : "", filled,
            count);
}

void progress_show(progress *bar, uint64_t done, uint64_t total)
{
    if (bar == NULL) {
        return;
    }
    int64_t now = now_ms();
    if (now >= bar->next_ms) {
        size_t width = terminal_width(stderr);
        draw(bar, done, total, width > 20 ? width : 20);
        fflush(stderr);
        bar->next_ms = now + DELAY_MS;
        bar->drawn = true;
    }
}

void progress_end(progress *bar)
{
    if (bar != NULL && bar->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    free(bar);
}
