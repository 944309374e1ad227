/* SPDX-License-Identifier: MIT */
/*
 * as / seg: the address space of a process, as a sorted list of segments
 * (SVR4's names and shape). Each segment is a range of pages with one kind of
 * backing. A tree finds a seg by its address, and room for a new seg by its
 * size; the list gives the neighbours.
 *
 *   struct as  --a_segs-->  seg [base, base+size)  --s_ops--> segvn
 *
 * Kinds, all by segvn:
 *   s_vp NULL          Private anonymous memory, zero-filled on demand (brk,
 *                      stack, MAP_PRIVATE|MAP_ANONYMOUS). A page that is read
 *                      before it is written is zero_page, read-only, so an
 *                      untouched page takes no room.
 *   s_vp, !SEG_SHARED  A private file mapping: pages of the file from the page
 *                      cache, read-only; copied on the first write.
 *   s_vp, SEG_SHARED   A shared file mapping: the pages of the page cache
 *                      themselves. The first write asks the file system
 *                      (vm_mkwrite), then the MMU's dirty bits tell. Shared
 *                      anonymous memory is such a mapping of an unnamed memory
 *                      vnode (shm_vnode_create).
 *
 * Locks: a_lock (rwlock, LR_AS): faults hold it for reading, changes of the
 *   list for writing. It is held while a page is read from a file, so it is
 *   never taken inside a file system. No user memory is touched while holding
 *   it: a fault would take it again. References on vnodes are dropped after
 *   a_lock, because the last one may call into the file system.
 *
 * s_vnode, and s_base, s_size, s_off of a seg with s_vp, change under a_lock
 * for writing and the vnode's vs_lock; either is enough to read them.
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
/*
 * The stack, or MAP_GROWSDOWN: grows downward on a fault, within the stack
 * limit.
 */
#define SEG_STACK 0x02u
#define SEG_BRK 0x04u	     /* the heap, for /proc/PID/maps and the image */
#define SEG_DONTFORK 0x08u   /* madvise */
#define SEG_LOCKED 0x10u     /* mlock: its pages are faulted in, and stay */
#define SEG_ONFAULT 0x20u    /* with SEG_LOCKED: faulted in at first use */
#define SEG_WIPEONFORK 0x40u /* madvise: the child finds zeros */
#define SEG_LOCKS (SEG_LOCKED | SEG_ONFAULT)
/*
 * Mappings of an address space. Linux counts at most one more, and so does
 * as_map().
 */
#define SEG_MAX 65530u

enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };

/*
 * Operations of a segment driver.
 * Locks: a_lock held for writing, unless the operation says otherwise.
 */
struct seg_ops {
	/*
	 * Handles a fault at page-aligned va, which lies inside the seg and is
	 * allowed by s_prot.
	 * Errors: -ENOMEM, -EIO, -ERANGE (beyond the end of the file: SIGBUS),
	 *   -EBUSY (only after a vm_commit of s_vp)
	 * Locks: a_lock for reading.
	 * Sleeps: yes.
	 */
	int (*fault)(struct seg *s, u32 va, enum fault_access acc);
	/*
	 * fork: fills nseg, a copy of s that is already in the list of the new
	 * as, with the pages of s.
	 * Errors: -ENOMEM
	 */
	int (*dup)(struct seg *s, struct seg *nseg);
	/*
	 * Removes the pages of [va, va+len). The range stays in the list; the
	 * caller cuts it.
	 */
	void (*unmap)(struct seg *s, u32 va, u32 len);
	/* Gives [va, va+len) the protection prot. */
	void (*setprot)(struct seg *s, u32 va, u32 len, u32 prot);
};

struct seg {
	struct list s_link;	 /* as list, by address (a_lock) */
	struct tree_node s_node; /* as tree, the same order (a_lock) */
	u32 s_gap;		 /* bytes of free room right below (a_lock) */
	u32 s_maxgap;		 /* largest s_gap in its subtree (a_lock) */
	struct as *s_as;
	u32 s_base, s_size; /* bytes, page aligned */
	u32 s_prot;	    /* PROT_* now */
	/*
	 * What mprotect may give; no write if a file opened read-only is mapped
	 * shared.
	 */
	u32 s_maxprot;
	u32 s_flags; /* SEG_* */
	const struct seg_ops *s_ops;
	struct vnode *s_vp;	  /* a reference, or NULL */
	u64 s_off;		  /* offset in s_vp of s_base, page aligned */
	struct tree_node s_vnode; /* vs_tree of s_vp (vs_lock) */
	/* Last page of s_vp that the seg's subtree maps (vs_lock). */
	u32 s_vlast;
};

/*
 * The segs that map a vnode, by the first page that they map. The lock is a
 * sleeping lock, because a user chooses how many segs there are. No other
 * sleeping lock is taken, and no memory allocated, with vs_lock held.
 */
struct vsegs {
	struct mutex vs_lock; /* LR_VSEG */
	struct tree vs_tree;
};

void vsegs_init(struct vsegs *vs);
/* Does no seg map the vnode? Reads without the lock. */
static inline bool vsegs_none(const struct vsegs *vs)
{
	return tree_empty(&vs->vs_tree);
}

struct as {
	/*
	 * Processes that use it (vfork, CLONE_VM), and readers such as /proc.
	 */
	volatile u32 a_ref;
	struct rwlock a_lock;
	struct list a_segs;
	struct tree a_tree;	     /* the same segs */
	struct seg *volatile a_hint; /* last seg found */
	u32 a_nseg;
	struct hat a_hat;
	volatile u32 a_ncow; /* pages copied on write so far */
	/*
	 * Sums of the segs in bytes (a_lock): all (RLIMIT_AS), private writable
	 * (RLIMIT_DATA), SEG_LOCKED (RLIMIT_MEMLOCK).
	 */
	u32 a_size, a_data, a_locked;
	/* mlockall(MCL_FUTURE): SEG_LOCKS that new mappings get (a_lock). */
	u32 a_newflags;
	/* Plain data, copied by fork. */
	u32 a_brk_start, a_brk; /* brk: first byte, current end */
	/* Bytes that the stack may grow to (RLIMIT_STACK at exec). */
	u32 a_stack_limit;
	u32 a_mmap_top;
	/*
	 * RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK in bytes; ~0u: no limit.
	 * setrlimit updates them.
	 */
	u32 a_as_limit, a_data_limit, a_lock_limit;
	/* For /proc and core files: where exec put the parts of the program. */
	u32 a_arg_start, a_arg_end, a_env_start, a_env_end, a_stack_start;
	u32 a_code_start, a_code_end, a_data_start, a_data_end;
	u32 a_auxv[44]; /* the auxiliary vector, AT_NULL at the end */
};

void as_init(void); /* creates the caches */

struct as *as_create(void); /* a_ref 1, no segs. NULL: no memory */
/*
 * Makes the copy-on-write copy of fork. With `still`, only the current lwp runs
 * in `as` until the return, which saves most of the locking.
 * Returns: the copy; NULL: out of memory.
 * Sleeps: yes.
 */
struct as *as_dup(struct as *as, bool still);
/*
 * Copies private pages for a checkpoint, also those that fork leaves out. The
 * processes of `as` are held. The copy has no seg that a program could use: it
 * serves hat_foreach() and hat_getpage().
 */
struct as *as_dup_pages(struct as *as);
void as_hold(struct as *as);
void as_rele(struct as *as); /* The last one unmaps and frees. Sleeps. */

/*
 * as_findseg(): the seg that holds addr. as_findseg_ge(): the first seg that
 * ends above addr.
 * Returns: NULL: no such seg.
 * Locks: a_lock, for reading or writing.
 */
struct seg *as_findseg(struct as *as, u32 addr);
struct seg *as_findseg_ge(struct as *as, u32 addr);
#define as_for_each_seg(s, as) list_for_each(s, &(as)->a_segs, s_link)

enum as_place {
	/*
	 * At *addrp if that is free, else in free room downward from
	 * a_mmap_top.
	 */
	AS_HINT,
	AS_FIXED,    /* at *addrp, replacing what is mapped there */
	AS_NOREPLACE /* at *addrp if the range is free */
};
/*
 * Maps [*addrp, +len). vp NULL: anonymous memory. The seg takes its own
 * reference on vp. flags: SEG_*.
 * Errors: -ENOMEM (no room, RLIMIT_AS, RLIMIT_DATA, more than SEG_MAX segs),
 *   -EINVAL (range outside USER_MIN..USER_MAX, unaligned, len 0, offset
 *   overflow), -EEXIST (AS_NOREPLACE)
 * Locks: takes a_lock for writing.
 */
int as_map(struct as *as, u32 *addrp, u32 len, u32 prot, u32 maxprot, u32 flags, struct vnode *vp,
	   u64 off, enum as_place place);
/* Does a seg lie in [addr, addr+len)? Takes a_lock. */
bool as_any_mapped(struct as *as, u32 addr, u32 len);
/*
 * Unmaps a range; holes are allowed.
 * Errors: -EINVAL, -ENOMEM (a seg must be split)
 */
int as_unmap(struct as *as, u32 addr, u32 len);
/*
 * Changes protection. As on Linux, pages before the first error are changed all
 * the same.
 * Errors: -EINVAL, -ENOMEM (hole), -EACCES (beyond s_maxprot)
 */
int as_setprot(struct as *as, u32 addr, u32 len, u32 prot);
/*
 * Sets and clears SEG_* flags (madvise), passing over holes.
 * Errors: -EINVAL, -ENOMEM (hole), -EAGAIN (out of memory, or SEG_MAX)
 */
int as_setflags(struct as *as, u32 addr, u32 len, u32 set, u32 clear);
/*
 * mremap(2) with its MREMAP_* flags; `fixed` is the new address of
 * MREMAP_FIXED.
 * Errors: -EINVAL, -EFAULT, -ENOMEM, -EAGAIN, as of mremap(2)
 */
int as_remap(struct as *as, u32 old, u32 oldlen, u32 newlen, u32 flags, u32 fixed, u32 *out);
int as_brk(struct as *as, u32 newbrk); /* sets a_brk, or -ENOMEM */
/*
 * msync(2): starts writing the dirty pages of shared file mappings to the disk;
 * waits for the writes if `wait`.
 * Errors: -ENOMEM (hole), -EIO
 */
int as_sync(struct as *as, u32 addr, u32 len, bool wait);
/*
 * madvise: MADV_DONTNEED, or with `free` MADV_FREE (anonymous memory only).
 * With `locked`, also memory that is locked.
 * Errors: -EINVAL (also at locked memory; pages before it are done), -ENOMEM
 *   (holes; the rest is done), -EAGAIN (no memory for a copy of a shared page
 *   table; nothing is done)
 */
int as_discard(struct as *as, u32 addr, u32 len, bool free, bool locked);
/*
 * Faults pages in as their first use would: private writable memory is written.
 * Errors: of as_fault(), at the first page that fails; -EFAULT also for
 *   PROT_NONE
 */
int as_populate(struct as *as, u32 addr, u32 len);
/*
 * MADV_POPULATE_READ, MADV_POPULATE_WRITE.
 * Errors: -ENOMEM (hole), -EINVAL (protection), -EFAULT (beyond the file's
 *   end).
 */
int as_fault_range(struct as *as, u32 addr, u32 len, enum fault_access acc);
/*
 * mlock, munlock (locks 0), mlock2 with SEG_LOCKED or SEG_LOCKS: marks the
 * segs, then faults the pages in. As on Linux, segs before a hole are marked
 * all the same.
 * Errors: -EINVAL, -ENOMEM (hole; limit; a page that cannot be had), -EAGAIN
 *   (out of memory for pages)
 */
int as_lock(struct as *as, u32 addr, u32 len, u32 locks);
/*
 * mlockall, munlockall. `now`: for existing mappings, if `all` is set. `later`:
 * for new mappings (a_newflags). Both are SEG_LOCKS or 0.
 * Errors: -ENOMEM (RLIMIT_MEMLOCK)
 */
int as_lock_all(struct as *as, bool all, u32 now, u32 later);
/* May the current process lock memory beyond RLIMIT_MEMLOCK? (proc/) */
bool as_lock_unlimited(void);
/*
 * May the current process lock `more` bytes? a_locked may change before the
 * return unless a_lock is held.
 */
bool as_lock_ok(const struct as *as, u32 more);
/* Is any page of [addr, addr+len) locked? Takes a_lock. */
bool as_any_locked(struct as *as, u32 addr, u32 len);
/*
 * Is all of [addr, addr+len) mapped? Sets vec[i], if vec is not NULL, to 1 for
 * a page in memory and to 0 for any other.
 * Errors: -ENOMEM (hole)
 */
int as_incore(struct as *as, u32 addr, u32 len, u8 *vec);

/*
 * Handles a page fault at addr.
 * Returns: 0: run the instruction again.
 * Errors: -EFAULT (no seg, or not allowed: SIGSEGV; *maperr tells SEGV_MAPERR),
 *   -ERANGE (SIGBUS), -EIO (SIGBUS), -ENOMEM
 * Locks: takes a_lock for reading, for writing when the stack grows.
 * Sleeps: yes.
 */
int as_fault(struct as *as, u32 addr, enum fault_access acc, bool *maperr);

/*
 * Puts a page of the caller at va of a private seg, as if the program had
 * written it (exec, recovery). Takes over the caller's reference on success.
 * Errors: -EFAULT (no private seg at va), -ENOMEM
 * Locks: takes a_lock.
 */
int as_install_page(struct as *as, u32 va, struct page *pg);
/*
 * Faults in the page at page-aligned va and returns it with a reference. With
 * `write` the page is this as's own, and dirty.
 * Errors: of as_fault()
 * Sleeps: yes.
 */
int as_getpage(struct as *as, u32 va, bool write, struct page **pgp) __must_check;
/*
 * Copies from or to the memory of any process through faults
 * (/proc/PID/cmdline, exec arguments).
 * Returns: the bytes copied, up to the first page that fails.
 * Errors: -EFAULT if that page is the first.
 * Sleeps: yes.
 */
ssize_t as_read(struct as *as, u32 addr, void *buf, size_t len);
ssize_t as_write(struct as *as, u32 addr, const void *buf, size_t len);
/*
 * Joins adjacent segs that could be one seg, around [addr, addr+len). Canonical
 * lists make canonical images.
 * Locks: a_lock for writing.
 */
void as_coalesce(struct as *as, u32 addr, u32 len);

/*
 * Removes the translations of vp's pages >= from_index from every as that maps
 * it (truncate). Private copies stay. The pages are still in the page cache,
 * and v_size has its new value already.
 * Sleeps: yes. Shoots.
 */
void seg_vnode_unmap(struct vnode *vp, u32 from_index);
/*
 * Calls vm_dirty for the pages [from, to] of vp that were written through
 * shared mappings, and write-protects them, so that a later write faults.
 * Called before write-back.
 * Sleeps: yes. Shoots.
 */
void seg_vnode_harvest(struct vnode *vp, u32 from, u32 to);

/*
 * Reclaim: removes the translations of vp's pages that were not used since the
 * last call, in every as, and marks the used pages unused.
 * Returns: how many translations were removed.
 * Locks: the caller may hold any sleeping lock but vs_lock.
 * Sleeps: yes. Shoots.
 */
u32 seg_vnode_age(struct vnode *vp);

/*
 * What mm/ needs of vnodes. fs/ registers it before the first mapping of a
 * file.
 */
struct vnode_mm_ops {
	void (*vm_hold)(struct vnode *vp);
	void (*vm_rele)(struct vnode *vp); /* sleeps */
	/*
	 * The valid page idx, unlocked, with a reference.
	 * Errors: -ERANGE (wholly beyond the end), -EIO, -ENOMEM
	 * Sleeps: yes.
	 */
	int (*vm_getpage)(struct vnode *vp, u32 idx, struct page **pgp);
	/*
	 * Sets pg[i] to page idx + i, with a reference, if it is in the cache,
	 * valid, and not beyond the end; else to NULL. Never sleeps.
	 */
	void (*vm_lookup)(struct vnode *vp, u32 idx, u32 n, struct page **pg);
	/*
	 * Is pg, of which the caller has a reference, still page idx of vp, and
	 * not wholly beyond the end? Never sleeps.
	 */
	bool (*vm_current)(struct vnode *vp, u32 idx, const struct page *pg);
	/*
	 * A shared mapping is about to write pg, of which the caller has a
	 * reference: allocates its block and marks it dirty.
	 * Errors: -EAGAIN (pg left vp), -EBUSY (only after a vm_commit),
	 *   -ENOSPC, -EIO...
	 * Sleeps: yes.
	 */
	int (*vm_mkwrite)(struct vnode *vp, struct page *pg);
	/*
	 * Lets vp's file system commit its changes to the disk.
	 * Locks: a_lock not held, because the commit may release files.
	 * Sleeps: yes, for long.
	 */
	void (*vm_commit)(struct vnode *vp);
	/*
	 * A mapping wrote pg. Does nothing if pg left the cache. Takes
	 * spinlocks only.
	 */
	void (*vm_dirty)(struct page *pg);
	/*
	 * Writes the pages [from, to) that are dirty in mappings or in the
	 * cache. wait: waits for the writes. medium, with wait: also writes the
	 * metadata, and flushes the disk's cache.
	 * Errors: -EIO
	 */
	int (*vm_sync)(struct vnode *vp, u32 from, u32 to, bool wait, bool medium);
	/* the segs that map the vnode */
	struct vsegs *(*vm_segs)(struct vnode *vp);
	/*
	 * v_nwritemap += delta. It counts shared mappings that are writable, or
	 * that mprotect can make writable.
	 * Locks: vs_lock.
	 */
	void (*vm_writemap)(struct vnode *vp, int delta);
	/*
	 * The open file of descriptor fd of the current process, with a
	 * reference.
	 * Errors: -EBADF
	 */
	int (*vm_file)(int fd, struct file **fp);
	void (*vm_file_rele)(struct file *f);
	/*
	 * What mmap(2) of f with flags MAP_* maps: its vnode with a reference,
	 * or NULL to map as MAP_ANONYMOUS does (/dev/zero). *maxprot: the
	 * protections that the mapping may ever have.
	 * Errors: -EOPNOTSUPP, -EACCES, -EPERM, -ENODEV, -EINVAL, in this order
	 */
	int (*vm_file_map)(struct file *f, u32 prot, u32 flags, struct vnode **vpp, u32 *maxprot);
};
void vnode_mm_register(const struct vnode_mm_ops *ops);

extern struct page *zero_page; /* untouched anonymous memory reads as this */
extern const struct seg_ops segvn_ops;

/*
 * Makes an unnamed memory vnode of len bytes, for shared anonymous memory. Set
 * by fs/.
 */
extern int (*shm_vnode_create)(u64 len, struct vnode **vpp);

#endif
