/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint images: what is written is what is read; one state, one file.
 *
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_io.h"
#include "tests/unit/image_ptys.h"

/* ---- equality of what was saved and what was read ---- */

#define SAME(list, n) \
	(a->n == b->n && (!a->n || memcmp(a->list, b->list, a->n * sizeof(*a->list)) == 0))

static bool queues_equal(const struct img_sigqueue *a, const struct img_sigqueue *b)
{
	return a->q_set == b->q_set && SAME(q_info, q_count);
}

static bool lwps_equal(const struct img_proc *a, const struct img_proc *b)
{
	for (u32 i = 0; i < a->p_nlwp && i < b->p_nlwp; i++) {
		struct img_lwp l = a->p_lwp[i];

		if (!queues_equal(&l.l_pending, &b->p_lwp[i].l_pending))
			return false;
		l.l_pending = b->p_lwp[i].l_pending;
		if (memcmp(&l, &b->p_lwp[i], sizeof(l)) != 0)
			return false;
	}
	return a->p_nlwp == b->p_nlwp;
}

static bool procs_equal(const struct img_proc *a, const struct img_proc *b)
{
	struct img_proc rest = *a;

	/* What points elsewhere is compared where it points. */
	rest.p_pending = b->p_pending;
	rest.p_lwp = b->p_lwp;
	rest.p_seg = b->p_seg;
	rest.p_run = b->p_run;
	rest.p_cow = b->p_cow;
	rest.p_fd = b->p_fd;
	rest.p_ptimer = b->p_ptimer;
	rest.p_runseg = b->p_runseg;
	return memcmp(&rest, b, sizeof(rest)) == 0 && queues_equal(&a->p_pending, &b->p_pending) &&
	       lwps_equal(a, b) && SAME(p_seg, p_nseg) && SAME(p_run, p_nrun) &&
	       SAME(p_cow, p_ncow) && SAME(p_fd, p_nfd) && SAME(p_ptimer, p_nptimer);
}

static bool vnodes_equal(const struct img_image *a, const struct img_image *b)
{
	for (u32 i = 0; i < a->i_nvnode && i < b->i_nvnode; i++) {
		struct img_vnode v = a->i_vnode[i];

		v.v_path = b->i_vnode[i].v_path;
		if (strcmp(a->i_vnode[i].v_path, v.v_path) != 0 || memcmp(&v, &b->i_vnode[i], sizeof(v)) != 0)
			return false;
	}
	return a->i_nvnode == b->i_nvnode;
}

static bool data_equal(const struct img_data *a, const struct img_data *b)
{
	return a->d_kind == b->d_kind && a->d_mode == b->d_mode && a->d_uid == b->d_uid &&
	       a->d_gid == b->d_gid && a->d_size == b->d_size &&
	       strcmp(a->d_path, b->d_path) == 0 && SAME(d_run, d_nrun);
}

static bool bytes_equal(const struct img_bytes *a, const struct img_bytes *b)
{
	return SAME(b_ptr, b_len);
}

static bool ptys_equal(const struct img_image *a, const struct img_image *b)
{
	for (u32 i = 0; i < a->i_npty && i < b->i_npty; i++) {
		struct img_pty y = a->i_pty[i];
		const struct img_pty *z = &b->i_pty[i];

		if (!bytes_equal(&y.y_in, &z->y_in) || !bytes_equal(&y.y_mark, &z->y_mark) ||
		    !bytes_equal(&y.y_out, &z->y_out) || !bytes_equal(&y.y_sent, &z->y_sent))
			return false;
		y.y_in = z->y_in;
		y.y_mark = z->y_mark;
		y.y_out = z->y_out;
		y.y_sent = z->y_sent;
		if (memcmp(&y, z, sizeof(y)) != 0)
			return false;
	}
	return a->i_npty == b->i_npty;
}

static bool images_equal(const struct img_image *a, const struct img_image *b)
{
	if (a->i_nproc != b->i_nproc || a->i_ndata != b->i_ndata)
		return false;
	for (u32 i = 0; i < a->i_nproc; i++)
		if (!procs_equal(&a->i_proc[i], &b->i_proc[i]))
			return false;
	for (u32 i = 0; i < a->i_ndata; i++)
		if (!data_equal(&a->i_data[i], &b->i_data[i]))
			return false;
	return memcmp(&a->i_ident, &b->i_ident, sizeof(a->i_ident)) == 0 && vnodes_equal(a, b) &&
	       SAME(i_file, i_nfile) && SAME(i_pipe, i_npipe) && SAME(i_tty, i_ntty) &&
	       SAME(i_lock, i_nlock) && ptys_equal(a, b) &&
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
	static const u32 expected[] = { 0x39d17dbb, 0x0cccd295, 0x548d6684, 0xb5e17250, 0xd3f82e39,
					0xe9512873, 0xff9de633, 0x31501204, 0x14d91f34 };
	static const sample_fn samples[] = { sample_small, sample_large,  sample_tree,
					     sample_ptys,  sample_shares, sample_locked,
					     sample_vfork, sample_stats,  sample_cow };

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

/* Another name, clock and times: only IDENT and TIME differ, and nothing moves. TREE stands between them. */
static void test_identity_apart(void)
{
	struct img_image a, b;
	struct img_err err;
	struct memfile fa = { 0 }, fb = { 0 };
	u64 first = ~0ull, last = 0;

	sample_tree(&a);
	sample_tree(&b);
	memset(b.i_ident.id_image, 0xee, 16);
	memset(b.i_ident.id_parent, 0xee, 16);
	strcpy(b.i_ident.id_node, "another");
	b.i_ident.id_real_ns = ~0ull;
	for (u32 i = 0; i < b.i_nproc; i++) {
		b.i_proc[i].p_utime = b.i_proc[i].p_cstime = b.i_proc[i].p_age = ~0ull;
		b.i_proc[i].p_mono = 5;
		b.i_proc[i].p_minflt = ~0u;
		b.i_proc[i].p_itimer[0].it_remain = 1;
	}
	b.i_proc[0].p_lwp[1].l_utime = ~0ull;
	b.i_proc[0].p_lwp[1].l_restart.rs_remain = 1;
	b.i_proc[0].p_ptimer[0].pt_remain = 1;
	a.i_proc[0].p_lwp[1].l_restart.rs_active = b.i_proc[0].p_lwp[1].l_restart.rs_active = 1;
	NEED(sample_write(&a, &fa, &err) == 0 && sample_write(&b, &fb, &err) == 0);
	for (u64 i = 0; i < fa.size; i++)
		if (fa.data[i] != fb.data[i]) {
			first = MIN(first, i);
			last = i;
		}
	/* IDENT begins with version and checksum. */
	check(fa.size == fb.size && first >= a.i_lo.lo_check_off &&
		      last < a.i_lo.lo_check_off - 4 + 184 + (20 + 4 + 3 * 24) +
				      (20 + 4 + 3 * 92 + 2 * 8 + 3 * 24),
	      "identity and times differ in their own notes only");
	img_free(&a);
	img_free(&b);
	memfile_free(&fa);
	memfile_free(&fb);
}

/* ---- failures of memory and files ---- */

static void test_failures(sample_fn sample)
{
	struct memfile f;
	struct img_image img;
	struct img_err err;
	u32 n;
	bool right = true;

	write_sample(sample, &f);
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

/* The same while writing; the state itself is made without failures. */
static void test_failing_writes(sample_fn sample)
{
	struct memfile f = { 0 };
	struct img_image img;
	struct img_err err;
	bool right = true;
	u32 n;

	for (n = 1;; n++) {
		int error;

		sample(&img);
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
	f.fail_at = 0;
	printf("  %u writes\n", n - 1);
	check(right && mem_live == 0, "a failing write at any place: -EIO, nothing leaks");
	for (n = 1, right = true;; n++) {
		int error;

		sample(&img);
		memset(f.written, 0, f.size / IMG_PAGE);
		mem_count = 0;
		mem_fail_at = n;
		error = sample_write(&img, &f, &err);
		mem_fail_at = 0;
		img_free(&img);
		if (mem_count < n)
			break;
		right &= error == -ENOMEM;
	}
	printf("  %u allocations\n", n - 1);
	check(right && mem_live == 0, "no memory for a write: -ENOMEM, nothing leaks");
	memfile_free(&f);
}

/* ---- reading in parts ---- */

static void test_lookup(void)
{
	struct memfile f;
	struct img_image img;
	struct img_err err;
	struct img_io io = memfile_io(&f);
	const struct img_proc *p;
	u32 sums[IMG_SUMS_PER_BLOCK], stored = 0;
	bool right = true;

	write_sample(sample_large, &f);
	NEED(read_file(&f, &img, &err) == 0);
	p = &img.i_proc[0];
	check(!img_seg_find(p, 0) && !img_seg_find(p, 0x08058000) && !img_seg_find(p, 0xc0000000) &&
		      img_seg_find(p, 0xbfffffff) == &p->p_seg[5] &&
		      img_seg_find(p, 0x08050000) == &p->p_seg[1],
	      "segs are found by address");
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		for (u32 va = s->s_base; va < s->s_base + s->s_size; va += IMG_PAGE) {
			const struct img_run *r = img_run_find(img_list(&img, 0), va + 123);
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
	test_round_trip(sample_tree, "an image of several processes is written");
	test_round_trip(sample_shares, "an image of processes that share memory is written");
	test_round_trip(sample_locked, "an image with memory that is locked is written");
	test_round_trip(sample_vfork, "an image of a process that waits in vfork is written");
	test_round_trip(sample_stats, "an image with more about its files is written");
	test_round_trip(sample_cow, "an image of processes with common pages is written");
	test_round_trip(sample_ptys, "an image with pseudo terminals is written");
	test_format_kept();
	test_identity_apart();
	test_lookup();
	test_failures(sample_large);
	test_failures(sample_tree);
	test_failures(sample_stats);
	test_failures(sample_shares);
	test_failures(sample_cow);
	test_failures(sample_ptys);
	test_failing_writes(sample_large);
	test_failing_writes(sample_tree);
	check(mem_live == 0, "nothing leaks at all");
	return failed;
}
