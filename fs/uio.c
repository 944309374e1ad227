/* SPDX-License-Identifier: MIT */
/* Moving bytes between a kernel buffer and the memory of a uio. */
#include "fs/uio.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/usercopy.h"

void uio_init_kernel(struct uio *u, bool write, void *buf, size_t len, off_t off)
{
	*u = (struct uio){ .uio_write = write, .uio_kernel = true, .uio_kbuf = buf, .uio_resid = len, .uio_offset = off };
}

void uio_init_user(struct uio *u, bool write, struct uiovec *iov, u32 iovcnt, off_t off)
{
	*u = (struct uio){ .uio_write = write, .uio_iov = iov, .uio_iovcnt = iovcnt, .uio_offset = off };
	for (u32 i = 0; i < iovcnt; i++)
		u->uio_resid += iov[i].len;
}

static void uio_advance(struct uio *u, size_t n)
{
	u->uio_resid -= n;
	u->uio_offset += (off_t)n;
	if (u->uio_kernel) {
		u->uio_kbuf += n;
	} else {
		u->uio_iov->base += (uaddr_t)n;
		u->uio_iov->len -= (u32)n;
	}
}

/* The bytes of the next user piece, at most n; skips empty pieces. */
static size_t piece(struct uio *u, size_t n)
{
	while (u->uio_iovcnt > 0 && u->uio_iov->len == 0) {
		u->uio_iov++;
		u->uio_iovcnt--;
	}
	return u->uio_iovcnt > 0 ? MIN(n, (size_t)u->uio_iov->len) : 0;
}

/*
 * Moves one piece without page faults. Returns how many bytes were not moved.
 */
static size_t move_nofault(struct uio *u, void *kbuf, size_t n)
{
	if (!user_range_ok(u->uio_iov->base, n))
		return n;
	return u->uio_write ? copyin_nofault(kbuf, u->uio_iov->base, n)
			    : copyout_nofault(u->uio_iov->base, kbuf, n);
}

static int move_user(struct uio *u, u8 *kbuf, size_t n)
{
	while (n > 0) {
		size_t part = piece(u, n);

		if (part == 0)
			return -EFAULT;
		if (u->uio_nofault) {
			size_t left = move_nofault(u, kbuf, part);

			uio_advance(u, part - left);
			if (left > 0)
				return -EFAULT;
		} else {
			int error = u->uio_write ? copyin(kbuf, u->uio_iov->base, part)
						 : copyout(u->uio_iov->base, kbuf, part);

			if (error)
				return error;
			uio_advance(u, part);
		}
		kbuf += part;
		n -= part;
	}
	return 0;
}

int uiomove(void *kbuf, size_t n, struct uio *u)
{
	n = MIN(n, u->uio_resid);
	if (!u->uio_kernel)
		return move_user(u, kbuf, n);
	if (u->uio_write)
		memcpy(kbuf, u->uio_kbuf, n);
	else
		memcpy(u->uio_kbuf, kbuf, n);
	uio_advance(u, n);
	return 0;
}

int uio_zero(size_t n, struct uio *u)
{
	n = MIN(n, u->uio_resid);
	if (u->uio_kernel) {
		memset(u->uio_kbuf, 0, n);
		uio_advance(u, n);
		return 0;
	}
	while (n > 0) {
		size_t part = piece(u, n);

		if (part == 0 || user_zero(u->uio_iov->base, part) < 0)
			return -EFAULT;
		uio_advance(u, part);
		n -= part;
	}
	return 0;
}

void uio_skip(struct uio *u, size_t n)
{
	while (n > 0) {
		size_t part = u->uio_kernel ? n : piece(u, n);

		ASSERT(part > 0);
		uio_advance(u, part);
		n -= part;
	}
}

int uio_prefault(struct uio *u, size_t n)
{
	const struct uiovec *iov = u->uio_iov;
	u32 cnt = u->uio_iovcnt;

	if (u->uio_kernel)
		return 0;
	for (; n > 0 && cnt > 0; iov++, cnt--) {
		size_t part = MIN(n, (size_t)iov->len);
		uaddr_t end = iov->base + (uaddr_t)part;

		if (!user_range_ok(iov->base, part))
			return -EFAULT;
		/*
		 * Touches a word of each page; for writing if the data go to
		 * the user.
		 */
		for (uaddr_t a = iov->base & ~3u; part > 0 && a < end; a = PAGE_DOWN(a) + PAGE_SIZE) {
			u32 word, seen;

			if (user_load32(a, &word) < 0)
				return -EFAULT;
			if (!u->uio_write && user_cmpxchg32(a, word, word, &seen) < 0)
				return -EFAULT;
		}
		n -= part;
	}
	return 0;
}
