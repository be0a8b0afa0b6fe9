# make              programs in build/            make demo    see it work
# make check        every test (sets up first)    make lint    analysers and the house's own checks
# make bench        product and limits measured   make prove   the long proofs
# make fuzz         every fuzz target, longer     make install PREFIX= DESTDIR=
# make coverage     lines and branches that the tests go through
# make mutate       whether the tests see a sign that is another
# make deb          a Debian package, in build/deb  make deb-check  it in a clean system, booted
# make B=asan ...   a variant: asan, tsan, fuzz,  make help    this list
#                   work (counts steps), cover
#
# Nothing is written outside build/. A variant is a word with a folder of its own.

B        ?= release
O        := build/$(B)
PREFIX   ?= /usr/local
VERSION  := 0.1.0
PKGCONF  ?= pkg-config

PKGS     := libevent libevent_openssl libevent_pthreads openssl sqlite3 libcurl libpcre2-8 \
            libconfuse jansson expat icu-i18n icu-uc libsystemd
# Asked for only when something is compiled: `make demo` must start on a bare machine.
PKG_CFLAGS = $(shell $(PKGCONF) --cflags $(PKGS))
PKG_LIBS   = $(shell $(PKGCONF) --libs $(PKGS)) -pthread -lm
TEST_LIBS  = $(shell $(PKGCONF) --libs cmocka)

std      := -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -Itests/unit -DNUDGE_VERSION='"$(VERSION)"'
warn     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wcast-qual -Wundef -Wvla -Wswitch-enum -Wformat=2 -Wformat-security \
            -Wimplicit-fallthrough -Wnull-dereference
hard     := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
            -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fno-strict-overflow -fno-delete-null-pointer-checks \
            -fPIE
hardlink := -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
CC       := gcc
CFLAGS   ?= -O2 -g
ifeq ($(B),asan)
CC       := clang
CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
hard     :=
hardlink := -Wl,--as-needed
else ifeq ($(B),tsan)
CC       := clang
CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
hard     :=
hardlink := -Wl,--as-needed
else ifeq ($(B),fuzz)
CC       := clang
CFLAGS   := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
hard     :=
hardlink := -Wl,--as-needed
endif
ifeq ($(B),cover)
CC       := clang
CFLAGS   := -O1 -g -fprofile-instr-generate -fcoverage-mapping
hard     :=
hardlink := -Wl,--as-needed
endif
ifeq ($(B),mutants)
CFLAGS   += -DNUDGE_MUTANTS
endif
ifeq ($(B),work)
CFLAGS   := -O1 -g -fno-builtin -fsanitize-coverage=trace-pc -DNUDGE_WORK
hard     :=
hardlink := -Wl,--wrap=memchr,--wrap=memcmp,--wrap=memcpy
endif
werror   := $(if $(CI),-Werror)
cflags    = $(std) $(warn) $(werror) $(hard) $(CFLAGS)

programs := nudged nudge-sender nudgectl
lib_src  := $(sort $(wildcard $(addprefix src/,$(addsuffix /*.c,base hl7 phone conf siu policy wheel store store/sqlite engine mllp acs control))))
lib_obj  := $(lib_src:%.c=$(O)/%.o) $(O)/gen/builtin.o $(O)/gen/plans.o $(O)/gen/places.o
obj_nudged       := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard src/nudged/*.c)))
obj_nudge-sender := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard src/sender/*.c)))
obj_nudgectl     := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard src/nudgectl/*.c)))
unit_src := $(sort $(wildcard tests/unit/test_*.c))
units    := $(unit_src:tests/unit/%.c=$(O)/%)
builtin  := $(sort $(wildcard schemas/sqlite/*.sql schemas/hl7/*.conf schemas/words/* conf/templates/*))

.PHONY: all check demo lint bench prove fuzz coverage mutate unit install help clean setup deb deb-check
all: $(programs:%=$(O)/%) $(if $(filter release,$(B)),$(programs:%=build/%))

# The command line is a dependency itself: change a flag and the objects follow.
$(O)/.cmd: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(CC) $(cflags)' | cmp -s - $@ || printf '%s\n' '$(CC) $(cflags)' > $@
.PHONY: FORCE
FORCE:

$(O)/%.o: %.c $(O)/.cmd
	@mkdir -p $(@D)
	$(CC) $(cflags) $(PKG_CFLAGS) -MMD -MP -c $< -o $@
$(O)/gen/builtin.c: $(builtin) tests/lint/embed $(O)/.cmd
	@mkdir -p $(@D)
	sh tests/lint/embed $(builtin) > $@
$(O)/gen/builtin.o: $(O)/gen/builtin.c
	$(CC) $(cflags) -c $< -o $@
plans    := $(sort $(wildcard schemas/phone/*.conf))
$(O)/gen/plans.c: $(plans) tests/lint/plans $(O)/.cmd
	@mkdir -p $(@D)
	awk -f tests/lint/plans $(plans) > $@ || { rm -f $@; exit 1; }
$(O)/gen/plans.o: $(O)/gen/plans.c src/phone/plans.h
	$(CC) $(cflags) -c $< -o $@
places   := $(sort $(wildcard schemas/address/*.conf))
$(O)/gen/places.c: $(places) tests/lint/places $(O)/.cmd
	@mkdir -p $(@D)
	awk -f tests/lint/places $(places) > $@ || { rm -f $@; exit 1; }
$(O)/gen/places.o: $(O)/gen/places.c src/policy/places_table.h
	$(CC) $(cflags) -c $< -o $@
$(O)/libnudge.a: $(lib_obj)
	@rm -f $@
	ar rcs $@ $^
define program
$(O)/$(1): $$(obj_$(1)) $(O)/libnudge.a
	$$(CC) $$(cflags) $$(hardlink) $$^ $$(PKG_LIBS) -o $$@
build/$(1): build/release/$(1)
	cp -f $$< $$@
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))
# Where every allocation can fail.
scarce   := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
$(O)/test_scarce $(O)/test_scarce_reading $(O)/test_intake_refused: TEST_LIBS += $(scarce)
# Where each call of these that the intake makes can fail: those that the test has a DOOR for.
$(O)/test_intake_refused: TEST_LIBS += $(shell sed -nE 's/^DOOR.[A-Z_]*, [^,]*, ([A-Za-z0-9_]*), .*/-Wl,--wrap=\1/p' tests/unit/test_intake_refused.c)
refusing := -Wl,--wrap=sqlite3_step,--wrap=sqlite3_extended_errcode
$(O)/test_%: $(O)/tests/unit/test_%.o $(O)/tests/prove/sim_refuse.o $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) $(refusing) $^ $(PKG_LIBS) $(TEST_LIBS) -o $@
$(O)/bench_gateway: BENCH_LIBS := -lnghttp2
$(O)/bench_%: $(O)/tests/bench/bench_%.o $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) $^ $(PKG_LIBS) $(BENCH_LIBS) -o $@
$(O)/prove_power: $(O)/tests/prove/prove_power.o $(O)/tests/prove/cut_vfs.o $(O)/tests/prove/whose.o $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) $^ $(PKG_LIBS) $(TEST_LIBS) -o $@
$(O)/prove_soak: $(O)/tests/prove/prove_soak.o $(O)/tests/prove/sim_refuse.o $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) $(refusing) $^ $(PKG_LIBS) $(TEST_LIBS) -o $@
# A simulated world has its own libevent, sockets, HTTP, clock and chance: they come before the library's.
sim_obj  := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard tests/prove/sim*.c)) tests/prove/mutant.c tests/prove/world_conf.c tests/prove/cut_vfs.c tests/prove/whose.c src/nudged/link_server.c \
            $(filter-out src/sender/main.c,$(sort $(wildcard src/sender/*.c))))
$(O)/prove_world $(O)/prove_rot: $(O)/prove_%: $(O)/tests/prove/prove_%.o $(sim_obj) $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) -Wl,--wrap=clock_now $(refusing) $^ $(PKG_LIBS) -o $@
$(O)/prove_memory: $(O)/tests/prove/prove_memory.o $(O)/tests/prove/scarce.o $(sim_obj) $(O)/libnudge.a
	$(CC) $(cflags) $(hardlink) -Wl,--wrap=clock_now $(refusing) $(scarce) $^ $(PKG_LIBS) -o $@
.PRECIOUS: $(O)/%.o $(O)/tests/unit/%.o $(O)/tests/bench/%.o
-include $(shell find $(O) -name '*.d' 2>/dev/null)

# What the coverage maps are read from: the whole library in one program.
$(O)/cover_map: $(O)/tests/prove/cover_map.o $(O)/libnudge.a
	$(CC) $(cflags) $< -Wl,--whole-archive $(O)/libnudge.a -Wl,--no-whole-archive $(PKG_LIBS) -o $@
# Fuzz targets, with B=fuzz.
fuzz_bin := $(patsubst tests/fuzz/%.c,$(O)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
$(O)/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/libnudge.a
	$(CC) $(cflags) -fsanitize=fuzzer $^ $(PKG_LIBS) -o $@
.PRECIOUS: $(O)/tests/fuzz/%.o
.PHONY: units fuzzers
units: $(units)
fuzzers: $(fuzz_bin)

unit: $(units)
	@for t in $(units); do $$t > $$t.log 2>&1 && echo "ok   $${t##*/}" || { cat $$t.log; exit 1; }; done

# Set-up runs in a make of its own: what is installed is found by the next one.
check:
	@sh tests/setup check
	@MAKE="$(MAKE)" sh tests/check
demo:
	@sh tests/setup demo
	@$(MAKE) -s -j2 all
	@python3 tests/world/demo.py
lint:
	@sh tests/setup lint
	@MAKE="$(MAKE)" sh tests/lint/lint
fuzz:
	@sh tests/setup check
	@$(MAKE) -s -j2 B=fuzz fuzzers
	@$(MAKE) -s -j2 B=cover fuzzers
	@python3 tests/fuzz/run.py --seconds $(or $(SECONDS_EACH),600)
coverage:
	@sh tests/setup check
	@$(MAKE) -s -j2 B=cover all units fuzzers build/cover/cover_map build/cover/prove_world build/cover/prove_power
	@python3 tests/prove/coverage.py --worlds 60 --house
bench:
	@sh tests/setup check
	@sh tests/bench/bench
mutate:
	@sh tests/setup check
	@$(MAKE) -s -j2 units
	@python3 tests/prove/mutate.py
prove:
	@sh tests/setup check
	@$(MAKE) -s -j2 all
	@$(MAKE) -s -j2 build/release/test_year build/release/prove_power build/release/prove_world build/release/prove_rot build/release/prove_memory build/release/prove_soak
	@mkdir -p build/prove
	@build/release/prove_world --old tests/prove/seeds --seeds $(or $(WORLDS),100000) --out build/prove/worlds.jsonl
	@build/release/prove_world --clocks $(or $(CLOCKS),200)
	@build/release/prove_world --outage $(or $(QUEUED),50000)
	@build/release/prove_rot --rots $(or $(ROTS),10000) --out build/prove/rots.jsonl
	@build/release/prove_power --cuts $(or $(CUTS),100000) --seed $(or $(SEED),1) --out build/prove/cuts.jsonl
	@build/release/prove_memory --seed $(or $(SEED),1) --out build/prove/memory.jsonl
	@build/release/prove_soak --messages $(or $(SOAKED),1000000) --seed $(or $(SEED),1) --out build/prove/soak.jsonl
	@NUDGE_BIN=build/release python3 tests/world/test_faults.py
	@NUDGE_MANY=full NUDGE_BIN=build/release python3 tests/world/run.py --one test_many.test_a_crowd
	@NUDGE_YEAR=$(or $(VISITS),200000) NUDGE_RIG=/dev/shm build/release/test_year
	@NUDGE_KILLS=$(or $(KILLS),2000) NUDGE_KILLS_OUT=$(CURDIR)/build/prove/kills.jsonl NUDGE_WORLD_LIMIT=0 NUDGE_BIN=build python3 tests/world/run.py -k kill

deb:
	@sh tests/setup deb
	@sh tests/deb
deb-check: deb
	@sh tests/setup deb-check
	@python3 tests/deb_check.py || { s=$$?; [ $$s -eq 77 ] || exit $$s; }

sbin := $(DESTDIR)$(PREFIX)/sbin
share := $(DESTDIR)$(PREFIX)/share
lib := $(DESTDIR)$(PREFIX)/lib
install: all
	install -d $(sbin) $(DESTDIR)$(PREFIX)/bin $(share)/man/man8 $(share)/man/man5 $(share)/doc/nudge \
	  $(share)/nudge/hl7 $(share)/nudge/templates $(lib)/systemd/system $(lib)/sysusers.d $(lib)/tmpfiles.d
	install -m 0755 $(O)/nudged $(O)/nudge-sender $(sbin)
	install -m 0755 $(O)/nudgectl $(DESTDIR)$(PREFIX)/bin
	install -m 0644 docs/man/*.8 $(share)/man/man8
	install -m 0644 docs/man/*.5 $(share)/man/man5
	install -m 0644 README.md docs/ARCHITECTURE.md docs/OPERATIONS.md docs/PERFORMANCE.md conf/nudge.conf LICENSE $(share)/doc/nudge
	install -m 0644 schemas/hl7/*.conf $(share)/nudge/hl7
	install -m 0644 conf/templates/* $(share)/nudge/templates
	for u in nudged.service nudged.socket nudge-door.service nudge-sender.service; do \
	  sed 's,/usr/sbin/,$(PREFIX)/sbin/,; s,/usr/bin/,$(PREFIX)/bin/,' systemd/$$u > $(lib)/systemd/system/$$u; done
	install -m 0644 systemd/nudge.sysusers $(lib)/sysusers.d/nudge.conf
	install -m 0644 systemd/nudge.tmpfiles $(lib)/tmpfiles.d/nudge.conf

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile
clean:
	rm -rf build
