# SPDX-License-Identifier: MIT
# Programs for the host, from the kernel's own pure modules.
#
#   build/host/ckptool      reads checkpoint images: tools/ckptool*.c and ckpt/image_*.c

HOSTCC ?= gcc
HOBJ := $(B)/obj/host
HOST_CFLAGS := -std=gnu11 -O2 -g -DREPRISE_HOST=1 -I. -Iuser/include -ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wstrict-prototypes -Wno-unused-parameter
ifneq ($(filter true 1,$(CI) $(WERROR)),)
HOST_CFLAGS += -Werror
endif

CKPTOOL_SRCS := $(wildcard tools/ckptool*.c tools/ckptool/*.c)
CKPTOOL_OBJS := $(patsubst %,$(HOBJ)/%.o,$(CKPTOOL_SRCS) $(wildcard ckpt/image_*.c))
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

# --- Fuzzing: `make fuzz` for a minute, `make fuzz FUZZ="-runs=10000000 -jobs=2"` for as long as one likes. ------
# Needs clang with libFuzzer (Debian: clang, libclang-rt-14-dev). What it found stays in build/fuzz/.
FUZZ ?= -max_total_time=60
FUZZ_SRCS := tests/fuzz/fuzz_image.c $(wildcard ckpt/image_*.c)
FUZZ_DEPS := $(FUZZ_SRCS) $(wildcard ckpt/image*.h tests/unit/image_sample.h)
FUZZ_FLAGS := -std=gnu11 -g -O2 -DREPRISE_HOST=1 -I. -fno-strict-aliasing -Wno-unused-function

.PHONY: fuzz
fuzz: $(B)/fuzz/image $(B)/fuzz/corpus/seed0
	cd $(B)/fuzz && ./image -max_len=24576 -timeout=10 $(FUZZ) corpus
$(B)/fuzz/image: $(FUZZ_DEPS)
	@mkdir -p $(@D)
	@command -v clang >/dev/null || { echo "make fuzz needs clang with libFuzzer: apt-get install clang libclang-rt-14-dev"; false; }
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment \
		-fno-sanitize-recover=all $(FUZZ_SRCS) -o $@
$(B)/fuzz/corpus/seed0: $(FUZZ_DEPS)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(FUZZ_FLAGS) -DFUZZ_CORPUS $(FUZZ_SRCS) -o $(B)/fuzz/seeds
	@$(B)/fuzz/seeds $(@D)
