# SPDX-License-Identifier: MIT
# Reprise: `make` builds build/kernel.elf, build/disk.img and build/reprise.iso; `make help` lists the rest.
#
# Variables a user may set:
#   BUILD=debug|release   assertions, poisoning and UBSan traps, or none of them (default: debug)
#   EXTRA=DIR             files laid over the root of build/disk.img
#   DISK_FREE=MIB         room left on build/disk.img (default: 64)
#   WERROR=1, CI=true     warnings are errors
#   WITHOUT="NAME NAME"   a kernel without these electives (electives.table); "all": without any
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
say = @$(if $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),:,printf '  %-8s %s\n')
endif

.PHONY: all kernel.elf
all: $(B)/kernel.elf $(B)/disk.img $(B)/reprise.iso host
kernel.elf: $(B)/kernel.elf

.PHONY: help
help:
	@sed -n 's/^#H //p' Makefile
#H make            build/kernel.elf, build/disk.img, build/reprise.iso
#H make run        boot in QEMU, console on this terminal (VM="--smp 4 --mem 64": options of tools/vm)
#H make demo       the whole story: compute, checkpoint, power cut, recover
#H make check      build and run all tests (TESTS="-k NAME": options of tests/run)
#H make check-quick a sample of the tests, in less than three minutes
#H make check-full the long ones too: every state of a process in every mode, as a table
#H make race       tests again and again, with random delays (T="prog/race states/reboot" N=10 SEED=1)
#H make bench      the measurements beside those of Linux, and of checkpoints by size, under build/bench/
#H make bench-paper                   the paper's experiment, some hours; QUICK=1: some minutes (docs/bench-paper.md)
#H make fuzz       ten million inputs for the reader of images (FUZZ="-max_total_time=60": options of libFuzzer)
#H make golden     images of the states that have none yet, to be kept for ever (tests/golden/README.md)
#H make debug      QEMU and gdb in this terminal
#H make iso, make disk EXTRA=DIR      only the CD; only the disk, with the files of DIR over the root
#H make core       the kernel without electives (docs/electives.md); WITHOUT="NAME NAME" leaves out these
#H make check-electives   each elective left out alone: it boots, it saves and recovers
#H make kernel, make user, make lint, make format, make clean, make distclean
#H make syscalls   docs/syscalls.md, the list of system calls, from kernel/systable.h and docs/syscalls.in
#H make pictures   docs/pictures, from headers and the linker script
#H make linux      Debian's i386 kernel, to compare with (tools/vm --linux; tests and bench ask for it themselves)
#H make setup      install what is missing;   make doctor: what is there
#H BUILD=release, V=1, WERROR=1       see the top of the Makefile

.PHONY: FORCE
FORCE:

# $(call stamp,FILE,TEXT): the recipe of a file that holds TEXT and is touched only when TEXT changes.
# Whatever depends on it is made again when, say, the compiler's flags change.
define stamp
	@mkdir -p $(dir $(1))
	@printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(1) || printf '%s\n' '$(subst ','\'',$(2))' > $(1)
endef

include mk/kernel.mk mk/user.mk mk/image.mk mk/host.mk mk/linux.mk mk/check.mk

# What was downloaded stays.
.PHONY: clean
clean:
	rm -rf $(filter-out $(CACHE),$(wildcard $(B)/*))
.PHONY: distclean
distclean:
	rm -rf $(B)
