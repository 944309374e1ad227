/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: a ring of bytes between writers and readers.
 *
 * A pipe is v_pipe of its vnode: an unnamed vnode for pipe(2), the vnode of the
 * file system for a FIFO. It lives as long as it has open files.
 *
 * Locks: v_lock of the vnode for v_pipe and pi_files; pi_lock (LR_PIPE) for the
 *   rest.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/poll.h"
#include "fs/vnode.h"
#include "mm/page.h"
#include "proc/sched/mutex.h"

#define PIPE_ATOMIC 4096u      /* PIPE_BUF: such writes are atomic */
#define PIPE_SIZE 65536u       /* capacity of a new pipe */
#define PIPE_SIZE_MAX 1048576u /* maximum for F_SETPIPE_SZ */

struct pipe {
	struct mutex pi_lock;
	struct page **pi_page;	    /* pi_npages slots; NULL: no page yet */
	u32 pi_npages;		    /* a power of two */
	u32 pi_head;		    /* position of the oldest byte */
	u32 pi_count;		    /* bytes held */
	u32 pi_readers, pi_writers; /* open files that may read, write */
	/*
	 * Opens so far for reading, writing: the open of a FIFO waits for the
	 * other side.
	 */
	u32 pi_ropens, pi_wopens;
	u32 pi_rsleep, pi_wsleep; /* lwps that sleep for data, for room */
	u32 pi_files;
	struct pollhead pi_rpoll, pi_wpoll;
};

void pipe_init(void);
void pipe_node_init(void); /* the part of fs/pipe_node.c */

/* The operations of FIFOs on any file system, and of pipes. */
extern const struct vnodeops fifo_vnodeops;

/*
 * fcntl(F_GETPIPE_SZ, F_SETPIPE_SZ). Returns the capacity in bytes.
 * Errors: -EBADF (no pipe), -EPERM, -EBUSY (it holds more), -ENOMEM, -EINVAL
 */
long pipe_size(struct file *f);
long pipe_set_size(struct file *f, u32 size);

/*
 * Makes the unnamed FIFO of pipe(2), for file_open_vnode().
 * Errors: -ENOMEM
 */
int pipe_vnode_create(struct vnode **vpp);

/* For images: open files, capacity and contents of the open FIFO vp. */
struct pipe_state {
	u32 ps_files, ps_size, ps_count;
};
void pipe_get_state(struct vnode *vp, struct pipe_state *ps);
/* Copies n of its bytes, from offset off on, without removing them. */
void pipe_peek(struct vnode *vp, u32 off, void *buf, u32 n);
/*
 * fifo_unseen(): has the FIFO not been opened for writing since f was opened?
 * The other function sets this after all other files are open.
 */
bool fifo_unseen(struct file *f);
void fifo_set_unseen(struct file *f, bool unseen);

#endif
