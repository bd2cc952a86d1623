# tools/errors.awk - one list of errors, three products.
#
# Reads lib/base/errors.txt and writes, by -v mode=:
#   header    bbots/errcodes.h, the enum of the public interface
#   table     errcodes.c, the names and texts that lib/base/error.c looks up
#   markdown  docs/errors.md, the page for people
#
# Nothing is written before the whole list has been read, so a malformed line leaves no product
# that looks complete: it is reported with its file and line, and the exit status is 1. Plain POSIX
# awk: runs of blanks are split by "  +", because mawk knows no {2,}.

function fail(sentence)
{
    print FILENAME ":" FNR ": " sentence | "cat 1>&2"
    failed = 1
    exit 1
}

BEGIN {
    count = 0
    failed = 0
    if (mode != "header" && mode != "table" && mode != "markdown") {
        print "errors.awk: set -v mode=header, table or markdown" | "cat 1>&2"
        failed = 1
        exit 1
    }
}

/^#/ || /^$/ {
    next
}

{
    if (split($0, field, /  +/) != 4)
        fail("expected four columns, separated by at least two blanks")
    if (field[1] !~ /^(0|-?[1-9][0-9]*)$/)
        fail("not a number: " field[1])
    if (field[2] !~ /^[A-Z][A-Z0-9_]*$/)
        fail("not a name in capitals: " field[2])
    if (field[3] !~ /^[0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]$/)
        fail("not a SQLSTATE: " field[3])
    # The text goes into a C string, a C comment and a cell of a Markdown table.
    if (field[4] ~ /["\\|*?]/ || field[4] !~ /^[ -~]+$/ || field[4] ~ / $/)
        fail("a text of plain ASCII without \" \\ | * ? is needed")
    if (field[1] in line_of_number)
        fail("number " field[1] " is already on line " line_of_number[field[1]])
    if (field[2] in line_of_name)
        fail("name " field[2] " is already on line " line_of_name[field[2]])
    line_of_number[field[1]] = FNR
    line_of_name[field[2]] = FNR
    count++
    number[count] = field[1]
    name[count] = field[2]
    sqlstate[count] = field[3]
    text[count] = field[4]
}

END {
    if (failed)
        exit 1
    if (count == 0)
        fail("the list is empty")
    if (mode == "header")
        write_header()
    else if (mode == "table")
        write_table()
    else
        write_markdown()
}

function write_header(    i)
{
    print "/* Made by tools/errors.awk from " FILENAME "; do not edit. */"
    print "#ifndef BBOTS_ERRCODES_H"
    print "#define BBOTS_ERRCODES_H"
    print ""
    print "/*"
    print " * What a function of the library returns: zero is success, a positive number an"
    print " * answer that is no failure, a negative number a failure. The numbers are part of"
    print " * the binary interface."
    print " */"
    print "typedef enum bbots_status {"
    for (i = 1; i <= count; i++)
        printf "    %-38s /* %s: %s */\n", "BBOTS_" name[i] " = " number[i] (i < count ? "," : ""),
               sqlstate[i], text[i]
    print "} bbots_status;"
    print ""
    print "#endif"
}

function write_table(    i)
{
    print "/* Made by tools/errors.awk from " FILENAME "; do not edit. */"
    print "#include <base/status_table.h>"
    print ""
    print "const bb_status_entry bb_status_table[] = {"
    for (i = 1; i <= count; i++)
        printf "    {%s, \"%s\", \"%s\", \"%s\"},\n", number[i], name[i], sqlstate[i], text[i]
    print "};"
    print ""
    print "const size_t bb_status_count = " count ";"
}

function write_markdown(    i)
{
    print "<!-- Made by tools/errors.awk from " FILENAME "; do not edit. -->"
    print "# Errors"
    print ""
    print "Every function that can fail returns an `int` of `enum bbots_status`. Zero is success,"
    print "a positive number is an answer that is no failure (no such row, no further row), a"
    print "negative number is a failure. To find no row is not a failure."
    print ""
    print "A function whose last parameter is a `bbots_error *` fills it when, and only when, it"
    print "returns a negative number: with the code, its SQLSTATE, the table, column and"
    print "constraint concerned, the `errno` of a failed system call, and a sentence with the"
    print "values. The object belongs to the caller, nothing in it has to be freed, and of"
    print "several failures it keeps the first. The pointer may be NULL. Where no such object is"
    print "at hand, `bbots_status_name`, `bbots_status_sqlstate` and `bbots_status_text` give the"
    print "columns below."
    print ""
    print "A failure leaves everything as it was before the call, and the transaction goes on,"
    print "unless the function says otherwise. The numbers never change and are never used again."
    print ""
    print "SQLSTATEs are those of PostgreSQL 15 (manual, appendix A) where PostgreSQL has the"
    print "case; class BB holds what an embedded store adds."
    print ""
    print "| Number | Name | SQLSTATE | Meaning |"
    print "|---:|---|---|---|"
    for (i = 1; i <= count; i++)
        printf "| %s | `BBOTS_%s` | %s | %s |\n", number[i], name[i], sqlstate[i], text[i]
}
