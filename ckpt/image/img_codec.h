/* SPDX-License-Identifier: MIT */
/*
 * One description for three uses. A function that lists the fields in order
 * (imgx_u32(x, &p->a); imgx_str(x, &p->b); ...) measures, writes or reads them,
 * as the codec's mode says: so the three uses cannot differ. Most fields are
 * described by tables instead (img_field.h), which imgx_fields() interprets.
 *
 *   IMGX_SIZE  only counts bytes
 *   IMGX_PUT   appends bytes; each full page goes to x_sink
 *   IMGX_GET   takes bytes from io_read, page by page
 *
 * Errors stick: the first error is kept in x_error and x_err. All later calls
 * do nothing, and in IMGX_GET give zeros. So a describing function needs no
 * checks, except of a number that it uses as a count.
 *
 * All numbers are little-endian, of fixed width, at multiples of 4 bytes.
 */
#ifndef CKPT_IMG_CODEC_H
#define CKPT_IMG_CODEC_H

#include "ckpt/image/img_field.h"

enum imgx_mode { IMGX_SIZE, IMGX_PUT, IMGX_GET };

/* A run as the program headers have it: whose pages. */
struct imgx_run {
	struct img_run xr_run;
	u32 xr_type, xr_owner;
};

struct imgx {
	enum imgx_mode x_mode;
	int x_error;
	struct img_err *x_err;
	struct img_image *x_img;
	struct img_proc *x_proc; /* whose notes are being described */
	/* the note's subject: the image, x_proc, or one of its lwps */
	void *x_item;
	/* IMGX_GET: all runs, until imgx_share_runs() */
	struct imgx_run *x_run;
	u32 x_nrun;
	const struct img_io *x_io;
	u64 x_off;   /* in the file */
	u64 x_limit; /* IMGX_GET: the item that is being read ends here, */
	u64 x_end;   /* and all metadata here */
	u64 x_held;  /* IMGX_GET: offset of the page in x_page, ~0: none */
	u8 *x_page;
	/*
	 * IMGX_PUT: takes the full x_page as the page at off.
	 * Returns: 0 or an error, which it describes in x_err.
	 */
	int (*x_sink)(struct imgx *x, u64 off);
	u8 *x_other; /* the sink's own page */
	/* checksum of the metadata: what IDENT holds or shall hold */
	u32 x_check;
	u32 x_sum; /* the sink's own sum so far */
};

typedef void (*imgx_fn)(struct imgx *x, u32 arg);

static inline bool imgx_getting(const struct imgx *x)
{
	return x->x_mode == IMGX_GET;
}

/* Records the first error. */
void imgx_fail(struct imgx *x, int error, const char *what, u32 val);

void imgx_raw(struct imgx *x, void *p, u32 n);
void imgx_u16(struct imgx *x, u16 *v);
void imgx_u32(struct imgx *x, u32 *v);
void imgx_u64(struct imgx *x, u64 *v);
/*
 * A string: its length without the 0, the bytes, 0, zeros to a multiple of 4.
 * IMGX_GET puts it into the arena.
 */
void imgx_str(struct imgx *x, const char **s);

/* Length, bytes, zeros to a multiple of 4. */
void imgx_bytes(struct imgx *x, struct img_bytes *b, u32 max);

/*
 * A number that follows from other fields: written as given, skipped when read.
 * The comparison of the encodings checks it.
 */
void imgx_derived(struct imgx *x, u32 v);
void imgx_zero(struct imgx *x, u32 n);
/*
 * For an item of which all fields follow from others. IMGX_GET: skips the rest
 * of the item.
 * Returns: whether it skipped.
 */
bool imgx_skip(struct imgx *x);

/*
 * IMGX_GET: memory for *n elements of `size` bytes, each of which takes at
 * least `min` bytes in the file. On an error *n becomes 0.
 * Returns: that memory; in the other modes: `list`.
 */
void *imgx_list(struct imgx *x, void *list, u32 *n, u32 max, u32 min, u32 size);

/* Bytes left in the item (IMGX_GET). */
u32 imgx_left(const struct imgx *x);
/* Zeros up to a multiple of n. */
void imgx_pad(struct imgx *x, u32 n);
/* What fn would write. */
u32 imgx_measure(struct imgx *x, imgx_fn fn, u32 arg);
/* A note: header, fn's fields, padding. */
void imgx_note(struct imgx *x, const char *owner, u32 type, imgx_fn fn, u32 arg);
/* A field that must have this value. Another one is -EOPNOTSUPP. */
void imgx_version(struct imgx *x, u32 version);

/* Ours have a table; those that debuggers know, a function. */
struct img_note {
	const char *n_owner, *n_name;
	u32 n_type, n_id, n_version;
	/* its subject: the image; a process or lwp: then one note for each */
	const struct img_kind *n_of;
	imgx_fn n_write;
	u32 n_feature; /* it is there with this feature, */
	bool n_filled; /* if the list that it begins with is not empty, */
	bool (*n_when)(const struct img_image *img, const struct img_proc *p, const struct img_lwp *l);
	/* every item has a part in this note, or in another one as large */
	bool n_all;
};
extern const struct img_note img_notes[];
extern const u32 img_nnotes;

/* img_elf.c: ELF header, program headers. img_notes.c: the notes, in order. */
void imgx_headers(struct imgx *x);
void imgx_notes(struct imgx *x);
/* IMGX_GET, after both lists: gives each process and data object its runs. */
void imgx_share_runs(struct imgx *x);
/* All of the metadata, up to lo_data_off. */
void imgx_metadata(struct imgx *x);
/*
 * The notes that debuggers know (img_core.c). arg: index of the lwp in x_proc,
 * or 0.
 */
void imgx_prstatus(struct imgx *x, u32 arg);
void imgx_prpsinfo(struct imgx *x, u32 arg);
void imgx_auxv(struct imgx *x, u32 arg);
void imgx_ntfile(struct imgx *x, u32 arg);
void imgx_fpregset(struct imgx *x, u32 arg);
void imgx_prxfpreg(struct imgx *x, u32 arg);
void imgx_tls(struct imgx *x, u32 arg);
/* slots up to the last one in use */
u32 img_tls_used(const struct img_lwp *l);
u32 img_mapped_files(const struct img_proc *p); /* segs that NT_FILE names */

/* Offsets of everything, for a state whose lists are in order. -E2BIG */
int img_place(struct img_image *img, struct img_err *err);
/* Its first part: the program headers, and where the notes begin. */
int img_place_headers(struct img_image *img, struct img_err *err);
u32 img_nblocks(const struct img_image *img); /* blocks of page sums */
/* the IMG_FEATURE_* that the state of the image needs */
u32 img_features(const struct img_image *img);
u32 img_npages(const struct img_image *img);
/* Pieces of more bytes have a chunk to themselves. */
#define IMG_PIECE_ALONE 1024u
/*
 * Frees p, of this size, if it has a chunk to itself; otherwise img_free() does
 * it.
 */
void img_give_back(struct img_image *img, void *p, u32 size);
/*
 * Is the page at va of s, which process `with` stores at `from`, the next of c?
 */
bool img_cow_goes_on(const struct img_image *img, const struct img_cow *c, const struct img_seg *s,
		     u32 va, u32 with, u32 from);
/* A codec in the arena, with its pages. NULL: out of memory */
struct imgx *imgx_new(struct img_image *img, const struct img_io *io, struct img_err *err);

#endif
