/* SPDX-License-Identifier: MIT */
/*
 * The page cache over a simulated disk: several lwps read, write, truncate and flush one file at random while requests end in any order;
 * what they read is what a byte array says; after a flush the disk says so too. Then with little memory, and with failing requests.
 *
 * UNIT-FLAGS: -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c fs/radix.c fs/uio.c fs/bio.c fs/pagecache.c
 * UNIT-SOURCES: fs/pc_read.c fs/pc_write.c fs/writeback.c fs/reclaim.c fs/vnode_cache.c fs/namecache.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/bio.h"
#include "fs/pagecache.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "sim.h"

#define FILE_BYTES (2u << 20)
#define NWORKERS 4

static struct simdisk disk;
static struct vnode *file;
static u8 model[FILE_BYTES];
static u32 steps;
static bool io_errors;

/* The mount list is not part of this test. */
void vfs_foreach(bool (*fn)(struct vfs *vfs, void *arg), void *arg)
{
}

static void end_nothing(struct vnode *vp, struct page **pg, u32 n)
{
	bdev_putpages(vp, pg, n);
}

/* A regular file that lies on the disk as it is. */
static const struct vnodeops ops = {
	.vop_getpage = bdev_getpage,
	.vop_getpages = bdev_getpages,
	.vop_putpages = end_nothing,
};

static bool inactive(struct vnode *vp)
{
	pc_flush(vp, 0, PC_END, true);
	return true;
}

static void write_some(void)
{
	static u8 buf[NWORKERS][300000];
	static u32 next;
	u8 *b = buf[next++ % NWORKERS];
	u32 len = sim_rnd(sim_rnd(4) ? 9000 : 300000) + 1, off;
	struct uio u;
	int error;

	vn_lock(file);
	off = sim_rnd((u32)file->v_size - len);
	memset(b, (int)sim_rnd(256), len);
	for (u32 i = 0; i < len; i += 509)
		b[i] = (u8)sim_rnd(256);
	uio_init_kernel(&u, true, b, len, off);
	error = pc_write_locked(file, &u, 0);
	CHECK(!error || io_errors || sim_fail_alloc);
	memcpy(model + off, b, len - u.uio_resid);
	CHECK(u.uio_resid == 0 || io_errors || sim_fail_alloc);
	vn_unlock(file);
}

static void read_some(void)
{
	u32 len = sim_rnd(sim_rnd(4) ? 9000 : 300000) + 1, off;
	u8 *b = malloc(len);
	struct uio u;

	/* Against writers the model stands still only under the lock. */
	vn_lock(file);
	off = sim_rnd((u32)file->v_size);
	uio_init_kernel(&u, false, b, len, off);
	if (pc_read(file, &u) == 0) {
		CHECK(u.uio_resid == len - MIN(len, (u32)file->v_size - off));
		CHECK(io_errors || memcmp(b, model + off, len - u.uio_resid) == 0);
	} else {
		CHECK(io_errors || sim_fail_alloc);
	}
	vn_unlock(file);
	free(b);
}

static void compare_disk(void)
{
	vn_lock(file);
	if (pc_flush(file, 0, PC_END, true) == 0)
		CHECK(memcmp(disk.sd_data, model, file->v_size) == 0);
	else
		CHECK(io_errors);
	vn_unlock(file);
}

/* Pages fall out of the cache, whatever was in them: so what is clean is on the disk. */
static void cut_and_grow(void)
{
	vn_lock(file);
	if (pc_flush(file, 0, PC_END, true) == 0)
		pc_truncate(file, sim_rnd(FILE_BYTES >> PAGE_SHIFT));
	vn_unlock(file);
}

static void sequential(void)
{
	u8 b[5000];
	struct uio u;

	for (u32 off = 0; off < FILE_BYTES; off += sizeof(b)) {
		uio_init_kernel(&u, false, b, sizeof(b), off);
		CHECK(pc_read(file, &u) == 0 || io_errors || sim_fail_alloc);
	}
}

static void worker(void *arg)
{
	for (u32 i = 0; i < steps; i++) {
		switch (sim_rnd(12)) {
		case 0: compare_disk(); break;
		case 1: cut_and_grow(); break;
		case 2: pc_flush(file, sim_rnd(500), sim_rnd(500), sim_rnd(2)); break;
		case 3: pc_reclaim(sim_rnd(100)); break;
		case 4:
			if (sim_rnd(4) == 0)
				sequential();
			break;
		case 5:
		case 6:
		case 7:
		case 8: write_some(); break;
		default: read_some(); break;
		}
	}
}

static void begin(void *arg)
{
	static struct vnodeops o;

	o = ops;
	o.vop_inactive = inactive;
	file = vnode_anon(NULL, VREG, &o);
	file->v_data = &disk.sd_bdev;
	file->v_size = FILE_BYTES;
}

static void end(void *arg)
{
	struct pc_counts pc;

	if (!io_errors)
		compare_disk();
	vn_rele(file);
	pc_get_counts(&pc);
	CHECK(pc.pc_pages == 0 && pc.pc_ndirty == 0 && pc.pc_nwriteback == 0);
}

static void run(const char *name, u32 seed, u32 frames, u32 fail_alloc)
{
	struct vnode_counts vc;
	int before = sim_failures;

	sim_init(seed, frames);
	simdisk_init(&disk, "sim", 1, FILE_BYTES);
	for (u32 i = 0; i < FILE_BYTES; i++)
		model[i] = disk.sd_data[i] = (u8)(i * 7 + i / 4096);
	radix_module_init();
	vnode_cache_init();
	namecache_init();
	pagecache_init();
	writeback_start();
	sim_call(begin, NULL);
	if (io_errors)
		disk.sd_fail_read = disk.sd_fail_write = 20;
	sim_fail_alloc = fail_alloc;
	for (u32 i = 0; i < NWORKERS; i++)
		sim_spawn("worker", worker, NULL);
	sim_run();
	disk.sd_fail_read = disk.sd_fail_write = 0;
	sim_fail_alloc = 0;
	sim_call(end, NULL);
	vnode_counts(&vc);
	CHECK(vc.vc_total == 0);
	CHECK(sim_frames_used() == 0 && sim_objects_live() == 0);
	if (sim_frames_used() || sim_objects_live())
		sim_print_live();
	simdisk_free(&disk);
	if (sim_failures == before)
		printf("ok %s, seed %u\n", name, seed);
	else
		printf("FAIL %s, seed %u\n", name, seed);
}

int main(int argc, char **argv)
{
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 3;

	steps = 60;
	for (u32 s = first; s < first + n; s++) {
		run("all fits in memory", s, 4096, 0);
		run("little memory", s, 420, 0);
		run("failing allocations", s, 1000, 30);
		io_errors = true;
		run("failing requests", s, 1000, 0);
		io_errors = false;
	}
	return sim_failures != 0;
}
