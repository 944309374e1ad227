/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs: a ring of bytes between those who write and those who read.
 *
 * A pipe is found through v_pipe of its vnode: an unnamed one for pipe(2), that of the file-system
 * node for a FIFO. It lives as long as there are open descriptions.
 *
 * Locks: v_lock of the vnode for v_pipe and pi_files; pi_lock (LR_PIPE) for the rest.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs/poll.h"
#include "fs/vnode.h"
#include "mm/page.h"
#include "proc/sched/mutex.h"

#define PIPE_ATOMIC 4096u      /* PIPE_BUF: a write of at most so much is not torn apart */
#define PIPE_SIZE 65536u       /* what a new pipe holds */
#define PIPE_SIZE_MAX 1048576u /* what F_SETPIPE_SZ may ask for */

struct pipe {
	struct mutex pi_lock;
	struct page **pi_page;	    /* pi_npages slots; NULL: no page there yet */
	u32 pi_npages;		    /* a power of two */
	u32 pi_head;		    /* position of the oldest byte, below the capacity */
	u32 pi_count;		    /* bytes held */
	u32 pi_readers, pi_writers; /* open descriptions that may read, write */
	u32 pi_ropens, pi_wopens; /* how often it was opened so: a FIFO's open waits for the other side to come */
	u32 pi_rsleep, pi_wsleep; /* lwps that sleep for data, for room */
	u32 pi_files;
	struct pollhead pi_rpoll, pi_wpoll;
};

void pipe_init(void);
void pipe_node_init(void); /* fs/pipe_node.c's part of it */

/* open, close, read, write, ioctl and poll of FIFOs of any file system, and of pipes. */
extern const struct vnodeops fifo_vnodeops;

/*
 * fcntl(F_GETPIPE_SZ, F_SETPIPE_SZ): bytes; -EBADF (no pipe), -EPERM, -EBUSY (holds more), -ENOMEM,
 * -EINVAL
 */
long pipe_size(struct file *f);
long pipe_set_size(struct file *f, u32 size);

/* The unnamed FIFO of pipe(2), not open yet; to be opened with file_open_vnode(). -ENOMEM */
int pipe_vnode_create(struct vnode **vpp);

/* For images. Open descriptions, capacity and bytes held of the open FIFO vp. */
struct pipe_state {
	u32 ps_files, ps_size, ps_count;
};
void pipe_get_state(struct vnode *vp, struct pipe_state *ps);
/* Copies n bytes, of those it holds, from the off-th on, without taking them out. */
void pipe_peek(struct vnode *vp, u32 off, void *buf, u32 n);
/* Has nobody opened the FIFO for writing since f was opened? And that it is so, or not: after all others are open. */
bool fifo_unseen(struct file *f);
void fifo_set_unseen(struct file *f, bool unseen);

#endif
