/* SPDX-License-Identifier: MIT */
/* Which processes share a page copy-on-write, and which process stores it. */
#ifndef CKPT_OWNERS_H
#define CKPT_OWNERS_H

#include "ckpt/image/image.h"

struct ckpt_member;
struct ckpt_restore;
struct ckpt_save;
struct page;
struct ckpt_owners;

/*
 * A word for each frame. The address of a page is never 0, so a word of 0 says
 * that the frame has not been met.
 */
#define OWNER_PROC 0x7ffu	   /* mask: place of the process */
#define OWNER_ZERO 0x800u	   /* an all-zero page, not stored */
#define OWNER_VA (~(IMG_PAGE - 1)) /* mask: its address there */
_Static_assert(IMG_MAX_PROCS <= OWNER_PROC + 1 && OWNER_ZERO < IMG_PAGE, "place and flag have room in a word");

/* Returns: NULL: no memory. Sleeps. */
struct ckpt_owners *ckpt_owners_make(void);
/* ow: may be NULL. */
void ckpt_owners_free(struct ckpt_owners *ow);
/* The word of a frame, 0 at first. Returns: NULL: no memory. Sleeps. */
u32 *ckpt_owner(struct ckpt_owners *ow, const struct page *pg);

/*
 * st_cow.c. A page of cm at va, which is entered with pte.
 * Returns: 0: it is new, and *owner the frame's word (NULL: no other process
 * can have the page); 1: it stands with another process, and the image says so.
 * Errors: -ENOMEM, -E2BIG.
 */
int st_cow_met(struct ckpt_save *cs, struct ckpt_member *cm, u32 va, u32 pte, struct page *pg, u32 **owner);

#endif
