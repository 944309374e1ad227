/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the reader of checkpoint images. Any byte string must be refused with a reason, or be the one encoding of
 * a state that keeps the rules; never anything else, and nothing may leak.
 *
 * The checksum over the metadata would stop all but one in 2^32 inputs at the door, so it is made right first, as a
 * forger would. Built by `make fuzz` for libFuzzer, and into tests/unit/test_image_fuzz.c for a short run anywhere.
 * As a program with -DFUZZ_CORPUS it writes the seeds into the directory that it is given.
 */
#include "ckpt/image_format.h"
#include "tests/unit/image_io.h"

static u32 get32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

/* Puts the right sum where the file's own headers say that it belongs. */
static void fix_sum(u8 *data, u64 size)
{
	u64 notes, end, at;
	u32 sum = 0;

	if (size < IMG_PAGE)
		return;
	notes = get32(data + ELF_EHSIZE + 4);
	end = ROUND_UP(notes + get32(data + ELF_EHSIZE + 16), IMG_PAGE);
	at = notes + NOTE_HEADER + HEAD_SIZE + NOTE_HEADER + 4;
	if (end > size || at + 4 > end || at % 4)
		return;
	memset(data + at, 0, 4);
	for (u64 off = 0; off < end; off += IMG_PAGE)
		sum = img_sum_add(sum, img_page_sum(data + off));
	memcpy(data + at, &sum, 4);
}

static void must(bool truth, const char *what)
{
	if (truth)
		return;
	printf("FAIL %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct memfile f = { .data = malloc(size + 1), .size = size };
	struct img_io io = memfile_io(&f);
	struct img_image img;
	struct img_err err = { 0 };
	int error;

	must(f.data != NULL, "memory");
	memcpy(f.data, data, size);
	fix_sum(f.data, size);
	img_init(&img, &sample_mem);
	error = img_read(&img, &io, size, &err);
	must(error == 0 || err.e_what, "a reason for every refusal");
	must(error == 0 || error == -ENOEXEC || error == -EBADMSG || error == -EOPNOTSUPP || error == -E2BIG,
	     "the errors of the contract");
	if (!error && img_verify_pages(&img, &io, &err) == 0)
		must(same_again(&img, &f), "what was accepted is the one encoding of its state");
	img_free(&img);
	must(mem_live == 0, "nothing leaks");
	free(f.data);
	return 0;
}

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

static const sample_fn seeds[] = { sample_tiny, sample_small, sample_tree, sample_large };

static inline void make_seed(u32 n, struct memfile *f)
{
	struct img_image img;
	struct img_err err;

	seeds[n](&img);
	*f = (struct memfile){ 0 };
	must(sample_write(&img, f, &err) == 0, "a seed");
	img_free(&img);
}

#ifdef FUZZ_CORPUS
int main(int argc, char **argv)
{
	for (u32 n = 0; argc == 2 && n < 2; n++) {
		struct memfile f;
		char path[1000];
		FILE *out;

		make_seed(n, &f);
		snprintf(path, sizeof(path), "%s/seed%u", argv[1], n);
		out = fopen(path, "w");
		must(out && fwrite(f.data, 1, f.size, out) == f.size && fclose(out) == 0, "writing a seed");
		memfile_free(&f);
	}
	return 0;
}
#endif
