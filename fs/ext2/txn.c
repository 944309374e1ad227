/* SPDX-License-Identifier: MIT */
/*
 * ext2: operations and commits keep out of each other's way.
 *
 * Any number of operations may be open at a time; a commit begins when none is,
 * and none begins before it has written everything. Who holds page locks does
 * not wait for that, since the commit waits for page locks.
 */
#include "fs/ext2/ext2.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/sched/sleep.h"

#define TRIES 6u
#define DYING_MAX 512u
#define PAGES_EACH 16u /* that an operation makes dirty, at most, as a rule */

/* What is open may still make some pages dirty each. */
bool ext2_overfull(const struct ext2mount *em)
{
	u32 expected = MIN(em->em_nopen * PAGES_EACH, em->em_dirtylimit / 2);

	return em->em_ndirty + expected > em->em_dirtylimit || em->em_ndying > DYING_MAX;
}

void ext2_begin_free(struct ext2mount *em)
{
	spin_lock(&em->em_lock);
	while (em->em_closed)
		sleep(&em->em_closed, &em->em_lock, 0, 0);
	em->em_nopen++;
	spin_unlock(&em->em_lock);
}

void ext2_begin(struct ext2mount *em)
{
	if (ext2_overfull(em))
		ext2_commit(em);
	ext2_begin_free(em);
}

bool ext2_trybegin(struct ext2mount *em)
{
	bool open;

	spin_lock(&em->em_lock);
	open = !em->em_closed;
	if (open)
		em->em_nopen++;
	spin_unlock(&em->em_lock);
	return open;
}

void ext2_end(struct ext2mount *em)
{
	spin_lock(&em->em_lock);
	ASSERT(em->em_nopen > 0);
	if (--em->em_nopen == 0 && em->em_closed)
		wakeup(&em->em_nopen);
	spin_unlock(&em->em_lock);
}

bool ext2_again(struct ext2mount *em, int *error, u32 *tries)
{
	int failed;

	if (*error != -EAGAIN)
		return false;
	*error = -ENOSPC;
	if ((*tries)++ >= TRIES)
		return false;
	failed = ext2_commit(em);
	if (failed)
		*error = failed;
	return !failed;
}

void ext2_order(struct ext2inode *ei)
{
	struct ext2mount *em = ei->ei_mount;
	bool named;

	spin_lock(&em->em_lock);
	/*
	 * A removed file's contents do not matter. While it is dying the disk
	 * still has its name.
	 */
	named = !(ei->ei_vp->v_flags & V_UNLINKED) || !list_empty(&ei->ei_dying);
	if (named && list_empty(&ei->ei_ordered)) {
		vn_hold(ei->ei_vp);
		list_push_back(&em->em_ordered, &ei->ei_ordered);
	}
	spin_unlock(&em->em_lock);
}
