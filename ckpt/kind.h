/* SPDX-License-Identifier: MIT */
/*
 * Kinds of state. Each file state/st_X.c keeps one kind of state, or one
 * closely bound pair, and declares here the steps of its save and its restore.
 * The facility (save.c, restore.c, can.c) knows no kind: it walks this table.
 *
 * A save goes from the processes to the objects that they refer to, in the
 * order of the table. An image lists files and objects in the same order.
 *
 *	save_begin      once       before any state has been saved
 *	save, save_zombie          each member, in the order of the image
 *	save_shared     once       shared objects; every member has been saved
 *	save_contents   once       bytes of shared objects; not in place, where
 *	                           the objects still hold them
 *
 * A restore makes an object before the processes that refer to it.
 *
 *	restore_begin   once       the image is checked: room for its lists
 *	restore_shared  once       shared objects        (in reverse order)
 *	restore, restore_zombie    each member, by the hidden process itself
 *	restore_links   once       links between the built members
 *	reveal          each member: its ids and places, for proc/reveal.h
 *	claim           once       the ids are known; the last that may fail
 *	ready           once       just before the processes appear; cannot fail
 *	publish         once       the processes have appeared; cannot fail
 *	start           each member, by itself, before its program and its
 *	                           other lwps go on
 *	discard         each member: the recovery has failed
 *	restore_end     once       always                (in reverse order)
 *
 * A step that a kind does not need is NULL. Errors: negative errno values; a
 * refusal has been logged. Sleeps: all may, but for reveal.
 */
#ifndef CKPT_KIND_H
#define CKPT_KIND_H

#include "kernel/lib/types.h"

struct ckpt_member;
struct ckpt_restore;
struct ckpt_rmember;
struct ckpt_save;
struct revealed;

struct ckpt_kind {
	const char *k_name;
	/*
	 * The state is not replaced when the process is saved and restored
	 * in place at a system call: the objects still exist. Then k_adopt,
	 * which takes the objects over from the save, replaces restore_shared,
	 * restore, claim, publish and start.
	 */
	bool k_outside;

	int (*k_save_begin)(struct ckpt_save *cs);
	int (*k_save)(struct ckpt_save *cs, struct ckpt_member *cm);
	int (*k_save_zombie)(struct ckpt_save *cs, struct ckpt_member *cm);
	int (*k_save_shared)(struct ckpt_save *cs);
	int (*k_save_contents)(struct ckpt_save *cs);

	/* CKPTCTL_CAN: instead of save, for a process that goes on running. */
	int (*k_look)(struct ckpt_save *cs, struct ckpt_member *cm);
	int (*k_look_shared)(struct ckpt_save *cs);

	int (*k_restore_begin)(struct ckpt_restore *cr);
	void (*k_adopt)(struct ckpt_restore *cr);
	int (*k_restore_shared)(struct ckpt_restore *cr);
	int (*k_restore)(struct ckpt_rmember *rm);
	int (*k_restore_zombie)(struct ckpt_rmember *rm);
	int (*k_restore_links)(struct ckpt_restore *cr);
	void (*k_reveal)(const struct ckpt_rmember *rm, struct revealed *rv);
	int (*k_claim)(struct ckpt_restore *cr);
	void (*k_ready)(struct ckpt_restore *cr);
	void (*k_publish)(struct ckpt_restore *cr);
	void (*k_start)(struct ckpt_rmember *rm);
	void (*k_discard)(struct ckpt_rmember *rm);
	void (*k_restore_end)(struct ckpt_restore *cr, bool failed);
};

/* state/kinds.c: all kinds, in the order of the image, and how many. */
extern const struct ckpt_kind *const ckpt_kinds[];
extern const u32 ckpt_nkinds;

#endif
