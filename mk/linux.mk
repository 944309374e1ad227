# SPDX-License-Identifier: MIT
# Linux itself on the same virtual machine, to compare with: what a program prints there, and how long it takes.
# Nothing here is built unless somebody asks: the tests where the host cannot run i386 programs, and make bench.
#
#   build/linux/vmlinuz   Debian's kernel for i386, unmodified
#   build/linux/initrd    the modules for the disk, and tools/linux-init, which goes on to build/disk.img

# The last Debian with a kernel for i386.
LINUX_SUITE ?= bookworm
LINUX_PACKAGE := linux-image-686
L := $(B)/linux

$(CACHE)/$(LINUX_PACKAGE).deb:
	@REPRISE_SUITE=$(LINUX_SUITE) tools/fetch $(CACHE) $(LINUX_PACKAGE).dep

$(L)/vmlinuz $(L)/initrd &: $(CACHE)/$(LINUX_PACKAGE).deb tools/mklinux tools/linux-init $(U)/busybox/unpacked
	$(say) MKLINUX $(L)
	$(Q)tools/mklinux $< $(U)/busybox/bin/busybox $(L)

.PHONY: linux
linux: $(L)/vmlinuz $(L)/initrd
