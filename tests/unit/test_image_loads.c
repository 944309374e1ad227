/* SPDX-License-Identifier: MIT */
/*
 * The program headers of random states against a plain model: each page of the first process's address space is shown once, from
 * its own stored page, from that of what is mapped there, or as not stored. And what the largest states need of memory.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "ckpt/image/img_format.h"
#include "tests/unit/image_io.h"

static u64 state = 1;

static u32 random_below(u32 n)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)((state >> 33) % n);
}

#define BASE 0x10000000u
#define SPACE 64u /* pages of the address space that a random state uses */

struct model {
	bool mapped[SPACE];
	u32 page[SPACE]; /* index of the stored page that shows there; IMG_NONE: none does */
};

/* A process with random segs, of which some map one of three objects, with random pages stored. */
static void random_state(struct img_image *img)
{
	struct img_proc *p = sample_begin(img, 1);
	u32 at = random_below(4), objects = 0, map[3] = { IMG_NONE, IMG_NONE, IMG_NONE };

	sample_proc(img, 0, 77, IMG_NONE);
	sample_lwp(img, p, 77, false);
	while (at < SPACE) {
		u32 n = 1 + random_below(MIN(SPACE - at, 16u)), which = random_below(6);
		struct img_seg *s = sample_seg(img, p, BASE + at * IMG_PAGE, n, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);

		if (which < 3) {
			if (map[which] == IMG_NONE)
				map[which] = objects++;
			s->s_data = map[which];
			s->s_kind = random_below(2) ? IMG_SEG_SHARED : IMG_SEG_PRIVATE;
			s->s_off = random_below(20) * IMG_PAGE;
		}
		at += n + random_below(3) * random_below(3);
	}
	for (u32 i = 0; i < objects; i++) {
		u32 size = 1 + random_below(24 * IMG_PAGE);

		sample_data(img, IMG_DATA_MEMORY, size, "");
		for (u32 off = 0; off < size; off += IMG_PAGE)
			if (random_below(2))
				sample_data_page(img, i, off);
	}
	for (u32 i = 0; i < SPACE; i++) {
		const struct img_seg *s = img_seg_find(p, BASE + i * IMG_PAGE);

		if (s && s->s_kind != IMG_SEG_SHARED && random_below(3) == 0)
			sample_pages(img, p, BASE + i * IMG_PAGE, 1);
	}
}

static u32 stored(const struct img_image *img, u32 list, u64 at)
{
	const struct img_run *r = at < IMG_USER_MAX ? img_run_find(img_list(img, list), (u32)at) : NULL;

	return r ? r->r_first + ((u32)at - r->r_va) / IMG_PAGE : IMG_NONE;
}

static void model_of(const struct img_image *img, struct model *m)
{
	for (u32 i = 0; i < SPACE; i++) {
		u32 va = BASE + i * IMG_PAGE;
		const struct img_seg *s = img_seg_find(&img->i_proc[0], va);

		m->mapped[i] = s != NULL;
		m->page[i] = s ? stored(img, 0, va) : IMG_NONE;
		if (s && s->s_data != IMG_NONE && m->page[i] == IMG_NONE)
			m->page[i] = stored(img, 1 + s->s_data, s->s_off + (va - s->s_base));
	}
}

/* What the PT_LOADs of the file say. False: one is not in order, or no whole pages. */
static bool model_of_file(const struct memfile *f, const struct img_layout *lo, struct model *m)
{
	u32 end = 0;

	*m = (struct model){ 0 };
	for (u32 i = 1; i < lo->lo_phnum; i++) {
		u32 ph[ELF_PHSIZE / 4];

		memcpy(ph, f->data + ELF_EHSIZE + i * ELF_PHSIZE, sizeof(ph));
		if (ph[0] != PT_LOAD)
			continue;
		if (ph[2] < MAX(end, BASE) || (ph[1] | ph[2] | ph[4] | ph[5]) % IMG_PAGE ||
		    ph[4] > ph[5] || !ph[5] || ph[1] < lo->lo_data_off || ph[1] + ph[4] > lo->lo_sums_off)
			return false;
		end = ph[2] + ph[5];
		for (u32 n = 0; n < ph[5] / IMG_PAGE; n++) {
			u32 at = (ph[2] - BASE) / IMG_PAGE + n;

			m->mapped[at] = true;
			m->page[at] = n < ph[4] / IMG_PAGE ? (ph[1] - lo->lo_data_off) / IMG_PAGE + n : IMG_NONE;
		}
	}
	for (u32 i = 0; i < SPACE; i++)
		if (!m->mapped[i])
			m->page[i] = IMG_NONE;
	return true;
}

static bool random_right(void)
{
	struct img_image img, read;
	struct img_err err = { 0 };
	struct memfile f = { 0 };
	struct model want, got;
	bool right;

	random_state(&img);
	right = sample_write(&img, &f, &err) == 0;
	if (right) {
		model_of(&img, &want);
		right = model_of_file(&f, &img.i_lo, &got) && memcmp(&want, &got, sizeof(want)) == 0 &&
			read_file(&f, &read, &err) == 0 && same_again(&read, &f) && verify_file(&f) == 0;
		img_free(&read);
	}
	if (err.e_what)
		printf("  %s %#x\n", err.e_what, err.e_val);
	img_free(&img);
	memfile_free(&f);
	return right;
}

static void test_random(void)
{
	u32 n, wrong = 0;

	for (n = 0; n < 3000; n++)
		wrong += !random_right();
	printf("  %u states, %u wrong\n", n, wrong);
	check(wrong == 0, "program headers show each page of the first process, from where it is stored");
}

/* Layout and read of a state that takes nearly all the memory that it may; pages are not written. */
static bool can_be_read(struct img_image *img, int *error, struct img_err *err)
{
	struct memfile f = { 0 };
	struct img_io io = memfile_io(&f);
	struct img_image read;
	struct img_writer w;
	static u8 page[IMG_PAGE];

	*error = img_layout(img, err);
	if (*error)
		return false;
	f.size = img->i_lo.lo_size;
	f.data = calloc(1, f.size);
	f.written = calloc(1, f.size / IMG_PAGE);
	NEED(f.data && f.written && img_write_begin(&w, img, &io) == 0);
	for (u32 i = 0; i < img->i_lo.lo_npages; i++)
		NEED(img_write_page(&w, page) == 0);
	NEED(img_write_end(&w) == 0);
	*error = read_file(&f, &read, err);
	printf("  %u KiB of memory for %u KiB of metadata\n", read.i_memused >> 10, img->i_lo.lo_data_off >> 10);
	img_free(&read);
	memfile_free(&f);
	return *error == 0;
}

/* Lwps take most for what they are in the file. */
static void test_many_lwps(void)
{
	struct img_image img;
	struct img_err err = { 0 };
	int error;
	s32 tid = 100;

	sample_begin(&img, 30);
	for (u32 i = 0; i < 30; i++) {
		struct img_proc *p = sample_proc(&img, i, (s32)(10 + i), i ? 0 : IMG_NONE);

		for (u32 n = 0; n < (i == 29 ? 100 : IMG_MAX_LWPS); n++) {
			struct img_lwp *l = img_add_lwp(&img, p);

			if (!l)
				break;
			l->l_tid = tid++;
			l->l_regs = (struct img_regs){ .r_cs = 0x73, .r_ss = 0x7b, .r_eflags = 0x202 };
		}
	}
	printf("  %u KiB saved\n", img.i_memused >> 10);
	check(can_be_read(&img, &error, &err), "a state with 29000 lwps that can be saved can be read");
	if (error)
		printf("  %d: %s %#x\n", error, err.e_what, err.e_val);
	img_free(&img);
}

static void test_many_runs(void)
{
	struct img_image img;
	struct img_err err = { 0 };
	struct img_proc *p = sample_begin(&img, 1);
	int error;

	sample_proc(&img, 0, 77, IMG_NONE);
	sample_lwp(&img, p, 77, true);
	sample_seg(&img, p, 0x10000000, 2 * IMG_MAX_LOADS, 3, IMG_SEG_ANON, 0, IMG_NONE, 0);
	for (u32 n = 0; n < IMG_MAX_LOADS; n++)
		sample_pages(&img, p, 0x10000000 + n * 2 * IMG_PAGE, 1);
	printf("  %u KiB saved\n", img.i_memused >> 10);
	check(can_be_read(&img, &error, &err), "a state with all runs that there may be can be read");
	if (error)
		printf("  %d: %s %#x\n", error, err.e_what, err.e_val);
	img_free(&img);
}

/* One object of many runs that is mapped over and over: refused before that takes long. */
static void test_many_maps(void)
{
	struct img_image img;
	struct img_err err = { 0 };
	struct img_proc *p = sample_begin(&img, 1);

	sample_proc(&img, 0, 77, IMG_NONE);
	sample_lwp(&img, p, 77, false);
	for (u32 i = 0; i < 1000; i++)
		sample_seg(&img, p, 0x10000000 + i * 128 * IMG_PAGE, 128, 3, IMG_SEG_SHARED, 0,
			   IMG_NONE, i % 7 * IMG_PAGE)
			->s_data = 0;
	sample_data(&img, IMG_DATA_MEMORY, 2 * 128 * IMG_PAGE, "");
	for (u32 off = 0; off < 2 * 128 * IMG_PAGE; off += 2 * IMG_PAGE)
		sample_data_page(&img, 0, off);
	check(img_layout(&img, &err) == 0 && img.i_lo.lo_phnum > 64000, "one object in a thousand segs");
	for (u32 i = 1000; i < 5000; i++)
		sample_seg(&img, p, 0x10000000 + i * 128 * IMG_PAGE, 128, 3, IMG_SEG_SHARED, 0, IMG_NONE, 0)
			->s_data = 0;
	check(img_layout(&img, &err) == -E2BIG && err.e_what, "but not in five thousand");
	img_free(&img);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_random();
	test_many_lwps();
	test_many_runs();
	test_many_maps();
	check(mem_live == 0, "nothing leaks");
	return failed;
}
