/* SPDX-License-Identifier: MIT */
/*
 * uio: the memory of a read or write (SVR4's name): user memory in several
 * pieces, or a kernel buffer. uiomove() moves the next bytes and advances. User
 * pieces may fault: see mm/usercopy.h.
 */
#ifndef FS_UIO_H
#define FS_UIO_H

#include "kernel/lib/types.h"

struct uiovec {
	uaddr_t base;
	u32 len;
};

struct uio {
	bool uio_write;	 /* from the caller to the file */
	bool uio_kernel; /* uio_kbuf instead of iov */
	/* Moves stop short at a user page that is not in memory. */
	bool uio_nofault;
	struct uiovec *uio_iov;
	u32 uio_iovcnt;
	u8 *uio_kbuf;
	size_t uio_resid; /* bytes left */
	off_t uio_offset; /* in the file */
	/*
	 * Error that ended the transfer after some bytes; 0: none, or not
	 * known.
	 */
	int uio_error;
	/*
	 * Bytes moved before the call was interrupted; a restart goes on behind
	 * them.
	 */
	size_t uio_done;
};

void uio_init_kernel(struct uio *u, bool write, void *buf, size_t len, off_t off);
void uio_init_user(struct uio *u, bool write, struct uiovec *iov, u32 iovcnt, off_t off);

/*
 * Moves up to n bytes between kbuf and the uio; advances uio_resid and
 * uio_offset by the bytes moved. With uio_nofault, after -EFAULT the caller
 * drops its locks, calls uio_prefault() and goes on.
 * Errors: -EFAULT (bytes before it stay moved); with uio_nofault also for a
 *   page that is not in memory
 */
int uiomove(void *kbuf, size_t n, struct uio *u);
int uio_zero(size_t n, struct uio *u); /* reads of holes */
/* Advances by n bytes, at most uio_resid, that were moved by other means. */
void uio_skip(struct uio *u, size_t n);
/* Faults in up to n bytes of the user side. 0 or -EFAULT. */
int uio_prefault(struct uio *u, size_t n);

#endif
