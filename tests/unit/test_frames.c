/* SPDX-License-Identifier: MIT */
/*
 * Transfers between frames and files past the page cache (fs/frames.h) on ext2: series of runs in any order, while others commit, write and fill the
 * disk; with failing requests and without room; from files that are partly in the cache. And power cuts, with a journal and without: a
 * file that was put, flushed and renamed is the old one or the new one, whole, on a disk that e2fsck finds nothing wrong with.
 *
 * UNIT-NEEDS: mke2fs e2fsck debugfs
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c tests/unit/shim/simdisk.c tests/unit/fs/env.c tests/unit/fs/model*.c kernel/lib/string.c
 * UNIT-SOURCES: fs/radix.c fs/uio.c fs/bio.c fs/frames.c fs/bdev.c fs/anonfs.c fs/pagecache.c fs/pc_read.c fs/pc_write.c
 * UNIT-SOURCES: fs/writeback.c fs/reclaim.c fs/vnode.c fs/vnode_cache.c fs/vnode_path.c fs/namecache.c fs/namei.c fs/path.c
 * UNIT-SOURCES: proc/cred.c fs/names.c fs/setid.c fs/rename.c fs/vfs.c fs/ext2/[a-z]*.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fs/env.h"
#include "fs/frames.h"
#include "fs/model.h"
#include "fs/namei.h"
#include "fs/names.h"
#include "fs/pagecache.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MIB 24u
#define MAXPAGES 1300u /* into the double indirect blocks */
#define NRUNS 3u
#define MAXCUTS 12u
#define JOURNAL "-O none,filetype,sparse_super,large_file,has_journal -J size=4"

static bool journal;

/* --- Files by frames ----------------------------------------------------------------------------- */

static void fill(u8 *kva, u32 gen, u32 idx)
{
	u32 *w = (u32 *)kva;

	for (u32 i = 0; i < PAGE_SIZE / 4; i++)
		w[i] = (gen * 2654435761u) ^ (idx * 40503u) ^ i;
}

static bool is_page(const u8 *kva, u32 gen, u32 idx)
{
	static u8 want[PAGE_SIZE];

	fill(want, gen, idx);
	return memcmp(kva, want, PAGE_SIZE) == 0;
}

static bool is_zero(const u8 *kva)
{
	return kva[0] == 0 && memcmp(kva, kva + 1, PAGE_SIZE - 1) == 0;
}

/* Pages that are left out: holes. The last one never is. */
static bool left_out(u32 gen, u32 idx, u32 npages)
{
	return gen % 3 == 0 && idx % 37 == 5 && idx + 1 < npages;
}

static struct vnode *open_vnode(const char *path)
{
	struct vnode *vp = NULL;

	CHECK(namei(NULL, path, 0, &vp) == 0);
	return vp;
}

static void drop(struct frames_run *run)
{
	for (u32 i = 0; i < run->fx_n; i++)
		page_put(run->fx_page[i]);
	run->fx_n = 0;
}

/* As many pages from idx on as the run is to have. */
static void make_run(struct frames_run *run, u32 idx, u32 gen, u32 npages)
{
	u32 want = 1 + sim_rnd(sim_rnd(2) ? FRAMES_RUN : 20);

	run->fx_idx = idx;
	while (run->fx_n < want && idx < npages && !left_out(gen, idx, npages)) {
		struct page *pg = page_alloc(0);

		if (!pg)
			break;
		fill(page_kva(pg), gen, idx++);
		run->fx_page[run->fx_n++] = pg;
	}
}

/* Puts generation gen of npages pages: the second half of the file first. 0 or the error of the series. */
static int put_file(const char *path, u32 gen, u32 npages)
{
	struct frames_run *run = calloc(NRUNS, sizeof(*run));
	struct vnode *vp = open_vnode(path);
	u32 half = npages / 2, idx = half, k = 0;
	bool second = true;
	struct frames fr;
	int error = frames_begin(&fr, vp, true), error2;

	CHECK(error == 0);
	while (!error && (second || idx < half)) {
		struct frames_run *r = &run[k++ % NRUNS];

		if (r->fx_n > 0)
			error = frames_wait(r);
		drop(r);
		make_run(r, idx, gen, npages);
		idx += MAX(r->fx_n, 1u); /* a hole, or out of memory */
		if (r->fx_n > 0)
			frames_start(&fr, r);
		if (second && idx >= npages) {
			second = false;
			idx = 0;
		}
		if (sim_rnd(3) == 0)
			sim_pause();
	}
	for (u32 i = 0; i < NRUNS; i++) {
		if (run[i].fx_n > 0)
			(void)frames_wait(&run[i]);
		drop(&run[i]);
	}
	error2 = frames_end(&fr);
	CHECK(!error || error2);
	vn_rele(vp);
	free(run);
	return error2;
}

/* Reads the file into frames and looks at each. */
static int get_file(const char *path, u32 gen, u32 npages, bool compare)
{
	struct frames_run *run = calloc(1, sizeof(*run));
	struct vnode *vp = open_vnode(path);
	struct frames fr;
	int error = frames_begin(&fr, vp, false), error2;

	CHECK(error == 0);
	for (u32 idx = 0; idx < npages && !error; idx += run->fx_idx) {
		run->fx_n = MIN(1 + sim_rnd(FRAMES_RUN), npages - idx);
		run->fx_idx = idx;
		for (u32 i = 0; i < run->fx_n; i++)
			run->fx_page[i] = page_alloc(0);
		frames_start(&fr, run);
		error = frames_wait(run);
		for (u32 i = 0; i < run->fx_n && !error && compare; i++) {
			const u8 *kva = page_kva(run->fx_page[i]);

			CHECK(left_out(gen, idx + i, npages) ? is_zero(kva) : is_page(kva, gen, idx + i));
		}
		run->fx_idx = run->fx_n;
		drop(run);
	}
	error2 = frames_end(&fr);
	CHECK(error == error2);
	vn_rele(vp);
	free(run);
	return error;
}

static bool file_is(const u8 *data, size_t len, u32 gen, u32 npages)
{
	if (len != (size_t)npages * PAGE_SIZE)
		return false;
	for (u32 i = 0; i < npages; i++) {
		const u8 *p = data + (size_t)i * PAGE_SIZE;

		if (left_out(gen, i, npages) ? !is_zero(p) : !is_page(p, gen, i))
			return false;
	}
	return true;
}

static bool read_is(const char *path, u32 gen, u32 npages)
{
	size_t max = (size_t)npages * PAGE_SIZE + 1;
	u8 *buf = malloc(max);
	ssize_t n = env_pread(path, buf, max, 0);
	bool same = n >= 0 && file_is(buf, (size_t)n, gen, npages);

	free(buf);
	return same;
}

/* --- Series among others -------------------------------------------------------------------------- */

static u32 working, limit_pages, failures_allowed, bad_series;

static void mount_it(void *arg)
{
	if (!CHECK(env_mount(NULL) == 0) || !CHECK(names_mkdir(NULL, "/mnt/t", 0755) == 0))
		exit(1);
}

static void compare_and_unmount(void *arg)
{
	int error;

	tree_compare(arg);
	tree_close(arg);
	error = env_unmount();
	CHECK(error == 0 || (error == -EIO && failures_allowed));
}

static void one_series(const char *path, u32 gen)
{
	u32 npages = 1 + sim_rnd(limit_pages);
	struct vattr va;
	int error;

	error = env_create(path, S_IFREG | 0600);
	if (error) {
		CHECK(error == -ENOSPC || failures_allowed);
		return;
	}
	error = put_file(path, gen, npages);
	if (error) {
		CHECK(failures_allowed ? error == -EIO || error == -EROFS || error == -ENOSPC
				       : error == -ENOSPC && limit_pages > MAXPAGES);
		CHECK(env_stat(path, &va) == 0 && va.va_size == 0 && (va.va_blocks == 0 || failures_allowed));
		bad_series++;
	} else {
		CHECK(env_stat(path, &va) == 0 && va.va_size == (u64)npages * PAGE_SIZE);
		if (!failures_allowed) {
			CHECK(get_file(path, gen, npages, true) == 0);
			CHECK(read_is(path, gen, npages));
			CHECK(get_file(path, gen, npages, true) == 0); /* now from the cache */
			CHECK(get_file(path, gen, npages + 1, false) == -ERANGE);
		}
	}
	error = names_unlink(NULL, path);
	CHECK(!error || failures_allowed);
}

static void series_worker(void *arg)
{
	char path[32];

	snprintf(path, sizeof(path), "/mnt/f%u", (u32)(uintptr_t)arg);
	for (u32 gen = 1; gen <= 6 && !sim_failures; gen++)
		one_series(path, gen);
	working--;
}

/* Commits, and looks at what is being written. */
static void disturb(void *arg)
{
	u8 buf[100];

	while (working > 0) {
		switch (sim_rnd(4)) {
		case 0: vfs_sync_all(true); break;
		case 1: env_pread("/mnt/f0", buf, sizeof(buf), sim_rnd(100) * PAGE_SIZE); break;
		case 2: env_fsync("/mnt/f1"); break;
		default:
			for (u32 i = sim_rnd(40); i > 0; i--)
				sim_pause();
		}
	}
}

static void tree_worker(void *arg)
{
	while (working > 0)
		tree_step(arg);
}

static void series_among(u32 seed)
{
	static const struct tree_limits lim = {
		.max_nodes = 20, .max_write = 60000, .max_size = 200000, .full_disk = true
	};
	struct model_tree *t = tree_new("/mnt/t", &lim);

	env_boot(seed, 8192, "new.img", MIB);
	sim_call(mount_it, NULL);
	env_disk.sd_fail_write = failures_allowed;
	working = 2;
	sim_spawn("series", series_worker, (void *)0);
	sim_spawn("series", series_worker, (void *)1);
	sim_spawn("disturb", disturb, NULL);
	if (!failures_allowed)
		sim_spawn("tree", tree_worker, t);
	sim_run();
	env_disk.sd_fail_write = 0;
	if (failures_allowed || limit_pages > MAXPAGES)
		CHECK(bad_series > 0);
	sim_call(compare_and_unmount, t);
	CHECK(env_fsck(NULL, failures_allowed ? "-y" : "-n", failures_allowed ? 1 : 0) <= 1);
}

/* A file that is not empty is written through the cache; what is dirty there is what is got. */
static void through_the_cache(void *arg)
{
	struct frames_run *run = calloc(1, sizeof(*run));
	static u8 old[3 * PAGE_SIZE + 100];
	struct vnode *vp;
	struct frames fr;
	u8 c;

	mount_it(NULL);
	memset(old, 7, sizeof(old));
	CHECK(env_create("/mnt/f", S_IFREG | 0600) == 0);
	CHECK(env_pwrite("/mnt/f", old, sizeof(old), 0) == sizeof(old));
	vp = open_vnode("/mnt/f");
	CHECK(frames_begin(&fr, vp, true) == 0);
	CHECK(!fr.fr_direct);
	run->fx_idx = 2;
	run->fx_n = 3;
	for (u32 i = 0; i < 3; i++) {
		run->fx_page[i] = page_alloc(0);
		fill(page_kva(run->fx_page[i]), 9, i);
	}
	frames_start(&fr, run);
	CHECK(frames_wait(run) == 0);
	CHECK(frames_end(&fr) == 0);
	CHECK(env_pread("/mnt/f", &c, 1, 2 * PAGE_SIZE - 1) == 1 && c == 7);
	CHECK(frames_begin(&fr, vp, false) == 0);
	CHECK(fr.fr_direct);
	for (u32 i = 0; i < 3; i++)
		memset(page_kva(run->fx_page[i]), 0, PAGE_SIZE);
	frames_start(&fr, run);
	CHECK(frames_wait(run) == 0);
	for (u32 i = 0; i < 3; i++)
		CHECK(is_page(page_kva(run->fx_page[i]), 9, i));
	CHECK(frames_end(&fr) == 0);
	drop(run);
	vn_rele(vp);
	free(run);
}

static void directory_refused(void *arg)
{
	struct vnode *vp = open_vnode("/mnt");
	struct frames fr;

	CHECK(frames_begin(&fr, vp, true) == -EINVAL);
	vn_rele(vp);
	CHECK(env_unmount() == 0);
}

static void cached(u32 seed)
{
	env_boot(seed, 4096, "new.img", MIB);
	sim_call(through_the_cache, NULL);
	sim_call(directory_refused, NULL);
	CHECK(env_fsck(NULL, "-n", 0) == 0);
}

/* --- Power cuts ---------------------------------------------------------------------------------- */

struct cut {
	u32 durable, begun;
	char image[32];
};

/* Shared with the process that looks at them afterwards. */
static struct cuts {
	u32 n;
	struct cut cut[MAXCUTS];
} * cuts;

static u32 durable, begun;

static u32 pages_of(u32 gen)
{
	return 1 + gen * 7919u % 1150;
}

static void replace(void *arg)
{
	for (u32 gen = 1; gen <= 10; gen++) {
		begun = gen;
		CHECK(env_create("/mnt/image.new", S_IFREG | 0600) == 0);
		CHECK(put_file("/mnt/image.new", gen, pages_of(gen)) == 0);
		CHECK(env_fsync("/mnt/image.new") == 0);
		CHECK(names_rename(NULL, "/mnt/image.new", NULL, "/mnt/image", 0) == 0);
		CHECK(env_fsync("/mnt") == 0);
		durable = gen;
	}
	working--;
}

static void power(void *arg)
{
	u8 *image = malloc(MIB << 20);

	while (working > 0 && cuts->n < MAXCUTS) {
		struct cut *c = &cuts->cut[cuts->n];
		char path[128];

		for (u32 i = sim_rnd(900); i > 0 && working > 0; i--)
			sim_pause();
		simdisk_crash(&env_disk, image);
		c->durable = durable;
		c->begun = begun;
		snprintf(c->image, sizeof(c->image), "cut%u.img", cuts->n++);
		snprintf(path, sizeof(path), "%s/%s", env_dir, c->image);
		simdisk_write_image(path, image, MIB << 20);
	}
	free(image);
}

static void at_work(u32 seed)
{
	env_boot(seed, 8192, "new.img", MIB);
	sim_call(mount_it, NULL);
	working = 1;
	sim_spawn("replace", replace, NULL);
	sim_spawn("disturb", disturb, NULL);
	sim_spawn("power", power, NULL);
	sim_run();
}

/* With a journal, replaying it is all the repair that there may be. */
static void look_at_cut(const struct cut *c)
{
	bool good = false, whole = false;
	size_t len = 0;
	u8 *data;

	if (journal) {
		CHECK(env_host("e2fsck -E journal_only -p %s >fsck.log 2>&1 || { cat fsck.log; false; }",
			       c->image) <= 1);
		CHECK(env_fsck(c->image, "-n", 0) == 0);
	} else {
		CHECK(env_fsck(c->image, "-y", 1) <= 1);
	}
	env_host("rm -f out; debugfs -R 'dump image out' %s >/dev/null 2>&1", c->image);
	data = env_read_file("out", &len);
	good = !data && c->durable == 0;
	for (u32 gen = MAX(c->durable, 1u); data && gen <= c->begun && !whole; gen++)
		whole = file_is(data, len, gen, pages_of(gen));
	sim_check(good || whole, "%s: %s, %zu bytes; generation %u was durable, %u begun", c->image,
		  data ? "not one of its generations" : "not there", len, c->durable, c->begun);
	free(data);
	env_host("rm %s", c->image);
}

static void power_cuts(u32 seed)
{
	cuts->n = 0;
	env_mkfs("new.img", MIB, journal ? "-N 256 " JOURNAL : "-N 256");
	if (!env_apart(journal ? "power cuts with a journal" : "power cuts", seed, at_work))
		return;
	for (u32 i = 0; i < cuts->n; i++)
		look_at_cut(&cuts->cut[i]);
	printf("%s: %u cuts looked at\n", sim_failures ? "FAIL" : "ok", cuts->n);
}

int main(int argc, char **argv)
{
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 1;

	env_begin();
	cuts = mmap(NULL, sizeof(*cuts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (u32 s = first; s < first + n * 2; s++) {
		journal = (s - first) % 2;
		env_mkfs("new.img", MIB, journal ? "-N 256 " JOURNAL : "-N 256");
		env_apart("through the cache", s, cached);
		limit_pages = MAXPAGES;
		env_apart("series among others", s, series_among);
		limit_pages = 9000;
		env_apart("series on a full disk", s, series_among);
		limit_pages = MAXPAGES;
		failures_allowed = 60;
		env_apart("series with failing writes", s, series_among);
		failures_allowed = 0;
		power_cuts(s);
	}
	env_end();
	return sim_failures != 0;
}
