# SPDX-License-Identifier: MIT
# The kernel: compiler and flags, objects, the two links that put the symbol table inside.
#
# Objects of one set of options live in build/obj/VARIANT; VARIANT is BUILD unless given.
# `make kernel VARIANT=odd EXTRA_CFLAGS=-DODD=1` makes build/obj/odd/kernel.elf and touches nothing else.

VARIANT ?= $(BUILD)
OBJ := $(B)/obj/$(VARIANT)

CROSS := $(if $(shell command -v i686-elf-gcc),i686-elf-,i686-linux-gnu-)
KCC := $(CROSS)gcc
KNM := $(CROSS)nm
KOBJCOPY := $(CROSS)objcopy
NASM ?= nasm

KERNEL_DIRS := boot kernel kernel/lib kernel/dev mm proc proc/sched fs $(patsubst %/,%,$(wildcard fs/*/)) \
	ckpt ckpt/image ckpt/state
KERNEL_SRCS := $(sort $(foreach d,$(KERNEL_DIRS),$(wildcard $(d)/*.c) $(wildcard $(d)/*.asm)))

# WITHOUT="NAME NAME": a kernel without these electives (electives.table), and without what leans on them; "all": the
# core. It is the link that differs, in a folder of its own: the objects are those of the whole kernel.
ifneq ($(strip $(WITHOUT)),)
empty :=
LNK := $(OBJ)/without-$(subst $(empty) $(empty),-,$(sort $(WITHOUT)))
LEFT_OUT := $(shell tools/electives left-out $(WITHOUT) || echo failed)
ifneq ($(filter failed,$(LEFT_OUT)),)
$(error no such elective in WITHOUT="$(WITHOUT)")
endif
else
LNK := $(OBJ)
endif
KERNEL_OBJS := $(patsubst %,$(OBJ)/%.o,$(filter-out $(LEFT_OUT),$(KERNEL_SRCS)))

KCPPFLAGS := -I. -D__REPRISE_KERNEL__=1 -U_FORTIFY_SOURCE -ffile-prefix-map=$(CURDIR)=.
KCFLAGS := -m32 -march=i686 -mtune=generic -mgeneral-regs-only -mpreferred-stack-boundary=2 \
	-std=gnu11 -fms-extensions -O2 -g -ffreestanding -fno-pic -no-pie -fno-common -fno-strict-aliasing \
	-fno-stack-protector -fcf-protection=none -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -fno-asynchronous-unwind-tables
KWARN := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
ifneq ($(filter true 1,$(CI) $(WERROR)),)
KWARN += -Werror
endif
ifeq ($(BUILD),debug)
KCPPFLAGS += -DDEBUG=1
# A trap, not a call: UBSan's finding arrives as an undefined-instruction panic with a backtrace.
KCFLAGS += -fsanitize=undefined -fno-sanitize=alignment -fsanitize-undefined-trap-on-error
endif
KALL = $(KCPPFLAGS) $(KCFLAGS) $(KWARN) $(EXTRA_CFLAGS)
KASFLAGS := -f elf32 -g -F dwarf -I.$(if $(filter debug,$(BUILD)), -DDEBUG=1)
KLDFLAGS := -m32 -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,--orphan-handling=warn

# The routines that gcc itself calls must not be turned into calls of themselves.
$(OBJ)/kernel/lib/string.c.o: KCFLAGS += -fno-tree-loop-distribute-patterns

$(OBJ)/flags.stamp: FORCE
	$(call stamp,$@,$(KCC) $(shell $(KCC) -dumpfullversion 2>/dev/null) $(KALL) $(NASM) $(KASFLAGS) $(KOBJCOPY))
$(LNK)/link.stamp: FORCE
	$(call stamp,$@,$(KLDFLAGS) $(KERNEL_OBJS))

$(OBJ)/%.c.o: %.c $(OBJ)/flags.stamp
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KALL) -MMD -MP -c $< -o $@

# No symbols of local labels (.done, %%done): a backtrace shows the function that they are in.
$(OBJ)/%.asm.o: %.asm $(OBJ)/flags.stamp tools/asmdir
	$(say) NASM $<
	@mkdir -p $(@D)
	$(Q)$(NASM) $(KASFLAGS) -MD $(@:.o=.d) -MP -MT $@ $< -o $@
	$(Q)$(KOBJCOPY) -w -N '!*.asm' -N '?*.*' $@
	$(Q)tools/asmdir $@

# The symbol table for backtraces needs a linked kernel, and the kernel needs the table. So: link with
# an empty table, make the table from that, link again. Code lies before the table (linker.ld), hence no
# address in it moves between the two; tools/ksyms checks that on the result.
$(LNK)/ksyms0.S: tools/ksyms
	@mkdir -p $(@D)
	$(Q)tools/ksyms make /dev/null > $@
$(LNK)/ksyms.S: $(LNK)/kernel.first tools/ksyms
	$(Q)$(KNM) -n $< > $(LNK)/kernel.nm
	$(Q)tools/ksyms make $(LNK)/kernel.nm > $@
$(LNK)/%.S.o: $(LNK)/%.S $(OBJ)/flags.stamp
	$(Q)$(KCC) -m32 -Wa,--noexecstack -ffile-prefix-map=$(CURDIR)=. -c $< -o $@

KLINK = $(KCC) $(KLDFLAGS) -Wl,-T,linker.ld -o $@ $(KERNEL_OBJS)
$(LNK)/kernel.first: $(KERNEL_OBJS) $(LNK)/ksyms0.S.o linker.ld $(LNK)/link.stamp
	$(Q)$(KLINK) $(LNK)/ksyms0.S.o -lgcc
$(LNK)/kernel.elf: $(LNK)/kernel.first $(LNK)/ksyms.S.o
	$(say) LD $@
	$(Q)$(KLINK) $(LNK)/ksyms.S.o -lgcc 2>$(LNK)/link.log || { cat $(LNK)/link.log; false; }
	$(Q)$(KNM) -n $@ | tools/ksyms check $(LNK)/kernel.nm -

.PHONY: kernel core
kernel: $(LNK)/kernel.elf
core:
	+@$(MAKE) --no-print-directory kernel WITHOUT=all

# build/kernel.elf is a copy of the variant asked for last.
$(B)/variant.stamp: FORCE
	$(call stamp,$@,$(LNK))
$(B)/kernel.elf: $(LNK)/kernel.elf $(B)/variant.stamp
	@cp $< $@

-include $(KERNEL_SRCS:%=$(OBJ)/%.d)
