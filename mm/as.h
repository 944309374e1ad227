/* SPDX-License-Identifier: MIT */
/*
 * as / seg: the address space of a process, as a sorted list of segments, each a range of pages with
 * one kind of backing (SVR4's names and shape). A tree finds a seg by its address, and room for a new one
 * by its size; the list gives the neighbours.
 *
 *   struct as  --a_segs-->  seg [base, base+size)  --s_ops--> segvn: anonymous memory, private file,
 *                                                             shared file or shared memory
 *
 * Kinds, all by segvn:
 *   s_vp NULL             private anonymous memory: zero-filled on demand (brk, stack, MAP_PRIVATE|MAP_ANONYMOUS). Read before
 *                         it is written, it is zero_page, read-only; so an untouched page takes no room
 *   s_vp, !SEG_SHARED     pages of the file, read-only, from the page cache; copied on the first write
 *   s_vp, SEG_SHARED      page-cache pages themselves; the first write asks the file system (vm_mkwrite), then the MMU's dirty
 *                         bits tell. Shared anonymous memory is such a mapping of an unnamed memory vnode (shm_vnode_create)
 *
 * Locks: a_lock (rwlock, LR_AS): readers fault, writers change the list. Held while a page is read from a file, so it
 * is never taken inside a file system; and no user memory is touched while holding it (a fault would take it again).
 * References on vnodes are dropped after a_lock (the last one may call into the file system).
 * s_vnode, and s_base, s_size, s_off of a seg with s_vp: change under a_lock for writing and the vnode's vs_lock; either is
 * enough to read them.
 */
#ifndef MM_AS_H
#define MM_AS_H

#include "kernel/lib/list.h"
#include "kernel/lib/tree.h"
#include "mm/hat.h"
#include "proc/sched/mutex.h"

struct file;
struct vnode;
struct as;
struct seg;

/* Protections are the ABI's PROT_* (kernel/abi/mman.h). */
#define SEG_SHARED 0x01u
#define SEG_STACK \
	0x02u /* the stack, and MAP_GROWSDOWN: grows downward on a fault, within the stack limit */
#define SEG_BRK 0x04u	     /* the heap: only so that /proc/PID/maps and the image can say so */
#define SEG_DONTFORK 0x08u   /* madvise */
#define SEG_LOCKED 0x10u     /* mlock: its pages are brought in, and stay */
#define SEG_ONFAULT 0x20u    /* with SEG_LOCKED: as they are used */
#define SEG_WIPEONFORK 0x40u /* madvise: a child finds zeros */
#define SEG_LOCKS (SEG_LOCKED | SEG_ONFAULT)
#define SEG_MAX 65530u /* mappings; Linux counts at most one more, and so do we */

enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };

/* What a segment driver does. All are called with a_lock held, for writing unless it says otherwise. */
struct seg_ops {
	/* A fault at page-aligned va, inside the seg, allowed by s_prot. a_lock for reading. 0, -ENOMEM, -EIO, -ERANGE (beyond the
	 * end of the file: SIGBUS), -EBUSY (not before s_vp's vm_commit). May sleep. */
	int (*fault)(struct seg *s, u32 va, enum fault_access acc);
	/* fork: fill nseg (a copy of s in the new as, already in its list) with s's pages. -ENOMEM */
	int (*dup)(struct seg *s, struct seg *nseg);
	/* Pages of [va, va+len) go. The range stays in the list; the caller cuts. */
	void (*unmap)(struct seg *s, u32 va, u32 len);
	/* [va, va+len) now has protection prot. */
	void (*setprot)(struct seg *s, u32 va, u32 len, u32 prot);
};

struct seg {
	struct list s_link;	 /* as list, by address (a_lock) */
	struct tree_node s_node; /* as tree, the same order (a_lock) */
	u32 s_gap;    /* bytes of free room right below; summaries of the tree (a_lock): */
	u32 s_maxgap; /* the largest s_gap in the seg's subtree */
	struct as *s_as;
	u32 s_base, s_size; /* bytes, page aligned */
	u32 s_prot;	    /* PROT_* now */
	u32 s_maxprot; /* what mprotect may give (a file opened read-only mapped shared: no write) */
	u32 s_flags;   /* SEG_* */
	const struct seg_ops *s_ops;
	struct vnode *s_vp;	  /* a reference, or NULL */
	u64 s_off;		  /* offset in s_vp of s_base, page aligned */
	struct tree_node s_vnode; /* vs_tree of s_vp (vs_lock) */
	u32 s_vlast;		  /* the last page of s_vp that the seg's subtree maps (vs_lock) */
};

/*
 * The segs that map a vnode, by the first page that they map. A sleeping lock guards them, for a user chooses how
 * many there are. No other sleeping lock is taken, nor memory allocated, with vs_lock held.
 */
struct vsegs {
	struct mutex vs_lock; /* LR_VSEG */
	struct tree vs_tree;
};

void vsegs_init(struct vsegs *vs);
/* Does no seg map the vnode? A look without the lock. */
static inline bool vsegs_none(const struct vsegs *vs)
{
	return tree_empty(&vs->vs_tree);
}

struct as {
	volatile u32 a_ref; /* procs that use it (vfork, CLONE_VM) and those who look at it */
	struct rwlock a_lock;
	struct list a_segs;
	struct tree a_tree;	     /* the same segs */
	struct seg *volatile a_hint; /* last seg found */
	u32 a_nseg;
	struct hat a_hat;
	volatile u32 a_ncow; /* pages copied on write so far */
	/* Bytes in segs, of all, of private writable ones, of SEG_LOCKED: RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK (a_lock). */
	u32 a_size, a_data, a_locked;
	u32 a_newflags; /* mlockall(MCL_FUTURE): SEG_LOCKS that new mappings have (a_lock) */
	/* Plain data, copied by fork. */
	u32 a_brk_start, a_brk; /* brk: first byte, current end */
	u32 a_stack_limit;	/* bytes the stack may grow to (RLIMIT_STACK at exec) */
	u32 a_mmap_top;
	/* RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK in bytes, ~0u: none. Kept up to date by setrlimit */
	u32 a_as_limit, a_data_limit, a_lock_limit;
	/* For /proc and core files: where exec put them. */
	u32 a_arg_start, a_arg_end, a_env_start, a_env_end, a_stack_start;
	u32 a_code_start, a_code_end, a_data_start, a_data_end;
	u32 a_auxv[44]; /* the auxiliary vector, AT_NULL at the end */
};

void as_init(void); /* makes the caches */

struct as *as_create(void); /* NULL: out of memory; a_ref 1, no segs */
/*
 * Copy-on-write copy for fork. still: no lwp but the current one may run in it meanwhile, which spares the copy much care. NULL: out of memory. May
 * sleep.
 */
struct as *as_dup(struct as *as, bool still);
/*
 * The same for a checkpoint, of processes that are held: the copy has the private pages alone, also those that fork leaves out, and no
 * seg that a program could use. They are for hat_foreach() and hat_getpage().
 */
struct as *as_dup_pages(struct as *as);
void as_hold(struct as *as);
void as_rele(struct as *as); /* the last one unmaps and frees all. May sleep */

/* Finds the seg that holds addr / the first seg that ends above addr. a_lock held (either way). NULL if none. */
struct seg *as_findseg(struct as *as, u32 addr);
struct seg *as_findseg_ge(struct as *as, u32 addr);
#define as_for_each_seg(s, as) list_for_each(s, &(as)->a_segs, s_link)

enum as_place {
	AS_HINT, /* at *addrp if that is free, else where there is room, downward from a_mmap_top */
	AS_FIXED,    /* at *addrp; what is there goes */
	AS_NOREPLACE /* at *addrp, if nothing is there */
};
/*
 * Maps [*addrp, +len). vp NULL: anonymous; the seg takes its own reference on vp. flags: SEG_*.
 * Locks: takes a_lock for writing.
 * Errors: -ENOMEM (no room, RLIMIT_AS, RLIMIT_DATA, more than SEG_MAX segs), -EINVAL (range outside
 * USER_MIN..USER_MAX, unaligned, len 0, offset overflow), -EEXIST (AS_NOREPLACE).
 */
int as_map(struct as *as, u32 *addrp, u32 len, u32 prot, u32 maxprot, u32 flags, struct vnode *vp,
	   u64 off, enum as_place place);
/* Does a seg lie in [addr, addr+len)? Takes a_lock. */
bool as_any_mapped(struct as *as, u32 addr, u32 len);
int as_unmap(struct as *as, u32 addr, u32 len); /* holes are fine. -EINVAL, -ENOMEM (split) */
/* -EINVAL; -ENOMEM on a hole, -EACCES beyond maxprot: as on Linux, what lies before that is changed all the same. */
int as_setprot(struct as *as, u32 addr, u32 len, u32 prot);
/* Sets and clears SEG_* flags (madvise); holes are passed over. -EINVAL, -ENOMEM on a hole, -EAGAIN: no memory, or SEG_MAX */
int as_setflags(struct as *as, u32 addr, u32 len, u32 set, u32 clear);
/* mremap(2): flags MREMAP_*, `fixed` the new address with MREMAP_FIXED. -EINVAL, -EFAULT, -ENOMEM, -EAGAIN as there. */
int as_remap(struct as *as, u32 old, u32 oldlen, u32 newlen, u32 flags, u32 fixed, u32 *out);
int as_brk(struct as *as, u32 newbrk); /* 0 and a_brk changed, or -ENOMEM */
/* msync(2): shared file pages to the cache's dirty ones, and on to the disk; waits for that if `wait`. -ENOMEM (holes), -EIO */
int as_sync(struct as *as, u32 addr, u32 len, bool wait);
/*
 * madvise: MADV_DONTNEED, or with `free` MADV_FREE (anonymous memory only). locked: memory that is locked, too.
 * -EINVAL (also at locked memory; what lies before is done), -ENOMEM (holes; the rest is done), -EAGAIN (no
 * memory for a page table that another process has too; nothing is done)
 */
int as_discard(struct as *as, u32 addr, u32 len, bool free, bool locked);
/*
 * Faults pages in as they are used first: private writable memory is written.
 * Errors: of as_fault(), at the first page that cannot be had; -EFAULT also for PROT_NONE.
 */
int as_populate(struct as *as, u32 addr, u32 len);
/*
 * MADV_POPULATE_READ, MADV_POPULATE_WRITE.
 * Errors: -ENOMEM (hole), -EINVAL (protection), -EFAULT (beyond the file's end).
 */
int as_fault_range(struct as *as, u32 addr, u32 len, enum fault_access acc);
/*
 * mlock, munlock (locks 0), mlock2 with SEG_LOCKED or SEG_LOCKS: marks, then brings in what is to be. As on Linux,
 * what lies before a hole is marked all the same.
 * Errors: -EINVAL, -ENOMEM (hole; limit; a page that cannot be had), -EAGAIN (out of memory for pages)
 */
int as_lock(struct as *as, u32 addr, u32 len, u32 locks);
/*
 * mlockall, munlockall: `now` for all that is mapped, `later` (a_newflags) for what will be; both SEG_LOCKS or 0.
 * all: leave what is mapped as it is unless set. -ENOMEM (RLIMIT_MEMLOCK)
 */
int as_lock_all(struct as *as, bool all, u32 now, u32 later);
/* May the current process lock memory beyond RLIMIT_MEMLOCK? (proc/) */
bool as_lock_unlimited(void);
/* May `more` bytes be locked? The current process's rights. a_locked may change meanwhile unless a_lock is held. */
bool as_lock_ok(const struct as *as, u32 more);
/* Is some of [addr, addr+len) locked? Takes a_lock. */
bool as_any_locked(struct as *as, u32 addr, u32 len);
/* Is all of [addr, addr+len) mapped? 0 or -ENOMEM. vec (if not NULL): 1 for each page in memory, 0 for each that is not. */
int as_incore(struct as *as, u32 addr, u32 len, u8 *vec);

/*
 * A page fault at addr. 0: try again. -EFAULT: no seg or not allowed (SIGSEGV; *maperr says whether
 * SEGV_MAPERR), -ERANGE: SIGBUS, -EIO: SIGBUS, -ENOMEM. Takes a_lock for reading (for writing when the stack grows). May sleep.
 */
int as_fault(struct as *as, u32 addr, enum fault_access acc, bool *maperr);

/*
 * Puts a page of the caller's at va of a private seg, as if it had been written there (exec, recovery). Takes over the
 * reference unless it fails: -EFAULT (no private seg there), -ENOMEM. a_lock is taken inside.
 */
int as_install_page(struct as *as, u32 va, struct page *pg);
/*
 * The page at page-aligned va, faulted in, with a reference; for writing: this as's own, and dirty. 0 or an error of as_fault(). May sleep.
 */
int as_getpage(struct as *as, u32 va, bool write, struct page **pgp) __must_check;
/*
 * Copies to/from any process's memory through faults (/proc/PID/cmdline, exec arguments). Returns bytes copied, short at the
 * first page that cannot be had; -EFAULT if that is the first. May sleep.
 */
ssize_t as_read(struct as *as, u32 addr, void *buf, size_t len);
ssize_t as_write(struct as *as, u32 addr, const void *buf, size_t len);
/* Adjacent segs that could be one become one, around [addr, addr+len). a_lock for writing. Canonical lists make canonical images. */
void as_coalesce(struct as *as, u32 addr, u32 len);

/*
 * Takes translations of vp's pages >= index `from` out of every as that maps it (truncate). Private copies stay. The pages are
 * still in the page cache, v_size is already what it will be. May sleep. Shoots.
 */
void seg_vnode_unmap(struct vnode *vp, u32 from_index);
/*
 * Calls vm_dirty for the pages [from, to] of vp that were written through shared mappings, and write-protects them, so that
 * a write after the return faults (before write-back). May sleep. Shoots.
 */
void seg_vnode_harvest(struct vnode *vp, u32 from, u32 to);

/*
 * For reclaim: takes translations of vp's pages that were not used since the last such call out of every as, and marks the others
 * unused. Returns how many it took. Any sleeping lock but vs_lock may be held. May sleep. Shoots.
 */
u32 seg_vnode_age(struct vnode *vp);

/*
 * What this floor asks of vnodes. Registered by fs/ before the first mapping of a file.
 */
struct vnode_mm_ops {
	void (*vm_hold)(struct vnode *vp);
	void (*vm_rele)(struct vnode *vp); /* may sleep */
	/* Page idx, valid, with a reference, unlocked. -ERANGE (wholly beyond the end), -EIO, -ENOMEM. May sleep. */
	int (*vm_getpage)(struct vnode *vp, u32 idx, struct page **pgp);
	/* pg[i]: page idx + i if it is in the cache, valid, and not beyond the end, with a reference; else NULL. Never sleeps. */
	void (*vm_lookup)(struct vnode *vp, u32 idx, u32 n, struct page **pg);
	/* Is pg (a reference is held) still vp's page idx, and not wholly beyond the end? Never sleeps. */
	bool (*vm_current)(struct vnode *vp, u32 idx, const struct page *pg);
	/*
	 * A shared mapping is about to write pg (a reference is held): its block is allocated, it is dirty. -EAGAIN: no
	 * longer a page of vp. -EBUSY: only after a vm_commit. -ENOSPC, -EIO... May sleep.
	 */
	int (*vm_mkwrite)(struct vnode *vp, struct page *pg);
	/* Lets vp's file system bring what it has to the disk. May sleep for long, and let go of files: a_lock not held. */
	void (*vm_commit)(struct vnode *vp);
	/* pg was written through a mapping. It may have left the cache: then nothing. Takes spinlocks only. */
	void (*vm_dirty)(struct page *pg);
	/*
	 * Writes pages [from, to) that are dirty in mappings or in the cache. wait: waits for the writes. medium: with wait, the
	 * metadata are written too, and the medium has all of it afterwards.
	 * Errors: -EIO
	 */
	int (*vm_sync)(struct vnode *vp, u32 from, u32 to, bool wait, bool medium);
	/* The segs that map the vnode. */
	struct vsegs *(*vm_segs)(struct vnode *vp);
	/* v_nwritemap += delta: shared mappings that are, or may become, writable. vs_lock held. */
	void (*vm_writemap)(struct vnode *vp, int delta);
	/* The open file of descriptor fd of the current process, with a reference. -EBADF */
	int (*vm_file)(int fd, struct file **fp);
	void (*vm_file_rele)(struct file *f);
	/*
	 * What mmap(2) of f with flags MAP_* maps: its vnode with a reference, NULL (as MAP_ANONYMOUS, for /dev/zero), and
	 * what protections the mapping may ever have. -EOPNOTSUPP, -EACCES, -EPERM, -ENODEV, -EINVAL, in this order
	 */
	int (*vm_file_map)(struct file *f, u32 prot, u32 flags, struct vnode **vpp, u32 *maxprot);
};
void vnode_mm_register(const struct vnode_mm_ops *ops);

extern struct page *zero_page; /* what untouched anonymous memory reads as */
extern const struct seg_ops segvn_ops;

/* Upper floor's way to make an unnamed memory vnode of len bytes (shared anonymous maps). */
extern int (*shm_vnode_create)(u64 len, struct vnode **vpp);

#endif
