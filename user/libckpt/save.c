/* SPDX-License-Identifier: MIT */
/*
 * checkpoint_here(): looks whether the program can be saved, gathers what is to
 * be saved, and writes it: the program itself, or a forked copy of it while the
 * program goes on (option fork).
 */
#include "lc.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEGV_BIT (1u << (SIGSEGV - 1))
#define ALL_WORDS 0xffffffffu

static const uint32_t all_but_segv[2] = { ALL_WORDS & ~SEGV_BIT, ALL_WORDS };

/* The chain is of no use any more: the next checkpoint is whole. */
static void forget_chain(void)
{
	lc.nchain = 0;
	for (int i = 0; i < lc.nexcluded; i++)
		lc.excluded[i].e_saved = (struct lc_link){ 0, 0 };
	if (lc.tracking)
		lc_untrack();
}

/* Waits for the forked writer. Returns: its errno, or 0. */
static int reap_writer(void)
{
	int status = 0;
	long pid;

	if (!lc.writer)
		return lc.outcome;
	do
		pid = lc_call5(SYS_wait4, lc.writer, (long)&status, (long)__WCLONE, 0, 0);
	while (pid == -EINTR);
	lc.outcome = pid < 0 || !WIFEXITED(status) ? EIO : WEXITSTATUS(status);
	lc.writer = 0;
	if (lc.outcome)
		forget_chain();
	else if (lc.shared)
		lc.stats = *lc.shared;
	return lc.outcome;
}

static bool in_chain(const struct lc_head *h, uint32_t seq)
{
	for (uint32_t i = 0; i < h->h_nchain; i++) {
		if (h->h_chain[i].l_seq == seq)
			return true;
	}
	return false;
}

/*
 * Without increments: the files that have the ranges that are read only, oldest
 * first.
 */
static void link_readonly(struct lc_head *h)
{
	for (int i = 0; i < lc.nexcluded; i++) {
		struct lc_link *l = &lc.excluded[i].e_saved;

		if (!l->l_seq || in_chain(h, l->l_seq))
			continue;
		if ((int)h->h_nchain == lc.opt.o_maxfiles - 1 || h->h_nchain == LC_CHAIN)
			*l = (struct lc_link){ 0, 0 };
		else
			h->h_chain[h->h_nchain++] = *l;
	}
}

/*
 * Which older files the new one needs. A chain of maxfiles files ends: the next
 * one is written whole from memory, and the files before it are removed.
 */
static void begin_chain(struct lc_head *h)
{
	if (!lc.opt.o_incremental) {
		if (lc.tracking)
			forget_chain();
		link_readonly(h);
		return;
	}
	if (!lc.tracking || lc.nchain >= lc.opt.o_maxfiles)
		forget_chain();
	h->h_nchain = (uint32_t)lc.nchain;
	memcpy(h->h_chain, lc.chain, sizeof(lc.chain[0]) * (size_t)lc.nchain);
}

/* The new file has what was gathered. */
static void extend_chain(const struct lc_head *h)
{
	struct lc_link l = { h->h_seq, h->h_id };

	for (int i = 0; i < lc.nexcluded; i++) {
		if (lc.excluded[i].e_usage == CKPT_READONLY && !lc.excluded[i].e_saved.l_seq)
			lc.excluded[i].e_saved = l;
	}
	if (!lc.opt.o_incremental)
		return;
	lc.chain[lc.nchain++] = l;
	lc_track();
}

static void add_page(struct lc_job *job, uint32_t page)
{
	struct lc_run *last = job->j_nranges ? &job->j_ranges[job->j_nranges - 1] : NULL;

	job->j_npages++;
	if (last && last->r_addr + last->r_pages * LC_PAGE == page)
		last->r_pages++;
	else
		job->j_ranges[job->j_nranges++] = (struct lc_run){ .r_addr = page, .r_pages = 1 };
}

static bool is_wanted(uint32_t page)
{
	uint32_t bits = (uint32_t)lc_dirty;

	if (page >= bits && page < bits + LC_DIRTY_WORDS * 4)
		return false;
	return lc_is_dirty(page) && !lc_left_out(page);
}

static void gather_pages(struct lc_job *job, const struct lc_seg *s)
{
	for (uint32_t page = s->s_start; page < s->s_end; page += LC_PAGE) {
		if (s->s_kind == LC_STACK || is_wanted(page))
			add_page(job, page);
	}
}

static struct lc_seg stack_segment(void)
{
	struct lc_seg s = { .s_prot = PROT_READ | PROT_WRITE, .s_kind = LC_STACK };

	s.s_start = LC_DOWN(lc.context.c_esp);
	s.s_end = lc_stack_top();
	return s;
}

/*
 * Returns: the size of a job for all segments, a range for every second page at
 * most.
 */
static uint32_t job_size(void)
{
	struct lc_seg stack = stack_segment();
	uint32_t pages = (stack.s_end - stack.s_start) / LC_PAGE;

	for (int i = 0; i < lc.nsegs; i++)
		pages += (lc.segs[i].s_end - lc.segs[i].s_start) / LC_PAGE;
	return LC_UP(sizeof(struct lc_job) + (pages / 2 + LC_SEGS + 2) * sizeof(struct lc_run));
}

static void gather(struct lc_job *job)
{
	struct lc_head *h = &job->j_head;

	memcpy(h->h_magic, LC_MAGIC, sizeof(h->h_magic));
	h->h_seq = lc.seq;
	h->h_id = (uint32_t)lc_now_ns() ^ (uint32_t)lc.pid << 20;
	h->h_heap_start = lc.heap_start;
	h->h_heap_end = lc.heap_end;
	lc_describe(h);
	begin_chain(h);
	h->h_nsegs = (uint32_t)lc.nsegs + 1;
	memcpy(job->j_segs, lc.segs, sizeof(lc.segs[0]) * (size_t)lc.nsegs);
	job->j_segs[lc.nsegs] = stack_segment();
	for (uint32_t i = 0; i < h->h_nsegs; i++)
		gather_pages(job, &job->j_segs[i]);
}

/*
 * A child without a signal at its end: the program's wait() and its SIGCHLD
 * handler do not see it.
 */
static int fork_writer(struct lc_job *job)
{
	long pid;

	if (!lc.shared) {
		long page = lc_map(0, LC_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);

		if (LC_FAILED(page))
			return (int)-page;
		lc.shared = (struct libckpt_stats *)page;
	}
	pid = lc_call5(SYS_clone, 0, 0, 0, 0, 0);
	if (pid == 0)
		lc_call3(SYS_exit_group, lc_write(job, lc.shared), 0, 0);
	if (pid < 0)
		return (int)-pid;
	lc.writer = (int)pid;
	return 0;
}

/* Returns: 0, or an errno. */
static int write_job(struct lc_job *job)
{
	int error = lc.opt.o_fork ? fork_writer(job) : lc_write(job, &lc.stats);

	lc.outcome = error;
	if (error && lc.opt.o_fork)
		lc_say("not saved: fork: %s", strerror(error));
	if (error)
		forget_chain();
	else
		extend_chain(&job->j_head);
	return error;
}

/*
 * Memory that the program may not read is read for it: its contents count too.
 */
static void open_unreadable(bool open)
{
	for (int i = 0; i < lc.nsegs; i++) {
		const struct lc_seg *s = &lc.segs[i];

		if (!(s->s_prot & PROT_READ))
			lc_call3(SYS_mprotect, (long)s->s_start, (long)(s->s_end - s->s_start),
				 open ? PROT_READ : (long)s->s_prot);
	}
}

static int save(void)
{
	uint32_t size = job_size();
	long at = lc_map(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	int error;

	if (LC_FAILED(at))
		return lc_say("not saved: %s", strerror((int)-at));
	gather((struct lc_job *)at);
	open_unreadable(true);
	error = write_job((struct lc_job *)at);
	open_unreadable(false);
	lc_call3(SYS_munmap, at, (long)size, 0);
	return error ? -1 : 0;
}

/* The kernel's part of the state that is kept in the library's own memory. */
static int save_kernel_state(void)
{
	if (lc_refuse() != 0)
		return -1;
	lc_signals_save();
	lc.file_mask = umask(0);
	umask(lc.file_mask);
	if (!getcwd(lc.cwd, sizeof(lc.cwd)))
		return lc_say("not saved: the working directory: %s", strerror(errno));
	return 0;
}

/* The first thing that the recovered program does. */
static void recovered(uint32_t arena)
{
	lc_call3(SYS_munmap, (long)arena, *(long *)arena, 0);
	lc.pid = (int)lc_call3(SYS_getpid, 0, 0, 0);
	if (lc.tid_offset)
		*(int *)(lc.tls_base + (uint32_t)lc.tid_offset) = lc.pid;
	lc.shared = NULL;
	lc.writer = 0;
	lc.tracking = false;
	lc.last_ns = lc_now_ns();
	forget_chain();
	if (lc_call3(SYS_chdir, (long)lc.cwd, 0, 0) != 0)
		lc_call3(SYS_exit_group,
			 lc_say("not recovered: there is no directory %s", lc.cwd) ? 1 : 1, 0, 0);
	if (lc_files_restore() != 0)
		lc_call3(SYS_exit_group, 1, 0, 0);
	umask(lc.file_mask);
	lc_signals_restore();
	lc_set_alarm();
}

static bool is_too_soon(long long now)
{
	return lc.last_ns && now - lc.last_ns < lc.opt.o_mintime * 1000000000ll;
}

static int checkpoint(void)
{
	uint32_t arena;
	int result;

	reap_writer();
	if (save_kernel_state() != 0)
		return -1;
	if (!lc.seq)
		lc.seq = lc_newest(UINT32_MAX);
	lc.seq++;
	lc.began_ns = lc.last_ns = lc_now_ns();
	arena = (uint32_t)lc_save_context(&lc.context);
	if (arena) {
		recovered(arena);
		return 1;
	}
	result = save();
	lc.stats.ls_stop_ns = (unsigned long long)(lc_now_ns() - lc.began_ns);
	return result;
}

int checkpoint_here(void)
{
	int saved = errno, result;

	if (!lc.opt.o_on || is_too_soon(lc_now_ns()))
		return 0;
	lc_call5(SYS_rt_sigprocmask, SIG_SETMASK, (long)all_but_segv, (long)lc.mask, 8, 0);
	result = checkpoint();
	if (lc.tracking)
		lc.mask[0] &= ~SEGV_BIT;
	lc_call5(SYS_rt_sigprocmask, SIG_SETMASK, (long)lc.mask, 0, 8, 0);
	errno = saved;
	return result;
}

int libckpt_wait(struct libckpt_stats *st)
{
	unsigned long long stop = lc.stats.ls_stop_ns;
	int error = reap_writer();

	lc.stats.ls_stop_ns = stop;
	if (st)
		*st = lc.stats;
	return error || !lc.stats.ls_bytes ? -1 : 0;
}
