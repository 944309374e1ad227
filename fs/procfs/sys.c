/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys, and /proc/reprise: what of this kernel is alive, for tests that
 * look for leaks.
 */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/pagecache.h"
#include "fs/procfs/procfs.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/holds.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/proctab.h"
#include "proc/utsname.h"

#define HOST_NAME_MAX_K 64u

/* --- /proc/sys --- */

static int show_hostname(struct text *t, const struct pf_ctx *c)
{
	char name[HOST_NAME_MAX_K + 1];

	uts_hostname(name, sizeof(name));
	text_add(t, "%s\n", name);
	return 0;
}

static int store_hostname(const struct pf_ctx *c, char *buf, size_t len)
{
	char *end = strchr(buf, '\n');

	if (!cred_super(cred_cur()))
		return -EPERM;
	if (end)
		*end = 0;
	return uts_set_hostname(buf, strlen(buf));
}

static int show_ostype(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%s\n", UTS_SYSNAME);
	return 0;
}

static int show_osrelease(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%s\n", UTS_RELEASE);
	return 0;
}

static int show_version(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%s\n", UTS_VERSION);
	return 0;
}

static int show_pid_max(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%u\n", PID_MAX);
	return 0;
}

static int show_ngroups_max(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%u\n", NGROUPS);
	return 0;
}

/* A random number in the form of RFC 4122, version 4. */
static void add_uuid(struct text *t, const u8 r[16])
{
	text_add(t, "%02x%02x%02x%02x-%02x%02x-4%x%02x-%02x%02x-", r[0], r[1], r[2], r[3], r[4],
		 r[5], r[6] & 15, r[7], (r[8] & 0x3f) | 0x80, r[9]);
	text_add(t, "%02x%02x%02x%02x%02x%02x\n", r[10], r[11], r[12], r[13], r[14], r[15]);
}

static int show_uuid(struct text *t, const struct pf_ctx *c)
{
	u8 r[16];

	random_bytes(r, sizeof(r));
	add_uuid(t, r);
	return 0;
}

static int show_boot_id(struct text *t, const struct pf_ctx *c)
{
	static struct spinlock lock = SPINLOCK_INIT("boot-id", LR_FDTAB);
	static u8 id[16];
	static bool made;

	spin_lock(&lock);
	if (!made)
		random_bytes(id, sizeof(id));
	made = true;
	spin_unlock(&lock);
	add_uuid(t, id);
	return 0;
}

static int show_file_nr(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%u\t0\t%u\n", file_count, NOFILE_MAX * 64);
	return 0;
}

static int show_pipe_max(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "1048576\n");
	return 0;
}

static int show_overcommit(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "0\n");
	return 0;
}

static int show_max_maps(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%u\n", SEG_MAX);
	return 0;
}

static int drop_all(void)
{
	if (!cred_super(cred_cur()))
		return -EPERM;
	vfs_drop_caches();
	kmem_trim();
	return 0;
}

static int store_drop_caches(const struct pf_ctx *c, char *buf, size_t len)
{
	if (buf[0] < '1' || buf[0] > '3' || (buf[1] && strcmp(buf + 1, "\n") != 0))
		return -EINVAL;
	return drop_all();
}

static const struct pf_entry random_table[] = {
	{ "boot_id", S_IFREG | 0444, .pe_show = show_boot_id },
	{ "uuid", S_IFREG | 0444, .pe_show = show_uuid },
};
static const struct pf_dir random_dir = { random_table, ARRAY_SIZE(random_table), .pd_what = PF_NONE };

static const struct pf_entry kernel_table[] = {
	{ "hostname", S_IFREG | 0644, .pe_show = show_hostname, .pe_store = store_hostname },
	{ "ngroups_max", S_IFREG | 0444, .pe_show = show_ngroups_max },
	{ "osrelease", S_IFREG | 0444, .pe_show = show_osrelease },
	{ "ostype", S_IFREG | 0444, .pe_show = show_ostype },
	{ "pid_max", S_IFREG | 0444, .pe_show = show_pid_max },
	{ "random", S_IFDIR | 0555, .pe_dir = &random_dir },
	{ "version", S_IFREG | 0444, .pe_show = show_version },
};
static const struct pf_dir kernel_dir = { kernel_table, ARRAY_SIZE(kernel_table), .pd_what = PF_NONE };

static const struct pf_entry fs_table[] = {
	{ "file-nr", S_IFREG | 0444, .pe_show = show_file_nr },
	{ "pipe-max-size", S_IFREG | 0444, .pe_show = show_pipe_max },
};
static const struct pf_dir fs_dir = { fs_table, ARRAY_SIZE(fs_table), .pd_what = PF_NONE };

static const struct pf_entry vm_table[] = {
	{ "drop_caches", S_IFREG | 0200, .pe_store = store_drop_caches },
	{ "max_map_count", S_IFREG | 0444, .pe_show = show_max_maps },
	{ "overcommit_memory", S_IFREG | 0444, .pe_show = show_overcommit },
};
static const struct pf_dir vm_dir = { vm_table, ARRAY_SIZE(vm_table), .pd_what = PF_NONE };

static const struct pf_entry sys_table[] = {
	{ "fs", S_IFDIR | 0555, .pe_dir = &fs_dir },
	{ "kernel", S_IFDIR | 0555, .pe_dir = &kernel_dir },
	{ "vm", S_IFDIR | 0555, .pe_dir = &vm_dir },
};
const struct pf_dir pf_sys_dir = { sys_table, ARRAY_SIZE(sys_table), .pd_what = PF_NONE };

/* --- /proc/reprise --- */

static void add_cache(const char *name, u32 live, size_t objsize, u32 frames, void *arg)
{
	text_add(arg, "kmem.%s %u\n", name, live);
}

/*
 * "name value" a line. What a test compares before and after: it writes "drop"
 * to control first, so that only what somebody holds is counted.
 */
static int show_counts(struct text *t, const struct pf_ctx *c)
{
	struct vnode_counts vc;
	struct page_stats ps;
	u32 procs = 0, lwps = 0;
	struct proc_walk w;
	struct proc *p;

	spin_lock(&pidlock);
	walk_all(&w, WALK_MANY);
	while ((p = walk_next(&w))) {
		procs++;
		lwps += p->p_nlwp;
	}
	spin_unlock(&pidlock);
	page_stats(&ps);
	vnode_counts(&vc);
	text_add(t, "frames.free %u\nframes.total %u\n", ps.ps_free, ps.ps_total);
	text_add(t, "vnodes.active %u\nvnodes.inactive %u\n", vc.vc_active, vc.vc_inactive);
	text_add(t, "pagecache.pages %u\npagecache.dirty %u\n", vc.vc_pages, vc.vc_dirty);
	text_add(t, "files %u\nprocs %u\nlwps %u\n", file_count, procs, lwps);
	kmem_stats(add_cache, t);
	return 0;
}

static int store_control(const struct pf_ctx *c, char *buf, size_t len)
{
	if (strcmp(buf, "drop") != 0 && strcmp(buf, "drop\n") != 0)
		return -EINVAL;
	return drop_all();
}

#ifdef DEBUG
static int show_soil(struct text *t, const struct pf_ctx *c)
{
	text_add(t, "%u\n", mem_soil);
	return 0;
}

/* A number from 0 to 255: see mem_soil. */
static int store_soil(const struct pf_ctx *c, char *buf, size_t len)
{
	u32 v = 0;

	if (!cred_super(cred_cur()))
		return -EPERM;
	for (; *buf >= '0' && *buf <= '9' && v <= 255; buf++)
		v = v * 10 + (u32)(*buf - '0');
	if (v > 255 || (*buf && strcmp(buf, "\n") != 0))
		return -EINVAL;
	mem_soil = (u8)v;
	return 0;
}

static void add_hold(struct text *t, u32 rank)
{
	struct hold ho;
	const char *where;
	u32 off = 0;

	hold_get(rank, &ho);
	if (!ho.ho_name)
		return;
	where = ksym_name(ho.ho_where, &off);
	text_add(t, "%u %llu %s %s+%x\n", rank, clock_cycles_to_ns(ho.ho_cycles), ho.ho_name,
		 where ? where : "vector", where ? off : ho.ho_where);
}

/*
 * A line for each rank of locks: "rank nanoseconds lock place", with spaces in
 * no word of it but the lock's.
 */
static int show_holds(struct text *t, const struct pf_ctx *c)
{
	for (u32 rank = 0; rank < LR_COUNT; rank++)
		add_hold(t, rank);
	return 0;
}

/* Whatever is written: all figures begin anew. */
static int store_holds(const struct pf_ctx *c, char *buf, size_t len)
{
	if (!cred_super(cred_cur()))
		return -EPERM;
	holds_reset();
	return 0;
}
#endif

static const struct pf_entry reprise_table[] = {
	{ "control", S_IFREG | 0200, .pe_store = store_control },
	{ "counts", S_IFREG | 0444, .pe_show = show_counts },
#ifdef DEBUG
	{ "holds", S_IFREG | 0644, .pe_show = show_holds, .pe_store = store_holds },
	{ "soil", S_IFREG | 0644, .pe_show = show_soil, .pe_store = store_soil },
#endif
};
const struct pf_dir pf_reprise_dir = { reprise_table, ARRAY_SIZE(reprise_table), .pd_what = PF_NONE };
