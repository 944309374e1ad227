/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint images: what is written is what is read; one state, one file; nothing damaged is read.
 *
 * UNIT-SOURCES: ckpt/image_check.c ckpt/image_codec.c ckpt/image_core.c ckpt/image_mem.c
 * UNIT-SOURCES: ckpt/image_notes.c ckpt/image_read.c ckpt/image_sum.c ckpt/image_write.c
 */
#include "tests/unit/image_sample.h"

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

typedef void (*sample_fn)(struct img_image *img);

static int read_file(struct memfile *f, struct img_image *img, struct img_err *err)
{
	struct img_io io = memfile_io(f);

	img_init(img, &sample_mem);
	return img_read(img, &io, f->size, err);
}

static int verify_file(struct memfile *f)
{
	struct img_io io = memfile_io(f);
	struct img_image img;
	struct img_err err;
	int error;

	img_init(&img, &sample_mem);
	error = img_read(&img, &io, f->size, &err);
	if (!error)
		error = img_verify_pages(&img, &io, &err);
	img_free(&img);
	return error;
}

static void write_sample(sample_fn sample, struct memfile *f)
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

/* ---- equality of what was saved and what was read ---- */

#define SAME(list, n) (a->n == b->n && memcmp(a->list, b->list, a->n * sizeof(*a->list)) == 0)

static bool queues_equal(const struct img_sigqueue *a, const struct img_sigqueue *b)
{
	return a->q_set == b->q_set && a->q_count == b->q_count &&
	       (!a->q_count || memcmp(a->q_info, b->q_info, a->q_count * sizeof(*a->q_info)) == 0);
}

static bool procs_equal(struct img_proc a, struct img_proc b)
{
	if (!queues_equal(&a.p_pending, &b.p_pending))
		return false;
	a.p_pending = b.p_pending;
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool lwps_equal(const struct img_image *a, const struct img_image *b)
{
	for (u32 i = 0; i < a->i_nlwp; i++) {
		struct img_lwp l = a->i_lwp[i];

		if (!queues_equal(&l.l_pending, &b->i_lwp[i].l_pending))
			return false;
		l.l_pending = b->i_lwp[i].l_pending;
		if (memcmp(&l, &b->i_lwp[i], sizeof(l)) != 0)
			return false;
	}
	return a->i_nlwp == b->i_nlwp;
}

static bool vnodes_equal(const struct img_image *a, const struct img_image *b)
{
	for (u32 i = 0; i < a->i_nvnode; i++) {
		const struct img_vnode *v = &a->i_vnode[i], *w = &b->i_vnode[i];

		if (strcmp(v->v_path, w->v_path) != 0 || v->v_ino != w->v_ino || v->v_size != w->v_size ||
		    v->v_mtime != w->v_mtime || v->v_mtime_ns != w->v_mtime_ns || v->v_dev != w->v_dev ||
		    v->v_rdev != w->v_rdev || v->v_gen != w->v_gen || v->v_mode != w->v_mode)
			return false;
	}
	return a->i_nvnode == b->i_nvnode;
}

static bool images_equal(const struct img_image *a, const struct img_image *b)
{
	return memcmp(&a->i_ident, &b->i_ident, sizeof(a->i_ident)) == 0 &&
	       procs_equal(a->i_proc, b->i_proc) && memcmp(&a->i_mm, &b->i_mm, sizeof(a->i_mm)) == 0 &&
	       vnodes_equal(a, b) && lwps_equal(a, b) && SAME(i_seg, i_nseg) && SAME(i_run, i_nrun) &&
	       SAME(i_fd, i_nfd) && SAME(i_file, i_nfile) && (!a->i_ntty || SAME(i_tty, i_ntty)) &&
	       memcmp(&a->i_lo, &b->i_lo, sizeof(a->i_lo)) == 0;
}

static void test_round_trip(sample_fn sample, const char *name)
{
	struct img_image saved, read;
	struct img_err err;
	struct memfile f = { 0 }, again = { 0 };
	bool written_once = true;
	int error;

	sample(&saved);
	error = sample_write(&saved, &f, &err);
	check(error == 0, name);
	if (error) {
		printf("  %d: %s %#x\n", error, err.e_what, err.e_val);
		return;
	}
	for (u64 i = 0; i < f.size / IMG_PAGE; i++) {
		u64 first = saved.i_lo.lo_data_off / IMG_PAGE, end = saved.i_lo.lo_sums_off / IMG_PAGE;

		written_once &= f.written[i] == (i < first || i >= end);
	}
	check(written_once, "metadata and sums: every page written once");
	error = read_file(&f, &read, &err);
	check(error == 0, "what was written is read");
	if (error)
		printf("  %d: %s %#x at %llu\n", error, err.e_what, err.e_val,
		       (unsigned long long)err.e_off);
	else
		check(images_equal(&saved, &read), "and is the same");
	check(verify_file(&f) == 0, "the pages have their sums");
	img_free(&read);

	/* Decoded and written again: the same bytes. */
	check(read_file(&f, &read, &err) == 0 && sample_write(&read, &again, &err) == 0 &&
		      again.size == f.size && memcmp(again.data, f.data, f.size) == 0,
	      "written again it is the same file");
	img_free(&read);
	img_free(&saved);
	memfile_free(&f);
	memfile_free(&again);
}

/* The bytes themselves. If this fails on purpose: a new version of the note, and docs/ckpt.5. */
static void test_format_kept(void)
{
	static const u32 expected[] = { 0x02f1bb42, 0xcf00ac68 };
	static const sample_fn samples[] = { sample_small, sample_large };

	for (u32 n = 0; n < ARRAY_SIZE(samples); n++) {
		struct memfile f;
		u32 sum = 0;

		write_sample(samples[n], &f);
		for (u64 off = 0; off < f.size; off += IMG_PAGE)
			sum = img_sum_add(sum, img_page_sum(f.data + off));
		if (sum != expected[n])
			printf("  sample %u: %#x\n", n, sum);
		check(sum == expected[n], "the format is what it was");
		memfile_free(&f);
	}
}

/* Another name, clock and times: only IDENT and TIME differ, and nothing moves. */
static void test_identity_apart(void)
{
	struct img_image a, b;
	struct img_err err;
	struct memfile fa = { 0 }, fb = { 0 };
	u64 first = ~0ull, last = 0;

	sample_large(&a);
	sample_large(&b);
	memset(b.i_ident.id_image, 0xee, 16);
	memset(b.i_ident.id_parent, 0xee, 16);
	strcpy(b.i_ident.id_node, "another");
	b.i_ident.id_real_ns = ~0ull;
	b.i_proc.p_utime = b.i_proc.p_cstime = b.i_proc.p_age = ~0ull;
	b.i_proc.p_minflt = ~0u;
	b.i_proc.p_itimer[0].it_remain = 1;
	b.i_lwp[1].l_utime = ~0ull;
	b.i_lwp[1].l_restart.rs_remain = 1;
	NEED(sample_write(&a, &fa, &err) == 0 && sample_write(&b, &fb, &err) == 0);
	for (u64 i = 0; i < fa.size; i++)
		if (fa.data[i] != fb.data[i]) {
			first = MIN(first, i);
			last = i;
		}
	/* IDENT begins with version and checksum; TIME is the note behind it. */
	check(fa.size == fb.size && first >= a.i_lo.lo_check_off && last < a.i_lo.lo_check_off + 184 + 20 + 200,
	      "identity and times differ in their own notes only");
	img_free(&a);
	img_free(&b);
	memfile_free(&fa);
	memfile_free(&fb);
}

/* ---- damage ---- */

static void test_truncation(void)
{
	struct memfile f;
	u64 size, accepted = 0;

	write_sample(sample_small, &f);
	size = f.size;
	for (f.size = 0; f.size < size; f.size++)
		accepted += verify_file(&f) == 0;
	check(accepted == 0, "no part of an image is an image");
	f.data = realloc(f.data, size + IMG_PAGE);
	memset(f.data + size, 0, IMG_PAGE);
	for (f.size = size + 1; f.size <= size + IMG_PAGE; f.size += 409)
		accepted += verify_file(&f) == 0;
	check(accepted == 0, "nor is an image with something behind it");
	memfile_free(&f);
	check(mem_live == 0, "nothing leaks");
}

static void test_flips(void)
{
	struct memfile f;
	u64 accepted = 0;

	write_sample(sample_small, &f);
	for (u64 bit = 0; bit < f.size * 8; bit++) {
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
		accepted += verify_file(&f) == 0;
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	printf("  %llu flips, %llu accepted\n", (unsigned long long)f.size * 8, (unsigned long long)accepted);
	check(accepted == 0, "every flipped bit is found");
	check(verify_file(&f) == 0, "put back, it is read");
	memfile_free(&f);
	check(mem_live == 0, "nothing leaks");
}

/* Makes the sum of the metadata right, as a forger would. */
static void forge_sum(struct memfile *f, const struct img_layout *lo)
{
	u32 sum = 0;

	memset(f->data + lo->lo_check_off, 0, 4);
	for (u32 off = 0; off < lo->lo_data_off; off += IMG_PAGE)
		sum = img_sum_add(sum, img_page_sum(f->data + off));
	memcpy(f->data + lo->lo_check_off, &sum, 4);
}

/*
 * Flips with the sum made right: what is accepted must be another legal state, which written again gives exactly the
 * forged file. So no bit of the metadata is without meaning.
 */
static void test_forged_flips(void)
{
	struct memfile f, again = { 0 };
	struct img_io io = memfile_io(&f);
	struct img_image img;
	struct img_layout lo;
	struct img_err err;
	u64 accepted = 0, differ = 0;

	write_sample(sample_small, &f);
	NEED(read_file(&f, &img, &err) == 0);
	lo = img.i_lo;
	img_free(&img);
	for (u64 bit = 0; bit < lo.lo_data_off * 8ull; bit++) {
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
		forge_sum(&f, &lo);
		if (read_file(&f, &img, &err) == 0 && img_verify_pages(&img, &io, &err) == 0) {
			accepted++;
			differ += sample_write(&img, &again, &err) != 0 || again.size != f.size ||
				  memcmp(again.data, f.data, lo.lo_data_off) != 0;
			memfile_free(&again);
		} else if (!err.e_what) {
			differ++;
		}
		img_free(&img);
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	printf("  %u flips, %llu legal states\n", lo.lo_data_off * 8, (unsigned long long)accepted);
	check(differ == 0, "a forged image is refused, or is the one encoding of another state");
	memfile_free(&f);
	check(mem_live == 0, "nothing leaks");
}

/* ---- failures of memory and files ---- */

static void test_failures(void)
{
	struct memfile f;
	struct img_image img;
	struct img_err err;
	u32 n;
	bool right = true;

	write_sample(sample_large, &f);
	for (n = 1;; n++) {
		int error;

		mem_count = 0;
		mem_fail_at = n;
		error = read_file(&f, &img, &err);
		img_free(&img);
		img_free(&img);
		if (mem_count < n)
			break;
		right &= error == -ENOMEM && err.e_what;
	}
	mem_fail_at = 0;
	printf("  %u allocations\n", n - 1);
	check(right && mem_live == 0, "no memory at any place: -ENOMEM, nothing leaks");
	for (n = 1, right = true;; n++) {
		int error;

		f.count = 0;
		f.fail_at = n;
		error = read_file(&f, &img, &err);
		img_free(&img);
		if (f.count < n)
			break;
		right &= error == -EIO && err.e_what;
	}
	printf("  %u reads\n", n - 1);
	check(right && mem_live == 0, "a failing read at any place: -EIO, nothing leaks");
	memfile_free(&f);
}

static void test_failing_writes(void)
{
	struct memfile f = { 0 };
	struct img_image img;
	struct img_err err;
	bool right = true;
	u32 n;

	for (n = 1;; n++) {
		int error;

		sample_large(&img);
		f.count = 0;
		f.fail_at = n;
		if (f.written)
			memset(f.written, 0, f.size / IMG_PAGE);
		error = sample_write(&img, &f, &err);
		img_free(&img);
		if (f.count < n)
			break;
		right &= error == -EIO;
	}
	printf("  %u writes\n", n - 1);
	check(right && mem_live == 0, "a failing write at any place: -EIO, nothing leaks");
	memfile_free(&f);
}

/* ---- reading in parts ---- */

static void test_lookup(void)
{
	struct memfile f;
	struct img_image img;
	struct img_err err;
	struct img_io io = memfile_io(&f);
	u32 sums[IMG_SUMS_PER_BLOCK], stored = 0;
	bool right = true;

	write_sample(sample_large, &f);
	NEED(read_file(&f, &img, &err) == 0);
	check(!img_seg_find(&img, 0) && !img_seg_find(&img, 0x08058000) &&
		      !img_seg_find(&img, 0xc0000000) && img_seg_find(&img, 0xbfffffff) == &img.i_seg[5] &&
		      img_seg_find(&img, 0x08050000) == &img.i_seg[1],
	      "segs are found by address");
	for (u32 i = 0; i < img.i_nseg; i++) {
		const struct img_seg *s = &img.i_seg[i];

		for (u32 va = s->s_base; va < s->s_base + s->s_size; va += IMG_PAGE) {
			const struct img_run *r = img_run_find(&img, va + 123);
			u8 page[IMG_PAGE];

			if (!r)
				continue;
			sample_page(va, page);
			right &= memcmp(page, f.data + img_page_off(&img, r->r_first + (va - r->r_va) / IMG_PAGE),
					IMG_PAGE) == 0;
			stored++;
		}
	}
	check(right && stored == img.i_lo.lo_npages, "pages are found by address");
	check(img_read_sums(&img, &io, 0, sums) == 0 && img_read_sums(&img, &io, 1, sums) == 0 &&
		      sums[img.i_lo.lo_npages % IMG_SUMS_PER_BLOCK] == 0 &&
		      img_read_sums(&img, &io, 2, sums) == -EINVAL,
	      "sums are read by block");
	f.data[img.i_lo.lo_sums_off + IMG_PAGE + 5000 % IMG_PAGE] ^= 1;
	check(img_read_sums(&img, &io, 1, sums) == -EBADMSG, "a damaged sum is found");
	img_free(&img);
	memfile_free(&f);
}

static void test_sum(void)
{
	static u8 page[IMG_PAGE];
	static u32 zero[IMG_PAGE / 4];
	u32 base, same = 0;

	sample_page(0x1000, page);
	base = img_page_sum(page);
	for (u32 bit = 0; bit < IMG_PAGE * 8; bit++) {
		page[bit / 8] ^= (u8)(1 << bit % 8);
		same += img_page_sum(page) == base;
		page[bit / 8] ^= (u8)(1 << bit % 8);
	}
	check(same == 0, "the sum sees every bit of a page");
	for (u32 bit = 7; bit < IMG_PAGE * 8; bit += 32)
		page[bit / 8] ^= 0x80;
	check(img_page_sum(page) != base, "and one data line stuck in all words");
	for (u32 i = 0; i < IMG_PAGE / 4 - 1; i++) {
		u32 other;

		zero[i] = zero[i + 1] = 0x80000000u;
		other = img_page_sum(zero);
		zero[i] = zero[i + 1] = 0;
		same += img_page_sum(zero) == other;
	}
	check(same == 0, "and two top bits side by side");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_sum();
	test_round_trip(sample_small, "a small image is written");
	test_round_trip(sample_large, "a large image is written");
	test_format_kept();
	test_identity_apart();
	test_lookup();
	test_failures();
	test_failing_writes();
	test_truncation();
	test_flips();
	test_forged_flips();
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
