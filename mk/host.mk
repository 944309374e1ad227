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
