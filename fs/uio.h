/* SPDX-License-Identifier: MIT */
/*
 * uio: where the bytes of a read or write come from or go to (SVR4's name): user memory in several pieces, or a
 * kernel buffer. uiomove() moves the next bytes and advances. User pieces may fault: see mm/usercopy.h.
 */
#ifndef FS_UIO_H
#define FS_UIO_H

#include "kernel/lib/types.h"

struct uiovec {
	uaddr_t base;
	u32 len;
};

struct uio {
	bool uio_write;	  /* data goes from the caller to the file */
	bool uio_kernel;  /* uio_kbuf instead of iov */
	bool uio_nofault; /* moves stop (short) at a user page that is not there */
	struct uiovec *uio_iov;
	u32 uio_iovcnt;
	u8 *uio_kbuf;
	size_t uio_resid; /* bytes left */
	off_t uio_offset; /* in the file */
	int uio_error; /* how the transfer ended, whatever was moved before; 0: well, or unknown */
	size_t uio_done; /* bytes that the call had moved already when it was cut short; it goes on behind them */
};

void uio_init_kernel(struct uio *u, bool write, void *buf, size_t len, off_t off);
void uio_init_user(struct uio *u, bool write, struct uiovec *iov, u32 iovcnt, off_t off);

/* Moves up to n bytes between kbuf and the uio; advances uio_resid and uio_offset by what was moved. 0, or -EFAULT (what moved before stays
 * moved). With uio_nofault a missing page gives -EFAULT too: the caller drops its locks, calls uio_prefault() and goes on. */
int uiomove(void *kbuf, size_t n, struct uio *u);
int uio_zero(size_t n, struct uio *u); /* reads of holes */
/* n bytes, at most uio_resid, have been moved by other means. */
void uio_skip(struct uio *u, size_t n);
/* Faults in the first up to n bytes of the user side. 0 or -EFAULT. */
int uio_prefault(struct uio *u, size_t n);

#endif
