/*
 * tests/states/states.h - what a power cut may leave on the disk, and whether it is good; README.md
 * has the rules.
 *
 * system.c stands in place of the system's calls; trace.c keeps what they did; disk.c knows what of it a
 * disk may hold, and puts that into files; choose.c chooses among the states at a cut; judge.c opens
 * one; scene_*.c are the pieces of work that are recorded; main.c counts.
 */
#ifndef STATES_H
#define STATES_H

#include "proving/proving.h"

#include <sys/types.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    BLOCK = 4096,
    SECTOR = 512,
    SECTORS = BLOCK / SECTOR,
    FILES_MAX = 24,  /* inodes that one recording meets */
    NAMES_MAX = 16,  /* names in the folder at once */
    NAME_ROOM = 64,  /* bytes of a name */
    OBJECTS_MAX = 2, /* stores that a recording makes promises about */
    MOMENTS_MAX = 400,
    FOLDER_ROOM = 128,
    WHY_MAX = 600
};

/* ------------------------------------------------------------------ what was done (trace.c) */

typedef enum event_kind {
    EVENT_WRITE,        /* bytes at an offset */
    EVENT_SIZE,         /* the file's size was set to offset */
    EVENT_FLUSH,        /* the file is on the disk */
    EVENT_FLUSH_PART,   /* `size` bytes at an offset are, and the file is as long as that needs */
    EVENT_LINK,         /* name leads to the file */
    EVENT_RENAME,       /* other takes the place of name */
    EVENT_UNLINK,       /* name is gone */
    EVENT_FLUSH_FOLDER, /* all names are on the disk */
    EVENT_MOMENT        /* what the process promises changed */
} event_kind;

typedef struct event {
    event_kind kind;
    unsigned file;
    uint64_t offset;
    size_t size;
    uint8_t *bytes;
    char name[NAME_ROOM];
    char other[NAME_ROOM];
} event;

/* What a store held after a transaction. */
typedef struct moment {
    bool absent; /* there was no such file */
    bbots_digest digest;
    size_t noted; /* number of events before the first of its commit's pages may be written */
    size_t acknowledged; /* ... before its caller was told; SIZE_MAX: never */
} moment;

/* A store by its name, and all that it held, in the order of commits. */
typedef struct object {
    char name[NAME_ROOM];
    moment moments[MOMENTS_MAX];
    unsigned count;
} object;

typedef struct file_start {
    char name[NAME_ROOM];
    unsigned file;  /* its number; files may have several names */
    uint8_t *bytes; /* NULL: of an earlier name's file */
    size_t size;
} file_start;

typedef struct trace {
    char folder[FOLDER_ROOM];
    size_t folder_size; /* of its name */
    dev_t device;
    ino_t folder_inode;
    event *events;
    size_t count;
    size_t room;
    ino_t inodes[FILES_MAX];
    unsigned file_count;
    file_start starts[FILES_MAX]; /* the files that were there at the start, all on the disk */
    unsigned start_count;
    object objects[OBJECTS_MAX];
    unsigned object_count;
    bool relaxed; /* the last commit that was acknowledged may be lost */
} trace;

/* What lies in the folder is the start, and has been on the disk for long. */
void trace_begin(trace *run, const char *folder);
void trace_end(trace *run);

event *trace_add(trace *run, event_kind kind, unsigned file);

/* The name within the folder, or NULL: another place, or a lock file, which holds no data. */
const char *trace_name(const trace *run, const char *path);

/* The number of a file that was met before; FILES_MAX: none. */
unsigned trace_file(const trace *run, dev_t device, ino_t inode);
unsigned trace_new_file(trace *run, ino_t inode);

/* Promises about a store; from now on its moments are noted. Returns its number. */
unsigned trace_object(trace *run, const char *name);

/*
 * A transaction has done its work and may be committed from now on; it was, and its caller was told.
 * trace_told() without a note of the same moment before is both. digest NULL: no file.
 */
unsigned trace_note(trace *run, unsigned object, const bbots_digest *digest);
void trace_acknowledge(trace *run, unsigned object, unsigned moment);
void trace_told(trace *run, unsigned object, const bbots_digest *digest);

/* ------------------------------------------------------------------ the calls (system.c) */

typedef struct disk disk;

/* From now on calls are recorded; it is noted which blocks of a disk's files they change. */
void system_record(trace *run);
void system_note(disk *changed);
void system_rest(void);

/* So that two threads do not record at once. */
void system_lock(void);
void system_unlock(void);

/* ------------------------------------------------------------------ the disk (disk.c, folder.c) */

/* A block that was written and not flushed: what it was after each write. */
typedef struct dirty_block {
    unsigned file;
    uint64_t block;
    unsigned count;
    uint8_t *versions[8]; /* the last ones */
} dirty_block;

typedef struct name_of {
    char name[NAME_ROOM];
    unsigned file;
} name_of;

typedef struct names {
    name_of list[NAMES_MAX];
    unsigned count;
} names;

typedef struct disk_file {
    uint8_t *durable; /* both have room for `room` bytes, zeros behind their size */
    uint8_t *live;
    uint64_t durable_size;
    uint64_t live_size;
    size_t room;
    int fd; /* the scratch file; -1: none yet */
    ino_t inode;
    uint8_t *stale;      /* by block: the scratch file may differ from durable here */
    uint64_t stale_from; /* all stale blocks are in [from, to) */
    uint64_t stale_to;
} disk_file;

struct disk {
    char folder[FOLDER_ROOM]; /* names */
    char store[FOLDER_ROOM];  /* scratch files by number */
    disk_file files[FILES_MAX];
    unsigned file_count;
    names durable;
    event const *pending[64]; /* changes of names that are not flushed, in order */
    unsigned pending_count;
    dirty_block *dirty;
    size_t dirty_count;
    size_t dirty_room;
    const trace *run;
};

/* A new folder below another one; away with one and all that is in it (folder.c). */
void folder_new(const char *place, const char *name, char folder[FOLDER_ROOM]);
void folder_drop(const char *folder);

/* The disk as it was when the recording began, its scratch files in new folders. */
void disk_begin(disk *of, const trace *run, const char *place);
void disk_end(disk *of);

/* The next event happens; lied: a flush does nothing. */
void disk_apply(disk *of, const event *next, bool lied);

/* Whether all that was recorded is all that happened: the files are as the events say. */
void disk_confirm(const disk *of);

/* What is chosen of a dirty block. */
typedef struct pick {
    uint8_t version; /* 0: what was flushed last; n: versions[n - 1] */
    uint8_t sectors; /* of version n; the others are of version n - 1 */
} pick;

/* One of the states that a disk may hold. */
typedef struct choice {
    pick *picks;      /* one for each dirty block */
    unsigned pending; /* so many changes of names happened */
    bool extended;    /* files are as long as they were meant to be, zeros where nothing came */
} choice;

/* The names of a state. */
void disk_names(const disk *of, unsigned pending, names *found);

/* Puts a state into the scratch files. */
void disk_show(disk *of, const choice *chosen);

/* The same for names (folder.c): what else lies in the folder is removed, but for lock files. */
void folder_show(const disk *of, const names *wanted);

/* A scratch file's block was changed by somebody else. */
void disk_touched(disk *of, ino_t inode, uint64_t offset, uint64_t size);

/* ------------------------------------------------------------------ which states (choose.c) */

typedef bool chosen_state(const disk *of, const choice *chosen, void *context);

typedef struct seen_states seen_states;
seen_states *seen_new(void);
void seen_free(seen_states *seen);

/*
 * Shows the states at a cut to visit until it returns false, each once for each `range`. all: the next
 * event is a flush, so this is the last look at what is not flushed.
 */
bool choose_states(disk *of, uint64_t *random, uint64_t range, bool all, seen_states *seen,
                   chosen_state *visit, void *context);

/* ------------------------------------------------------------------ scenes (scene_*.c) */

/* Where a scene plays. */
typedef struct stage {
    trace *run; /* its folder_size is 0 until the recording begins */
    char folder[FOLDER_ROOM];
    char path[160]; /* of the store */
    char copy[160]; /* of a backup */
    uint64_t random;
    plot plots[4]; /* of the workers */
} stage;

typedef struct scene {
    const char *name;
    const bbots_schema *schema; /* of the store when it is judged; NULL: its own */
    void (*prepare)(stage *on); /* before the recording begins; NULL: there is nothing before */
    void (*act)(stage *on);
    bbots_work *afterwards; /* a transaction that any state must allow; context: a random number */
} scene;

extern const scene row_scenes[], file_scenes[];

bbots_store *stage_open(const char *path, const bbots_schema *schema, uint32_t flags);
void stage_close(bbots_store *store);

/* The digest of what a store holds, by a read transaction of its own. */
bbots_digest stage_digest(bbots_store *store);

/* Begins the recording, and the promises about the store as it is now; NULL: there is none. */
void stage_record(stage *on, bbots_store *store);

/* The store as it is now was acknowledged. */
void stage_told(stage *on, bbots_store *store);

/* A transaction of a worker of the plot, noted; returns its moment. */
unsigned stage_plot_noted(stage *on, bbots_store *store, unsigned worker, uint64_t seed);

/* The same, acknowledged. */
void stage_plot(stage *on, bbots_store *store, unsigned worker, uint64_t seed);

/* ------------------------------------------------------------------ judging (judge.c) */

enum fault { FAULT_LOST, FAULT_PARTIAL, FAULT_FINDING, FAULTS };

/* In memory that parent and child share. */
typedef struct report {
    uint64_t states;     /* that were judged */
    uint64_t recoveries; /* of states, those of a recording of a recovery */
    uint64_t written;    /* of states, those in which a transaction was tried */
    uint64_t faults[FAULTS];
    uint64_t at;   /* number of the state that is judged now, within its trace */
    uint64_t told; /* faults that were printed */
} report;

/* One state, and what is known about it. */
typedef struct judgement {
    const scene *of;
    const trace *run;
    const disk *shown;
    size_t cut;  /* events that happened */
    bool writes; /* try a transaction, too */
    uint64_t random;
    report *sum;
    char why[WHY_MAX]; /* the first fault */
    enum fault fault;
} judgement;

/* Judges the state that the disk shows; false with a fault. */
bool judge_state(judgement *on);

/* Which moments of an object the store may show at a cut: first to last. */
void judge_range(const trace *run, unsigned object, size_t cut, unsigned *first, unsigned *last);

/* Judges states of a trace (explore.c): about `wanted` of them, from number `from` on. */
typedef struct exploration {
    const scene *of;
    const trace *run;
    const char *place; /* a folder for scratch files */
    uint64_t seed;
    uint64_t wanted;
    uint64_t from;
    unsigned lie; /* enum lie */
    bool inner;   /* of a recovery: does not look at recoveries in turn */
    report *sum;
} exploration;

/* What a disk may say and not do. */
enum lie { LIE_NONE, LIE_FILE, LIE_PART, LIE_FOLDER };

void explore(const exploration *of);

#endif
