/* costs_draw.c - what the commands about costs draw for eyes. */
#include "costs_draw.h"

#include "terminal.h"

enum { BAR_MOST = 24 };

bool costs_drawn(const command_line *line)
{
    return line->format == FORMAT_PEOPLE && terminal_width(stdout) > 0;
}

void costs_put_bar(sheet *to, int64_t amount, int64_t most)
{
    static const char *const parts[] = {"",       "\u258f", "\u258e", "\u258d",
                                        "\u258c", "\u258b", "\u258a", "\u2589"};
    char text[BAR_MOST * 4] = "";
    double share = most > 0 && amount > 0 ? (double)amount / (double)most : 0;
    unsigned eighths = (unsigned)(share * BAR_MOST * 4 + 0.5);
    for (unsigned i = 0; i < eighths / 8; i++) {
        strcat(text, "\u2588");
    }
    strcat(text, parts[eighths % 8]);
    sheet_text(to, text);
}

const char *costs_verdict_name(bbots_budget_verdict verdict)
{
    static const char *const names[] = {"none", "within", "alert", "over", "stop"};
    return names[verdict];
}
