/* SPDX-License-Identifier: MIT */
/*
 * Start-up, in the only order that works. Read it from kmain() at the end: each
 * step may use all earlier steps.
 */
#include "ckpt/ckpt.h"
#include "fs/ext2.h"
#include "fs/file.h"
#include "fs/p9.h"
#include "fs/pagecache.h"
#include "fs/tty.h"
#include "fs/vnode.h"
#include "fs/vnode_vm.h"
#include "kernel/abi/errname.h"
#include "kernel/abi/errno.h"
#include "kernel/bootinfo.h"
#include "kernel/canary.h"
#include "kernel/cmdline.h"
#include "kernel/cpu.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/blk.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/clock.h"
#include "kernel/dev/early_serial.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/lapic.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/vga.h"
#include "kernel/dev/virtio_9p.h"
#include "kernel/dev/virtio_blk.h"
#include "kernel/init.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "kernel/panic.h"
#include "mm/as.h"
#include "mm/hat.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/proc.h"
#include "proc/sched/later.h"
#include "proc/sched/sched.h"

void kmain(u32 magic, paddr_t mbi) __noreturn;

static void read_options(void)
{
	const char *mode = cmdline_get("panic");

	printk_debug = cmdline_get("debug") != NULL;
	if (cmdline_get("jitter"))
		jitter_start((u32)cmdline_number("jitter", 1));
	if (mode && strcmp(mode, "exit") == 0)
		panic_mode = PANIC_EXIT;
	else if (mode && strcmp(mode, "reboot") == 0)
		panic_mode = PANIC_REBOOT;
}

static void init_console(void)
{
	/*
	 * Otherwise the log stays in its ring until the requested console is
	 * registered.
	 */
	if (!cmdline_get("console") || cmdline_has("console", "ttyS0"))
		early_serial_init();
	printk("Reprise\n");
	printk("command line: %s\n", cmdline_text());
}

static void init_memory(void)
{
	const struct memmap *ram = &bootinfo.bi_ram;
	struct mem_range reserved[BOOT_MAXRESERVED];

	bootinfo_limit_ram(cmdline_number("mem", 0));
	printk("memory: %u MiB, %u MiB used\n", (u32)(bootinfo.bi_ram_total >> 20),
	       (u32)(memmap_size(ram) >> 20));
	for (u32 i = 0; i < ram->mm_n; i++)
		printk(KDEBUG "memory: %08x-%08x\n", (u32)ram->mm_range[i].start,
		       (u32)ram->mm_range[i].end - 1);
	page_init(ram->mm_range, ram->mm_n, reserved, bootinfo_reserved(reserved));
	hat_init();
	cpu_init_paging();
	cpu_protect_user();
	kmem_init();
}

static void init_devices(void)
{
	int error;

	pci_init();
	serial_init();
	vga_init();
	termdev_choose_console();
	virtio_blk_init();
	virtio_9p_init();
	if (bootinfo.bi_mod_len) {
		error = ramdisk_add(bootinfo.bi_mod_start, bootinfo.bi_mod_len);
		if (error)
			printk("ram0: the boot loader's module cannot be a disk: %s\n", errno_text(error));
	}
}

/*
 * The disk that root= names; else the first virtio disk, else the boot loader's
 * module.
 */
static const char *root_device(void)
{
	const char *dev = cmdline_get("root");

	if (dev && *dev)
		return strncmp(dev, "/dev/", 5) == 0 ? dev + 5 : dev;
	return bdev_find_name("vda") ? "vda" : "ram0";
}

/* Prints why there is no root file system, and what to do. */
static void __noreturn no_root(const char *dev, int error)
{
	static const char hint[] = "; root= on the command line names another disk";

	if (!bdev_find_name(dev))
		panic("expected a disk with the root file system, found no %s: give the machine a virtio disk%s",
		      cmdline_get("root") ? dev : "disk", hint);
	if (error == -EINVAL)
		panic("expected an ext2 root file system on %s, found something else%s", dev, hint);
	if (error == -EIO || error == -EUCLEAN)
		panic("expected an ext2 root file system on %s, found it damaged or not readable (%s): check it with e2fsck%s",
		      dev, errno_text(error), hint);
	panic("expected an ext2 root file system on %s, found %s%s", dev, errno_text(error), hint);
}

static void mount_root(void)
{
	const char *dev = root_device();
	u32 flags = cmdline_get("ro") ? VFS_MS_RDONLY : 0;
	int error = vfs_domount(dev, NULL, "ext2", flags, NULL);

	if (error)
		no_root(dev, error);
	error = vfs_domount("devfs", "/dev", "devfs", 0, NULL);
	if (!error)
		error = pts_show();
	if (error)
		printk("/dev cannot be mounted (%s): the root file system on %s needs a directory /dev; check it with e2fsck\n",
		       errno_text(error), dev);
}

/* Start-up continues in a thread that may sleep. */
static void start_system(void *arg)
{
	init_devices();
	later_start();
	tty_init();
	writeback_start();
	ckpt_init();
	mount_root();
	canary_start();
	init_start();
}

void kmain(u32 magic, paddr_t mbi)
{
	bool found = bootinfo_init(magic, mbi);

	/* First, what is needed to report errors. */
	cmdline_init(bootinfo.bi_cmdline);
	read_options();
	init_console();
	cpu_init_boot();
	x86_sti();
	if (!found)
		panic("expected a Multiboot loader with a memory map, found magic number %08x", magic);

	/* The machine. */
	init_memory();
	acpi_init();
	irq_init();
	cpus[0].c_apicid = lapic_id();
	clock_init();

	/*
	 * The scheduler. This context becomes the boot CPU's idle lwp: it must
	 * not sleep.
	 */
	proc_init();
	sched_init();
	smp_start();
	printk("cpus: %u, %s\n", ncpu, cpu_ident.id_brand[0] ? cpu_ident.id_brand : cpu_ident.id_vendor);

	/* Memory and files of processes. */
	as_init();
	vfs_init();
	vnode_vm_init();
	file_init();
	ext2_init();
	p9_init();
	kthread_create("start", start_system, NULL, PRI_KERNEL);
	sched_idle();
}
