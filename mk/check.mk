# SPDX-License-Identifier: MIT
# What one does with a built machine: run, check, measure, debug; and the checks of the sources.

.PHONY: setup doctor run demo check check-quick check-full check-electives bench bench-paper debug race golden
setup:
	@tools/setup
doctor:
	@tools/setup --doctor

# A make of its own after the set-up: this one has already looked for the tools. On all CPUs, unless -j says
# otherwise.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
run:
	@tools/setup run
	+@$(SUBMAKE) kernel.elf disk host
	@tools/vm $(VM)
demo:
	@tools/setup check
	+@$(SUBMAKE) kernel.elf disk host
	@tools/demo $(DEMO)
# The sources are judged in the continuous integration (CI=true), or by `make lint`: a student's test must not wait
# for a blank in the right place. The tests run in any case.
check:
	@tools/setup check
	+@$(SUBMAKE) all
	+@lint=0; [ "$(CI)" != true ] || $(SUBMAKE) -k lint || { lint=1; echo "make lint FAILED: see above"; }; \
		tests/run $(TESTS) && exit $$lint
# A sample of the tests, in less than three minutes.
check-quick: override TESTS := --quick $(TESTS)
check-quick: check
# Every state in every mode, with one, two and four CPUs, and all else: hours.
check-full: override TESTS := --full $(TESTS)
check-full: check
# A kernel without each elective, the others being there.
check-electives:
	@tools/setup check
	+@$(SUBMAKE) all
	@tests/run --full --oracle none -k electives/
# A hunt for races: the tests whose names contain a word of T, N times each, with random delays, as they come and by counted instructions.
T ?= prog/race prog/thread prog/futex states/reboot
N ?= 10
SEED ?= 1
race:
	@tools/setup check
	+@$(SUBMAKE) all
	@tests/run $(T:%=-k %) --times $(N) --jitter $(SEED)
	@tests/run --no-build $(T:%=-k %) --times $(N) --jitter $(SEED) --icount
# Images for ever, of the states in tests/golden/states.txt that have none.
golden:
	@tools/setup check
	+@$(SUBMAKE) all
	@tests/golden/make $(GOLDEN)
# The measurements are those of a release kernel, which leaves build/kernel.elf as it is.
bench:
	@tools/setup bench
	+@$(SUBMAKE) kernel BUILD=release VARIANT=release
	+@$(SUBMAKE) disk
	+-@$(SUBMAKE) linux
	@REPRISE_KERNEL=$(B)/obj/release/kernel.elf tools/bench $(BENCH)
	@[ -n "$(BENCH)" ] || REPRISE_KERNEL=$(B)/obj/release/kernel.elf tools/bench-ckpt $(BENCH_CKPT)
# The same kernel; QUICK=1: some minutes.
bench-paper:
	@tools/setup bench
	+@$(SUBMAKE) kernel BUILD=release VARIANT=release
	+@$(SUBMAKE) disk
	+@[ -n "$(QUICK)" ] || $(SUBMAKE) linux || echo "without Linux: the results are not compared with it"
	@REPRISE_KERNEL=$(B)/obj/release/kernel.elf tools/bench-paper $(QUICK:%=--quick) $(BENCH_PAPER)
debug:
	@tools/setup check
	+@$(SUBMAKE) kernel.elf disk host
	@tools/debug $(VM)

# --- The sources: form and static analysis -----------------------------------------------------

KERNEL_C := $(filter %.c,$(KERNEL_SRCS))
KERNEL_H := $(sort $(wildcard $(KERNEL_DIRS:%=%/*.h)) $(wildcard kernel/abi/*.h))
USER_C := $(wildcard user/*.c user/lib/*.c user/libckpt/*.c user/examples/*.c tests/programs/*.c tests/programs/*/*.c tests/programs/states/*/*.c)
USER_H := $(wildcard kernel/abi/public/*/*.h user/lib/*.h user/libckpt/*.h tests/programs/*.h tests/programs/*/*.h tests/programs/states/*/*.h)
HOST_C := $(wildcard tools/*.c tools/*/*.c tests/unit/*.c tests/fuzz/*.c)
HOST_H := $(wildcard tools/*.h tools/*/*.h tests/unit/*.h)
ALL_C := $(KERNEL_C) $(KERNEL_H) $(USER_C) $(USER_H) $(HOST_C) $(HOST_H)
LINT := $(B)/lint

# Other versions of clang-format would judge the same file otherwise.
CLANG_FORMAT := $(if $(shell command -v clang-format-14),clang-format-14,clang-format)
CLANG_TIDY := $(if $(shell command -v clang-tidy-14),clang-tidy-14,clang-tidy)
# The include directory of gcc's own headers is wrong for clang, which has its own.
LINT_FLAGS := --target=i686-linux-gnu -std=gnu11 -fms-extensions -Wno-microsoft-anon-tag -ffreestanding -fno-strict-aliasing -mno-sse \
	-I. -D__REPRISE_KERNEL__=1 -DDEBUG=1 -Wall -Wextra -Wno-unused-parameter
# The analyzer's short paths take a tenth of the time, and nearly all that it finds beyond is an invariant that it
# does not know. DEEP=1 shows the rest.
ifneq ($(DEEP),1)
LINT_FLAGS += -Xclang -analyzer-config -Xclang mode=shallow
endif

.PHONY: lint format lint-floors lint-circles lint-names lint-asserts lint-size lint-format lint-cppcheck lint-tidy lint-locks lint-docs
lint: lint-floors lint-circles lint-names lint-asserts lint-size lint-format lint-cppcheck lint-tidy lint-locks lint-docs

# Which file may include which: the floors of docs/tour.md.
lint-floors:
	$(say) FLOORS
	$(Q)tools/lint-floors

# Files that call each other, directly or through others: at most three.
lint-circles: $(KERNEL_OBJS)
	$(say) CIRCLES
	$(Q)tools/lint-circles $(OBJ)

# Static functions: a name in at most two files.
lint-names:
	$(say) NAMES
	$(Q)tools/lint-names

# Locks and contexts that a comment states of its function's caller: the function asserts them.
lint-asserts:
	$(say) ASSERTS
	$(Q)tools/lint-asserts

# How long a file may be.
lint-size:
	$(say) SIZE
	$(Q)tools/lint-size

.PHONY: lint-setup
lint-setup:
	@tools/setup lint

format:
	$(CLANG_FORMAT) -i $(ALL_C)

lint-format: | lint-setup
	$(say) FORMAT "$(words $(ALL_C)) files"
	$(Q)if $(CLANG_FORMAT) --version | grep -q ' 14\.'; then \
		$(CLANG_FORMAT) --dry-run -Werror $(ALL_C); \
	else echo "  note: .clang-format is for version 14, this is another: form not checked"; fi

# comparePointers: the linker script's symbols are objects of their own to cppcheck, and bounds to us.
# va_end_missing: panic() does not return. nullPointerRedundantCheck, ctunullpointer: the element behind the last
# of an intrusive list is the head, never null. internalAstError: it does not know a ?: b.
CPPCHECK := cppcheck --quiet --language=c --std=c11 --platform=unix32 --enable=warning,portability \
	--inline-suppr --error-exitcode=1 --template=gcc --suppress=unusedStructMember \
	--suppress=missingIncludeSystem --suppress=comparePointers --suppress=nullPointerRedundantCheck \
	--suppress=ctunullpointer --suppress=internalAstError --suppress=va_end_missing:kernel/panic.c
lint-cppcheck: | lint-setup
	$(say) CPPCHECK "$(words $(KERNEL_C)) files"
	@mkdir -p $(LINT)/cppcheck
	$(Q)$(CPPCHECK) -j$$(nproc) --cppcheck-build-dir=$(LINT)/cppcheck -I. -D__REPRISE_KERNEL__=1 -DDEBUG=1 \
		-D__i386__=1 -D__GNUC__=12 -UREPRISE_HOST $(KERNEL_C)

# The files that have changed since the last run, or all of them after a change of a header. A run takes many
# files: to start takes as long as to look at one.
TIDY_STAMP := $(LINT)/tidy.stamp
lint-tidy: $(TIDY_STAMP)
$(TIDY_STAMP): $(KERNEL_C) $(KERNEL_H) .clang-tidy | lint-setup
	$(say) TIDY "$(words $(if $(filter-out %.c,$?),$(KERNEL_C),$?)) files"
	@mkdir -p $(@D)
	$(Q)printf '%s\n' $(if $(filter-out %.c,$?),$(KERNEL_C),$?) | xargs -P $$(nproc) -n 16 \
		sh -c '$(CLANG_TIDY) --quiet "$$@" -- $(LINT_FLAGS) 2>&1' tidy >$@.log || { grep -v 'warnings generated' $@.log; false; }
	@touch $@

# The list of system calls; tests/run looks whether it is the present one.
.PHONY: syscalls
syscalls:
	$(Q)tools/syscalls write

# The pictures of docs/tour.md; tests/run looks whether they are older than the tree.
.PHONY: pictures
pictures:
	@tools/setup pictures
	$(Q)tools/pictures

# Locks: who takes which one with which held, from what the compiler sees (tools/lint-locks). One dump a file.
LOCK_DUMPS := $(LINT)/locks
LOCK_TOOL := tools/lint-locks $(wildcard tools/locklint/*.py)
$(LOCK_DUMPS)/%.c.cfg: %.c $(KERNEL_H)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCPPFLAGS) -DDEBUG=1 $(filter-out -O2 -g -fsanitize% -fno-sanitize%,$(KCFLAGS)) -O0 \
		-fdump-tree-cfg-lineno=$@ -S -o /dev/null $<
	@[ -e $@ ] || : >$@ # a file without a function has no dump
# LOCK_EXTRA: one more file, as the test of the analysis has it.
LOCK_C := $(KERNEL_C) $(LOCK_EXTRA)
LOCK_FOUND := $(LOCK_DUMPS)/found$(if $(LOCK_EXTRA),-extra)
$(LOCK_FOUND): $(LOCK_C:%=$(LOCK_DUMPS)/%.cfg) $(LOCK_TOOL)
	$(say) LOCKS "$(words $(LOCK_C)) files"
	$(Q)tools/lint-locks $(LOCK_DUMPS) $(LOCK_C)
	@touch $@
lint-locks: $(LOCK_FOUND)

MAN_PAGES := $(wildcard docs/*.[1-9])
lint-docs: | lint-setup
	$(Q)tools/syscalls check
	$(Q)tools/docs check
	$(Q)tools/pictures --check
	$(say) MANDOC "$(words $(MAN_PAGES)) pages"
	$(Q)mandoc -T lint -W warning $(MAN_PAGES)
