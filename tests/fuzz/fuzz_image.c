/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the reader of checkpoint images. Any byte string must be refused with a reason, or be the one encoding of
 * a state that keeps the rules; never anything else, and nothing may leak.
 *
 * The input is the metadata; the pages and their sums behind it are zeros that take no room, as many as the input says. So inputs
 * are small, and each byte of them matters. The checksum over the metadata would stop all but one in 2^32 inputs at the door, so it is made right
 * first, as a forger would.
 *
 * Built by `make fuzz` for libFuzzer, and into tests/unit/test_image_fuzz.c for a short run anywhere. With -DFUZZ_CORPUS it is a
 * program that writes the seeds into the directory that it is given.
 */
#include "ckpt/image/img_format.h"
#include "tests/fuzz/image_mutate.h"
#include "tests/unit/image_ptys.h"

/* What was accepted, written again, must be the same metadata, but for the sums of pages: the input's need not be right. */
static void write_again(struct img_image *img, const struct metafile *in)
{
	const struct img_layout lo = img->i_lo;
	const u32 nblocks = (u32)ROUND_UP(lo.lo_npages, IMG_SUMS_PER_BLOCK) / IMG_SUMS_PER_BLOCK;
	const u32 skip[][2] = { { lo.lo_check_off, 4 },
				{ lo.lo_notes_off + lo.lo_notes_size - nblocks * 4, nblocks * 4 } };
	struct metafile out = { .claimed = in->claimed, .data = calloc(1, lo.lo_data_off), .size = lo.lo_data_off };
	u8 *want = calloc(1, lo.lo_data_off);
	struct img_err err;

	must(out.data && want, "memory");
	must(metafile_write(img, &out, &err) == 0, "what was read can be written");
	must(memcmp(&lo, &img->i_lo, sizeof(lo)) == 0, "the same layout");
	memcpy(want, in->data, MIN(in->size, (u64)lo.lo_data_off));
	for (u32 i = 0; i < ARRAY_SIZE(skip); i++)
		memcpy(want + skip[i][0], out.data + skip[i][0], skip[i][1]);
	must(memcmp(want, out.data, lo.lo_data_off) == 0, "the same bytes");
	free(want);
	free(out.data);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct metafile f = { .data = malloc(size + 1), .size = size, .claimed = size };
	struct img_io io = metafile_io(&f);
	struct img_image img;
	struct img_err err = { 0 };
	u64 head;
	int error;

	must(f.data != NULL, "memory");
	memcpy(f.data, data, size);
	if (find_head(f.data, size, &head)) {
		fix_sum(f.data, size, head);
		f.claimed = get32(f.data + head + 16) | (u64)get32(f.data + head + 20) << 32;
	}
	img_init(&img, &sample_mem);
	error = img_read(&img, &io, f.claimed, &err);
	must(error == 0 || err.e_what, "a reason for every refusal");
	must(error == 0 || error == -ENOEXEC || error == -EBADMSG || error == -EOPNOTSUPP || error == -E2BIG,
	     "the errors of the contract");
	must(error == 0 || (!img.i_nproc && !img.i_proc && !img.i_nfile && !img.i_ndata),
	     "nothing of what was refused");
	/* Each byte of the metadata asks for about four at the most, and the codec has its own. */
	must(img.i_memused <= 5 * MIN(f.claimed, (u64)img.i_lo.lo_data_off) + 65536,
	     "no more memory than the file is worth");
	if (!error && img.i_lo.lo_npages <= 256)
		write_again(&img, &f);
	img_free(&img);
	must(mem_live == 0, "nothing leaks");
	free(f.data);
	return 0;
}

#ifdef FUZZ_LIBFUZZER
size_t LLVMFuzzerMutate(u8 *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t max, unsigned seed)
{
	u32 n = (u32)size;

	mutate_seed(seed);
	if (random_below(4) == 0)
		return LLVMFuzzerMutate(data, size, max);
	mutate(data, &n, (u32)max);
	return n;
}
#endif

/* No pages: the least that is an image. */
static inline void sample_tiny(struct img_image *img)
{
	struct img_proc *p = sample_begin(img, 1);

	sample_proc(img, 0, 77, IMG_NONE);
	p->p_ngroups = 0;
	sample_lwp(img, p, 77, false);
	p->p_lwp[0].l_tls[0] = 0;
	p->p_lwp[0].l_regs.r_gs = 0;
}

static const sample_fn seeds[] = { sample_tiny,	 sample_small,	sample_tree,   sample_ptys,
				   sample_large, sample_shares, sample_locked, sample_vfork,
				   sample_stats, sample_cow };

/* The metadata of a sample. */
static inline struct metafile make_seed(u32 n)
{
	struct metafile f = { .claimed = ~0ull, .data = calloc(1, SEED_MAX), .size = SEED_MAX };
	struct img_image img;
	struct img_err err;

	seeds[n](&img);
	must(f.data && metafile_write(&img, &f, &err) == 0 && img.i_lo.lo_data_off <= SEED_MAX, "a seed");
	f.size = img.i_lo.lo_data_off;
	img_free(&img);
	return f;
}

#ifdef FUZZ_CORPUS
int main(int argc, char **argv)
{
	for (u32 n = 0; argc == 2 && n < ARRAY_SIZE(seeds); n++) {
		struct metafile f = make_seed(n);
		char path[1000];
		FILE *out;

		snprintf(path, sizeof(path), "%s/seed%u", argv[1], n);
		out = fopen(path, "w");
		must(out && fwrite(f.data, 1, f.size, out) == f.size && fclose(out) == 0, "writing a seed");
		free(f.data);
	}
	return 0;
}
#endif
