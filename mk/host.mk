# SPDX-License-Identifier: MIT
# Programs for the host, from the kernel's own pure modules.
#
#   build/host/ckptool      reads checkpoint images: tools/ckptool*.c and ckpt/image/*.c

HOSTCC ?= gcc
HOBJ := $(B)/obj/host
HOST_CFLAGS := -std=gnu11 -O2 -g -DREPRISE_HOST=1 -I. -Ikernel/abi/public -ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wstrict-prototypes -Wno-unused-parameter
ifneq ($(filter true 1,$(CI) $(WERROR)),)
HOST_CFLAGS += -Werror
endif

CKPTOOL_SRCS := $(wildcard tools/ckptool*.c tools/ckptool/*.c)
CKPTOOL_OBJS := $(patsubst %,$(HOBJ)/%.o,$(CKPTOOL_SRCS) $(wildcard ckpt/image/*.c))
HOST_TOOLS := $(if $(CKPTOOL_SRCS),$(B)/host/ckptool)

.PHONY: host
host: $(HOST_TOOLS)
	@:

$(HOBJ)/flags.stamp: FORCE
	$(call stamp,$@,$(HOSTCC) $(HOST_CFLAGS) $(CKPTOOL_OBJS))
$(HOBJ)/%.c.o: %.c $(HOBJ)/flags.stamp
	$(say) HOSTCC $<
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@
$(B)/host/ckptool: $(CKPTOOL_OBJS)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $^ -o $@

-include $(CKPTOOL_OBJS:.o=.d)

# --- Fuzzing: `make fuzz` for ten million inputs, `make fuzz FUZZ="-max_total_time=60"` for a minute. -------------
# Installs clang with libFuzzer where it is missing. What it found stays in build/fuzz/, and so does the corpus: a later run goes on from it.
FUZZ ?= -runs=10000000
FUZZ_SRCS := tests/fuzz/fuzz_image.c $(filter-out ckpt/image/img_sum.c,$(wildcard ckpt/image/*.c))
FUZZ_DEPS := $(FUZZ_SRCS) $(wildcard ckpt/image/*.h tests/fuzz/*.h tests/unit/image_*.h)
# The sums are tested elsewhere, and would take most of the time if each of their steps were watched. The same goes for
# comparisons: the mutator knows the values that matter.
FUZZ_FLAGS := -std=gnu11 -g -O2 -DREPRISE_HOST=1 -I. -fno-strict-aliasing -Wno-unused-function
FUZZ_CC := $(if $(shell command -v clang-14),clang-14,clang)

.PHONY: fuzz
fuzz:
	@tools/setup fuzz
	+@$(SUBMAKE) $(B)/fuzz/image $(B)/fuzz/corpus/seed0
	cd $(B)/fuzz && ./image -max_len=32768 -timeout=10 -print_final_stats=1 $(FUZZ) corpus
$(B)/fuzz/image: $(FUZZ_DEPS)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -c ckpt/image/img_sum.c -o $(B)/fuzz/sum.o
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -DFUZZ_LIBFUZZER=1 -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment \
		-fno-sanitize-recover=all -fno-sanitize-coverage=trace-cmp,trace-div,trace-gep $(FUZZ_SRCS) $(B)/fuzz/sum.o -o $@
$(B)/fuzz/corpus/seed0: $(FUZZ_DEPS)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(FUZZ_FLAGS) -DFUZZ_CORPUS=1 $(FUZZ_SRCS) ckpt/image/img_sum.c -o $(B)/fuzz/seeds
	@$(B)/fuzz/seeds $(@D)
