/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint image: what it says (struct img_image), and how it becomes a file and is read back.
 *
 * This module knows no kernel type. The kernel, tools/ckptool and the fuzzer compile the same code:
 *
 *   save:     kernel objects --> struct img_image --img_layout()--> offsets --img_write_*()--> file
 *   restore:  file --img_read(): all of it checked--> struct img_image --> kernel objects
 *
 * The file, an ELF32 core file (docs/ckpt.5 has every byte; ckpt/image/img_format.h the numbers):
 *
 *   0            +---------------------------+
 *                | ELF header                |
 *   52           | program headers           |  PT_NOTE, the first process's PT_LOADs in order of address, then our
 *                |                           |  own: runs of pages of the other processes, and of data objects
 *                | one section header        |  only if there are 65535 program headers or more
 *   lo_notes_off | notes: KCKPT, CORE, LINUX |
 *                | zeros to the next page    |
 *   lo_data_off  +---------------------------+  page aligned
 *                | stored pages              |  lo_npages of them, no gaps: process by process, then object by
 *                |                           |  object, each in order of address
 *   lo_sums_off  +---------------------------+
 *                | a 32-bit sum of each page |
 *                | zeros to the next page    |
 *   lo_size      +---------------------------+
 *
 * One image, one or more processes. The first one is what debuggers see: all notes and headers that they know are about it. A data
 * object is contents that are part of no address space, or of several: shared memory, bytes in a pipe, a file without a name.
 *
 * Which pages are stored. A PT_LOAD begins with the pages that are stored (p_filesz), the rest up to
 * p_memsz is not: memory without a file behind it is zero there, a private mapping of a file has that
 * file's bytes. Zero and untouched pages of anonymous memory are the same thing: a restored process has not
 * touched them yet, so the file must not tell them apart. The page that the file does not hold takes no room, the
 * headers of the worst pattern (every other page) are 0.9 % of the data, and stored pages lie in one extent.
 * gdb and readelf need nothing else: gdb reads what is not stored as zeros, or from the files that NT_FILE names. Where
 * the first process maps a data object, PT_LOADs show the object's pages, which are stored once: gdb sees shared memory too.
 *
 * Canonical: one state has one encoding. Whatever differs between two checkpoints of a process that did not
 * run in between (name of the image, clock, times used, what is left of timers, the checksum over all that) stands
 * in the notes IDENT and TIME, whose size does not depend on it. img_read() encodes again what it decoded and
 * compares: a file that holds anything but the encoding of what was understood is refused, in all its padding and
 * derived headers.
 *
 * Sums. One function (img_page_sum) serves pages and metadata: a change within one 32-bit word is always seen, any
 * other but for one in 2^32. It costs 1.2 us a page under QEMU's TCG, where CRC-32C takes 20 us by bytes, 8 us by
 * words with 4 KiB of tables, and 26 us with the processor's own instruction. A block of 1024 sums has a sum of its
 * own in the metadata, so that a page can be checked when it is first touched.
 *
 * What there is. A table for each kind of state describes its fields (ckpt/image/img_field.h): encoding, ranges, order of
 * first use, and what ckptool shows follow from it.
 *
 * Who checks. img_check() knows every rule; img_layout() calls it (nothing is written that would not be
 * read), img_read() calls it on what it decoded. A restored process holds values that its program could have set
 * by itself: selectors of user mode, no privileged EFLAGS bit. Rights that depend on who recovers
 * (credentials, files, limits) are for the caller of img_read() to decide.
 *
 * Memory: an image lives in one arena, freed by img_free(). A state takes at most IMG_MEM_SAVE; decoding it at most
 * IMG_MEM_MAX, which is enough for every state that could be saved, and never more than about four times the metadata of the
 * file. Recursion goes as deep as the tables do (image, process, lwp, signals); stack use stays below 1200 bytes.
 *
 * Contexts: everything here may sleep where its callbacks do. No locks: an image belongs to one lwp.
 * Errors: negative errno. img_err says what and where, in one line for the log that is good until img_free():
 *   -ENOEXEC not a checkpoint image; -EOPNOTSUPP one of another version; -EBADMSG truncated, damaged or
 *   forged; -E2BIG beyond a limit; -ENOMEM; -EINVAL (img_layout) the state given breaks a rule; others: the callbacks'.
 */
#ifndef CKPT_IMAGE_H
#define CKPT_IMAGE_H

#include "ckpt/image/img_state.h"

/* ---- making one (save) ---- */

/* An empty image. img_free() may follow at any time, also after an error; twice is harmless. */
void img_init(struct img_image *img, const struct img_mem *mem);
void img_free(struct img_image *img);

/* Zeroed memory that lives as long as the image. NULL: out of memory, or more than IMG_MEM_MAX. */
void *img_alloc(struct img_image *img, u32 size) __must_check;

/*
 * Each appends a zeroed element and returns it, NULL: out of memory or beyond the limit. The pointer is good until the
 * next one of the same kind is added.
 */
struct img_lwp *img_add_lwp(struct img_image *img, struct img_proc *p) __must_check;
struct img_seg *img_add_seg(struct img_image *img, struct img_proc *p) __must_check;
struct img_fd *img_add_fd(struct img_image *img, struct img_proc *p) __must_check;
struct img_ptimer *img_add_ptimer(struct img_image *img, struct img_proc *p) __must_check;
struct img_file *img_add_file(struct img_image *img) __must_check;
struct img_pipe *img_add_pipe(struct img_image *img) __must_check;
struct img_tty *img_add_tty(struct img_image *img) __must_check;
struct img_pty *img_add_pty(struct img_image *img) __must_check;
/* A copy of bytes. -ENOMEM */
int img_set_bytes(struct img_image *img, struct img_bytes *b, const void *from, u32 len) __must_check;
struct img_lock *img_add_lock(struct img_image *img) __must_check;
struct img_siginfo *img_add_siginfo(struct img_image *img, struct img_sigqueue *q) __must_check;

/* All n processes of the image at once: pointers to them stay good. Each has memory and descriptors of its own. -ENOMEM, -E2BIG */
int img_add_procs(struct img_image *img, u32 n) __must_check;
/* The path is copied. */
struct img_data *img_add_data(struct img_image *img, const char *path) __must_check;
int img_name_data(struct img_image *img, struct img_data *d, const char *path) __must_check; /* -ENOMEM */

/* Index of a vnode equal to *v, added if there is none (the path is copied). -ENOMEM, -E2BIG, -ENAMETOOLONG */
int img_add_vnode(struct img_image *img, const struct img_vnode *v) __must_check;

/* The page at va of p, in a seg that was added before, is to be stored. In order of address. -ENOMEM, -E2BIG, -EINVAL (order, no seg) */
int img_add_page(struct img_image *img, struct img_proc *p, u32 va) __must_check;
/* The page at va of p is the one that process `with`, which stands before p, stores at `from`. Order and errors as above. */
int img_add_cow(struct img_image *img, struct img_proc *p, u32 va, u32 with, u32 from) __must_check;
/* The same for the page at offset `off` of an object. */
int img_add_data_page(struct img_image *img, struct img_data *d, u32 off) __must_check;

/*
 * The run lists of an image, in the order of their pages in the file: img_nlists() of them. List n belongs to process n, or to data object
 * n - i_nproc.
 */
struct img_runs {
	struct img_run *rs_run;
	u32 rs_nrun;
};
static inline u32 img_nlists(const struct img_image *img)
{
	return img->i_nproc + img->i_ndata;
}
static inline struct img_runs img_list(const struct img_image *img, u32 n)
{
	if (n < img->i_nproc)
		return (struct img_runs){ img->i_proc[n].p_run, img->i_proc[n].p_nrun };
	n -= img->i_nproc;
	return (struct img_runs){ img->i_data[n].d_run, img->i_data[n].d_nrun };
}

/* The processes with whom the memory and the descriptors of p stand: p itself, or another one with whom it shares them. */
static inline const struct img_proc *img_mem_of(const struct img_image *img, const struct img_proc *p)
{
	return &img->i_proc[p->p_mem];
}
static inline const struct img_proc *img_fds_of(const struct img_image *img, const struct img_proc *p)
{
	return &img->i_proc[p->p_fds];
}

/* Clears the parts of an FXSAVE area that a 32-bit processor leaves alone, so that equal states are equal bytes. */
void img_fx_canon(u8 fx[IMG_FX_SIZE]);

/* ---- writing ---- */

/* Checks everything and computes i_lo. -EINVAL, -E2BIG, -ENOMEM */
int img_layout(struct img_image *img, struct img_err *err) __must_check;

/*
 * After img_layout(): begin; then img_write_page() once for each stored page, in order; then end. The caller writes the pages
 * themselves: the k-th lies at img_page_off(img, k). img_write_page() sums the page, and hands full blocks of sums
 * to io_write; img_write_end() the last block and then the metadata. io_write gets one whole page at a page-aligned offset
 * each time, and each page of the file once. Nothing is promised before img_write_end() returned 0: then the caller
 * flushes, and gives the file its name.
 */
struct img_writer {
	struct img_image *w_img;
	const struct img_io *w_io;
	u32 w_npages; /* summed so far */
	u32 *w_sums;  /* the current block */
};

int img_write_begin(struct img_writer *w, struct img_image *img, const struct img_io *io) __must_check;
int img_write_page(struct img_writer *w, const void *page) __must_check; /* -EINVAL: more pages than laid out */
int img_write_end(struct img_writer *w) __must_check;			 /* -EINVAL: fewer */

static inline u64 img_page_off(const struct img_image *img, u32 index)
{
	return img->i_lo.lo_data_off + (u64)index * IMG_PAGE;
}

/* ---- reading ---- */

/*
 * Reads and validates all but the contents of the pages. `size` is the length of the file. img must be fresh from img_init();
 * on success it is to be treated as const; on an error it is empty. See the errors above.
 */
int img_read(struct img_image *img, const struct img_io *io, u64 size, struct img_err *err) __must_check;

/* Every rule about the state itself, which it leaves as it is. -EINVAL, -ENOMEM */
int img_check(struct img_image *img, struct img_err *err) __must_check;

/* What terminal `tty` has besides; NULL: it is no pseudo terminal, or the other end is somebody else's. */
const struct img_pty *img_pty_of(const struct img_image *img, u32 tty);

/*
 * The place among all stored pages of the page at `at` of list k; of memory, also if it stands with another process.
 * Returns: IMG_NONE: it is not stored.
 */
u32 img_find_page(const struct img_image *img, u32 k, u32 at);
u32 img_cow_pages(const struct img_proc *p); /* that stand with other processes */

/* The seg of p / the run of stored pages that holds va; NULL: none. */
const struct img_seg *img_seg_find(const struct img_proc *p, u32 va);
const struct img_run *img_run_find(struct img_runs runs, u32 va);

/* The sums of stored pages [block * IMG_SUMS_PER_BLOCK, ...), checked. The rest of the last block is 0. -EBADMSG, -EINVAL, io_read's */
int img_read_sums(const struct img_image *img, const struct img_io *io, u32 block,
		  u32 sums[IMG_SUMS_PER_BLOCK]) __must_check;

/* Reads every stored page and compares its sum. -EBADMSG (err: its address or offset), -ENOMEM, io_read's */
int img_verify_pages(struct img_image *img, const struct img_io *io, struct img_err *err) __must_check;

/* ---- sums ---- */

/* Of a page at a 4-byte boundary. */
u32 img_page_sum(const void *page);
/* The sum of several pages: start with 0, add the sum of each, in order. */
u32 img_sum_add(u32 sum, u32 page_sum);

#endif
