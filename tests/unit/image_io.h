/* SPDX-License-Identifier: MIT */
/* Reading and writing of sample images, for the tests of ckpt/image/. */
#ifndef TESTS_UNIT_IMAGE_IO_H
#define TESTS_UNIT_IMAGE_IO_H

#include "tests/unit/image_sample.h"
#include "tests/unit/image_tree.h"

static int failed;

static inline void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

typedef void (*sample_fn)(struct img_image *img);

static inline int read_file(struct memfile *f, struct img_image *img, struct img_err *err)
{
	struct img_io io = memfile_io(f);

	img_init(img, &sample_mem);
	return img_read(img, &io, f->size, err);
}

/* Reads everything, the pages too. */
static inline int verify_file(struct memfile *f)
{
	struct img_io io = memfile_io(f);
	struct img_image img;
	struct img_err err;
	int error = read_file(f, &img, &err);

	if (!error)
		error = img_verify_pages(&img, &io, &err);
	img_free(&img);
	return error;
}

static inline void write_sample(sample_fn sample, struct memfile *f)
{
	struct img_image img;
	struct img_err err = { 0 };
	int error;

	sample(&img);
	*f = (struct memfile){ 0 };
	error = sample_write(&img, f, &err);
	if (error) {
		printf("FAIL writing: %d %s %#x\n", error, err.e_what, err.e_val);
		exit(1);
	}
	img_free(&img);
}

/* Makes the sum of the metadata right, as a forger would. */
static inline void forge_sum(struct memfile *f, const struct img_layout *lo)
{
	u32 sum = 0;

	memset(f->data + lo->lo_check_off, 0, 4);
	for (u32 off = 0; off < lo->lo_data_off; off += IMG_PAGE)
		sum = img_sum_add(sum, img_page_sum(f->data + off));
	memcpy(f->data + lo->lo_check_off, &sum, 4);
}

/* Writes img, which was read from *f, again, with the pages of *f: true if that gives the same file. */
static inline bool same_again(struct img_image *img, struct memfile *f)
{
	struct memfile again = { .size = f->size,
				 .data = malloc(f->size),
				 .written = calloc(1, f->size / IMG_PAGE + 1) };
	struct img_io io = memfile_io(&again);
	struct img_layout lo = img->i_lo;
	struct img_writer w;
	struct img_err err;
	bool same;

	NEED(again.data && again.written);
	same = img_layout(img, &err) == 0 && memcmp(&lo, &img->i_lo, sizeof(lo)) == 0 &&
	       img_write_begin(&w, img, &io) == 0;
	for (u32 i = 0; i < lo.lo_npages && same; i++)
		same = img_write_page(&w, f->data + img_page_off(img, i)) == 0;
	same = same && img_write_end(&w) == 0 && memcmp(again.data, f->data, lo.lo_data_off) == 0 &&
	       memcmp(again.data + lo.lo_sums_off, f->data + lo.lo_sums_off, lo.lo_size - lo.lo_sums_off) == 0;
	memfile_free(&again);
	return same;
}

#endif
