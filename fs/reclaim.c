/* SPDX-License-Identifier: MIT */
/*
 * Giving clean pages back to the frame allocator: a hand goes round the list of
 * all pages (second chance). A page used since the hand last passed is spared
 * once. A page that is dirty, locked, being written or referenced stays.
 */
#include "fs/pc_impl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"

/* Pages looked at before the list lock is released for a moment. */
#define SCAN_LOCKED 32u

static u32 reclaim_mapped(u32 want);

static struct reclaimer pc_reclaimer = { .rc_name = "pagecache", .rc_fn = pc_reclaim };
/*
 * Registered after the other: programs lose mapped pages only if no other page
 * can be freed.
 */
static struct reclaimer mapped_reclaimer = { .rc_name = "mapped", .rc_fn = reclaim_mapped };

void reclaim_init(void)
{
	reclaimer_register(&pc_reclaimer);
	reclaimer_register(&mapped_reclaimer);
}

/*
 * The next candidate, locked and with a reference. NULL: look again (*scan is
 * smaller), or the scan is over.
 */
static struct page *next_candidate(u32 *scan)
{
	struct page *pg, *found = NULL;
	u32 n;

	spin_lock(&pc_list_lock);
	n = list_empty(&pc_lru) ? 0 : MIN(*scan, SCAN_LOCKED);
	*scan = n > 0 ? *scan - n : 0;
	for (; n > 0 && !found; n--) {
		pg = list_first(&pc_lru, struct page, pg_link);
		list_remove(&pg->pg_link);
		list_push_back(&pc_lru, &pg->pg_link);
		if (page_test(pg, PG_REFERENCED)) {
			page_clear(pg, PG_REFERENCED);
			continue;
		}
		if (pg->pg_ref != 1 || page_test(pg, PG_DIRTY | PG_WRITEBACK) || !page_trylock(pg))
			continue;
		page_get(pg);
		found = pg;
	}
	*scan += n;
	spin_unlock(&pc_list_lock);
	return found;
}

u32 pc_reclaim(u32 want)
{
	/* twice round: the first may only clear marks */
	u32 done = 0, scan = pc_npages * 2;
	u64 deadline = clock_mono_ns() + 100 * NSEC_PER_MSEC;

	for (;;) {
		while (done < want && scan > 0) {
			struct page *pg = next_candidate(&scan);
			struct vnode *vp;

			if (!pg)
				continue;
			/*
			 * Locked, so it keeps its vnode alive. A lookup takes
			 * its reference under v_pclock.
			 */
			vp = pg->pg_vnode;
			if (vp)
				done += pc_remove_if(vp, pg, 2);
			page_unlock(pg);
			page_put(pg);
		}
		if (done > 0 || want == 0 || want == PC_RECLAIM_ALL ||
		    pc_ndirty + pc_nwriteback == 0 || clock_mono_ns() >= deadline)
			return done;
		/* All are dirty: pages written in the meantime can be freed. */
		writeback_urge();
		writeback_wait(clock_mono_ns() + 10 * NSEC_PER_MSEC);
		scan = pc_npages * 2;
	}
}

/* --- Pages that programs have mapped --- */

#define AGE_VNODES 32u /* vnodes aged in one call, at most */

/*
 * The next page, locked and with a reference, that has references besides the
 * cache's. NULL: as above.
 */
static struct page *next_mapped(u32 *scan)
{
	struct page *pg, *found = NULL;
	u32 n;

	spin_lock(&pc_list_lock);
	n = list_empty(&pc_lru) ? 0 : MIN(*scan, SCAN_LOCKED);
	*scan = n > 0 ? *scan - n : 0;
	for (; n > 0 && !found; n--) {
		pg = list_first(&pc_lru, struct page, pg_link);
		list_remove(&pg->pg_link);
		list_push_back(&pc_lru, &pg->pg_link);
		if (pg->pg_ref > 1 && page_trylock(pg)) {
			page_get(pg);
			found = pg;
		}
	}
	*scan += n;
	spin_unlock(&pc_list_lock);
	return found;
}

/*
 * Once round the list: ages each vnode that has mapped pages. Returns how many
 * translations were removed.
 */
static u32 age_round(u32 want)
{
	u32 scan = pc_npages, vnodes = 0, dropped = 0;
	const struct vnode *last = NULL;

	while (scan > 0 && dropped < want && vnodes < AGE_VNODES) {
		struct page *pg = next_mapped(&scan);
		struct vnode *vp;

		if (!pg)
			continue;
		vp = pg->pg_vnode; /* kept alive by the page lock */
		if (vp && vp != last) {
			dropped += seg_vnode_age(vp);
			vnodes++;
		}
		last = vp;
		page_unlock(pg);
		page_put(pg);
	}
	return dropped;
}

/*
 * Removes pages that programs have not used lately from their address spaces,
 * so that the cache can free them.
 */
static u32 reclaim_mapped(u32 want)
{
	/* The first time round may only have cleared marks. */
	for (u32 round = 0; round < 2; round++) {
		if (age_round(want))
			return pc_reclaim(want);
	}
	return 0;
}
