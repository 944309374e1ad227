/* SPDX-License-Identifier: MIT */
/*
 * The calls about user and group ids, with 32 and with 16 bits: each of a table of calls is made by processes with each of
 * a table of ids; what it returns and what the ids are then is printed, and must be what Linux prints.
 */
#include "t.h"
#include <grp.h>

struct ids {
	const char *name;
	long uid[3], gid[3]; /* real, effective, saved */
};

static const struct ids starts[] = {
	{ "root", { 0, 0, 0 }, { 0, 0, 0 } },
	{ "user", { 1000, 1000, 1000 }, { 100, 100, 100 } },
	{ "set-uid", { 1000, 0, 0 }, { 100, 100, 100 } },
	{ "given up", { 1000, 1000, 0 }, { 100, 100, 50 } },
	{ "all differ", { 1, 2, 3 }, { 4, 5, 6 } },
	{ "large", { 70000, 65535, 0x7fffffff }, { 65534, 65536, 70001 } },
};

struct call {
	const char *name;
	int nr, nargs;
};

static const struct call setters[] = {
	{ "setuid16", 23, 1 },	  { "setgid16", 46, 1 },     { "setreuid16", 70, 2 },
	{ "setregid16", 71, 2 },  { "setresuid16", 164, 3 }, { "setresgid16", 170, 3 },
	{ "setfsuid16", 138, 1 }, { "setfsgid16", 139, 1 },  { "setuid", 213, 1 },
	{ "setgid", 214, 1 },	  { "setreuid", 203, 2 },    { "setregid", 204, 2 },
	{ "setresuid", 208, 3 },  { "setresgid", 210, 3 },   { "setfsuid", 215, 1 },
	{ "setfsgid", 216, 1 },
};

static const long values[] = { -1, 0, 1, 2, 3, 5, 1000, 0xffff, 65536, 70000 };
#define NVALUES (sizeof(values) / sizeof(values[0]))

static void start(const struct ids *ids)
{
	SYS(syscall(SYS_setresgid32, ids->gid[0], ids->gid[1], ids->gid[2]));
	SYS(syscall(SYS_setresuid32, ids->uid[0], ids->uid[1], ids->uid[2]));
}

static void show(void)
{
	unsigned u[3], g[3];
	unsigned short u16[3], g16[3];

	SYS(syscall(SYS_getresuid32, &u[0], &u[1], &u[2]));
	SYS(syscall(SYS_getresgid32, &g[0], &g[1], &g[2]));
	SYS(syscall(165, &u16[0], &u16[1], &u16[2]));
	SYS(syscall(171, &g16[0], &g16[1], &g16[2]));
	printf(" -> %u %u %u/%ld, %u %u %u/%ld; %u %u %u, %u %u %u; %ld %ld %ld %ld\n", u[0], u[1],
	       u[2], syscall(215, -1), g[0], g[1], g[2], syscall(216, -1), u16[0], u16[1], u16[2],
	       g16[0], g16[1], g16[2], syscall(24), syscall(49), syscall(47), syscall(50));
}

/* With the arguments that number n counts, in a process of its own. */
static void try_call(const struct ids *ids, const struct call *c, unsigned n)
{
	long a[3] = { 0 };
	pid_t pid = t_fork();

	if (pid == 0) {
		start(ids);
		for (int i = 0; i < c->nargs; i++, n /= NVALUES)
			a[i] = values[n % NVALUES];
		long r = syscall(c->nr, a[0], a[1], a[2]);

		printf("%s: %s(%ld, %ld, %ld) = %ld, %d", ids->name, c->name, a[0], a[1], a[2], r,
		       r < 0 ? errno : 0);
		show();
		fflush(stdout);
		_exit(0);
	}
	t_join(pid);
}

static void try_all(const struct call *c)
{
	unsigned all = 1;
	/* Every combination of one argument, a part of those of more. */
	unsigned step = c->nargs == 1 ? 1 : c->nargs == 2 ? 7 : 61;

	for (int i = 0; i < c->nargs; i++)
		all *= NVALUES;
	for (unsigned s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		for (unsigned n = 0; n < all; n += step)
			try_call(&starts[s], c, n);
	}
}

TEST_ROOT(setters)
{
	for (unsigned i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
		try_all(&setters[i]);
}

TEST_ROOT(groups)
{
	static const unsigned some[] = { 1, 65534, 65535, 65536, 70000 };
	static const unsigned short low[] = { 5, 65534 }, minus1 = 0xffff;
	unsigned got[40];
	unsigned short got16[40];

	SYS(syscall(206, 5, some));
	CHECK_EQ(syscall(205, 0, NULL), 5);
	CHECK_EQ(syscall(80, 0, NULL), 5);
	CHECK_EQ(syscall(205, 40, got), 5);
	CHECK_EQ(syscall(80, 40, got16), 5);
	for (int i = 0; i < 5; i++)
		printf("%u %u\n", got[i], got16[i]);
	SYS(syscall(81, 2, low));
	CHECK_EQ(syscall(205, 40, got), 2);
	CHECK_ERR(syscall(81, 1, &minus1), EINVAL);
	for (int i = 0; i < 2; i++)
		printf("%u\n", got[i]);
}

/* The errors, in their order. */
TEST_ROOT(group_errors)
{
	unsigned minus1 = -1, got[2];

	SYS(syscall(206, 0, NULL));
	CHECK_ERR(syscall(206, 1, &minus1), EINVAL);
	CHECK_ERR(syscall(206, -1, NULL), EINVAL);
	CHECK_ERR(syscall(206, 1, 1), EFAULT);
	CHECK_ERR(syscall(81, 70000, 1), EINVAL);
	CHECK_ERR(syscall(81, 1, 1), EFAULT);
	unsigned two[] = { 1, 2 };
	SYS(syscall(206, 2, two));
	CHECK_ERR(syscall(205, -1, got), EINVAL);
	CHECK_ERR(syscall(205, 1, got), EINVAL);
	CHECK_ERR(syscall(205, 2, 1), EFAULT);
	CHECK_ERR(syscall(80, 1, 1), EINVAL);
	CHECK_ERR(syscall(80, 2, 1), EFAULT);
	SYS(setuid(1000));
	CHECK_ERR(syscall(206, -1, NULL), EPERM);
	CHECK_ERR(syscall(206, 1, 1), EPERM);
	CHECK_ERR(syscall(81, 0, NULL), EPERM);
}

TEST(getter_errors)
{
	unsigned short a, b;

	CHECK_ERR(syscall(165, 1, &a, &b), EFAULT);
	CHECK_ERR(syscall(165, &a, 1, &b), EFAULT);
	CHECK_ERR(syscall(165, &a, &b, 1), EFAULT);
	CHECK_ERR(syscall(171, 1, 1, 1), EFAULT);
	CHECK_ERR(syscall(209, 1, &a, &b), EFAULT);
	CHECK_ERR(syscall(211, 1, &a, &b), EFAULT);
}

struct old_stat {
	unsigned dev, ino;
	unsigned short mode, nlink, uid, gid;
	unsigned rest[12];
};

TEST_ROOT(chown16)
{
	static const long row[][2] = { { 1, 2 },   { 0xffff, 7 },	 { 8, 0xffff },
				       { -1, -1 }, { 65534, 65536 + 5 }, { 0x1ffff, 0x20003 } };

	t_put("f", "x", 1);
	int fd = SYS(open("f", O_RDONLY));
	SYS(symlink("f", "l"));
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (int k = 0; k < 3; k++) {
			struct stat st, ln;
			struct old_stat old;
			long r = k == 0	  ? syscall(182, "l", row[i][0], row[i][1])
				 : k == 1 ? syscall(16, "l", row[i][0], row[i][1])
					  : syscall(95, fd, row[i][0], row[i][1]);
			SYS(stat("f", &st));
			SYS(lstat("l", &ln));
			SYS(syscall(106, "f", &old));
			printf("%u.%d: %ld: %u %u, %u %u, %u %u\n", i, k, r, st.st_uid, st.st_gid,
			       ln.st_uid, ln.st_gid, old.uid, old.gid);
		}
	}
	SYS(chown("f", 70000, 65536));
	struct old_stat old;
	SYS(syscall(106, "f", &old));
	CHECK_EQ(old.uid, 65534);
	CHECK_EQ(old.gid, 65534);
}

T_NO_HOOK
