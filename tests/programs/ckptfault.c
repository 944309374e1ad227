/* SPDX-License-Identifier: MIT */
/*
 * Whatever fails during a checkpoint or a recovery, nobody is harmed.
 *
 *   ckptfault OP KIND DIR [FIRST [STEP [LAST]]]
 *       OP: self, tckpt, forked, recover; or tree-self...: of a process with its children. KIND: alloc, read, write; warm: alloc with all that is needed in memory. The FIRSTth, FIRST+STEPth... event of that kind inside the
 *       facility fails, until there was none left (or LAST is reached). After each: the target goes on and computes what it should; the
 *       image is the old one, or one that is whole; no NAME_ckpt.new; no kernel object is left.
 *   ckptfault check DIR   brings the image in DIR back and looks whether it is whole
 */
#include "ckptfault.h"
#include <sys/statvfs.h>

#define IMAGE_MAX (2 << 20)
#define COUNTS_MAX 128
#define LEAK_RUNS 3
#define WARM_UP 3
#define SETTLE_MS 2000
#define RECOVER_EVERY 16 /* an image that has not changed is brought back now and then only */

/* --- Asking it --------------------------------------------------------------------------------- */

static int failures;
static char situation[400]; /* what has failed on request */

__attribute__((format(printf, 1, 2))) static void complain(const char *fmt, ...)
{
	va_list ap;

	printf("FAIL %s: ", situation);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	failures++;
}

/* The next answer, of whomever. */
static bool receive(pid_t pid, struct answer *a)
{
	sigset_t set;
	int fd, st;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		int sig = sigwaitinfo(&set, NULL);

		if (sig < 0) {
			complain("process %d (state %c) does not answer", (int)pid, t_pstate(pid));
			return false;
		}
		if (sig == SIGUSR1)
			break;
		if (waitpid(pid, &st, WNOHANG) == pid) {
			complain("process %d has ended with status 0x%x", (int)pid, (unsigned)st);
			return false;
		}
	}
	fd = SYS(open(ANSWER, O_RDONLY));
	CHECK_EQ(read(fd, a, sizeof(*a)), (ssize_t)sizeof(*a));
	SYS(close(fd));
	if (a->sum != sum_after(a->k))
		complain("process %d is wrong at step %u", (int)pid, a->k);
	return true;
}

static bool ask(pid_t pid, int sig, struct answer *a)
{
	SYS(kill(pid, sig));
	return receive(pid, a);
}

static void end(pid_t pid)
{
	struct timespec now = { 0, 0 };
	sigset_t set;
	int st;

	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (sigtimedwait(&set, NULL, &now) > 0)
		;
}

static pid_t start(const char *dir)
{
	struct answer a;
	pid_t pid = t_fork();

	if (pid == 0) {
		target(dir);
		_exit(5);
	}
	if (!receive(pid, &a))
		FAIL("the target does not start");
	return pid;
}

/* --- What is left over --------------------------------------------------------------------------- */

struct counts {
	int n;
	struct {
		char name[48];
		long value;
	} c[COUNTS_MAX];
};

static void read_counts(struct counts *c)
{
	static char text[16384];
	int fd = SYS(open("/proc/reprise/control", O_WRONLY));
	ssize_t n, len = 0;

	sync();
	CHECK_EQ(write(fd, "drop", 4), 4);
	SYS(close(fd));
	fd = SYS(open("/proc/reprise/counts", O_RDONLY));
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	SYS(close(fd));
	text[len] = 0;
	c->n = 0;
	for (char *p = text; p && c->n < COUNTS_MAX; p = strchr(p, '\n'), p += p != NULL) {
		if (sscanf(p, "%47s %ld", c->c[c->n].name, &c->c[c->n].value) == 2)
			c->n++;
	}
}

static bool grown(const struct counts *before, const struct counts *now, int i)
{
	long more = now->c[i].value - before->c[i].value;

	return strcmp(now->c[i].name, "frames.free") == 0 ? more < 0 : more > 0;
}

/* Whatever ends by itself may take its time. */
static bool any_growth(const struct counts *before, struct counts *now)
{
	for (int ms = 0; ms < SETTLE_MS; ms += 20) {
		struct timespec ts = { 0, 20000000 };
		bool any = false;

		read_counts(now);
		for (int i = 0; i < now->n; i++)
			any |= grown(before, now, i);
		if (!any)
			return false;
		nanosleep(&ts, NULL);
	}
	return true;
}

/* What has grown since `before`, which becomes what is now, as text. Only what has grown each time counts: `times` 1 begins anew. */
static const char *leaked(struct counts *before, int times)
{
	static bool each_time[COUNTS_MAX];
	static char text[400];
	struct counts now;
	size_t len = 0;

	text[0] = 0;
	if (!any_growth(before, &now))
		return NULL;
	for (int i = 0; i < now.n; i++) {
		each_time[i] = grown(before, &now, i) && (times == 1 || each_time[i]);
		if (each_time[i] && len < sizeof(text))
			len += snprintf(text + len, sizeof(text) - len, " %s %+ld", now.c[i].name,
					now.c[i].value - before->c[i].value);
	}
	*before = now;
	return len ? text : NULL;
}

static uint32_t crc(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint32_t c = ~0u;

	while (n-- > 0) {
		c ^= *p++;
		for (int i = 0; i < 8; i++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

/* --- Images --------------------------------------------------------------------------------------- */

struct image {
	size_t size;
	unsigned char *data;
};

static char image_path[200], new_path[256];

static void read_image(struct image *im)
{
	int fd = SYS(open(image_path, O_RDONLY));
	ssize_t n;

	im->size = 0;
	while ((n = read(fd, im->data + im->size, IMAGE_MAX - im->size)) > 0)
		im->size += n;
	SYS(close(fd));
}

/* Brings the image back and lets it take a step. An image made by ckpt() begins with one. */
static void try_image(bool self)
{
	struct answer a;
	/* The target has given answers since, in a file of its own. */
	pid_t pid = recover(NAME, RECOVER_CHANGED);

	if (pid < 0) {
		complain("the image cannot be brought back: %s", strerror(errno));
		return;
	}
	if (self ? receive(pid, &a) : ask(pid, SIGUSR1, &a)) {
		if (self && a.result != 1)
			complain("ckpt() returned %d in the process brought back", a.result);
	}
	end(pid);
}

/* --- The campaign ----------------------------------------------------------------------------------- */

static const char *const ops[] = { "self", "tckpt", "forked", "recover" };
static const char *const kinds[] = { "none", "alloc", "read", "write", "warm" };
enum { SELF, TCKPT, FORKED, RECOVER };
enum { WARM = CKPT_FAULT_WRITE + 1 };

static struct campaign {
	int op, kind;
	const char *kind_name;
	bool warm;
	const char *dir;
	unsigned hits, refused;
	pid_t target;
	struct image old, now;
	struct counts counts;
} c;

static void arm(struct ckpt_fault *f, unsigned kind, unsigned nth)
{
	f->cf_kind = kind;
	f->cf_nth = nth;
	SYS(ckptctl(CKPTCTL_FAULT, 0, f));
}

/* The operation; 0 or its errno. */
static int operate(void)
{
	unsigned tree = with_family ? CKPT_TREE : 0;
	struct answer a;
	pid_t pid;

	switch (c.op) {
	case SELF:
		if (!ask(c.target, SIGUSR2, &a))
			return 0;
		return a.result < 0 ? a.error : 0;
	case TCKPT: return tckpt(c.target, NAME, CKPT_WAIT | tree) < 0 ? errno : 0;
	case FORKED: return tckpt(c.target, NAME, CKPT_WAIT | CKPT_FORKED | tree) < 0 ? errno : 0;
	default:
		pid = recover(NAME, RECOVER_CHANGED);
		if (pid < 0)
			return errno;
		if (ask(pid, SIGUSR1, &a))
			end(pid);
		return 0;
	}
}

static bool read_only(void)
{
	struct statvfs sv;

	SYS(statvfs(c.dir, &sv));
	return sv.f_flag & ST_RDONLY;
}

/* Once more, with nothing in its way. */
static void operate_well(void)
{
	int error = operate();

	if (error)
		complain("the next one: %s", strerror(error));
	read_image(&c.old);
}

/* With everything in order again: who lives, what is on the disk, what is left. */
static void look_around(unsigned n, int error)
{
	struct answer a;
	bool ro = read_only(), changed;
	unsigned before = crc(c.old.data, c.old.size);

	if (ro && c.kind != CKPT_FAULT_WRITE)
		complain("the file system is read-only now");
	if (c.op != RECOVER && !ask(c.target, SIGUSR1, &a))
		c.target = start(c.dir);
	read_image(&c.now);
	changed = c.now.size != c.old.size || memcmp(c.now.data, c.old.data, c.now.size) != 0;
	if (changed && error && c.kind != CKPT_FAULT_WRITE)
		complain("the image has changed");
	/* On a disk that is read-only now its log cannot be opened for writing. */
	if (!ro && (changed || n % RECOVER_EVERY == 0))
		try_image(c.op == SELF);
	if (access(new_path, F_OK) == 0 && !ro) {
		complain("%s is left", new_path);
		unlink(new_path);
	}
	/* Another one shows that this one holds nothing up. */
	if (error && c.kind == CKPT_FAULT_WRITE && !ro)
		ask(c.target, SIGHUP, &a);
	if (error && !ro && (c.kind == CKPT_FAULT_WRITE || n % RECOVER_EVERY == 1)) {
		operate_well();
		error = 0;
	}
	if (c.kind == CKPT_FAULT_WRITE) {
		read_image(&c.now);
		printf("%s, image %08x, before %08x%s\n", error ? "refused" : "done",
		       crc(c.now.data, c.now.size), before, ro ? ", read-only now" : "");
	}
	if (changed)
		read_image(&c.old);
}

static bool fail_once(unsigned n)
{
	struct ckpt_fault f = { 0 };
	struct answer a;
	int error, wanted = c.kind == CKPT_FAULT_ALLOC ? ENOMEM : EIO;

	snprintf(situation, sizeof(situation), "%s %u", c.kind_name, n);
	if (c.warm)
		operate_well();
	/* So that its log has something that must get to the disk first. */
	if (c.op != RECOVER && !ask(c.target, SIGUSR1, &a))
		c.target = start(c.dir);
	arm(&f, c.kind, n);
	error = operate();
	arm(&f, 0, 0);
	if (f.cf_hit) {
		c.hits++;
		c.refused += error != 0;
		snprintf(situation, sizeof(situation), "%s %u (%s)", c.kind_name, n, f.cf_where);
	}
	if (getenv("VERBOSE"))
		printf("%s: %s\n", situation, strerror(error));
	/* A file in memory calls it that. */
	if (error == ENOSPC && f.cf_hit && strstr(f.cf_where, "tmpfs"))
		error = wanted;
	if (error && error != wanted)
		complain("%s instead of %s", strerror(error), strerror(wanted));
	if (error && !f.cf_hit)
		complain("%s without a fault (%u events)", strerror(error), f.cf_seen);
	look_around(n, f.cf_hit ? error : 0);
	return f.cf_hit;
}

/* False: there was no nth event any more. What grows is looked at again: a cache may have been filled. */
static bool one_fault(unsigned n)
{
	const char *what = NULL;
	bool hit = true;

	for (int times = 1; times <= LEAK_RUNS && hit && (what || times == 1); times++) {
		hit = fail_once(n);
		what = c.kind == CKPT_FAULT_WRITE ? NULL : leaked(&c.counts, times);
	}
	if (what && hit)
		complain("leaked:%s", what);
	return hit;
}

/* The target and a first image of it. */
static void prepare(const char *dir)
{
	int ro_op = c.op;

	c.dir = dir;
	SYS(chdir(dir));
	c.target = start(dir);
	/* After its start: it is not to have them in its image. All in memory before anything is counted. */
	c.old.data = malloc(IMAGE_MAX);
	c.now.data = malloc(IMAGE_MAX);
	CHECK(c.old.data && c.now.data);
	memset(c.old.data, 1, IMAGE_MAX);
	memset(c.now.data, 1, IMAGE_MAX);
	if (c.op == RECOVER)
		c.op = TCKPT;
	for (int i = 0; i < 2; i++)
		CHECK_EQ(operate(), 0);
	c.op = ro_op;
	if (c.op == RECOVER) {
		end(c.target);
		CHECK_EQ(operate(), 0);
	}
	read_image(&c.old);
	/* Nothing fails at first: what is there only once, like a page of a stack, is there when the counting begins. */
	for (int i = 0; i < WARM_UP && c.kind != CKPT_FAULT_WRITE; i++)
		fail_once(0);
	c.hits = c.refused = 0;
	read_counts(&c.counts);
}

static int campaign(const char *dir, unsigned first, unsigned stride, unsigned last)
{
	unsigned n;

	prepare(dir);
	for (n = first; n <= last && one_fault(n); n += stride) {
		/* Whoever waits for the end of a long campaign sees that it goes on. */
		if (n / 64 != (n + stride) / 64)
			printf("%u...\n", n);
	}
	printf("%s%s %s: %u faults, %u refused, %s\n", with_family ? "tree-" : "", ops[c.op],
	       c.kind_name, c.hits, c.refused, n > last ? "more are left" : "none is left");
	if (c.op != RECOVER)
		end(c.target);
	return failures != 0;
}

static int index_of(const char *word, const char *const *list, int n)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(word, list[i]) == 0)
			return i;
	}
	FAIL("%s: unknown", word);
}

static int t_hook(int argc, char **argv)
{
	struct ckpt_fault f = { 0 };
	sigset_t set;

	if (argc < 3)
		return -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	snprintf(image_path, sizeof(image_path), "%s/%s_ckpt", argv[argc == 3 ? 2 : 3], NAME);
	snprintf(new_path, sizeof(new_path), "%s.new", image_path);
	if (argc == 3) {
		SYS(chdir(argv[2]));
		try_image(strcmp(argv[1], "check-self") == 0);
		return failures != 0;
	}
	if (ckptctl(CKPTCTL_FAULT, 0, &f) < 0 && errno == EOPNOTSUPP) {
		printf("skip: no debug build\n");
		return 0;
	}
	with_family = strncmp(argv[1], "tree-", 5) == 0;
	c.op = index_of(argv[1] + (with_family ? 5 : 0), ops, 4);
	c.kind = index_of(argv[2], kinds, 5);
	c.kind_name = kinds[c.kind];
	c.warm = c.kind == WARM;
	if (c.warm)
		c.kind = CKPT_FAULT_ALLOC;
	return campaign(argv[3], argc > 4 ? atoi(argv[4]) : 1, argc > 5 ? atoi(argv[5]) : 1,
			argc > 6 ? atoi(argv[6]) : 1000000);
}

/* The debug call itself. */
TEST_ROOT(control)
{
	struct ckpt_fault f = { .cf_kind = 99 };

	CHECK_ERR(ckptctl(CKPTCTL_FAULT, 0, &f), EINVAL);
	CHECK_ERR(ckptctl(CKPTCTL_FAULT, 0, NULL), EFAULT);
	f.cf_kind = CKPT_FAULT_ALLOC;
	f.cf_nth = 1;
	SYS(ckptctl(CKPTCTL_FAULT, 0, &f));
	/* Outside of the facility nothing fails. */
	t_join(({
		pid_t pid = t_fork();
		if (pid == 0)
			_exit(0);
		pid;
	}));
	f.cf_kind = 0;
	SYS(ckptctl(CKPTCTL_FAULT, 0, &f));
	CHECK(f.cf_hit == 0 && f.cf_seen == 0);
	SYS(setuid(1000));
	CHECK_ERR(ckptctl(CKPTCTL_FAULT, 0, &f), EPERM);
}
