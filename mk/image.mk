# SPDX-License-Identifier: MIT
# The disk and the CD.
#
#   build/disk.img      root file system with all programs, tests and EXTRA; DISK_FREE MiB left
#   build/reprise.iso   GRUB, the kernel, and a small root file system as a Multiboot module

DISK_FREE ?= 64
CD_FREE := 4
# Not the links: make would look at what they point to, here on the host.
SKELETON := $(sort $(shell find user/root ! -type l 2>/dev/null))
SBINS := $(filter $(U)/bin/init,$(UBINS))
BINS := $(filter-out $(SBINS),$(UBINS))
MKDISK = tools/mkdisk --skeleton user/root --busybox $(U)/busybox/bin/busybox --bin $(BINS) --sbin $(SBINS)
IMAGE_DEPS := tools/mkdisk $(U)/busybox/unpacked $(UBINS) $(SKELETON)

# What is laid over the disk may change under the same names, so with EXTRA it is made anew each time.
$(B)/disk.stamp: FORCE
	$(call stamp,$@,$(DISK_FREE) $(EXTRA) $(UBINS) $(UTESTBINS) $(EXAMPLES) $(SKELETON))
$(B)/disk.img: $(IMAGE_DEPS) $(UTESTBINS) $(EXAMPLES) $(B)/disk.stamp $(if $(EXTRA),FORCE)
	$(say) MKDISK $@
	$(Q)$(MKDISK) --out $@ --root $(B)/root --free $(DISK_FREE) --tests $(UTESTBINS) \
		--examples $(EXAMPLES) $(wildcard user/examples/*.c) $(EXTRA:%=--extra %)

$(B)/cd.img: $(IMAGE_DEPS) $(B)/disk.stamp
	$(say) MKDISK $@
	$(Q)$(MKDISK) --out $@ --root $(B)/cd.root --free $(CD_FREE)
$(B)/reprise.iso: $(B)/kernel.elf $(B)/cd.img tools/mkiso
	$(say) MKISO $@
	$(Q)tools/mkiso $(B)/kernel.elf $(B)/cd.img $@

.PHONY: disk iso
disk: $(B)/disk.img
iso: $(B)/reprise.iso
