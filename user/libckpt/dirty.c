/* SPDX-License-Identifier: MIT */
/*
 * Increments: after a checkpoint the pages that the program may write are
 * protected; the first write to one raises SIGSEGV, and the handler notes the
 * page and lets the program write. And the ranges that are left out.
 *
 * The stack and the library's own memory are not protected: the handler runs
 * on the one and writes to the other.
 */
#pragma GCC target("general-regs-only")
#include "lc.h"

#include <string.h>
#include <sys/mman.h>

uint32_t lc_dirty[LC_DIRTY_WORDS] __attribute__((aligned(4096)));

static bool bit(uint32_t page)
{
	return lc_dirty[page / LC_PAGE / 32] & (1u << (page / LC_PAGE % 32));
}

bool lc_is_dirty(uint32_t page)
{
	return !lc.tracking || bit(page);
}

void lc_mark(uint32_t start, uint32_t end, bool dirty)
{
	for (uint32_t page = LC_DOWN(start); page < end && page < 0xc0000000u; page += LC_PAGE) {
		uint32_t mask = 1u << (page / LC_PAGE % 32);

		if (dirty)
			lc_dirty[page / LC_PAGE / 32] |= mask;
		else
			lc_dirty[page / LC_PAGE / 32] &= ~mask;
	}
}

/* The latest range that a page is in counts. */
bool lc_left_out(uint32_t page)
{
	for (int i = lc.nexcluded - 1; i >= 0; i--) {
		const struct lc_excluded *e = &lc.excluded[i];

		if (page >= e->e_start && page < e->e_end)
			return e->e_usage == CKPT_DEAD || (e->e_usage == CKPT_READONLY && e->e_saved.l_seq);
	}
	return false;
}

static int exclude(uint32_t start, uint32_t end, int usage)
{
	if (start >= end)
		return 0;
	if (lc.nexcluded == LC_EXCLUDED)
		return lc_say("more than %d ranges are left out", LC_EXCLUDED);
	lc.excluded[lc.nexcluded++] = (struct lc_excluded){ start, end, usage, { 0, 0 } };
	return 0;
}

int exclude_bytes(void *addr, size_t len, int usage)
{
	if (usage != CKPT_DEAD && usage != CKPT_READONLY)
		return lc_say("exclude_bytes: there is no usage %d", usage);
	return exclude(LC_UP(addr), LC_DOWN((uint32_t)addr + len), usage);
}

/* What was left out before has to be saved anew. */
int include_bytes(void *addr, size_t len)
{
	uint32_t start = LC_DOWN(addr), end = LC_UP((uint32_t)addr + len);
	int kept = 0;

	lc_touch(start, end);
	lc_mark(start, end, true);
	for (int i = 0; i < lc.nexcluded; i++) {
		if (lc.excluded[i].e_start < start || lc.excluded[i].e_end > end)
			lc.excluded[kept++] = lc.excluded[i];
	}
	lc.nexcluded = kept;
	return exclude(start, end, 0);
}

static bool overlaps_own(uint32_t start, uint32_t end)
{
	uint32_t own = (uint32_t)&lc, dirty = (uint32_t)lc_dirty;

	return (start < own + sizeof(lc) && end > own) || (start < dirty + sizeof(lc_dirty) && end > dirty);
}

static bool is_altstack(uint32_t page)
{
	uint32_t start = LC_DOWN(lc.altstack.ss_sp);

	return !(lc.altstack.ss_flags & SS_DISABLE) && page >= start &&
	       page < (uint32_t)lc.altstack.ss_sp + lc.altstack.ss_size;
}

static bool may_protect(uint32_t page)
{
	return !overlaps_own(page, page + LC_PAGE) && !is_altstack(page);
}

/*
 * Runs of pages of a segment that are to be protected, as few calls as
 * possible.
 */
static void protect(const struct lc_seg *s)
{
	uint32_t from = s->s_start;

	if (!(s->s_prot & PROT_WRITE) || s->s_shared)
		return;
	lc_mark(s->s_start, s->s_end, false);
	for (uint32_t page = s->s_start; page <= s->s_end; page += LC_PAGE) {
		if (page < s->s_end && may_protect(page))
			continue;
		if (page > from)
			lc_call3(SYS_mprotect, (long)from, (long)(page - from), (long)(s->s_prot & ~PROT_WRITE));
		if (page < s->s_end)
			lc_mark(page, page + LC_PAGE, true);
		from = page + LC_PAGE;
	}
}

/* The program may write to these pages of a segment again. */
static void release(const struct lc_seg *s, uint32_t start, uint32_t end)
{
	start = start > s->s_start ? LC_DOWN(start) : s->s_start;
	end = end < s->s_end ? LC_UP(end) : s->s_end;
	if (start >= end || !(s->s_prot & PROT_WRITE))
		return;
	lc_call3(SYS_mprotect, (long)start, (long)(end - start), (long)s->s_prot);
	lc_mark(start, end, true);
}

void lc_touch(uint32_t start, uint32_t end)
{
	if (!lc.tracking)
		return;
	for (int i = 0; i < lc.nsegs; i++)
		release(&lc.segs[i], start, end);
}

void lc_touch_all(void)
{
	lc_touch(0, 0xc0000000u);
}

/*
 * A fault that is not ours: the program's handler has it, or the default action
 * when the access is made again.
 */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	struct lc_action dfl = { 0 };
	void (*handler)(int, siginfo_t *,
			void *) = (void (*)(int, siginfo_t *, void *))lc.program_segv.a_handler;

	if (lc.program_segv.a_handler > 1)
		handler(sig, info, context);
	else
		lc_call5(SYS_rt_sigaction, sig, (long)&dfl, 0, 8, 0);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	uint32_t page = LC_DOWN(info->si_addr);
	struct lc_seg *s = lc_seg_find(page);

	if (lc.tracking && s && (s->s_prot & PROT_WRITE) && !bit(page))
		release(s, page, page + LC_PAGE);
	else
		pass_on(sig, info, context);
}

static void catch_faults(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	uint32_t set[2] = { 1u << (SIGSEGV - 1), 0 };
	struct lc_action was;

	lc_call5(SYS_rt_sigaction, SIGSEGV, 0, (long)&was, 8, 0);
	if (was.a_handler != (uint32_t)on_fault) {
		lc.program_segv = was;
		sigaction(SIGSEGV, &act, NULL);
	}
	lc_call5(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)set, 0, 8, 0);
}

void lc_track(void)
{
	catch_faults();
	for (int i = 0; i < lc.nsegs; i++)
		protect(&lc.segs[i]);
	lc.tracking = true;
}

void lc_untrack(void)
{
	lc_touch_all();
	lc.tracking = false;
}
