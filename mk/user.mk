# SPDX-License-Identifier: MIT
# User space: musl and busybox from Debian's i386 archive, our programs, Lua.
#
#   build/user/musl-cc       C compiler for static i386 programs that run here and on a Linux host
#   build/user/busybox/      Debian's busybox-static, unmodified
#   build/user/bin/NAME      from user/NAME.c
#   build/user/libckpt.a     the rival library, user/libckpt
#   build/user/examples/NAME from user/examples/NAME.c, by nothing but the compiler
#   build/user/tests/NAME    from tests/programs/NAME.c and its parts NAME/*.c; st-NAME from tests/programs/states/NAME.c
#                            and its parts states/NAME/*.c
#   build/cache/             what was downloaded; REPRISE_CACHE=DIR keeps it elsewhere

CACHE := $(if $(REPRISE_CACHE),$(REPRISE_CACHE),$(B)/cache)
U := $(B)/user
MUSL_CC := $(U)/musl-cc
UCROSS := i686-linux-gnu-
LUA_SRC := lua5.4

UCFLAGS := -std=gnu11 -O2 -g -Ikernel/abi/public -Iuser/lib -Iuser/libckpt -ffile-prefix-map=$(CURDIR)=. \
	-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
ifneq ($(filter true 1,$(CI) $(WERROR)),)
UCFLAGS += -Werror
endif

UPROGS := $(patsubst user/%.c,%,$(wildcard user/*.c))
UTESTS := $(patsubst tests/programs/%.c,%,$(wildcard tests/programs/*.c)) \
	$(patsubst tests/programs/states/%.c,st-%,$(wildcard tests/programs/states/*.c))
# The reader of images is the kernel's and ckptool's own, here compiled for programs (ckptinfo).
READER_SRCS := $(wildcard ckpt/image/*.c) tools/ckptool_open.c tools/ckptool_info.c
ULIB_OBJS := $(patsubst user/lib/%.c,$(U)/obj/lib/%.o,$(wildcard user/lib/*.c)) \
	$(READER_SRCS:%.c=$(U)/obj/reader/%.o)
READER_FLAGS := -DREPRISE_HOST=1 -I.
UBINS := $(UPROGS:%=$(U)/bin/%) $(U)/bin/lua
EXAMPLES := $(patsubst user/%.c,$(U)/%,$(wildcard user/examples/*.c))
UTESTBINS := $(UTESTS:%=$(U)/tests/%)

.PHONY: user programs
user: programs $(U)/busybox/unpacked
programs: $(UBINS) $(UTESTBINS) $(EXAMPLES)

# All three at once: one update of the package lists.
$(CACHE)/musl-dev.deb:
	@tools/fetch $(CACHE) musl-dev.deb busybox-static.deb $(LUA_SRC).dsc
$(CACHE)/busybox-static.deb $(CACHE)/$(LUA_SRC)/$(LUA_SRC).dsc: | $(CACHE)/musl-dev.deb
	@tools/fetch $(CACHE) $(patsubst $(CACHE)/$(LUA_SRC)/%,%,$(@:$(CACHE)/%.deb=%.deb))

# gdb finds the callers of the C library's functions by what tools/addcfi adds. The library as it came is kept for
# a test of that.
MUSL_LIB := $(U)/musl/usr/lib/i386-linux-musl
$(U)/musl/unpacked: $(CACHE)/musl-dev.deb tools/addcfi
	$(say) UNPACK $<
	@rm -rf $(@D) && mkdir -p $(@D) && dpkg -x $< $(@D)
	@mkdir $(@D)/debian && mv $(MUSL_LIB)/libc.a $(@D)/debian/libc.a
	@tools/addcfi $(UCROSS) $(@D)/debian/libc.a $(MUSL_LIB)/libc.a && touch $@
$(U)/busybox/unpacked: $(CACHE)/busybox-static.deb
	$(say) UNPACK $<
	@rm -rf $(@D) && mkdir -p $(@D) && dpkg -x $< $(@D) && touch $@

# The tree may be moved: the wrapper and its specs hold absolute names and are made again then.
$(U)/musl.stamp: FORCE
	$(call stamp,$@,$(CURDIR) $(UCROSS))
$(MUSL_CC): tools/mkmuslcc $(U)/musl/unpacked $(U)/musl.stamp
	@tools/mkmuslcc $(UCROSS) $(U)/musl $@

$(U)/flags.stamp: FORCE
	$(call stamp,$@,$(UCFLAGS))
$(U)/obj/%.o: user/%.c $(MUSL_CC) $(U)/flags.stamp
	$(say) MUSL-CC $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UCFLAGS) -MMD -MP -c $< -o $@
$(U)/obj/reader/%.o: %.c $(MUSL_CC) $(U)/flags.stamp
	$(say) MUSL-CC $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UCFLAGS) $(READER_FLAGS) -MMD -MP -c $< -o $@
$(U)/obj/ckptinfo.o: private UCFLAGS += $(READER_FLAGS)
$(U)/obj/tests/%.o: tests/programs/%.c $(MUSL_CC) $(U)/flags.stamp
	$(say) MUSL-CC $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UCFLAGS) -MMD -MP -c $< -o $@
# The parts of a program lie in a folder of its name.
test_parts = $(patsubst tests/programs/%.c,$(U)/obj/tests/%.o,$(wildcard tests/programs/$(patsubst st-%,states/%,$(1))/*.c))
$(foreach t,$(UTESTS),$(eval $(U)/tests/$(t): $(call test_parts,$(t))))
$(U)/obj/tests/st-%.o: tests/programs/states/%.c $(MUSL_CC) $(U)/flags.stamp
	$(say) MUSL-CC $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(UCFLAGS) -MMD -MP -c $< -o $@
$(U)/lib.stamp: FORCE
	$(call stamp,$@,$(ULIB_OBJS))
$(U)/lib.a: $(ULIB_OBJS) $(U)/lib.stamp
	@rm -f $@ && $(UCROSS)ar rcsD $@ $(ULIB_OBJS)

# The library that makes checkpoints without the kernel's help (docs/libckpt.md), and the programs that it is compared with.
LIBCKPT_OBJS := $(patsubst user/libckpt/%.c,$(U)/obj/libckpt/%.o,$(wildcard user/libckpt/*.c))
LIBCKPT_PROGS := $(U)/bin/mat $(U)/bin/cellular $(U)/tests/lctarget $(U)/tests/lcthreads
LIBCKPT := -Wl,--wrap=main -Wl,--wrap=__syscall_cp_asm $(U)/libckpt.a
$(U)/libckpt.a: $(LIBCKPT_OBJS)
	@rm -f $@ && $(UCROSS)ar rcsD $@ $(LIBCKPT_OBJS)
$(LIBCKPT_PROGS): $(U)/libckpt.a
$(LIBCKPT_PROGS): private LINKED := $(LIBCKPT)

$(U)/bin/%: $(U)/obj/%.o $(U)/lib.a
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $< $(U)/lib.a $(LINKED) -o $@
$(U)/tests/%: $(U)/obj/tests/%.o $(U)/lib.a
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(filter %.o,$^) $(U)/lib.a $(LINKED) -o $@

# As a user compiles a program.
$(U)/examples/%: user/examples/%.c $(MUSL_CC) kernel/abi/public/reprise/ckpt.h
	$(say) MUSL-CC $<
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) -O2 -g -ffile-prefix-map=$(CURDIR)=. $(filter -W%,$(UCFLAGS)) $< -o $@

# A real program of some size: Lua, from Debian's source package with Debian's patches.
$(U)/lua/unpacked: $(CACHE)/$(LUA_SRC)/$(LUA_SRC).dsc
	$(say) UNPACK $<
	@rm -rf $(@D) && mkdir -p $(@D)
	@cd $(@D) && dpkg-source --no-check -x $(abspath $<) src >log 2>&1 || { cat log; false; }
	@touch $@
$(U)/bin/lua: $(U)/lua/unpacked $(MUSL_CC) mk/lua.mk
	$(say) MAKE $@
	@mkdir -p $(@D)
	$(Q)$(MAKE) -s -f mk/lua.mk SRC=$(U)/lua/src/src CC=$(MUSL_CC) OUT=$@

-include $(wildcard $(U)/obj/*.d $(U)/obj/lib/*.d $(U)/obj/libckpt/*.d $(U)/obj/tests/*.d $(U)/obj/tests/*/*.d $(U)/obj/tests/*/*/*.d $(U)/obj/reader/*/*.d)
