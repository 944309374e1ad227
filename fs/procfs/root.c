/* SPDX-License-Identifier: MIT */
/* The files right under /proc: the machine and the system as a whole. */
#include "fs/pagecache.h"
#include "fs/procfs/procfs.h"
#include "fs/tmpfs.h"
#include "kernel/cmdline.h"
#include "kernel/cpu.h"
#include "kernel/dev/blk.h"
#include "kernel/dev/clock.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/sched/lwp.h"
#include "proc/pidspace.h"
#include "proc/proctab.h"
#include "proc/sched/sched.h"
#include "proc/utsname.h"

#define NS_PER_TICK (NSEC_PER_SEC / 100)
#define NIRQ 64u

static void count_slab(const char *name, u32 live, size_t objsize, u32 frames, void *arg)
{
	*(u32 *)arg += frames;
}

static void add_kib(struct text *t, const char *name, u32 pages)
{
	size_t line = t->t_len;

	text_add(t, "%s:", name);
	text_pad(t, line, 16);
	text_add(t, "%8u kB\n", pages * (PAGE_SIZE / 1024));
}

static int show_meminfo(struct text *t, const struct pf_ctx *c)
{
	struct page_stats ps;
	struct pc_counts pc;
	u32 slab = 0, shmem = tmpfs_pages(), cached;

	page_stats(&ps);
	pc_get_counts(&pc);
	kmem_stats(count_slab, &slab);
	cached = pc.pc_pages;
	add_kib(t, "MemTotal", ps.ps_total);
	add_kib(t, "MemFree", ps.ps_free);
	add_kib(t, "MemAvailable",
		ps.ps_free + (cached > pc.pc_ndirty + shmem ? cached - pc.pc_ndirty - shmem : 0));
	add_kib(t, "Buffers", 0);
	add_kib(t, "Cached", cached);
	add_kib(t, "SwapCached", 0);
	add_kib(t, "SwapTotal", 0);
	add_kib(t, "SwapFree", 0);
	add_kib(t, "Dirty", pc.pc_ndirty);
	add_kib(t, "Writeback", pc.pc_nwriteback);
	add_kib(t, "Shmem", shmem);
	add_kib(t, "Slab", slab);
	return 0;
}

struct times {
	u64 user, sys, idle;
};

static void add_cpu_line(struct text *t, const char *name, const struct times *tm)
{
	text_add(t, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name, tm->user / NS_PER_TICK,
		 tm->sys / NS_PER_TICK, tm->idle / NS_PER_TICK);
}

static void add_cpu_times(struct text *t)
{
	struct times one, all = { 0 };
	char name[12];

	for (u32 i = 0; i < ncpu; i++) {
		cpu_times(&cpus[i], &one.user, &one.sys, &one.idle);
		all.user += one.user;
		all.sys += one.sys;
		all.idle += one.idle;
	}
	add_cpu_line(t, "cpu ", &all);
	for (u32 i = 0; i < ncpu; i++) {
		cpu_times(&cpus[i], &one.user, &one.sys, &one.idle);
		snprintf(name, sizeof(name), "cpu%u", i);
		add_cpu_line(t, name, &one);
	}
}

struct census {
	u32 procs, lwps, running, blocked;
	pid_t last;
};

static void count_process(struct proc *p, struct census *ce)
{
	struct lwp *l;

	ce->procs++;
	ce->last = MAX(ce->last, p->p_pid);
	spin_lock(&p->p_lock);
	list_for_each(l, &p->p_lwps, l_plink) {
		ce->lwps++;
		if (l->l_state == LS_RUNNABLE || l->l_state == LS_RUNNING)
			ce->running++;
		else if (l->l_state == LS_SLEEP && !l->l_slpflags)
			ce->blocked++;
	}
	spin_unlock(&p->p_lock);
}

static void take_census(struct census *ce)
{
	struct proc_walk w;
	struct proc *p;

	memset(ce, 0, sizeof(*ce));
	spin_lock(&pidlock);
	walk_all(&w, WALK_MANY);
	while ((p = walk_next(&w)))
		count_process(p, ce);
	spin_unlock(&pidlock);
}

static u64 all_interrupts(void)
{
	const char *name;
	u64 n = 0;

	for (u32 line = 0; line < NIRQ; line++)
		n += irq_count(line, &name);
	return n;
}

static int show_stat(struct text *t, const struct pf_ctx *c)
{
	u64 switches = 0;
	struct census ce;

	take_census(&ce);
	for (u32 i = 0; i < ncpu; i++)
		switches += cpus[i].c_nswitch;
	add_cpu_times(t);
	text_add(t, "intr %llu\nctxt %llu\n", all_interrupts(), switches);
	text_add(t, "btime %llu\n", (clock_real_ns() - clock_mono_ns()) / NSEC_PER_SEC);
	text_add(t, "processes %u\nprocs_running %u\nprocs_blocked %u\n", (u32)ce.last, ce.running, ce.blocked);
	return 0;
}

static int show_uptime(struct text *t, const struct pf_ctx *c)
{
	u64 up = clock_mono_ns() / 10000000, idle = 0;
	struct times tm;

	for (u32 i = 0; i < ncpu; i++) {
		cpu_times(&cpus[i], &tm.user, &tm.sys, &tm.idle);
		idle += tm.idle / 10000000;
	}
	text_add(t, "%llu.%02u %llu.%02u\n", up / 100, (u32)(up % 100), idle / 100, (u32)(idle % 100));
	return 0;
}

static int show_loadavg(struct text *t, const struct pf_ctx *c)
{
	struct census ce;
	u32 avg[3];

	sched_loadavg(avg);
	take_census(&ce);
	for (u32 i = 0; i < 3; i++)
		text_add(t, "%u.%02u ", avg[i] / LOADAVG_FIXED, avg[i] % LOADAVG_FIXED * 100 / LOADAVG_FIXED);
	text_add(t, "%u/%u %d\n", ce.running, ce.lwps, ce.last);
	return 0;
}

/* CPUID's feature bits by Linux's names; leaf 1, edx and ecx. */
static const char *const features_edx[32] = {
	"fpu",	"vme",	"de",	"pse", "tsc",  "msr", "pae",   "mce", "cx8",	 "apic", NULL,
	"sep",	"mtrr", "pge",	"mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,	 "dts",
	"acpi", "mmx",	"fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",	 "pbe",
};
static const char *const features_ecx[32] = {
	"pni",	  "pclmulqdq",	"dtes64", "monitor", "ds_cpl",
	"vmx",	  "smx",	"est",	  "tm2",     "ssse3",
	"cid",	  "sdbg",	"fma",	  "cx16",    "xtpr",
	"pdcm",	  NULL,		"pcid",	  "dca",     "sse4_1",
	"sse4_2", "x2apic",	"movbe",  "popcnt",  "tsc_deadline_timer",
	"aes",	  "xsave",	NULL,	  "avx",     "f16c",
	"rdrand", "hypervisor",
};

static void add_features(struct text *t, u32 bits, const char *const names[32])
{
	for (u32 i = 0; i < 32; i++) {
		if ((bits >> i & 1) && names[i])
			text_add(t, " %s", names[i]);
	}
}

static int show_cpuinfo(struct text *t, const struct pf_ctx *c)
{
	const struct cpu_ident *id = &cpu_ident;

	for (u32 i = 0; i < ncpu; i++) {
		text_add(t, "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n",
			 i, id->id_vendor, id->id_family, id->id_model);
		text_add(t, "model name\t: %s\nstepping\t: %u\n",
			 id->id_brand[0] ? id->id_brand : "unknown", id->id_stepping);
		text_add(t, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\napicid\t\t: %u\n",
			 ncpu, i, ncpu, cpus[i].c_apicid);
		text_add(t, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\nflags\t\t:");
		add_features(t, id->id_feat_edx, features_edx);
		add_features(t, id->id_feat_ecx, features_ecx);
		text_add(t, "\n\n");
	}
	return 0;
}

static int show_version(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%s version %s (gcc " __VERSION__ ") %s\n", UTS_SYSNAME, UTS_RELEASE, UTS_VERSION);
	return 0;
}

static int show_cmdline(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%s\n", cmdline_text());
	return 0;
}

static void add_fstype(const struct fstype *fs, void *arg)
{
	text_add(arg, "%s\t%s\n", fs->fs_nodev ? "nodev" : "", fs->fs_name);
}

static int show_filesystems(struct text *t, const struct pf_ctx *c)
{
	fstype_foreach(add_fstype, t);
	return 0;
}

static int show_interrupts(struct text *t, const struct pf_ctx *c)
{
	const char *name;
	u64 n;

	text_add(t, "          %11s\n", "all CPUs");
	for (u32 line = 0; line < NIRQ; line++) {
		n = irq_count(line, &name);
		if (name)
			text_add(t, "%8u: %11llu  %s\n", line, n, name);
	}
	for (u32 i = 0; i < ncpu; i++)
		text_add(t, "  CPU%-3u: %11llu  interrupts of all kinds\n", i, cpus[i].c_nintr);
	return 0;
}

static void add_partition(struct bdev *bd, void *arg)
{
	text_add(arg, "%4u %8u %10llu %s\n", DEVMAJOR(bd->bd_rdev), DEVMINOR(bd->bd_rdev),
		 bd->bd_sectors / 2, bd->bd_name);
}

static int show_partitions(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "major minor  #blocks  name\n\n");
	bdev_foreach(add_partition, t);
	return 0;
}

static void add_diskstats(struct bdev *bd, void *arg)
{
	text_add(arg, "%4u %7u %s %llu 0 %llu 0 %llu 0 %llu 0 0 0 0 0 0 0 0 %llu 0\n",
		 DEVMAJOR(bd->bd_rdev), DEVMINOR(bd->bd_rdev), bd->bd_name, bd->bd_nread,
		 bd->bd_rsect, bd->bd_nwrite, bd->bd_wsect, bd->bd_nflush);
}

static int show_diskstats(struct text *t, const struct pf_ctx *c)
{
	bdev_foreach(add_diskstats, t);
	return 0;
}

static bool add_mount(struct vfs *vfs, void *arg)
{
	bool whole = vfs->vfs_type->fs_nodev || vfs->vfs_source[0] == '/';

	text_add(arg, "%s%s %s %s %s%s%s%s,relatime 0 0\n", whole ? "" : "/dev/", vfs->vfs_source,
		 vfs->vfs_path, vfs->vfs_type->fs_name, vfs->vfs_readonly ? "ro" : "rw",
		 vfs->vfs_flags & VFS_MS_NOSUID ? ",nosuid" : "", vfs->vfs_flags & VFS_MS_NODEV ? ",nodev" : "",
		 vfs->vfs_flags & VFS_MS_NOEXEC ? ",noexec" : "");
	return true;
}

/* A mount's number is that of its device. */
static bool add_mountinfo(struct vfs *vfs, void *arg)
{
	const struct vfs *up = vfs->vfs_covered ? vfs->vfs_covered->v_vfs : NULL;
	const char *mode = vfs->vfs_readonly ? "ro" : "rw";
	bool whole = vfs->vfs_type->fs_nodev || vfs->vfs_source[0] == '/';

	text_add(arg, "%u %u %u:%u / %s %s,relatime - %s %s%s %s\n", (u32)vfs->vfs_dev,
		 up ? (u32)up->vfs_dev : 0, DEVMAJOR(vfs->vfs_dev), DEVMINOR(vfs->vfs_dev), vfs->vfs_path,
		 mode, vfs->vfs_type->fs_name, whole ? "" : "/dev/", vfs->vfs_source, mode);
	return true;
}

int pf_show_mountinfo(struct text *t, const struct pf_ctx *c)
{
	vfs_foreach(add_mountinfo, t);
	return 0;
}

int pf_show_mounts(struct text *t, const struct pf_ctx *c)
{
	vfs_foreach(add_mount, t);
	return 0;
}

static int text_self(const struct pf_ctx *c, char *buf, size_t size)
{
	return snprintf(buf, size, "%d", pid_seen(curproc()->p_pid));
}

static int text_thread_self(const struct pf_ctx *c, char *buf, size_t size)
{
	return snprintf(buf, size, "%d/task/%d", pid_seen(curproc()->p_pid), pid_seen(curlwp()->l_tid));
}

static int text_mounts(const struct pf_ctx *c, char *buf, size_t size)
{
	return pf_put_text("self/mounts", buf, size);
}

static bool next_pid(const struct pf_ctx *c, u32 *num)
{
	*num = (u32)proc_next_pid((pid_t)MIN(*num, (u32)PID_MAX));
	return *num != 0;
}

static const struct pf_entry table[] = {
	{ "cmdline", S_IFREG | 0444, .pe_show = show_cmdline },
	{ "cpuinfo", S_IFREG | 0444, .pe_show = show_cpuinfo },
	{ "diskstats", S_IFREG | 0444, .pe_show = show_diskstats },
	{ "filesystems", S_IFREG | 0444, .pe_show = show_filesystems },
	{ "interrupts", S_IFREG | 0444, .pe_show = show_interrupts },
	{ "loadavg", S_IFREG | 0444, .pe_show = show_loadavg },
	{ "meminfo", S_IFREG | 0444, .pe_show = show_meminfo },
	{ "mounts", S_IFLNK | 0777, .pe_text = text_mounts },
	{ "partitions", S_IFREG | 0444, .pe_show = show_partitions },
	{ "reprise", S_IFDIR | 0555, .pe_dir = &pf_reprise_dir },
	{ "self", S_IFLNK | 0777, .pe_text = text_self },
	{ "stat", S_IFREG | 0444, .pe_show = show_stat },
	{ "sys", S_IFDIR | 0555, .pe_dir = &pf_sys_dir },
	{ "thread-self", S_IFLNK | 0777, .pe_text = text_thread_self },
	{ "uptime", S_IFREG | 0444, .pe_show = show_uptime },
	{ "version", S_IFREG | 0444, .pe_show = show_version },
};

const struct pf_dir pf_root_dir = {
	table,
	ARRAY_SIZE(table),
	.pd_what = PF_PID,
	.pd_numbered = &pf_pid_entry,
	.pd_next = next_pid,
};
