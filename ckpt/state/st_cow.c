/* SPDX-License-Identifier: MIT */
/*
 * Pages that the processes of an image share copy-on-write. The image stores
 * each page once, with the first process that has it. The other processes get
 * the same frame, as from fork(2). So the restored processes need no more
 * memory than the saved ones.
 */
#include "ckpt/state/state.h"
#include "ckpt/state/owners.h"
#include "kernel/abi/errno.h"
#include "mm/as.h"

/* ---- save ---- */

/*
 * Does another address space have the page? Two address spaces that share a
 * page table hold one reference between them.
 */
static bool has_others(u32 pte, const struct page *pg)
{
	return (pte & PTE_SW_SHARED) || __atomic_load_n(&pg->pg_ref, __ATOMIC_RELAXED) > 1;
}

/*
 * The page has been met before: notes which process stores it, unless it is a
 * zero page, which no process stores.
 */
static int met_again(struct ckpt_save *cs, struct ckpt_member *cm, u32 va, u32 owner)
{
	if (owner & OWNER_ZERO)
		return 0;
	return img_add_cow(&cs->cs_img, cm->cm_img, va, owner & OWNER_PROC, owner & OWNER_VA);
}

int st_cow_met(struct ckpt_save *cs, struct ckpt_member *cm, u32 va, u32 pte, struct page *pg, u32 **owner)
{
	int error;

	*owner = NULL;
	if (!cs->cs_owners || !has_others(pte, pg))
		return 0;
	*owner = ckpt_owner(cs->cs_owners, pg);
	if (!*owner)
		return -ENOMEM;
	if (!**owner) {
		**owner = va | (u32)(cm->cm_img - cs->cs_img.i_proc);
		return 0;
	}
	error = met_again(cs, cm, va, **owner);
	return error ? error : 1;
}

/* ---- restore ---- */

/*
 * Enters the page at `at` of one process at va of another one, too. Neither
 * process may write it.
 */
static int share(struct as *from, u32 at, struct as *to, u32 va)
{
	u32 pte;
	struct page *pg = hat_getpage(&from->a_hat, at, &pte);
	int error;

	if (!pg)
		return -EBADMSG;
	error = as_install_page(to, va, pg);
	if (error) {
		page_put(pg);
		return error;
	}
	if (!(pte & PTE_W))
		return 0;
	/*
	 * Enter the page anew: another process has it now, so it must not be
	 * writable.
	 */
	page_get(pg);
	error = as_install_page(from, at, pg);
	if (error)
		page_put(pg);
	return error;
}

static int share_run(struct ckpt_restore *cr, const struct ckpt_rmember *rm, const struct img_cow *c)
{
	struct as *from = cr->cr_member[c->c_proc].rm_as;
	int error = 0;

	for (u32 i = 0; i < c->c_npages && !error; i++)
		error = share(from, c->c_from + i * PAGE_SIZE, rm->rm_as, c->c_va + i * PAGE_SIZE);
	return error;
}

static int st_cow_restore_links(struct ckpt_restore *cr)
{
	int error = 0;

	for (u32 i = 0; i < cr->cr_img.i_nproc; i++) {
		const struct ckpt_rmember *rm = &cr->cr_member[i];

		for (u32 k = 0; k < rm->rm_img->p_ncow && !error; k++)
			error = share_run(cr, rm, &rm->rm_img->p_cow[k]);
	}
	return error;
}

const struct ckpt_kind st_cow_kind = { .k_name = "pages shared copy-on-write",
				       .k_restore_links = st_cow_restore_links };
