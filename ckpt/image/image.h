/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint image: what it says (struct img_image), and how it becomes a
 * file and is read back.
 *
 * This module knows no kernel type. The kernel, tools/ckptool and the fuzzer
 * compile the same code:
 *
 *   save:     kernel objects --> struct img_image
 *             img_layout(): the offsets; img_write_*(): the file
 *   restore:  img_read(): the file, all of it checked --> struct img_image
 *             --> kernel objects
 *
 * The file, an ELF32 core file (docs/ckpt.5 has every byte;
 * ckpt/image/img_format.h the numbers):
 *
 *   0            +---------------------------+
 *                | ELF header                |
 *   52           | program headers           |  PT_NOTE; PT_LOADs of the first
 *                |                           |  process; ours: runs of pages of
 *                |                           |  other processes, data objects
 *                | one section header        |  only if there are 65535 program
 *                |                           |  headers or more
 *   lo_notes_off | notes: KCKPT, CORE, LINUX |
 *                | zeros to the next page    |
 *   lo_data_off  +---------------------------+  page aligned
 *                | stored pages              |  lo_npages, no gaps: process by
 *                |                           |  process, object by object, each
 *                |                           |  in order of address
 *   lo_sums_off  +---------------------------+
 *                | a 32-bit sum of each page |
 *                | zeros to the next page    |
 *   lo_size      +---------------------------+
 *
 * An image holds one or more processes. Debuggers see the first one: all notes
 * and headers that they know are about it. A data object is contents outside
 * every address space, or mapped by several: shared memory, the bytes in a
 * pipe, a file without a name.
 *
 * Which pages are stored. A PT_LOAD begins with its stored pages (p_filesz);
 * the rest up to p_memsz is not stored. There, anonymous memory is zero, and a
 * private mapping of a file has the file's bytes. A page of zeros and an
 * untouched page of anonymous memory are the same: a restored process has not
 * touched either yet, so the file must not tell them apart. A page that is not
 * stored takes no room. The headers of the worst pattern (every other page) are
 * 0.9 % of the data, and the stored pages lie in one extent. gdb and readelf
 * need no more: gdb reads pages that are not stored as zeros, or from the files
 * that NT_FILE names. Where the first process maps a data object, PT_LOADs
 * point to the object's pages, which are stored once: so gdb sees shared memory
 * too.
 *
 * Canonical: one state has one encoding. Two checkpoints of a process that did
 * not run in between differ only in the notes IDENT and TIME (name of the
 * image, clock, times used, remaining times of timers, the checksum over all
 * that). The size of these two does not depend on their contents. img_read()
 * encodes what it decoded once more and compares: a file that differs anywhere,
 * in padding or in a derived header too, is refused.
 *
 * Sums. One function (img_page_sum) serves pages and metadata. It always
 * detects a change within one 32-bit word, and misses one of 2^32 other
 * changes. It costs 1.2 us a page under QEMU's TCG, where CRC-32C takes 20 us
 * by bytes, 8 us by words with 4 KiB of tables, and 26 us with the processor's
 * own instruction. A block of 1024 sums has a sum of its own in the metadata,
 * so that a page can be checked when it is first touched.
 *
 * The fields of each kind of state stand in a table (ckpt/image/img_field.h):
 * encoding, ranges, order of first use, and the output of ckptool follow from
 * it.
 *
 * img_check() knows every rule. img_layout() calls it, so that no image is
 * written that would not be read; img_read() calls it on what it decoded. A
 * restored process holds only values that its program could have set by itself:
 * selectors of user mode, no privileged EFLAGS bit. Rights that depend on the
 * user who recovers (credentials, files, limits) are left to the caller of
 * img_read().
 *
 * Memory: an image lives in one arena, freed by img_free(). Saving takes at
 * most IMG_MEM_SAVE, decoding at most IMG_MEM_MAX: enough for every state that
 * could be saved, and never more than about four times the metadata of the
 * file. Recursion goes as deep as the tables do (image, process, lwp, signals);
 * stack use stays below 1200 bytes.
 *
 * Errors: negative errno. img_err says what and where, in one line for the log;
 *   it is valid until img_free().
 *     -ENOEXEC      not a checkpoint image
 *     -EOPNOTSUPP   an image of another version
 *     -EBADMSG      truncated, damaged or forged
 *     -E2BIG        beyond a limit
 *     -ENOMEM       out of memory
 *     -EINVAL       img_layout(): the state given breaks a rule
 *     others        from the callbacks
 * Locks: none: an image belongs to one lwp.
 * Sleeps: where the callbacks do.
 */
#ifndef CKPT_IMAGE_H
#define CKPT_IMAGE_H

#include "ckpt/image/img_state.h"

/* ---- making one (save) ---- */

/*
 * An empty image. img_free() may follow at any time, also after an error. A
 * second img_free() does nothing.
 */
void img_init(struct img_image *img, const struct img_mem *mem);
void img_free(struct img_image *img);

/*
 * Zeroed memory that lives as long as the image.
 * Returns: NULL: out of memory, or more than IMG_MEM_MAX.
 */
void *img_alloc(struct img_image *img, u32 size) __must_check;

/*
 * Each appends a zeroed element. The pointer is valid until the next element of
 * the same kind is added.
 * Returns: the element; NULL: out of memory or beyond the limit.
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

/*
 * Adds all n processes of the image at once: pointers to them stay valid. Each
 * has an address space and a descriptor table of its own.
 * Errors: -ENOMEM, -E2BIG
 */
int img_add_procs(struct img_image *img, u32 n) __must_check;
/* The path is copied. */
struct img_data *img_add_data(struct img_image *img, const char *path) __must_check;
int img_name_data(struct img_image *img, struct img_data *d, const char *path) __must_check; /* -ENOMEM */

/*
 * Finds a vnode equal to *v, or adds it (and copies the path).
 * Returns: its index.
 * Errors: -ENOMEM, -E2BIG, -ENAMETOOLONG
 */
int img_add_vnode(struct img_image *img, const struct img_vnode *v) __must_check;

/*
 * The page at va of p is to be stored. Its seg was added before. The pages are
 * added in order of address.
 * Errors: -ENOMEM, -E2BIG, -EINVAL (out of order, or no seg there)
 */
int img_add_page(struct img_image *img, struct img_proc *p, u32 va) __must_check;
/*
 * The page at va of p is the page at `from` of process `with`, which stands
 * before p and stores it. Order and errors as above.
 */
int img_add_cow(struct img_image *img, struct img_proc *p, u32 va, u32 with, u32 from) __must_check;
/* The same for the page at offset `off` of an object. */
int img_add_data_page(struct img_image *img, struct img_data *d, u32 off) __must_check;

/*
 * The img_nlists() lists of runs of an image, in the order of their pages in
 * the file. List n belongs to process n, or to data object n - i_nproc.
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

/*
 * The process that holds the memory of p, and the process that holds its
 * descriptors: p itself, or the process with which p shares them.
 */
static inline const struct img_proc *img_mem_of(const struct img_image *img, const struct img_proc *p)
{
	return &img->i_proc[p->p_mem];
}
static inline const struct img_proc *img_fds_of(const struct img_image *img, const struct img_proc *p)
{
	return &img->i_proc[p->p_fds];
}

/*
 * Clears the parts of an FXSAVE area that a 32-bit processor does not write, so
 * that equal states are equal bytes.
 */
void img_fx_canon(u8 fx[IMG_FX_SIZE]);

/* ---- writing ---- */

/* Checks everything and computes i_lo. -EINVAL, -E2BIG, -ENOMEM */
int img_layout(struct img_image *img, struct img_err *err) __must_check;

/*
 * Order of the calls: img_layout(), img_write_begin(), img_write_page() once
 * for each stored page in order, img_write_end(). The caller writes the pages
 * themselves: page k belongs at img_page_off(img, k). img_write_page() sums the
 * page, and passes full blocks of sums to io_write; img_write_end() passes the
 * last block and then the metadata. Each call of io_write gets one whole page
 * at a page-aligned offset, and each page of the file comes once. The file is
 * an image only when img_write_end() has returned 0: then the caller flushes it
 * and gives it its name.
 */
struct img_writer {
	struct img_image *w_img;
	const struct img_io *w_io;
	u32 w_npages; /* summed so far */
	u32 *w_sums;  /* the current block */
};

int img_write_begin(struct img_writer *w, struct img_image *img, const struct img_io *io) __must_check;
/* Errors: -EINVAL: more pages than img_layout() counted */
int img_write_page(struct img_writer *w, const void *page) __must_check;
/* Errors: -EINVAL: fewer pages than that */
int img_write_end(struct img_writer *w) __must_check;

static inline u64 img_page_off(const struct img_image *img, u32 index)
{
	return img->i_lo.lo_data_off + (u64)index * IMG_PAGE;
}

/* ---- reading ---- */

/*
 * Reads and checks the file, but not the contents of the pages. `size` is the
 * length of the file. img must come fresh from img_init(). After success the
 * caller must not change it; after an error it is empty.
 * Errors: see above.
 */
int img_read(struct img_image *img, const struct img_io *io, u64 size, struct img_err *err) __must_check;

/* Checks every rule about the state. Errors: -EINVAL, -ENOMEM */
int img_check(struct img_image *img, struct img_err *err) __must_check;

/*
 * The pseudo terminal behind terminal `tty`.
 * Returns: NULL: it is none, or a process outside the image has the other end.
 */
const struct img_pty *img_pty_of(const struct img_image *img, u32 tty);

/*
 * The index, among all stored pages, of the page at `at` of list k. For memory
 * it also finds a page that another process stores.
 * Returns: IMG_NONE: the page is not stored.
 */
u32 img_find_page(const struct img_image *img, u32 k, u32 at);
/* The number of pages of p that other processes store. */
u32 img_cow_pages(const struct img_proc *p);

/* The seg of p / the run of stored pages that holds va; NULL: none. */
const struct img_seg *img_seg_find(const struct img_proc *p, u32 va);
const struct img_run *img_run_find(struct img_runs runs, u32 va);

/*
 * Reads and checks a block: the sums of stored pages from
 * block * IMG_SUMS_PER_BLOCK on. The rest of the last block is 0.
 * Errors: -EBADMSG, -EINVAL, those of io_read
 */
int img_read_sums(const struct img_image *img, const struct img_io *io, u32 block,
		  u32 sums[IMG_SUMS_PER_BLOCK]) __must_check;

/*
 * Reads every stored page and compares its sum.
 * Errors: -EBADMSG (err: its address or offset), -ENOMEM, those of io_read
 */
int img_verify_pages(struct img_image *img, const struct img_io *io, struct img_err *err) __must_check;

/* ---- sums ---- */

/* Of a page at a 4-byte boundary. */
u32 img_page_sum(const void *page);
/* The sum of several pages: start with 0, add the sum of each, in order. */
u32 img_sum_add(u32 sum, u32 page_sum);

#endif
