/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint images that are cut off, damaged or forged: every length and every single bit of small ones. Of the one with
 * three pages of metadata it takes a sample, where it forges and cuts off; with the argument "all" all of that too.
 *
 * UNIT-FULL: all
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "ckpt/image/img_format.h"
#include "tests/unit/image_io.h"
#include "tests/unit/image_ptys.h"

static struct img_layout layout_of(struct memfile *f)
{
	struct img_image img;
	struct img_layout lo;
	struct img_err err;

	NEED(read_file(f, &img, &err) == 0);
	lo = img.i_lo;
	img_free(&img);
	return lo;
}

/* Of lengths, bits and words each STEP-th is tried: odd, so that all bits of a word have their turn. */
static void test_truncation(sample_fn sample, u32 step)
{
	struct memfile f;
	u64 size, accepted = 0;

	write_sample(sample, &f);
	size = f.size;
	for (f.size = 0; f.size < size; f.size += step)
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

/* The pages and their sums: img_read() does not look at them. */
static u64 flips_of_pages(struct memfile *f)
{
	struct img_io io = memfile_io(f);
	struct img_image img;
	struct img_err err;
	u64 accepted = 0;

	NEED(read_file(f, &img, &err) == 0);
	for (u64 bit = img.i_lo.lo_data_off * 8ull; bit < f->size * 8; bit++) {
		f->data[bit / 8] ^= (u8)(1 << bit % 8);
		accepted += img_verify_pages(&img, &io, &err) == 0;
		f->data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	img_free(&img);
	return accepted;
}

static void test_flips(sample_fn sample)
{
	struct memfile f;
	struct img_layout lo;
	u64 accepted = 0;

	write_sample(sample, &f);
	lo = layout_of(&f);
	for (u64 bit = 0; bit < lo.lo_data_off * 8ull; bit++) {
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
		accepted += verify_file(&f) == 0;
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	accepted += flips_of_pages(&f);
	printf("  %llu flips, %llu accepted\n", (unsigned long long)f.size * 8, (unsigned long long)accepted);
	check(accepted == 0, "every flipped bit is found");
	check(verify_file(&f) == 0, "put back, it is read");
	memfile_free(&f);
	check(mem_live == 0, "nothing leaks");
}

/*
 * Flips with the sum made right: what is accepted must be another legal state, which written again gives exactly the
 * forged file. So no bit of the metadata is without meaning.
 */
static void test_forged_flips(sample_fn sample, u32 step)
{
	struct memfile f;
	struct img_io io = memfile_io(&f);
	struct img_layout lo;
	u64 accepted = 0, differ = 0;

	write_sample(sample, &f);
	lo = layout_of(&f);
	for (u64 bit = 0; bit < lo.lo_data_off * 8ull; bit += step) {
		struct img_image img;
		struct img_err err = { 0 };

		f.data[bit / 8] ^= (u8)(1 << bit % 8);
		forge_sum(&f, &lo);
		if (read_file(&f, &img, &err) == 0 && img_verify_pages(&img, &io, &err) == 0) {
			accepted++;
			differ += !same_again(&img, &f);
		} else {
			differ += !err.e_what;
		}
		img_free(&img);
		f.data[bit / 8] ^= (u8)(1 << bit % 8);
	}
	printf("  %u flips, %llu legal states\n", lo.lo_data_off * 8 / step, (unsigned long long)accepted);
	check(differ == 0, "a forged image is refused, or is the one encoding of another state");
	memfile_free(&f);
	check(mem_live == 0, "nothing leaks");
}

/* Each word as a forger of counts, lengths, indices and addresses would have it. */
static void test_forged_words(sample_fn sample, u32 step)
{
	static const u32 values[] = { 0,	  1,	      2,	  0x400,      0x1001,
				      0x10000,	  0x40001,    0x7fffffff, 0x80000000, 0xbffff000,
				      0xc0000000, 0xfffff000, 0xfffffffe, 0xffffffff };
	struct memfile f;
	struct img_io io = memfile_io(&f);
	struct img_layout lo;
	u32 most = 0, accepted = 0, differ = 0;

	write_sample(sample, &f);
	lo = layout_of(&f);
	for (u32 at = 0; at < lo.lo_data_off; at += 4 * step)
		for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
			struct img_image img;
			struct img_err err = { 0 };
			u32 was;
			int error;

			memcpy(&was, f.data + at, 4);
			memcpy(f.data + at, &values[i], 4);
			forge_sum(&f, &lo);
			error = read_file(&f, &img, &err);
			most = MAX(most, img.i_memused);
			if (error == 0 && img_verify_pages(&img, &io, &err) == 0) {
				accepted++;
				differ += !same_again(&img, &f);
			} else {
				differ += !err.e_what;
			}
			img_free(&img);
			memcpy(f.data + at, &was, 4);
		}
	printf("  %u legal states, at most %u bytes of memory for %u of metadata\n", accepted, most, lo.lo_data_off);
	check(differ == 0, "a forged word is refused, or makes another state");
	check(most < 4 * lo.lo_data_off + 40000, "no forged count takes much memory");
	memfile_free(&f);
}

/*
 * HEAD says that the metadata end elsewhere, TREE that the first process has as many lwps as TIME has room for, and TIME that all the rest is its own: an
 * lwp takes 30 times as much memory as its part of TIME.
 */
static void test_forged_room(sample_fn sample, u32 nproc)
{
	static const u32 ends[] = { 0, 1, 0x1000, 0x100000, 0x7fffffff, 0xffffffff };
	struct memfile f;
	struct img_layout lo;
	u32 most = 0, refused = 0, tree, time, size, nlwp;

	write_sample(sample, &f);
	lo = layout_of(&f);
	tree = lo.lo_notes_off + NOTE_HEADER + HEAD_SIZE + NOTE_HEADER + 184;
	time = tree + NOTE_HEADER + 4 + 24 * nproc;
	size = lo.lo_data_off - time - NOTE_HEADER;
	nlwp = size / 24 - 10;
	memcpy(f.data + tree + NOTE_HEADER + 4 + 8, &nlwp, 4);
	memcpy(f.data + time + 4, &size, 4);
	for (u32 e = 0; e < ARRAY_SIZE(ends); e++) {
		struct img_err err = { 0 };
		struct img_image img;

		memcpy(f.data + lo.lo_notes_off + NOTE_HEADER + 24, &ends[e], 4);
		forge_sum(&f, &lo);
		refused += read_file(&f, &img, &err) == -EBADMSG && err.e_what;
		most = MAX(most, img.i_memused);
		img_free(&img);
	}
	printf("  %u lwps: at most %u bytes of memory\n", nlwp, most);
	check(refused == ARRAY_SIZE(ends), "metadata that end elsewhere are refused");
	check(most < 4 * lo.lo_data_off + 40000, "before they take memory");
	memfile_free(&f);
}

int main(int argc, char **argv)
{
	static const sample_fn samples[] = { sample_small, sample_stats, sample_twins, sample_ptys };
	const bool all = argc > 1 && strcmp(argv[1], "all") == 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (u32 i = 0; i < ARRAY_SIZE(samples); i++) {
		u32 step = samples[i] == sample_stats && !all ? 5 : 1;

		test_truncation(samples[i], step);
		test_flips(samples[i]);
		test_forged_flips(samples[i], step);
		test_forged_words(samples[i], step);
	}
	test_forged_room(sample_small, 1);
	test_forged_room(sample_tree, 3);
	return failed;
}
