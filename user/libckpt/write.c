/* SPDX-License-Identifier: MIT */
/*
 * The file of a checkpoint: written under another name, flushed, renamed, and
 * the directory flushed. So a name without ".new" is a whole file, whatever
 * happens in between. Older files go when the new one is safe.
 *
 *	head | contents, page by page | segments, runs
 */
#include "lc.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#define BOUNCE_PAGES 16
#define BATCH_PAGES 256 /* at most so many with one call */

struct writer {
	struct lc_job *w_job;
	int w_fd;
	uint32_t w_offset; /* of the next page in the file */
	uint32_t w_sum;
	struct lc_run *w_runs; /* what has been written */
	uint32_t w_nruns, w_stored;
	char *w_bounce;
};

uint32_t lc_sum(uint32_t sum, const void *data, size_t len)
{
	const uint32_t *word = data;

	for (size_t i = 0; i < len / 4; i++)
		sum = (sum ^ word[i]) * 0x01000193u;
	return sum;
}

static bool is_zero(uint32_t page)
{
	const uint32_t *word = (const uint32_t *)page;

	for (uint32_t i = 0; i < LC_PAGE / 4; i++) {
		if (word[i])
			return false;
	}
	return true;
}

/* Returns: 0, or an errno. */
static int put(struct writer *w, const void *data, uint32_t len)
{
	const char *p = data;

	while (len) {
		long n = lc_call3(SYS_write, w->w_fd, (long)p, (long)len);

		if (n <= 0)
			return n < 0 ? (int)-n : ENOSPC;
		p += n;
		len -= (uint32_t)n;
	}
	return 0;
}

static int put_pages(struct writer *w, const void *from, uint32_t pages)
{
	w->w_sum = lc_sum(w->w_sum, from, pages * LC_PAGE);
	w->w_offset += pages * LC_PAGE;
	w->w_stored += pages;
	return put(w, from, pages * LC_PAGE);
}

/* Memory that changes while it is written: a copy is summed and written. */
static int put_changing(struct writer *w, uint32_t addr, uint32_t pages)
{
	int error = 0;

	while (pages && !error) {
		uint32_t n = pages < BOUNCE_PAGES ? pages : BOUNCE_PAGES;

		memcpy(w->w_bounce, (const void *)addr, n * LC_PAGE);
		error = put_pages(w, w->w_bounce, n);
		addr += n * LC_PAGE;
		pages -= n;
	}
	return error;
}

static int put_run(struct writer *w, uint32_t addr, uint32_t pages, bool zero, bool changing)
{
	w->w_runs[w->w_nruns++] = (struct lc_run){ addr, pages, zero ? 0 : w->w_offset };
	if (zero)
		return 0;
	return changing ? put_changing(w, addr, pages) : put_pages(w, (const void *)addr, pages);
}

/* The stack, and the library's own memory. */
static bool is_changing(const struct writer *w, uint32_t page)
{
	uint32_t own = (uint32_t)&lc;

	return page >= w->w_job->j_segs[w->w_job->j_head.h_nsegs - 1].s_start ||
	       (page >= own && page < own + sizeof(lc));
}

/* One range of pages, as runs that are alike. */
static int put_range(struct writer *w, const struct lc_run *range)
{
	uint32_t page = range->r_addr, end = page + range->r_pages * LC_PAGE;
	int error = 0;

	while (page < end && !error) {
		bool changing = is_changing(w, page), zero = !changing && is_zero(page);
		uint32_t n = 1;

		while (n < BATCH_PAGES && page + n * LC_PAGE < end &&
		       is_changing(w, page + n * LC_PAGE) == changing &&
		       (!changing && is_zero(page + n * LC_PAGE)) == zero)
			n++;
		error = put_run(w, page, n, zero, changing);
		page += n * LC_PAGE;
	}
	return error;
}

static void finish_head(struct writer *w)
{
	struct lc_head *h = &w->w_job->j_head;
	uint32_t segs = h->h_nsegs * sizeof(struct lc_seg), runs = w->w_nruns * sizeof(struct lc_run);

	h->h_nruns = w->w_nruns;
	h->h_tables = w->w_offset;
	h->h_size = w->w_offset + segs + runs;
	h->h_data_sum = w->w_sum;
	h->h_tables_sum = lc_sum(lc_sum(0, w->w_job->j_segs, segs), w->w_runs, runs);
	h->h_sum = 0;
	h->h_sum = lc_sum(0, h, sizeof(*h));
}

static int put_all(struct writer *w)
{
	struct lc_head *h = &w->w_job->j_head;
	int error = 0;

	lc_call3(SYS_lseek, w->w_fd, LC_PAGE, SEEK_SET);
	for (uint32_t i = 0; i < w->w_job->j_nranges && !error; i++)
		error = put_range(w, &w->w_job->j_ranges[i]);
	if (error)
		return error;
	finish_head(w);
	error = put(w, w->w_job->j_segs, h->h_nsegs * sizeof(struct lc_seg));
	if (!error)
		error = put(w, w->w_runs, w->w_nruns * sizeof(struct lc_run));
	lc_call3(SYS_lseek, w->w_fd, 0, SEEK_SET);
	return error ? error : put(w, h, sizeof(*h));
}

static int sync_directory(void)
{
	long fd = lc_call3(SYS_open, (long)lc.opt.o_dir, O_RDONLY | O_DIRECTORY, 0), error;

	if (fd < 0)
		return (int)-fd;
	error = lc_call3(SYS_fsync, fd, 0, 0);
	lc_call3(SYS_close, fd, 0, 0);
	return (int)-error;
}

/* Point of no return: the rename. */
static int commit(struct writer *w, const char *from, const char *to)
{
	long error;

	lc_files_sync();
	error = lc_call3(SYS_fsync, w->w_fd, 0, 0);
	if (!error)
		error = lc_call3(SYS_rename, (long)from, (long)to, 0);
	if (error)
		return (int)-error;
	error = sync_directory();
	if (!error)
		lc_remove_older(w->w_job->j_head.h_seq, w->w_job->j_head.h_chain,
				(int)w->w_job->j_head.h_nchain);
	return (int)error;
}

static int put_file(struct writer *w)
{
	char from[LC_PATH + 80], to[LC_PATH + 80];
	int error;

	lc_image_name(to, sizeof(to), w->w_job->j_head.h_seq, "");
	lc_image_name(from, sizeof(from), w->w_job->j_head.h_seq, ".new");
	w->w_fd = (int)lc_call3(SYS_open, (long)from, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	if (w->w_fd < 0)
		return lc_say("not saved: %s: %s", from, strerror(-w->w_fd)), -w->w_fd;
	error = put_all(w);
	if (!error)
		error = commit(w, from, to);
	lc_call3(SYS_close, w->w_fd, 0, 0);
	if (error) {
		lc_call3(SYS_unlink, (long)from, 0, 0);
		lc_say("not saved: %s: %s", to, strerror(error));
	}
	return error;
}

static void report(const struct writer *w, struct libckpt_stats *st)
{
	st->ls_bytes = w->w_job->j_head.h_size;
	st->ls_pages = w->w_stored;
	st->ls_durable_ns = (unsigned long long)(lc_now_ns() - lc.began_ns);
	if (lc.opt.o_verbose)
		lc_say("saved %s.ckpt.%u: %u pages of %u, %llu KiB, %llu ms", lc.opt.o_name,
		       w->w_job->j_head.h_seq, w->w_stored, w->w_job->j_npages, st->ls_bytes / 1024,
		       st->ls_durable_ns / 1000000);
}

int lc_write(struct lc_job *job, struct libckpt_stats *st)
{
	uint32_t size = LC_UP((job->j_npages + 1) * sizeof(struct lc_run)) + BOUNCE_PAGES * LC_PAGE;
	long at = lc_map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	struct writer w = { .w_job = job, .w_offset = LC_PAGE };
	int error;

	if (LC_FAILED(at))
		return lc_say("not saved: %s", strerror((int)-at)), (int)-at;
	w.w_bounce = (char *)at;
	w.w_runs = (struct lc_run *)(at + BOUNCE_PAGES * LC_PAGE);
	error = put_file(&w);
	if (!error)
		report(&w, st);
	lc_call3(SYS_munmap, at, (long)size, 0);
	return error;
}

uint32_t lc_stack_top(void)
{
	/* Lies at the very top. */
	const char *name = (const char *)lc_auxv(AT_EXECFN);

	return LC_UP((uint32_t)name + strlen(name) + 1);
}

void lc_describe(struct lc_head *h)
{
	struct utsname u;

	uname(&u);
	snprintf(h->h_system[0], sizeof(h->h_system[0]), "%s", u.sysname);
	snprintf(h->h_system[1], sizeof(h->h_system[1]), "%s", u.release);
	snprintf(h->h_system[2], sizeof(h->h_system[2]), "%s", u.machine);
	h->h_program = lc_program_sum();
	h->h_state = (uint32_t)&lc;
	h->h_vdso = lc_auxv(AT_SYSINFO_EHDR);
	h->h_stack_top = lc_stack_top();
}
