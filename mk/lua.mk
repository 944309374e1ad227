# SPDX-License-Identifier: MIT
# Run by mk/user.mk once Lua's sources are unpacked: make -f mk/lua.mk SRC=DIR CC=COMPILER OUT=PROGRAM
# Debian's own rules need libtool and build the C++ variant too; the interpreter is just all of src/.

.SUFFIXES:
SRCS := $(filter-out $(SRC)/luac.c,$(wildcard $(SRC)/*.c))
OBJS := $(SRCS:.c=.o)
CFLAGS := -std=gnu99 -O2 -DLUA_USE_POSIX -DLUA_COMPAT_5_3 -ffile-prefix-map=$(CURDIR)=.

$(OUT): $(OBJS) mk/lua.mk
	@$(CC) $(OBJS) -lm -o $@
# Debian's luaconf.h wants the directory of the architecture's own modules from its packaging.
$(SRC)/lua5.4-deb-multiarch.h:
	@echo '#define DEB_HOST_MULTIARCH "i386-linux-musl"' > $@
$(SRC)/%.o: $(SRC)/%.c $(SRC)/lua5.4-deb-multiarch.h $(CC) mk/lua.mk
	@$(CC) $(CFLAGS) -c $< -o $@
