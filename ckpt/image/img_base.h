/* SPDX-License-Identifier: MIT */
/*
 * The base of the image code: the limits of an image, memory, input and output,
 * errors.
 */
#ifndef CKPT_IMG_BASE_H
#define CKPT_IMG_BASE_H

#include "kernel/lib/types.h"

#define IMG_VERSION 2u

/* Limits: an image beyond them is neither written nor read. */
#define IMG_USER_MIN 0x00010000u
#define IMG_USER_MAX 0xc0000000u
#define IMG_PAGE 4096u
#define IMG_PID_MAX 32768
#define IMG_MAX_PROCS 1536u
/* of one process; the same for segs, descriptors, timers */
#define IMG_MAX_LWPS 1024u
#define IMG_MAX_SEGS 65531u /* SEG_MAX and one */
/* program headers; a list of all runs is below 4 MiB, kmalloc's limit */
#define IMG_MAX_LOADS 196608u
/* stored pages: an ELF32 file's offsets have 32 bits */
#define IMG_MAX_PAGES 0x000f0000u
#define IMG_MAX_VNODES 4096u
#define IMG_MAX_FILES 4096u
#define IMG_MAX_FDS 1024u
#define IMG_MAX_PIPES 2048u
#define IMG_MAX_DATA 4096u
#define IMG_MAX_DATA_SIZE 0x40000000u /* bytes of one object that are stored */
#define IMG_MAX_DATA_END 0xfffff000u  /* and with the holes between them */
#define IMG_MAX_PIPE_SIZE 0x00100000u
/* their list and a chunk's header take 4 MiB, kmalloc's limit */
#define IMG_MAX_LOCKS 131071u
#define IMG_MAX_PTIMERS 1024u
#define IMG_MAX_TTYS 64u
#define IMG_MAX_TTY_IN 4096u /* bytes in the queues of a pseudo terminal */
#define IMG_MAX_TTY_OUT 8192u
#define IMG_MAX_PTY_SENT 4096u
#define IMG_PTY_MAJOR 136u
#define IMG_PTMX_RDEV 0x502u
#define IMG_MAX_PENDING 4096u /* queued signals of one queue */
#define IMG_MAX_GROUPS 32u
#define IMG_MAX_AUXV 64u	 /* words */
#define IMG_MAX_PATH 4096u	 /* with the terminating 0 */
#define IMG_META_MAX (16u << 20) /* bytes before the pages */
#define IMG_MEM_SAVE (24u << 20) /* bytes of arena while a state is gathered */
/* while reading: the same, and each run as its program header has it */
#define IMG_MEM_MAX (32u << 20)
#define IMG_NONE 0xffffffffu /* no index */
#define IMG_NSIG 64
#define IMG_NRLIMIT 16
#define IMG_NTLS 3
#define IMG_FX_SIZE 512
#define IMG_SUMS_PER_BLOCK 1024u

/* ---- where memory and bytes come from ---- */

struct img_mem {
	/* Returns: memory with any contents; NULL: out of memory. */
	void *(*m_alloc)(void *ctx, u32 size);
	void (*m_free)(void *ctx, void *p);
	void *m_ctx;
};

/* Each transfers all len bytes. Returns: 0 or a negative errno. */
struct img_io {
	int (*io_read)(void *ctx, u64 off, void *buf, u32 len);
	int (*io_write)(void *ctx, u64 off, const void *buf, u32 len);
	void *io_ctx;
};

struct img_err {
	const char *e_what; /* constant text: "seg overlaps the one before" */
	u32 e_val;	    /* the offending value, index or address */
	/* place in the file of the bad item; 0: the state given was bad */
	u64 e_off;
};

#endif
