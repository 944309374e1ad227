/* SPDX-License-Identifier: MIT */
/* Families whose members share pages copy-on-write, and go on to change some of them. */
#include "states.h"
#include <sys/mman.h>

#define PAGE 4096u
#define PAGES 1024u /* 4 MiB */
#define CHILDREN 6

static unsigned char *mem, *file;

static unsigned seed_of(unsigned page, unsigned who)
{
	return page * 64 + who * 2 + 1;
}

/* The short pattern of a page: its first and last words, and a byte of the middle. */
static void put(unsigned char *p, unsigned seed)
{
	st_fill(p, 16, seed);
	st_fill(p + PAGE / 2, 16, seed + 7777);
	st_fill(p + PAGE - 16, 16, seed + 1234567);
}

static int has(const unsigned char *p, unsigned seed)
{
	return st_filled(p, 16, seed) && st_filled(p + PAGE / 2, 16, seed + 7777) &&
	       st_filled(p + PAGE - 16, 16, seed + 1234567);
}

static void fill(unsigned char *p, unsigned n, unsigned who)
{
	for (unsigned i = 0; i < n; i++)
		put(p + i * PAGE, seed_of(i, who));
}

static void check_pages(const unsigned char *p, unsigned n, unsigned (*who)(unsigned page, unsigned me), unsigned me)
{
	for (unsigned i = 0; i < n; i++) {
		if (!has(p + i * PAGE, seed_of(i, who(i, me))))
			FAIL("member %u: page %u is not that of member %u", me, i, who(i, me));
	}
}

static unsigned char *anonymous(unsigned pages)
{
	unsigned char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* Each child has changed every seventh page, shifted by its number; of those, each eleventh was changed again by the parent. */
static unsigned written_by(unsigned page, unsigned me)
{
	return me && page % 7 == me % 7 ? me : 0;
}

static unsigned parents_now(unsigned page, unsigned me)
{
	return page % 11 == 3 ? 20 : written_by(page, me);
}

static unsigned parents_after(unsigned page, unsigned me)
{
	return page % 5 == 2 ? 21 : parents_now(page, me);
}

static unsigned written_after(unsigned page, unsigned me)
{
	return page % 13 == me ? me + 30 : written_by(page, me);
}

static void change(unsigned char *p, unsigned n, unsigned (*who)(unsigned page, unsigned me), unsigned me)
{
	for (unsigned i = 0; i < n; i++) {
		if (!has(p + i * PAGE, seed_of(i, who(i, me))))
			put(p + i * PAGE, seed_of(i, who(i, me)));
	}
}

/* A child changes what it does, says so, and looks at all of it, also after more changes, when all go on. */
struct member {
	unsigned me;
	int told;
};

static void live(void *arg)
{
	const struct member *m = arg;

	change(mem, PAGES, written_by, m->me);
	CHECK_EQ(write(m->told, "x", 1), 1);
	st_await_go();
	check_pages(mem, PAGES, written_by, m->me);
	change(mem, PAGES, written_after, m->me);
	check_pages(mem, PAGES, written_after, m->me);
}

static void family(pid_t pid[CHILDREN], void (*fn)(void *))
{
	int p[2];
	char c;

	SYS(pipe(p));
	for (unsigned i = 0; i < CHILDREN; i++)
		pid[i] = st_child(fn, &(struct member){ i + 1, p[1] });
	for (unsigned i = 0; i < CHILDREN; i++)
		CHECK_EQ(read(p[0], &c, 1), 1);
	SYS(close(p[0]));
	SYS(close(p[1]));
}

static void join(const pid_t pid[CHILDREN])
{
	for (unsigned i = 0; i < CHILDREN; i++)
		t_join(pid[i]);
}

STATE_TREE(family)
{
	pid_t pid[CHILDREN];

	mem = anonymous(PAGES);
	fill(mem, PAGES, 0);
	family(pid, live);
	change(mem, PAGES, parents_now, 0);
	st_wait();
	check_pages(mem, PAGES, parents_now, 0);
	change(mem, PAGES, parents_after, 0);
	check_pages(mem, PAGES, parents_after, 0);
	join(pid);
}

/* Pages that the first process has changed or given back are shared by its children alone. */
STATE_TREE(siblings)
{
	pid_t pid[CHILDREN];

	mem = anonymous(PAGES);
	fill(mem, PAGES, 0);
	family(pid, live);
	SYS(munmap(mem, PAGES / 2 * PAGE));
	memset(mem + PAGES / 2 * PAGE, 0, PAGES / 2 * PAGE);
	st_wait();
	for (unsigned i = PAGES / 2; i < PAGES; i++)
		CHECK(mem[i * PAGE] == 0 && mem[i * PAGE + PAGE - 1] == 0);
	join(pid);
}

static void live_below(void *arg)
{
	const struct member *m = arg;
	int depth = m->me, p[2];
	pid_t pid = 0;
	char c;

	for (unsigned i = depth; i < 64; i += 8)
		put(mem + i * PAGE, seed_of(i, depth));
	SYS(pipe(p));
	if (depth < 5) {
		pid = st_child(live_below, &(struct member){ depth + 1, p[1] });
		CHECK_EQ(read(p[0], &c, 1), 1);
	}
	CHECK_EQ(write(m->told, "x", 1), 1);
	SYS(close(p[0]));
	SYS(close(p[1]));
	st_await_go();
	for (unsigned i = 0; i < 64; i++)
		CHECK(has(mem + i * PAGE, seed_of(i, (int)(i % 8) <= depth ? i % 8 : 0)));
	if (pid)
		t_join(pid);
}

/* Each generation has pages of all before it. */
STATE_TREE(generations)
{
	int p[2];
	pid_t pid;
	char c;

	mem = anonymous(64);
	fill(mem, 64, 0);
	SYS(pipe(p));
	pid = st_child(live_below, &(struct member){ 1, p[1] });
	CHECK_EQ(read(p[0], &c, 1), 1);
	st_wait();
	for (unsigned i = 0; i < 64; i++)
		CHECK(has(mem + i * PAGE, seed_of(i, 0)));
	t_join(pid);
}

static void live_moved(void *arg)
{
	const struct member *m = arg;
	unsigned n = 64, half = n / 2 * PAGE;
	unsigned char *to = mmap(NULL, n * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* The halves change places; one page of each cannot be used. */
	CHECK(to != MAP_FAILED);
	CHECK(mremap(mem, half, half, MREMAP_MAYMOVE | MREMAP_FIXED, to + half) == to + half);
	CHECK(mremap(mem + half, half, half, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	SYS(mprotect(to + m->me * PAGE, PAGE, PROT_NONE));
	SYS(mprotect(to + half + m->me * PAGE, PAGE, PROT_READ));
	CHECK_EQ(write(m->told, "x", 1), 1);
	st_await_go();
	SYS(mprotect(to, n * PAGE, PROT_READ | PROT_WRITE));
	for (unsigned i = 0; i < n; i++)
		CHECK(has(to + i * PAGE, seed_of((i + n / 2) % n, 0)));
	memset(to, m->me, n * PAGE);
}

/* Shared pages at other addresses, and with other protections, in each. */
STATE_TREE(moved)
{
	pid_t pid[CHILDREN];

	mem = anonymous(64);
	fill(mem, 64, 0);
	family(pid, live_moved);
	st_wait();
	for (unsigned i = 0; i < 64; i++)
		CHECK(has(mem + i * PAGE, seed_of(i, 0)));
	join(pid);
}

static void live_file(void *arg)
{
	const struct member *m = arg;

	memset(file + m->me * PAGE, 0, PAGE);
	CHECK_EQ(write(m->told, "x", 1), 1);
	st_await_go();
	for (unsigned i = 0; i < 32; i++) {
		if (i == m->me)
			CHECK(file[i * PAGE] == 0 && file[i * PAGE + PAGE - 1] == 0);
		else if (i < 16)
			CHECK(has(file + i * PAGE, seed_of(i, 0)));
		else
			CHECK(file[i * PAGE] == (i % 2 ? 0 : 'f') && file[i * PAGE + 100] == (i % 2 ? 0 : 'f'));
	}
	file[20 * PAGE] = m->me;
	CHECK(file[20 * PAGE] == m->me);
}

/* A private mapping of a file: pages written before the fork, zeros among them. */
STATE_TREE(file_private)
{
	static char page[PAGE];
	pid_t pid[CHILDREN];
	int fd;

	SYS(fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600));
	memset(page, 'f', PAGE);
	for (unsigned i = 0; i < 32; i++)
		CHECK_EQ(write(fd, page, PAGE), PAGE);
	file = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(file != MAP_FAILED);
	SYS(close(fd));
	fill(file, 16, 0);
	for (unsigned i = 17; i < 32; i += 2)
		memset(file + i * PAGE, 0, PAGE);
	family(pid, live_file);
	st_wait();
	for (unsigned i = 0; i < 16; i++)
		CHECK(has(file + i * PAGE, seed_of(i, 0)));
	CHECK(file[20 * PAGE] == 'f' && file[21 * PAGE] == 0);
	join(pid);
}

#define LARGE (24u << 8) /* pages: 24 MiB */

static void live_large(void *arg)
{
	const struct member *m = arg;

	change(mem, 64, written_by, m->me);
	CHECK_EQ(write(m->told, "x", 1), 1);
	st_await_go();
	check_pages(mem, 64, written_by, m->me);
	for (unsigned i = 64; i < LARGE; i++)
		CHECK(has(mem + i * PAGE, seed_of(i, 0)));
}

/* More than the machine would hold once for each: see tests/system/trees.py. */
STATE_WITH(large, ST_HELPER)
{
	pid_t pid[CHILDREN];

	mem = anonymous(LARGE);
	fill(mem, LARGE, 0);
	family(pid, live_large);
	st_wait();
	for (unsigned i = 0; i < LARGE; i++)
		CHECK(has(mem + i * PAGE, seed_of(i, 0)));
	join(pid);
}
