/* SPDX-License-Identifier: MIT */
/*
 * ext2 and power cuts. While lwps work on the disk, its state after a cut is taken at random moments: all writes up to the last FLUSH, and any of
 * those since. On each such disk, repaired by e2fsck and also mounted as it is: what fsync() promised is there, and a file replaced by
 * rename() is the old one or the new one, whole; a file that grows holds only what was written to it, up to its size.
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
#include "fs/model.h"
#include "fs/names.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

#define MIB 16u
#define NSLOTS 4u
#define MAXCUTS 10u
#define MAXLEN 150000u
#define JOURNAL "-O none,filetype,sparse_super,large_file,has_journal -J size=4"

/*
 * A file that is written anew again and again, each time as another generation: slots 0 and 1 by way of a temporary name and rename(), the
 * others by appending. A generation is durable once fsync() has returned.
 */
struct slot {
	u32 durable, begun;
};

struct cut {
	struct slot slot[NSLOTS];
	char image[32];
};

/* Shared with the process that looks at them afterwards. */
struct cuts {
	u32 n;
	struct cut cut[MAXCUTS];
};

static struct cuts *cuts;
static struct slot slots[NSLOTS];
static u32 working, refused;
static bool journal;
static const char *const slot_path[NSLOTS] = { "/mnt/keep/image", "/mnt/keep/other", "/mnt/keep/log", "/mnt/journal" };

/* Contents of generation gen of a slot: words that tell which. */
static u32 length_of(u32 slot, u32 gen)
{
	u32 h = (gen * 40503u + slot * 977u) * 2654435761u;

	return slot < 2 ? 1 + h % MAXLEN : gen * 700u;
}

static void contents(u32 slot, u32 gen, u8 *buf, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		/* What is appended does not depend on the generation of the whole. */
		u32 g = slot < 2 ? gen : i / 700u + 1;

		buf[i] = (u8)(g * 31u + slot * 7u + i / 5u);
	}
}

/* --- At work ----------------------------------------------------------------------------------- */

static void replace(u32 s)
{
	u8 *buf = malloc(MAXLEN + 1);
	char tmp[64];

	snprintf(tmp, sizeof(tmp), "%s.new", slot_path[s]);
	for (u32 gen = 1; gen <= 12; gen++) {
		u32 len = length_of(s, gen);

		contents(s, gen, buf, len);
		slots[s].begun = gen;
		CHECK(env_create(tmp, S_IFREG | 0600) == 0);
		CHECK(env_pwrite(tmp, buf, len, 0) == (ssize_t)len);
		CHECK(env_fsync(tmp) == 0);
		CHECK(names_rename(NULL, tmp, NULL, slot_path[s], 0) == 0);
		CHECK(env_fsync("/mnt/keep") == 0);
		slots[s].durable = gen;
	}
	free(buf);
	working--;
}

static void append(u32 s)
{
	u8 buf[700 * 60];

	CHECK(env_create(slot_path[s], S_IFREG | 0600) == 0);
	for (u32 gen = 1; gen <= 60; gen++) {
		slots[s].begun = gen;
		contents(s, gen, buf, gen * 700);
		CHECK(env_pwrite(slot_path[s], buf + (gen - 1) * 700, 700, (gen - 1) * 700) == 700);
		if (sim_rnd(3))
			continue;
		CHECK(env_fsync(slot_path[s]) == 0);
		slots[s].durable = gen;
	}
	working--;
}

static void slot_worker(void *arg)
{
	u32 s = (u32)(uintptr_t)arg;

	if (s < 2)
		replace(s);
	else
		append(s);
}

static void tree_worker(void *arg)
{
	while (working > 0)
		tree_step(arg);
}

static void power(void *arg)
{
	u8 *image = malloc(MIB << 20);

	while (working > 0 && cuts->n < MAXCUTS) {
		struct cut *c = &cuts->cut[cuts->n];
		char path[128];

		for (u32 i = sim_rnd(1500); i > 0 && working > 0; i--)
			sim_pause();
		simdisk_crash(&env_disk, image);
		memcpy(c->slot, slots, sizeof(slots));
		snprintf(c->image, sizeof(c->image), "cut%u.img", cuts->n++);
		snprintf(path, sizeof(path), "%s/%s", env_dir, c->image);
		simdisk_write_image(path, image, MIB << 20);
	}
	free(image);
}

static void begin(void *arg)
{
	CHECK(env_mount(NULL) == 0);
	CHECK(names_mkdir(NULL, "/mnt/keep", 0755) == 0);
	CHECK(names_mkdir(NULL, "/mnt/t", 0755) == 0);
	CHECK(vfs_sync_all(true) == 0);
}

/* --- Afterwards -------------------------------------------------------------------------------- */

/* Is [data, len) what the slot may hold? NULL: no such file. */
static void check_slot(const struct cut *c, u32 s, const u8 *data, size_t len, const char *how)
{
	const struct slot *sl = &c->slot[s];
	u8 *want = malloc(MAXLEN + 1);
	bool good = !data && sl->durable == 0;

	if (data && s < 2) {
		for (u32 gen = MAX(sl->durable, 1u); gen <= sl->begun && !good; gen++) {
			contents(s, gen, want, length_of(s, gen));
			good = len == length_of(s, gen) && memcmp(data, want, len) == 0;
		}
	} else if (data) {
		/* What was not durable may be missing, but the size covers nothing else. */
		contents(s, sl->begun, want, sl->begun * 700);
		good = len >= sl->durable * 700 && len <= sl->begun * 700 && memcmp(data, want, len) == 0;
	}
	sim_check(good, "%s of %s, %s: %s, %zu bytes; generation %u was durable, %u begun",
		  slot_path[s], c->image, how, data ? "not one of its generations" : "not there",
		  len, sl->durable, sl->begun);
	free(want);
}

static void check_by_host(const struct cut *c, const char *how)
{
	for (u32 s = 0; s < NSLOTS; s++) {
		size_t len = 0;
		u8 *data;

		env_host("rm -f out; debugfs -R 'dump %s out' %s >/dev/null 2>&1",
			 slot_path[s] + strlen("/mnt"), c->image);
		data = env_read_file("out", &len);
		check_slot(c, s, data, len, how);
		free(data);
	}
}

static void repair(const struct cut *c, const char *how)
{
	if (env_host("e2fsck -p %s >fsck.log 2>&1", c->image) > 1) {
		refused++;
		CHECK(env_fsck(c->image, "-y", 1) <= 1);
	}
	CHECK(env_fsck(c->image, "-n", 0) == 0);
	check_by_host(c, how);
}

static const struct cut *the_cut;

static void check_mounted(void *arg)
{
	u8 *buf = malloc(MAXLEN + 1);

	if (!CHECK(env_mount(NULL) == 0))
		return;
	for (u32 s = 0; s < NSLOTS; s++) {
		ssize_t n = env_pread(slot_path[s], buf, MAXLEN + 1, 0);

		check_slot(the_cut, s, n < 0 ? NULL : buf, n < 0 ? 0 : (size_t)n, "mounted as it is");
	}
	free(buf);
}

static void go_on(void *arg)
{
	static const struct tree_limits lim = {
		.max_nodes = 40, .max_write = 60000, .max_size = 1u << 20, .full_disk = true
	};
	struct model_tree *t;

	if (names_mkdir(NULL, "/mnt/again", 0755) == 0) {
		t = tree_new("/mnt/again", &lim);
		for (u32 i = 0; i < 200; i++)
			tree_step(t);
		tree_close(t);
		tree_compare(t);
	}
	CHECK(env_unmount() == 0);
}

/* The machine starts again from the disk as the cut left it, and works on. */
static void restart(u32 seed)
{
	char path[128];

	env_boot(seed, 8192, the_cut->image, MIB);
	sim_call(check_mounted, NULL);
	sim_call(go_on, NULL);
	snprintf(path, sizeof(path), "%s/%s", env_dir, the_cut->image);
	simdisk_save(&env_disk, path);
}

static void one_run(u32 seed)
{
	static const struct tree_limits lim = {
		.max_nodes = 50, .max_write = 100000, .max_size = 2u << 20, .full_disk = true
	};
	struct model_tree *t = tree_new("/mnt/t", &lim);

	env_boot(seed, 8192, "new.img", MIB);
	sim_call(begin, NULL);
	working = NSLOTS;
	for (u32 s = 0; s < NSLOTS; s++)
		sim_spawn("slot", slot_worker, (void *)(uintptr_t)s);
	sim_spawn("tree", tree_worker, t);
	sim_spawn("power", power, NULL);
	sim_run();
}

/* Each disk that a cut left, both ways. */
static void look_at_cuts(u32 seed)
{
	for (u32 i = 0; i < cuts->n; i++) {
		the_cut = &cuts->cut[i];
		env_host("cp --sparse=always %s %s.again", the_cut->image, the_cut->image);
		repair(the_cut, "repaired");
		env_host("mv %s.again %s", the_cut->image, the_cut->image);
		env_quiet = true;
		if (env_apart("restart", seed * 100 + i, restart))
			repair(the_cut, "mounted, then repaired");
		env_quiet = false;
		env_host("rm %s", the_cut->image);
	}
}

int main(int argc, char **argv)
{
	static const u32 block[] = { 4096, 1024, 2048 };
	char options[200];
	u32 first = argc > 1 ? (u32)atoi(argv[1]) : 1, n = argc > 2 ? (u32)atoi(argv[2]) : 3;

	env_begin();
	cuts = mmap(NULL, sizeof(*cuts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (u32 s = first; s < first + n * 2; s++) {
		int before = sim_failures;

		/* With a journal there is nothing that e2fsck would have to ask about. */
		journal = (s - first) % 2;
		snprintf(options, sizeof(options), "-b %u -I 256 -N 1024 %s",
			 block[(s - first) / 2 % ARRAY_SIZE(block)], journal ? JOURNAL : "");
		env_mkfs("new.img", MIB, options);
		cuts->n = 0;
		refused = 0;
		env_apart("at work", s, one_run);
		look_at_cuts(s);
		CHECK(!journal || refused == 0);
		printf("%s power cuts%s, seed %u: %u; e2fsck -p left %u of %u repairs to e2fsck -y\n",
		       sim_failures == before ? "ok" : "FAIL", journal ? " with a journal" : "", s,
		       cuts->n, refused, cuts->n * 2);
	}
	env_end();
	return sim_failures != 0;
}
