/* SPDX-License-Identifier: MIT */
/*
 * Finding the files of a checkpoint, and checking all of them before anything
 * of the running program is given up: the newest whole one counts.
 */
#include "lc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry { /* Linux: struct linux_dirent64 */
	uint64_t e_ino, e_off;
	uint16_t e_length;
	uint8_t e_type;
	char e_name[];
};

/*
 * Has the checkpoint of this number to go? Anything that begins with
 * "NAME.ckpt.NUMBER" is of it.
 */
struct visit {
	uint32_t v_below, v_best;
	const struct lc_link *v_chain; /* NULL: only look for the newest */
	int v_n;
};

static bool is_kept(const struct visit *v, uint32_t seq, bool whole)
{
	for (int i = 0; whole && i < v->v_n; i++) {
		if (v->v_chain[i].l_seq == seq)
			return true;
	}
	return false;
}

static void visit(struct visit *v, const char *name)
{
	size_t len = strlen(lc.opt.o_name);
	char path[LC_PATH + 300], *end;
	uint32_t seq;
	bool whole;

	if (strncmp(name, lc.opt.o_name, len) != 0 || strncmp(name + len, ".ckpt.", 6) != 0)
		return;
	seq = (uint32_t)strtoul(name + len + 6, &end, 10);
	whole = *end == '\0';
	if (end == name + len + 6 || (!whole && strcmp(end, ".new") != 0) || seq >= v->v_below)
		return;
	if (!v->v_chain) {
		if (whole && seq > v->v_best)
			v->v_best = seq;
	} else if (!is_kept(v, seq, whole)) {
		snprintf(path, sizeof(path), "%s/%s", lc.opt.o_dir, name);
		lc_call3(SYS_unlink, (long)path, 0, 0);
	}
}

static void visit_all(struct visit *v)
{
	_Alignas(8) char buf[2048];
	long fd = lc_call3(SYS_open, (long)lc.opt.o_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), n;

	if (fd < 0)
		return;
	while ((n = lc_call3(SYS_getdents64, fd, (long)buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n; at += ((struct entry *)(buf + at))->e_length)
			visit(v, ((struct entry *)(buf + at))->e_name);
	}
	lc_call3(SYS_close, fd, 0, 0);
}

uint32_t lc_newest(uint32_t below)
{
	struct visit v = { .v_below = below };

	visit_all(&v);
	return v.v_best;
}

void lc_remove_older(uint32_t seq, const struct lc_link *chain, int n)
{
	struct visit v = { .v_below = seq, .v_chain = chain, .v_n = n };

	visit_all(&v);
}

static bool read_at(int fd, void *to, uint32_t len, uint32_t offset)
{
	char *p = to;

	while (len) {
		long n = lc_call5(SYS_pread64, fd, (long)p, (long)len, (long)offset, 0);

		if (n <= 0)
			return false;
		p += n;
		offset += (uint32_t)n;
		len -= (uint32_t)n;
	}
	return true;
}

/* Do the parts that the head tells of lie in the file, and are they as many as there may be? */
static bool is_in_bounds(const struct lc_head *h)
{
	return h->h_nsegs >= 1 && h->h_nsegs <= LC_SEGS + 1 && h->h_nchain <= LC_CHAIN &&
	       h->h_nruns < LC_DIRTY_WORDS * 32 && h->h_tables >= LC_PAGE && h->h_tables <= h->h_size &&
	       h->h_size - h->h_tables == h->h_nsegs * sizeof(struct lc_seg) + h->h_nruns * sizeof(struct lc_run);
}

/* Returns: what is wrong with the head, or NULL. */
static const char *check_head(const struct lc_head *h)
{
	struct lc_head copy = *h, now = { 0 };

	copy.h_sum = 0;
	if (memcmp(h->h_magic, LC_MAGIC, sizeof(h->h_magic)) != 0)
		return "is no checkpoint of this library";
	if (lc_sum(0, &copy, sizeof(copy)) != h->h_sum)
		return "is damaged: wrong sum of its head";
	if (!is_in_bounds(h))
		return "is damaged: its parts do not fit its size";
	lc_describe(&now);
	if (h->h_program != now.h_program || h->h_state != now.h_state)
		return "is of another program, or of another build of it";
	if (memcmp(h->h_system, now.h_system, sizeof(h->h_system)) != 0)
		return "was made on another system";
	if (h->h_vdso != now.h_vdso || h->h_stack_top != now.h_stack_top || h->h_heap_start != lc.heap_start)
		return "does not fit: memory is at other addresses here";
	return NULL;
}

static const char *check_data(const struct lc_image *i)
{
	static uint32_t buf[16384];
	uint32_t sum = 0, n;

	for (uint32_t at = LC_PAGE; at < i->i_head.h_tables; at += n) {
		n = i->i_head.h_tables - at;
		if (n > sizeof(buf))
			n = sizeof(buf);
		if (!read_at(i->i_fd, buf, n, at))
			return "is too short";
		sum = lc_sum(sum, buf, n);
	}
	return sum == i->i_head.h_data_sum ? NULL : "is damaged: wrong sum of its contents";
}

static const char *read_tables(struct lc_image *i)
{
	uint32_t len = i->i_head.h_size - i->i_head.h_tables;
	uint32_t segs = i->i_head.h_nsegs * sizeof(struct lc_seg);
	long at = lc_map(0, LC_UP(len), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);

	if (LC_FAILED(at))
		return strerror((int)-at);
	i->i_segs = (struct lc_seg *)at;
	i->i_runs = (struct lc_run *)(at + (long)segs);
	if (!read_at(i->i_fd, (void *)at, len, i->i_head.h_tables))
		return "is too short";
	return lc_sum(0, (void *)at, len) == i->i_head.h_tables_sum ? NULL : "is damaged: wrong sum of its tables";
}

/* The contents become code and data of the caller: nobody else may have written them. */
static bool is_own(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}

static const char *open_image(struct lc_image *i, const char *path)
{
	const char *wrong;

	i->i_fd = (int)lc_call3(SYS_open, (long)path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (i->i_fd < 0)
		return strerror(-i->i_fd);
	if (!is_own(i->i_fd))
		return "may have been written by another user";
	if (!read_at(i->i_fd, &i->i_head, sizeof(i->i_head), 0))
		return "is too short";
	wrong = check_head(&i->i_head);
	if (!wrong)
		wrong = read_tables(i);
	return wrong ? wrong : check_data(i);
}

static int load_one(struct lc_image *i, struct lc_link wanted)
{
	char path[LC_PATH + 80];
	const char *wrong;

	lc_image_name(path, sizeof(path), wanted.l_seq, "");
	wrong = open_image(i, path);
	if (!wrong && wanted.l_id && i->i_head.h_id != wanted.l_id)
		wrong = "is not the file that the next one was made after";
	return wrong ? lc_say("%s %s", path, wrong) : 0;
}

static void forget(struct lc_image *images, int n)
{
	for (int i = 0; i <= n; i++) {
		if (images[i].i_fd > 0)
			lc_call3(SYS_close, images[i].i_fd, 0, 0);
	}
	memset(images, 0, sizeof(*images) * (size_t)(n + 1));
}

/*
 * The file of that number and all that it needs. Returns: how many, 0: a line
 * says why not.
 */
static int load_chain(struct lc_image images[LC_CHAIN + 1], uint32_t seq)
{
	struct lc_image newest = { 0 };
	int n;

	if (load_one(&newest, (struct lc_link){ seq, 0 }) != 0)
		return forget(&newest, 0), 0;
	n = (int)newest.i_head.h_nchain;
	images[n] = newest;
	for (int i = 0; i < n; i++) {
		if (load_one(&images[i], newest.i_head.h_chain[i]) != 0)
			return forget(images, n), 0;
	}
	return n + 1;
}

int lc_load(struct lc_image images[LC_CHAIN + 1])
{
	uint32_t seq = UINT32_MAX;
	int n = 0;

	while (n == 0 && (seq = lc_newest(seq)) != 0)
		n = load_chain(images, seq);
	if (n == 0)
		lc_say("not recovered: there is no whole checkpoint %s/%s.ckpt.*", lc.opt.o_dir, lc.opt.o_name);
	return n;
}
