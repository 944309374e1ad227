/* SPDX-License-Identifier: MIT */
/*
 * The set of processes that are saved: the place of a process in it, and the
 * order of the image. The time for both grows with the number of members, not
 * with its square, because a family of 1,000 processes stands still meanwhile.
 *
 * Place: the members are hashed by the address of their process, with a chain
 * for each of CKPT_BUCKETS hash values (cs_bucket, cm_next).
 *
 * Order: the first process, the other roots, then the children of each process,
 * in the order of their parents; siblings by their ids.
 */
#include "ckpt/save.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"

static u32 *members_bucket_of(struct ckpt_save *cs, const struct proc *p)
{
	return &cs->cs_bucket[((u32)p * 0x9e3779b1u >> 16) % CKPT_BUCKETS];
}

void ckpt_members_init(struct ckpt_save *cs)
{
	memset(cs->cs_bucket, 0xff, sizeof(cs->cs_bucket));
}

/* Enters member i into its chain. */
static void members_enter(struct ckpt_save *cs, u32 i)
{
	u32 *head = members_bucket_of(cs, cs->cs_member[i].cm_proc);

	cs->cs_member[i].cm_next = *head;
	*head = i;
}

static void leave(struct ckpt_save *cs, u32 i)
{
	u32 *at = members_bucket_of(cs, cs->cs_member[i].cm_proc);

	while (*at != i)
		at = &cs->cs_member[*at].cm_next;
	*at = cs->cs_member[i].cm_next;
}

u32 ckpt_place(const struct ckpt_save *cs, const struct proc *p)
{
	u32 i = *members_bucket_of((struct ckpt_save *)cs, p);

	while (i != IMG_NONE && cs->cs_member[i].cm_proc != p)
		i = cs->cs_member[i].cm_next;
	return i;
}

int ckpt_member_add(struct ckpt_save *cs, struct proc *p, u32 parent)
{
	struct ckpt_member *cm = NULL;
	int error = cs->cs_nmember == IMG_MAX_PROCS ? -E2BIG : -ENOMEM;

	if (cs->cs_nmember < IMG_MAX_PROCS)
		cm = CKPT_GROW(cs->cs_member, cs->cs_nmember);
	if (!cm) {
		proc_rele(p);
		return error;
	}
	*cm = (struct ckpt_member){ .cm_proc = p, .cm_parent = parent };
	members_enter(cs, cs->cs_nmember - 1);
	return 0;
}

void ckpt_member_drop(struct ckpt_save *cs, u32 i)
{
	struct proc *p = cs->cs_member[i].cm_proc;
	u32 last = cs->cs_nmember - 1;

	ASSERT(!cs->cs_member[i].cm_held);
	leave(cs, i);
	if (i != last) {
		leave(cs, last);
		cs->cs_member[i] = cs->cs_member[last];
		members_enter(cs, i);
	}
	cs->cs_nmember--;
	proc_rele(p);
}

/*
 * A list of siblings for each member, by their ids: the member's first child,
 * its next sibling. The list of the roots begins at [n].
 */
struct siblings {
	u32 sb_first, sb_next;
};

static void link_siblings(const struct ckpt_member *m, u32 n, u64 *key, struct siblings *sb)
{
	for (u32 i = 0; i <= n; i++)
		sb[i].sb_first = IMG_NONE;
	for (u32 i = 1; i < n; i++)
		key[i] = (u64)(u32)proc_seen_pid(m[i].cm_proc) << 32 | i;
	sort_u64(key + 1, n - 1);
	for (u32 k = n; k-- > 1;) {
		u32 i = (u32)key[k], parent = m[i].cm_parent == IMG_NONE ? n : m[i].cm_parent;

		sb[i].sb_next = sb[parent].sb_first;
		sb[parent].sb_first = i;
	}
}

/*
 * Copies the members of `in` to `out`: all roots, then the children of each
 * process in `out`, in order.
 */
static void place_all(const struct ckpt_member *in, u32 n, const struct siblings *sb, struct ckpt_member *out)
{
	u32 done = 1;

	out[0] = in[0];
	out[0].cm_next = 0; /* for now, the place in `in` */
	for (u32 i = sb[n].sb_first; i != IMG_NONE; i = sb[i].sb_next) {
		out[done] = in[i];
		out[done++].cm_next = i;
	}
	for (u32 k = 0; k < n; k++) {
		for (u32 i = sb[out[k].cm_next].sb_first; i != IMG_NONE; i = sb[i].sb_next) {
			out[done] = in[i];
			out[done].cm_parent = k;
			out[done++].cm_next = i;
		}
	}
}

int ckpt_members_order(struct ckpt_save *cs)
{
	u32 n = cs->cs_nmember;
	u64 *key = kmalloc(n * sizeof(*key), 0);
	struct siblings *sb = kmalloc((n + 1) * sizeof(*sb), 0);
	struct ckpt_member *out = kmalloc(n * sizeof(*out), 0);
	bool room = key && sb && out;

	if (room) {
		link_siblings(cs->cs_member, n, key, sb);
		place_all(cs->cs_member, n, sb, out);
		kfree(cs->cs_member);
		cs->cs_member = out;
		ckpt_members_init(cs);
		for (u32 i = 0; i < n; i++)
			members_enter(cs, i);
	} else {
		kfree(out);
	}
	kfree(key);
	kfree(sb);
	return room ? 0 : -ENOMEM;
}
