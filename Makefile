# libbbots: build, test, try. `make help` lists what can be made.
#
# MODE chooses the build: release (default), debug, asan (address and undefined behaviour
# sanitizers), tsan, coverage, fuzz. Each has a folder of its own under build/. CC may be gcc or clang.

MODE ?= release
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
BUILD := build/$(MODE)$(if $(filter-out gcc,$(notdir $(CC))),-$(notdir $(CC)))
GEN := $(BUILD)/gen
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
ifndef V
.SILENT:
endif
MAKEFLAGS += --no-builtin-rules --warn-undefined-variables --no-print-directory

# ---------------------------------------------------------------- what the machine has

PKG_CONFIG ?= pkg-config
# Debian calls msgpack-c's C library msgpack, later releases msgpack-c.
MSGPACK := $(shell $(PKG_CONFIG) --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
PACKAGES := lmdb $(MSGPACK) libsodium libxxhash yajl
LIBRARY_LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lpthread -lm
VERSION := 0.1.0
SONAME := libbbots.so.0

# ---------------------------------------------------------------- flags

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=implicit-function-declaration
# Ubuntu's compilers fortify by themselves: what they would complain about shall be seen everywhere.
MODE_FLAGS_release := -O2 -g -DNDEBUG -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
MODE_FLAGS_debug := -O0 -g3
MODE_FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_FLAGS_coverage := -O0 -g -DNDEBUG -DBBOTS_COVERAGE --coverage -fprofile-update=atomic
MODE_FLAGS_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer
# gcc warns that it does not follow fences: the one there is orders reads of LMDB's pages, which another process writes.
MODE_FLAGS_tsan := -O1 -g -fsanitize=thread $(if $(findstring clang,$(CC)),,-Wno-tsan)
MODE_FLAGS := $(MODE_FLAGS_$(MODE))
CFLAGS ?=
CPPFLAGS ?=
LDFLAGS ?=
ALL_CFLAGS = -std=c11 -fPIC -fvisibility=hidden $(WARNINGS) $(MODE_FLAGS) $(CFLAGS)
ALL_CPPFLAGS = -D_GNU_SOURCE -Iinclude -Ilib -I$(GEN) -I. -MMD -MP $(CPPFLAGS)
ALL_LDFLAGS = $(MODE_FLAGS) $(LDFLAGS)

# ---------------------------------------------------------------- sources

ROOMS := base schema vault codec pages store table secrets ledger
LIB_SOURCES := $(foreach room,$(ROOMS),$(sort $(wildcard lib/$(room)/*.c))) $(sort $(wildcard lib/*.c))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/errcodes.o $(BUILD)/gen/platform_schema.o
# The generator needs the lower rooms only, and is built before any table is known.
GENERATOR_SOURCES := $(sort $(wildcard tools/bbots-schema/*.c))
GENERATOR_OBJECTS := $(GENERATOR_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/errcodes.o \
	$(filter $(BUILD)/lib/base/% $(BUILD)/lib/schema/%,$(LIB_OBJECTS))
INSPECT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tools/bbots-inspect/*.c)))
SAMPLE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tools/bbots-sample/*.c))) \
	$(BUILD)/bench/workload.o
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard bench/*.c)))
SCHEMA_FILES := $(sort $(wildcard schema/[0-9]*.sql)) schema/vectors.sql

.PHONY: all
all: library tools ## build the library and the tools

.PHONY: library
library: $(BUILD)/libbbots.a $(BUILD)/libbbots.so ## build libbbots.a and libbbots.so

.PHONY: tools
tools: $(BUILD)/bbots-schema $(BUILD)/bbots-inspect $(BUILD)/bbots-sample ## build the command line tools

# ---------------------------------------------------------------- generated files

$(GEN)/bbots/errcodes.h: lib/base/errors.txt tools/errors.awk
	mkdir -p $(@D)
	echo "  GEN   $@"
	awk -v mode=header -f tools/errors.awk $< > $@

$(GEN)/errcodes.c: lib/base/errors.txt tools/errors.awk
	mkdir -p $(@D)
	echo "  GEN   $@"
	awk -v mode=table -f tools/errors.awk $< > $@

$(GEN)/platform_schema.c: $(BUILD)/bbots-schema $(SCHEMA_FILES)
	mkdir -p $(@D)
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name platform --out $(GEN) $(SCHEMA_FILES)

# ---------------------------------------------------------------- objects and programs

$(BUILD)/%.o: %.c Makefile | $(GEN)/bbots/errcodes.h
	mkdir -p $(@D)
	echo "  CC    $<"
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/gen/%.o: $(GEN)/%.c | $(GEN)/bbots/errcodes.h
	echo "  CC    $<"
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/bbots-schema: $(GENERATOR_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs sqlite3) $(LIBRARY_LIBS)

# One object whose hidden symbols are local: a host's own names cannot clash with ours.
$(BUILD)/libbbots.o: $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(filter-out --coverage,$(ALL_LDFLAGS)) -r -nostdlib -o $@ $^
	objcopy --localize-hidden $@

$(BUILD)/libbbots.a: $(BUILD)/libbbots.o
	rm -f $@
	ar rcs $@ $<

$(BUILD)/$(SONAME): $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--no-undefined -o $@ $^ $(LIBRARY_LIBS)

$(BUILD)/libbbots.so: $(BUILD)/$(SONAME)
	ln -sf $(SONAME) $@

$(BUILD)/bbots-inspect: $(INSPECT_OBJECTS) $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

$(INSPECT_OBJECTS) $(SAMPLE_OBJECTS) $(BENCH_OBJECTS): $(GEN)/platform_schema.c

$(BUILD)/bbots-sample: $(SAMPLE_OBJECTS) $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

$(BUILD)/bbots-bench: $(BENCH_OBJECTS) $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs sqlite3) $(LIBRARY_LIBS) -lm

# A host's own tables and program (tests/generator/shop.sql) are built and run by the tests.

# ---------------------------------------------------------------- for hosts

HOST_FLAGS = -I$(CURDIR)/include -I$(CURDIR)/$(GEN) $(CURDIR)/$(BUILD)/libbbots.a $(LIBRARY_LIBS)

.PHONY: flags
flags: ## print what a program needs to be compiled with this build
	echo "$(HOST_FLAGS)"

PREFIX ?= /usr/local
DESTDIR ?=
INSTALL_LIB = $(DESTDIR)$(PREFIX)/lib
INSTALL_INCLUDE = $(DESTDIR)$(PREFIX)/include

.PHONY: install
install: all ## install library, headers, tools and bbots.pc under PREFIX (default /usr/local)
	install -d $(INSTALL_LIB)/pkgconfig $(INSTALL_INCLUDE)/bbots/platform $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/libbbots.a $(INSTALL_LIB)
	install -m 755 $(BUILD)/$(SONAME) $(INSTALL_LIB)
	ln -sf $(SONAME) $(INSTALL_LIB)/libbbots.so
	install -m 644 include/bbots/*.h $(GEN)/bbots/*.h $(INSTALL_INCLUDE)/bbots
	install -m 644 $(GEN)/bbots/platform/*.h $(INSTALL_INCLUDE)/bbots/platform
	install -m 755 $(BUILD)/bbots-inspect $(BUILD)/bbots-schema $(DESTDIR)$(PREFIX)/bin
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: bbots' 'Description: embedded storage engine' \
		'Version: $(VERSION)' 'Requires.private: $(PACKAGES)' 'Libs: -L$${prefix}/lib -lbbots' \
		'Libs.private: -lpthread -lm' 'Cflags: -I$${prefix}/include' > $(INSTALL_LIB)/pkgconfig/bbots.pc

# ---------------------------------------------------------------- tests

TEST_SOURCES := $(sort $(wildcard tests/unit/test_*.c tests/contract/test_*.c tests/model/test_*.c))
TEST_PROGRAMS := $(TEST_SOURCES:%.c=$(BUILD)/%)
TEST_SCRIPTS := $(sort $(wildcard tests/*/test_*.sh tests/*/test_*.py))
# Schemas of the tests' own, compiled as a host would do it.
TEST_SCHEMAS := $(sort $(wildcard tests/support/*.sql tests/contract/*.sql))
TEST_SCHEMA_SOURCES := $(patsubst %.sql,$(GEN)/%_schema.c,$(notdir $(TEST_SCHEMAS)))
ASAN_SCRIPTS := $(patsubst %,'env BUILD=build/asan BBOTS_INSPECT=build/asan/bbots-inspect %',$(filter tests/cli/%,$(TEST_SCRIPTS)))
# What a sanitizer can run: all but what tests/sanitizers.txt names.
sanitizable = $(filter-out $(addprefix %/,$(shell awk '$$1 == "$(1)" { print $$2 }' tests/sanitizers.txt)),$(2))
VALGRIND_ALL := $(call sanitizable,valgrind,$(TEST_PROGRAMS))
# Under valgrind in each `make test`: what touches memory most, small enough to be quick.
VALGRIND_PROGRAMS := $(filter-out %timestamp %decimal %utf8,$(filter $(BUILD)/tests/unit/%,$(VALGRIND_ALL))) \
	$(filter %/test_records %/test_rows %/test_model,$(VALGRIND_ALL))
# Under the thread sanitizer in each `make test`: where threads meet.
TSAN_PROGRAMS := $(addprefix build/tsan/tests/,unit/test_store_gate \
	$(addprefix contract/test_,budget credits group once queue summary_kinds transactions usage))
# Whose branches are counted in each `make test`: all but those that counting makes slow.
COVERED_PROGRAMS := $(filter-out $(addprefix %/test_,base_timestamp base_utf8 codec_json cursors damage faults \
	forged_blocks guard live_forged load open pages_find pages_walk space summary_kinds transactions wrong_entries), \
	$(patsubst %.c,build/coverage/%,$(filter-out tests/model/%,$(TEST_SOURCES))))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c))) \
	$(patsubst $(GEN)/%.c,$(BUILD)/gen/%.o,$(TEST_SCHEMA_SOURCES))
TEST_CPPFLAGS = -Itests -Itools/bbots-schema

$(BUILD)/tests/%.o: ALL_CPPFLAGS += $(TEST_CPPFLAGS)
$(TEST_PROGRAMS:%=%.o) $(SUPPORT_OBJECTS): $(GEN)/platform_schema.c | $(TEST_SCHEMA_SOURCES)

vpath %.sql tests/support tests/contract
$(TEST_SCHEMA_SOURCES): $(GEN)/%_schema.c: %.sql $(BUILD)/bbots-schema
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name $* --out $(GEN) $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT_OBJECTS) $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs cmocka) $(LIBRARY_LIBS)

$(BUILD)/tests/contract/%: $(BUILD)/tests/contract/%.o $(SUPPORT_OBJECTS) $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs cmocka) $(LIBRARY_LIBS)

$(BUILD)/tests/model/%: $(BUILD)/tests/model/%.o $(SUPPORT_OBJECTS) $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs cmocka) $(LIBRARY_LIBS)

DIFFPG_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/diffpg/*.c)))
$(DIFFPG_OBJECTS): ALL_CPPFLAGS += $(shell $(PKG_CONFIG) --cflags libpq)
$(DIFFPG_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/corners_schema.c

$(GEN)/corners_schema.c: tests/diffpg/corners.sql $(BUILD)/bbots-schema
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name corners --out $(GEN) $<

$(BUILD)/diff-pg: $(DIFFPG_OBJECTS) $(BUILD)/gen/corners_schema.o $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs libpq) $(LIBRARY_LIBS)

CORRUPT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/corrupt/*.c)))
$(CORRUPT_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/sample_schema.c $(GEN)/varied_schema.c

$(GEN)/varied_schema.c: tests/corrupt/varied.sql $(BUILD)/bbots-schema
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name varied --out $(GEN) $<

$(BUILD)/corrupt: $(CORRUPT_OBJECTS) $(BUILD)/gen/sample_schema.o $(BUILD)/gen/varied_schema.o $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

REFUSAL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/refusal/*.c)))
$(REFUSAL_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/evolve_1_schema.c $(GEN)/evolve_2_schema.c $(GEN)/secrets_schema.c

# With arenas of its own, of which each piece can be refused.
$(BUILD)/refusal: $(REFUSAL_OBJECTS) $(BUILD)/gen/evolve_1_schema.o $(BUILD)/gen/evolve_2_schema.o $(BUILD)/gen/secrets_schema.o \
		$(filter-out %/base/arena.o,$(LIB_OBJECTS))
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

LEDGER_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/ledger/*.c)))
$(LEDGER_OBJECTS): $(GEN)/platform_schema.c | $(TEST_SCHEMA_SOURCES)

$(BUILD)/model-costs: $(LEDGER_OBJECTS) $(SUPPORT_OBJECTS) $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs cmocka) $(LIBRARY_LIBS)

# What crash-states, kill9 and serial share.
PROVING_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/proving/*.c)))
KILL9_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/kill9/*.c)))
SERIAL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/serial/*.c)))
PROVING_PROGRAMS := $(BUILD)/crash-states $(BUILD)/kill9 $(BUILD)/serial
$(PROVING_OBJECTS) $(KILL9_OBJECTS) $(SERIAL_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/ordeal_schema.c

$(GEN)/ordeal_schema.c: tests/proving/ordeal.sql $(BUILD)/bbots-schema
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name ordeal --out $(GEN) $<

STATES_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/states/*.c)))
$(STATES_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/ordeal_schema.c $(GEN)/evolve_1_schema.c $(GEN)/evolve_2_schema.c

# Stands in place of the system's calls for LMDB too, and sets a limit that no public function sets.
$(BUILD)/crash-states: $(STATES_OBJECTS) $(PROVING_OBJECTS) $(BUILD)/gen/ordeal_schema.o \
		$(BUILD)/gen/evolve_1_schema.o $(BUILD)/gen/evolve_2_schema.o $(LIB_OBJECTS)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

$(BUILD)/kill9: $(KILL9_OBJECTS)
$(BUILD)/serial: $(SERIAL_OBJECTS)
$(BUILD)/kill9 $(BUILD)/serial: $(PROVING_OBJECTS) $(BUILD)/gen/ordeal_schema.o $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

SEED ?=
# Proofs begin with the same numbers each time, test programs with new ones, unless SEED= says with which.
PROOF_SEED := $(if $(SEED),$(SEED),1)
SEEDED := $(if $(SEED),BBOTS_SEED=$(SEED))
.PHONY: model-costs
model-costs: ## N random operations on costs by threads and processes against a mirror: N=10000000, SEED=
	$(MAKE) -j2 $(BUILD)/model-costs $(BUILD)/bbots-inspect
	BBOTS_INSPECT=$(BUILD)/bbots-inspect $(BUILD)/model-costs $(N) $(PROOF_SEED)

RACE_PROGRAMS := $(addprefix $(BUILD)/tests/contract/,test_credits test_usage test_queue test_budget test_once)
.PHONY: races
races: ## two threads, then two processes, race for the last credit, execution, row, cent and one call: N= rounds of each
	$(MAKE) -j2 $(RACE_PROGRAMS)
	tests/ledger/races.sh $(N) $(RACE_PROGRAMS)

.PHONY: model
model: ## N random operations of two processes against a naive model in memory: N=100000000, SEED=
	$(MAKE) $(BUILD)/tests/model/test_model
	tests/model/model.sh $(BUILD)/tests/model/test_model $(N) $(PROOF_SEED)

.PHONY: corrupt
corrupt: ## damage N whole files in twelve ways and use them: N=100000, SEED=
	$(MAKE) $(BUILD)/corrupt
	$(BUILD)/corrupt damage $(N) $(PROOF_SEED)

.PHONY: bitflip
bitflip: ## every bit of a small file, then N random ones of a large one: N=1000000, SEED=
	$(MAKE) $(BUILD)/corrupt
	$(BUILD)/corrupt bitflip 0 $(PROOF_SEED) small
	$(BUILD)/corrupt bitflip $(N) $(PROOF_SEED)

# A target of libFuzzer (MODE=fuzz CC=clang), or the same with a main() that replays inputs.
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_PROGRAMS := $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)
FUZZ_OBJECTS := $(patsubst %,$(BUILD)/tests/fuzz/%.o,base $(FUZZ_NAMES:%=fuzz_%))
FUZZ_MAIN := $(if $(filter fuzz,$(MODE)),,$(BUILD)/tests/fuzz/replay.o)
FUZZ_LDFLAGS := $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer)
$(FUZZ_OBJECTS): $(GEN)/platform_schema.c | $(GEN)/sample_schema.c
$(BUILD)/fuzz/import $(BUILD)/fuzz/apply: $(filter-out %/main.o,$(INSPECT_OBJECTS))
$(BUILD)/fuzz/sql: $(filter-out %/main.o %/pgname.o,$(filter $(BUILD)/tools/%,$(GENERATOR_OBJECTS)))
$(BUILD)/fuzz/sql: ALL_LDFLAGS += -Wl,--wrap=exit

$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/base.o \
		$(BUILD)/gen/sample_schema.o $(LIB_OBJECTS) $(FUZZ_MAIN)
	mkdir -p $(@D)
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $(FUZZ_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs sqlite3) $(LIBRARY_LIBS)

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)

TIME ?= 60
TARGETS ?= $(filter-out canary,$(FUZZ_NAMES))
.PHONY: fuzz
fuzz: ## search each target of tests/fuzz with libFuzzer: TIME= processor seconds each, TARGETS=, SEED=
	$(MAKE) -j2 MODE=fuzz CC=clang fuzz-programs
	tests/fuzz/fuzz.sh build/fuzz-clang/fuzz $(TIME) $(PROOF_SEED) $(TARGETS)

# All refusals of all scenes would take long: one from each place that the calls come from.
.PHONY: coverage
coverage: ## branches of lib/ that tests and proofs take, by gcov, a table of rooms: SEED=
	tools/setup.sh test
	$(MAKE) -j2 MODE=coverage all test-programs build/coverage/refusal build/coverage/corrupt \
		build/coverage/model-costs build/coverage/diff-pg fuzz-programs
	find build/coverage -name '*.gcda' -delete
	$(SEEDED) BUILD=build/coverage GEN=build/coverage/gen CC="$(CC)" BBOTS_ROWS=20000 BBOTS_INSPECT=build/coverage/bbots-inspect \
		BBOTS_SCHEMA=build/coverage/bbots-schema SECONDS_MAX=14400 tools/run-tests.sh -l build/coverage/test-logs \
		'build/coverage/refusal oom places 1' 'build/coverage/refusal lmdberr places 1' 'build/coverage/refusal ioerr places 1' \
		'build/coverage/refusal lost places 1' 'build/coverage/refusal flipped places 1' 'build/coverage/refusal cut places 1' \
		$(TEST_SOURCES:%.c=build/coverage/%) \
		$(filter tests/cli/% tests/generator/% tests/schema/% %/test_secret_schemas.sh,$(TEST_SCRIPTS)) \
		'build/coverage/corrupt damage 1200 1' 'build/coverage/model-costs 20000 1' \
		'build/coverage/diff-pg --statements 10000 --seed 1' 'tests/fuzz/replay.sh build/coverage/fuzz plain'; \
	python3 tools/coverage.py build/coverage 95 $$?

# Each build's test programs, all of them under valgrind, and small runs of the proofs and the tools. A
# report fails its program.
PROOF_NAMES := refusal corrupt crash-states kill9 serial model-costs bbots-inspect bbots-schema
SANITIZED = $(call sanitizable,asan,$(TEST_SOURCES:%.c=build/asan/%)) \
	$(call sanitizable,tsan,$(TEST_SOURCES:%.c=build/tsan/%)) $(patsubst %,'tests/valgrind.sh %',$(VALGRIND_ALL)) \
	$(foreach kind,oom ioerr lmdberr lost flipped cut,'build/asan/refusal $(kind) 200 $(PROOF_SEED)') \
	'build/asan/corrupt damage 600 $(PROOF_SEED)' 'build/asan/corrupt bitflip 2000 $(PROOF_SEED) small' \
	'build/asan/crash-states 2000 $(PROOF_SEED)' 'tests/fuzz/replay.sh build/asan/fuzz' \
	$(foreach mode,asan tsan,'build/$(mode)/kill9 600 $(PROOF_SEED)' 'build/$(mode)/serial 50000 $(PROOF_SEED)' \
	'env BBOTS_INSPECT=build/$(mode)/bbots-inspect build/$(mode)/model-costs 5000 $(PROOF_SEED)') $(ASAN_SCRIPTS)
ifdef ONLY
SANITIZED := $(shell printf '%s\n' $(SANITIZED) | grep -E '$(ONLY)' | sed "s/.*/'&'/")
endif
.PHONY: sanitize
sanitize: ## all tests under the address, undefined behaviour and thread sanitizers and valgrind: ONLY=names, SEED=
	tools/setup.sh test
	$(MAKE) -j2 MODE=asan all test-programs fuzz-programs $(PROOF_NAMES:%=build/asan/%)
	$(MAKE) -j2 MODE=tsan test-programs $(addprefix build/tsan/,kill9 serial model-costs bbots-inspect)
	$(MAKE) -j2 all test-programs
	$(TEST_ENVIRONMENT) $(SEEDED) SECONDS_MAX=7200 tools/run-tests.sh -l build/sanitize-logs $(SANITIZED) | tee build/sanitize.txt
	awk '/^  (ok|FAIL)/ { all++; bad += $$1 == "FAIL" } /, 0 failed/ { ended = 1 } \
		END { printf "sanitize: %d programs, %d left out by name, %d with reports (0) %s\n", all, \
			'"$$(grep -c '^[^#]' tests/sanitizers.txt)"', bad, ended && !bad ? "ok" : "FAIL"; \
			exit !ended || bad }' build/sanitize.txt

# Of how many refusals: all of them, unless N= says so on the command line.
REFUSALS = $(if $(filter command%,$(origin N)),$(N),0)
.PHONY: oom
oom: ## every allocation of every public function fails: N= points at most, SEED=
	$(MAKE) $(BUILD)/refusal
	$(BUILD)/refusal oom $(REFUSALS) $(PROOF_SEED)

.PHONY: ioerr
ioerr: ## every I/O call of every public function fails: N= points at most, SEED=
	$(MAKE) $(BUILD)/refusal
	$(BUILD)/refusal ioerr $(REFUSALS) $(PROOF_SEED)

.PHONY: crash-states
crash-states: ## rebuild N states that a power cut may leave, and open each: N=1000000, SEED=
	$(MAKE) $(BUILD)/crash-states
	$(BUILD)/crash-states lie 10000 $(PROOF_SEED)
	$(BUILD)/crash-states $(N) $(PROOF_SEED)

.PHONY: lmdberr
lmdberr: ## every call of LMDB that reads or writes a tree fails: N= points at most, SEED=
	$(MAKE) $(BUILD)/refusal
	$(BUILD)/refusal lmdberr $(REFUSALS) $(PROOF_SEED)

.PHONY: false-reads
false-reads: ## what a read of LMDB gives has a wrong bit, is cut off or gone: N= points at most, SEED=
	$(MAKE) $(BUILD)/refusal
	$(BUILD)/refusal flipped $(REFUSALS) $(PROOF_SEED)
	$(BUILD)/refusal cut $(REFUSALS) $(PROOF_SEED)
	$(BUILD)/refusal lost $(REFUSALS) $(PROOF_SEED)

.PHONY: kill9
kill9: ## kill processes that write, N times: N=100000, SEED=
	$(MAKE) $(BUILD)/kill9
	$(BUILD)/kill9 $(if $(filter command%,$(origin N)),$(N),100000) $(PROOF_SEED)

.PHONY: serial
serial: ## replay N transactions of several processes in the order of their commits: N=1000000, SEED=
	$(MAKE) $(BUILD)/serial
	$(BUILD)/serial $(N) $(PROOF_SEED)

.PHONY: reliability
reliability: ## run all proofs at their default sizes and collect their lines in build/reliability.txt: SEED=
	$(MAKE) $(BUILD)/corrupt $(BUILD)/refusal $(PROVING_PROGRAMS) $(BUILD)/tests/model/test_model
	$(MAKE) -j2 MODE=fuzz CC=clang fuzz-programs
	SEED=$(PROOF_SEED) tools/reliability.sh build/reliability.txt crash-states kill9 oom ioerr lmdberr flipped cut lost corrupt \
		bitflip model serial fuzz sanitize coverage

.PHONY: diff-pg
diff-pg: ## hold N random statements against PostgreSQL: N=100000, SEED=
	tools/setup.sh test
	$(MAKE) $(BUILD)/diff-pg
	$(BUILD)/diff-pg --statements $(N) $(if $(SEED),--seed $(SEED))

.PHONY: test-programs
test-programs: $(TEST_PROGRAMS)

.PHONY: setup
setup: ## install what building and testing need (apt), or print the command
	tools/setup.sh test

# What the scripts need to know of this build.
TEST_ENVIRONMENT = TRACES="$(abspath $(TRACES))" BUILD=$(BUILD) GEN=$(GEN) CC="$(CC)" \
	BBOTS_INSPECT=$(BUILD)/bbots-inspect BBOTS_SCHEMA=$(BUILD)/bbots-schema BBOTS_BENCH=$(BUILD)/bbots-bench

.PHONY: test
test: ## set up, build and run everything: release, sanitizers, valgrind, coverage, clang
	tools/setup.sh test
	$(MAKE) -j2 all test-programs $(BUILD)/bbots-bench $(BUILD)/bench-questions $(BUILD)/diff-pg $(BUILD)/corrupt \
		$(BUILD)/refusal $(BUILD)/model-costs $(PROVING_PROGRAMS)
	$(MAKE) -j2 MODE=asan all test-programs build/asan/refusal build/asan/model-costs fuzz-programs
	$(MAKE) -j2 MODE=tsan $(TSAN_PROGRAMS) build/tsan/kill9 build/tsan/serial
	$(MAKE) -j2 MODE=coverage $(COVERED_PROGRAMS)
	$(MAKE) -j2 CC=clang CFLAGS=-Werror library tools
	$(TEST_ENVIRONMENT) tools/run-tests.sh -l $(BUILD)/test-logs tools/check-rooms.sh \
		$(TEST_PROGRAMS) $(TEST_SCRIPTS) '$(BUILD)/diff-pg --statements 30000 --seed 1' \
		'$(BUILD)/model-costs 30000 1' \
		'env BBOTS_INSPECT=build/asan/bbots-inspect build/asan/model-costs 2000 2' \
		'$(BUILD)/corrupt damage 1200 1' '$(BUILD)/corrupt bitflip 4000 1 small' '$(BUILD)/corrupt bitflip 1500 1' \
		'$(BUILD)/refusal oom 200 1' '$(BUILD)/refusal ioerr 200 1' '$(BUILD)/refusal lmdberr 200 1' \
		'$(BUILD)/refusal lost 200 1' '$(BUILD)/refusal flipped 200 1' '$(BUILD)/refusal cut 200 1' \
		'build/asan/refusal oom 80 2' '$(BUILD)/crash-states 4000 1' '$(BUILD)/crash-states 4000 1118 relaxed' '$(BUILD)/crash-states lie 2000 1' \
		'$(BUILD)/kill9 300 1' '$(BUILD)/serial 20000 1' \
		'tests/fuzz/replay.sh build/asan/fuzz' \
		$(TEST_SOURCES:%.c=build/asan/%) \
		$(TSAN_PROGRAMS) 'build/tsan/kill9 60 2' 'build/tsan/serial 5000 2' $(ASAN_SCRIPTS) \
		'tests/covered.sh build/coverage 80 $(COVERED_PROGRAMS)' \
		$(patsubst %,'tests/valgrind.sh %',$(VALGRIND_PROGRAMS))

.PHONY: valgrind
valgrind: test-programs ## run all test programs under valgrind (a part of them is in `make test`)
	$(TEST_ENVIRONMENT) tools/run-tests.sh -l $(BUILD)/valgrind-logs $(patsubst %,'tests/valgrind.sh %',$(VALGRIND_ALL))

N ?= 1000000
RUNS ?= 5
SIZES ?= 10000 100000 1000000 10000000
GROWTH_RUNS ?= 1
TRACES ?=
DEMO ?=

.PHONY: demo
demo: ## set up, build, load made-up and (TRACES=folder) real data, and show what can be asked
	tools/setup.sh build
	$(MAKE) -j2 all
	BUILD=$(BUILD) TRACES="$(TRACES)" DEMO="$(DEMO)" tools/demo.sh

.PHONY: bench
bench: ## the same work on bbots, SQLite, LMDB and DuckDB: N= rows, RUNS= runs
	tools/setup.sh bench
	$(MAKE) -j2 $(BUILD)/bbots-bench
	bench/run.sh $(BUILD)/bbots-bench build/bench $(N) $(RUNS)

.PHONY: bench-growth
bench-growth: ## each work at 10,000, 100,000, 1,000,000 and 10,000,000 rows: SIZES=, GROWTH_RUNS=
	tools/setup.sh bench
	$(MAKE) -j2 $(BUILD)/bbots-bench
	bench/run.sh $(BUILD)/bbots-bench build/bench growth $(GROWTH_RUNS) $(SIZES)

.PHONY: bench-instructions
bench-instructions: ## instructions of each work under callgrind, the same on a busy machine: N=20000
	tools/setup.sh test
	$(MAKE) -j2 $(BUILD)/bbots-bench
	bench/instructions.sh $(BUILD)/bbots-bench build/bench $(if $(filter command%,$(origin N)),$(N),20000)

IMPORT_SIZES = $(if $(filter command%,$(origin N)),$(N),200000 1000000)
.PHONY: bench-import
bench-import: all $(BUILD)/bbots-bench ## a dump's import beside the bulk load, with its memory: N="200000 1000000"
	python3 bench/import.py $(BUILD) build/bench/import $(IMPORT_SIZES)

# The same benchmark with a part left out, each in a folder of its own: the platform's tables without what is kept beside
# them ([live ...] is a tag of their comments); rows without a hash, so neither checksum nor digest.
BARE := build/bare
UNHASHED := build/unhashed
VARIANT_RUNS = $(if $(filter command%,$(origin RUNS)),$(RUNS),3)

.PHONY: bare-bench unhashed-bench
bare-bench:
	mkdir -p $(BARE)/schema
	for file in $(SCHEMA_FILES); do \
		perl -0pe 's/\[live .*?\]//gs' $$file > $(BARE)/schema/$${file##*/}; done
	$(MAKE) -j2 BUILD=$(BARE) SCHEMA_FILES="$(SCHEMA_FILES:schema/%=$(BARE)/schema/%)" $(BARE)/bbots-bench

unhashed-bench:
	$(MAKE) -j2 BUILD=$(UNHASHED) CPPFLAGS=-DBBOTS_ROWS_UNHASHED $(UNHASHED)/bbots-bench

.PHONY: bench-aggregates
bench-aggregates: $(BUILD)/bbots-bench bare-bench ## what live aggregates and day summaries cost an insert: N= RUNS=
	bench/variants.sh build/bench $(N) $(VARIANT_RUNS) W1 'none declared=$(BARE)/bbots-bench' \
		'live aggregates=$(BUILD)/bbots-bench,unfollowed' \
		'live aggregates and summaries of days=$(BUILD)/bbots-bench'

.PHONY: bench-safeties
bench-safeties: $(BUILD)/bbots-bench bare-bench unhashed-bench ## what each safety costs, by leaving it out: N= RUNS=
	bench/variants.sh build/bench $(N) $(VARIANT_RUNS) W1,W9 'as it is=$(BUILD)/bbots-bench' \
		'without checksums and digests=$(UNHASHED)/bbots-bench' \
		'without summaries of days=$(BUILD)/bbots-bench,unfollowed' \
		'without summaries and live aggregates=$(BARE)/bbots-bench' \
		'with the fault guard=$(BUILD)/bbots-bench,guard'
	bench/variants.sh build/bench $(N) $(VARIANT_RUNS) W3,W6 'as it is=$(BUILD)/bbots-bench' \
		'without checksums and digests=$(UNHASHED)/bbots-bench' \
		'with the fault guard=$(BUILD)/bbots-bench,guard' \
		'through LMDB only=$(BUILD)/bbots-bench,plain'

.PHONY: bench-document
bench-document: ## figures and plots of docs/performance.md from what the benchmark left in build/bench
	python3 bench/document.py --take build/bench

.PHONY: bench-questions
bench-questions: ## each question about one user and one year, in stores of SIZES="ROWS/USERS..."
	tools/setup.sh bench
	$(MAKE) -j2 $(BUILD)/bench-questions
	mkdir -p build/bench/data
	$(BUILD)/bench-questions build/bench/data $(if $(filter command%,$(origin SIZES)),$(SIZES),1000000/100 10000000/1000 10000000/100)

QUESTIONS_OBJECTS := $(BUILD)/bench/questions/main.o $(BUILD)/bench/questions/data.o
$(QUESTIONS_OBJECTS): $(GEN)/platform_schema.c
$(BUILD)/bench-questions: $(QUESTIONS_OBJECTS) $(filter-out %/main.o,$(BENCH_OBJECTS)) $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(shell $(PKG_CONFIG) --libs sqlite3) $(LIBRARY_LIBS)

.PHONY: bench-secrets
bench-secrets: ## texts of 100 bytes written and read, sealed and not: N= rows
	tools/setup.sh build
	$(MAKE) $(BUILD)/bench-secrets
	$(BUILD)/bench-secrets $(N)

$(GEN)/notes_schema.c: bench/secrets/notes.sql $(BUILD)/bbots-schema
	echo "  GEN   $@"
	$(BUILD)/bbots-schema --name notes --out $(GEN) $<

$(BUILD)/bench/secrets/main.o: $(GEN)/notes_schema.c
$(BUILD)/bench-secrets: $(BUILD)/bench/secrets/main.o $(BUILD)/bench/measure.o $(BUILD)/gen/notes_schema.o $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

.PHONY: bench-walk
bench-walk: ## how fast opening walks the pages of a file, and the check checks it: N= calls
	tools/setup.sh build
	$(MAKE) -j2 $(BUILD)/bench-walk $(BUILD)/bbots-sample $(BUILD)/bbots-inspect
	mkdir -p build/bench/data
	rm -f build/bench/data/walk.bbots*
	$(BUILD)/bbots-inspect build/bench/data/walk.bbots create
	$(BUILD)/bbots-sample rows --calls $(N) | $(BUILD)/bbots-inspect --quiet build/bench/data/walk.bbots apply > /dev/null
	$(BUILD)/bench-walk build/bench/data/walk.bbots

$(BUILD)/bench-walk: $(BUILD)/bench/walk/main.o $(BUILD)/bench/measure.o $(BUILD)/libbbots.a
	echo "  LINK  $@"
	$(CC) $(ALL_LDFLAGS) $^ -o $@ $(LIBRARY_LIBS)

.PHONY: quick
quick: all test-programs $(BUILD)/bbots-bench $(BUILD)/bench-questions $(BUILD)/refusal ## run the release build's tests only
	$(TEST_ENVIRONMENT) tools/run-tests.sh -l $(BUILD)/test-logs $(TEST_PROGRAMS) $(TEST_SCRIPTS)

.PHONY: check
check: ## look at the structure: rooms and their doors
	tools/check-rooms.sh

# ---------------------------------------------------------------- help

.PHONY: clean
clean: ## remove all that was built
	rm -rf build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
