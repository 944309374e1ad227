/* SPDX-License-Identifier: MIT */
/*
 * as / seg: the address space of a process, as a sorted list of segments, each a range of pages with
 * one kind of backing (SVR4's names and shape).
 *
 *   struct as  --a_segs-->  seg [base, base+size)  --s_ops--> segvn: anonymous memory, private file,
 *                                                             shared file or shared memory
 *
 * Kinds, all by segvn: s_vp == NULL: private anonymous (zero-filled on demand; brk, stack, MAP_PRIVATE|MAP_ANONYMOUS).
 * s_vp and !SEG_SHARED: pages of the file read-only from the page cache, copied on the first write. s_vp and SEG_SHARED:
 * page-cache pages themselves. Shared anonymous memory is a shared mapping of an unnamed memory vnode (shm_vnode_create
 * hook, registered by fs/tmpfs).
 *
 * Locks: a_lock (rwlock, LR_AS): readers fault, writers change the list. Held while a page is read from a file, so it
 * is never taken inside a file system; and no user memory is touched while holding it (a fault would take it again).
 * s_vlink: the vnode's v_seglock.
 */
#ifndef MM_AS_H
#define MM_AS_H

#include "kernel/lib/list.h"
#include "mm/hat.h"
#include "proc/mutex.h"

struct vnode;
struct as;
struct seg;

/* Protections are the ABI's PROT_* (kernel/abi/mman.h). */
#define SEG_SHARED 0x01u
#define SEG_STACK 0x02u	    /* grows downward on a fault, within the stack limit */
#define SEG_BRK 0x04u	    /* the heap: only so that /proc/PID/maps and the image can say so */
#define SEG_DONTFORK 0x08u  /* madvise */
#define SEG_SIGBUS_OK 0x10u /* reserved */

enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };

/* What a segment driver does. All are called with a_lock held, for writing unless it says otherwise. */
struct seg_ops {
	/* A fault at page-aligned va, inside the seg, allowed by s_prot. a_lock for reading. 0, -ENOMEM, -EIO, -ERANGE (beyond the
	 * end of the file: SIGBUS). May sleep. */
	int (*fault)(struct seg *s, u32 va, enum fault_access acc);
	/* fork: fill nseg (a copy of s in the new as, range and vnode reference already set) with s's pages. -ENOMEM */
	int (*dup)(struct seg *s, struct seg *nseg);
	/* Pages of [va, va+len) go. The range stays in the list; the caller cuts. */
	void (*unmap)(struct seg *s, u32 va, u32 len);
	/* [va, va+len) now has protection prot. */
	void (*setprot)(struct seg *s, u32 va, u32 len, u32 prot);
	/* msync: dirty bits to the page cache, and if `wait` to the disk. 0 or -EIO */
	int (*sync)(struct seg *s, u32 va, u32 len, bool wait);
};

struct seg {
	struct list s_link; /* as list, by address (a_lock) */
	struct as *s_as;
	u32 s_base, s_size; /* bytes, page aligned */
	u32 s_prot;	    /* PROT_* now */
	u32 s_maxprot;	    /* what mprotect may give (a file opened read-only mapped shared: no write) */
	u32 s_flags;	    /* SEG_* */
	const struct seg_ops *s_ops;
	struct vnode *s_vp; /* a reference, or NULL */
	u64 s_off;	    /* offset in s_vp of s_base, page aligned */
	struct list s_vlink; /* v_segs of s_vp (v_seglock) */
};

struct as {
	volatile u32 a_ref;	/* procs that use it (vfork, CLONE_VM) and those who look at it */
	struct rwlock a_lock;
	struct list a_segs;
	struct seg *volatile a_hint;	/* last seg found */
	u32 a_nseg;
	struct hat a_hat;
	u32 a_size;		/* bytes in segs: RLIMIT_AS */
	u32 a_brk_start, a_brk;	/* brk: first byte, current end */
	u32 a_stack_limit;	/* bytes the stack may grow to (RLIMIT_STACK at exec) */
	u32 a_mmap_top;
	u32 a_as_limit, a_data_limit; /* RLIMIT_AS, RLIMIT_DATA in bytes, ~0u: none. Kept up to date by setrlimit */
	/* For /proc and core files: where exec put them. */
	u32 a_arg_start, a_arg_end, a_env_start, a_env_end, a_stack_start;
	u32 a_code_start, a_code_end, a_data_start, a_data_end;
	u32 a_auxv[44];		/* the auxiliary vector, AT_NULL at the end */
};

void as_init(void); /* makes the caches */

struct as *as_create(void);	       /* NULL: out of memory; a_ref 1, no segs */
struct as *as_dup(struct as *as);      /* copy-on-write copy for fork; NULL: out of memory. May sleep */
void as_hold(struct as *as);
void as_rele(struct as *as);	       /* the last one unmaps and frees all. May sleep */

/* Finds the seg that holds addr / the first seg that ends above addr. a_lock held (either way). NULL if none. */
struct seg *as_findseg(struct as *as, u32 addr);
struct seg *as_findseg_ge(struct as *as, u32 addr);
#define as_for_each_seg(s, as) list_for_each (s, &(as)->a_segs, s_link)

/*
 * Maps [*addrp, +len): with fixed, replacing what is there; otherwise at *addrp if free, else where there is room.
 * vp NULL: anonymous; the seg takes its own reference on vp. flags: SEG_*. Takes a_lock for writing.
 * -ENOMEM (no room, RLIMIT_AS), -EINVAL (range outside USER_MIN..USER_MAX, unaligned, len 0, offset overflow).
 */
int as_map(struct as *as, u32 *addrp, u32 len, u32 prot, u32 maxprot, u32 flags, struct vnode *vp, u64 off, bool fixed);
int as_unmap(struct as *as, u32 addr, u32 len);		       /* holes are fine. -EINVAL, -ENOMEM (split) */
int as_setprot(struct as *as, u32 addr, u32 len, u32 prot);    /* -ENOMEM on a hole, -EACCES beyond maxprot */
int as_remap(struct as *as, u32 old, u32 oldlen, u32 newlen, u32 flags, u32 fixed, u32 *out); /* mremap(2) */
int as_brk(struct as *as, u32 newbrk);			       /* 0 and a_brk changed, or -ENOMEM */
int as_sync(struct as *as, u32 addr, u32 len, bool wait);
int as_discard(struct as *as, u32 addr, u32 len);	       /* madvise(MADV_DONTNEED) */

/*
 * A page fault of the current process at addr. 0: try again. -EFAULT: no seg or not allowed (SIGSEGV; *maperr says whether
 * SEGV_MAPERR), -ERANGE: SIGBUS, -EIO: SIGBUS, -ENOMEM. Takes a_lock for reading (for writing when the stack grows). May sleep.
 */
int as_fault(struct as *as, u32 addr, enum fault_access acc, bool *maperr);

/* Puts a private page at va of a private seg, as if it had been written there (recovery). Takes over the reference; a_lock is taken inside. */
int as_install_page(struct as *as, u32 va, struct page *pg);
/* Copies to/from another process's memory through faults (/proc/PID/cmdline, exec arguments). Returns bytes copied or -EFAULT. May sleep. */
ssize_t as_read(struct as *as, u32 addr, void *buf, size_t len);
ssize_t as_write(struct as *as, u32 addr, const void *buf, size_t len);
/* Adjacent segs that could be one become one. a_lock for writing. Canonical lists make canonical images. */
void as_coalesce(struct as *as, u32 addr, u32 len);

/* Takes translations of vp's pages >= index `from` out of every as that maps it (truncate). Private copies stay. Shoots. */
void seg_vnode_unmap(struct vnode *vp, u32 from_index);
/* Moves PTE dirty bits of every shared mapping of vp into the pages, write-protecting them (write-back). Shoots. */
void seg_vnode_harvest(struct vnode *vp);

extern const struct seg_ops segvn_ops;

/* Upper floor's way to make an unnamed memory vnode of len bytes (shared anonymous maps). */
extern int (*shm_vnode_create)(u64 len, struct vnode **vpp);

#endif
