# SPDX-License-Identifier: MIT
# Reprise: `make` builds build/kernel.elf, build/disk.img and build/reprise.iso; `make help` lists the rest.
#
# Variables a user may set:
#   BUILD=debug|release   assertions, poisoning and UBSan traps, or none of them (default: debug)
#   EXTRA=DIR             files laid over the root of build/disk.img
#   DISK_FREE=MIB         room left on build/disk.img (default: 64)
#   WERROR=1, CI=true     warnings are errors
#   VARIANT=NAME, EXTRA_CFLAGS=...   one more kernel beside the usual ones, see mk/kernel.mk
#   V=1                   show the commands

.SUFFIXES:
%: %,v
%: RCS/%,v
%: RCS/%
%: s.%
%: SCCS/s.%
.DELETE_ON_ERROR:
.SECONDARY:

B := build
BUILD ?= debug
ifeq ($(filter $(BUILD),debug release),)
$(error BUILD must be debug or release, not "$(BUILD)")
endif

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-8s %s\n')
endif

.PHONY: all
all: $(B)/kernel.elf $(B)/disk.img $(B)/reprise.iso

.PHONY: FORCE
FORCE:

# $(call stamp,FILE,TEXT): the recipe of a file that holds TEXT and is touched only when TEXT changes.
# Whatever depends on it is made again when, say, the compiler's flags change.
define stamp
	@mkdir -p $(dir $(1))
	@printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(1) || printf '%s\n' '$(subst ','\'',$(2))' > $(1)
endef

include mk/kernel.mk mk/user.mk mk/image.mk

.PHONY: clean
clean:
	rm -rf $(B)/obj $(B)/kernel.elf $(B)/disk.img $(B)/reprise.iso
