/* SPDX-License-Identifier: MIT */
/*
 * Drives the states of tests/programs/states: starts each, saves it while it waits, brings it back, and says how it ended.
 *
 *   stdrive [-t | -j] [-v] [-o FLAGS] [-a FAMILY/STATE] MODE [FAMILY[/STATE] | -FAMILY[/STATE]]...
 *
 * Without names: all states; a minus in front leaves out. -a: only those that are listed behind FAMILY/STATE. MODE:
 *
 *   list       the states, with T (has children), L (changes all the time)
 *   none       nothing is saved: it also runs on a Linux host
 *   continue   saved by tckpt(), goes on
 *   forked     saved by a forked checkpoint, goes on at once; and the image is as good as another
 *   self       it saves itself with ckpt(), is brought back
 *   recover    saved, killed, brought back
 *   repeat     ten times saved, killed, the last image brought back
 *   chain      ten generations: saved, killed, brought back, saved...
 *   beside     saved; the original is stopped and stays while a copy is brought back under other ids
 *   canonical  stopped; two images of it are the same, and so is that of the recovered process
 *   save       saved, killed: the first half of a reboot
 *   restore    its second half: brought back after that
 *
 * -t saves each with its descendants (states that have some always are), -j as a job, with its process group; -o FLAGS goes with recover(). Each state works in
 * FAMILY-STATE below the current directory; its image lies beside that. One line a state:
 *
 *   ok FAMILY/STATE | FAIL FAMILY/STATE: why | refused FAMILY/STATE | n/a FAMILY/STATE | wrote FAMILY/STATE
 */
#include "t.h"
#include "stcompare.h"
#include <dirent.h>
#include <limits.h>
#include <reprise/ckpt.h>
#include <sys/prctl.h>

#define WAIT_S 100 /* for a state to become ready, to end */
#define TIMES 10
#define ST_TREE 1u
#define ST_LOOP 2u
#define ST_ROOT 4u
#define ST_TICKS 16u
#define MAXSTATES 512

enum outcome { OK, BAD, REFUSED, NOT, WROTE };

struct state {
	char s_family[24], s_name[40];
	unsigned s_flags;
	char s_dir[80]; /* and the name of its image */
	/* A run of it. */
	pid_t s_pid;
	int s_status;
	int s_signal; /* goes on when it gets SIGUSR1 */
	char s_why[400];
};

static struct state states[MAXSTATES];
static int nstates;
static char bindir[PATH_MAX];
static unsigned together; /* CKPT_TREE or CKPT_JOB, for all */
static int verbose;
static const char *behind;
static unsigned recover_flags;

static void nap(void)
{
	struct timespec ts = { 0, 3000000 };

	nanosleep(&ts, NULL);
}

static long long deadline(void)
{
	return t_now_ns() + WAIT_S * 1000000000ll;
}

__attribute__((format(printf, 2, 3))) static enum outcome bad(struct state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*s->s_why)
		vsnprintf(s->s_why, sizeof(s->s_why), fmt, ap);
	va_end(ap);
	return BAD;
}

/* The list of states. */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add_family(const char *family)
{
	char path[PATH_MAX + 64], line[100];
	FILE *f;
	int p[2];

	snprintf(path, sizeof(path), "%s/st-%s", bindir, family);
	SYS(pipe(p));
	pid_t pid = t_fork();
	if (pid == 0) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl(path, path, "-l", NULL);
		_exit(127);
	}
	close(p[1]);
	CHECK((f = fdopen(p[0], "r")) != NULL);
	while (fgets(line, sizeof(line), f)) {
		struct state *s = &states[nstates];

		CHECK(nstates < MAXSTATES);
		if (sscanf(line, "%39s %u", s->s_name, &s->s_flags) != 2)
			FAIL("%s -l: %s", path, line);
		snprintf(s->s_family, sizeof(s->s_family), "%s", family);
		snprintf(s->s_dir, sizeof(s->s_dir), "%s-%.*s", family, (int)strcspn(line, " "), line);
		nstates++;
	}
	fclose(f);
	t_join(pid);
}

static void find_states(void)
{
	static char family[64][24];
	struct dirent *de;
	int n = 0;
	DIR *d = opendir(bindir);

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, "st-", 3) == 0 && n < 64)
			snprintf(family[n++], sizeof(family[0]), "%.23s", de->d_name + 3);
	}
	closedir(d);
	qsort(family, n, sizeof(family[0]), by_name);
	for (int i = 0; i < n; i++)
		add_family(family[i]);
}

static int matches(const struct state *s, const char *name)
{
	size_t n = strlen(s->s_family);

	return strncmp(name, s->s_family, n) == 0 &&
	       (!name[n] || (name[n] == '/' && strcmp(name + n + 1, s->s_name) == 0));
}

/* To be asked in the order of the list. */
static int wanted(const struct state *s, char **names)
{
	int yes = 1, positive = 0;

	if (behind) {
		if (matches(s, behind))
			behind = NULL;
		return 0;
	}
	for (; *names; names++) {
		if (**names == '-') {
			if (matches(s, *names + 1))
				return 0;
			continue;
		}
		if (!positive++)
			yes = 0;
		yes |= matches(s, *names);
	}
	return yes;
}

/* Files. */

static void remove_tree(const char *path)
{
	struct dirent *de;
	DIR *d;

	if (unlink(path) == 0 || errno == ENOENT)
		return;
	chmod(path, 0700);
	d = opendir(path);
	while (d && (de = readdir(d)) != NULL) {
		char sub[PATH_MAX];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
		remove_tree(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

/* What it has printed so far. */
static void output(const struct state *s, char *buf, size_t size)
{
	char path[128];
	ssize_t n = 0;

	snprintf(path, sizeof(path), "%s/out", s->s_dir);
	int fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
}

/* A line of its output that begins with this word; NULL: none yet. */
static char *said(char *text, const char *word)
{
	size_t n = strlen(word);

	for (char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, word, n) == 0 && (p[n] == '\n' || p[n] == ' '))
			return p;
	}
	return NULL;
}

/* Processes. */

static int is_state(pid_t pid)
{
	char path[64], exe[PATH_MAX];
	size_t n = strlen(bindir);
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, exe, sizeof(exe) - 1);
	if (len < 0)
		return 0;
	exe[len] = 0;
	return strncmp(exe, bindir, n) == 0 && strncmp(exe + n, "/st-", 4) == 0;
}

/* Sends a signal to every process of a state; how many there are that are no zombies. */
static int signal_all(int sig, int only_running)
{
	DIR *d = opendir("/proc");
	struct dirent *de;
	int n = 0;

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		pid_t pid = atoi(de->d_name);
		char state;

		if (pid <= 0 || pid == getpid() || !is_state(pid))
			continue;
		state = t_pstate(pid);
		if (!state || strchr("ZX", state) || (only_running && state == 'T'))
			continue;
		n++;
		kill(pid, sig);
	}
	closedir(d);
	return n;
}

/* Until all have taken it. */
static int kill_everybody(struct state *s)
{
	long long until = deadline();

	while (signal_all(SIGKILL, 0) > 0) {
		if (t_now_ns() > until)
			return bad(s, "processes do not die"), -1;
		nap();
	}
	while (waitpid(-1, &s->s_status, WNOHANG) > 0)
		;
	return 0;
}

/*
 * The parent of a vfork stops only when its child has let go of its memory, which one that has stopped before does not: all go on for a moment then,
 * for a longer one each time.
 */
static int stop_everybody(struct state *s)
{
	long long until = deadline();
	siginfo_t si;

	for (int n = 1; signal_all(SIGSTOP, 1) > 0; n++) {
		if (t_now_ns() > until)
			return bad(s, "processes do not stop"), -1;
		nap();
		if (n % 20 == 0) {
			signal_all(SIGCONT, 0);
			for (int i = 0; i < n / 20; i++)
				nap();
		}
	}
	/* All threads of it, too. */
	if (waitid(P_PID, s->s_pid, &si, WSTOPPED | WEXITED | WNOWAIT) < 0)
		return bad(s, "waitid: %s", strerror(errno)), -1;
	return 0;
}

/* 0: it has ended, s_status says how. */
static int await_end(struct state *s)
{
	long long until = deadline();

	for (;;) {
		pid_t pid = waitpid(s->s_pid, &s->s_status, WNOHANG);

		if (pid == s->s_pid)
			return 0;
		if (pid < 0)
			return bad(s, "wait: %s", strerror(errno)), -1;
		if (t_now_ns() > until)
			return bad(s, "does not end"), -1;
		nap();
	}
}

static void describe_end(struct state *s, const char *what)
{
	char text[2000], *fail;

	output(s, text, sizeof(text));
	fail = strstr(text, "FAIL");
	if (fail)
		bad(s, "%s: %.300s", what, fail);
	else if (WIFSIGNALED(s->s_status))
		bad(s, "%s: killed by signal %d", what, WTERMSIG(s->s_status));
	else
		bad(s, "%s: exit %d: %.200s", what, WEXITSTATUS(s->s_status), text);
	for (char *p = s->s_why; *p; p++) {
		if (*p == '\n')
			*p = p[1] ? '|' : 0;
	}
}

static void become(const struct state *s)
{
	char path[PATH_MAX + 64];
	int in = open("/dev/null", O_RDONLY), out;

	setsid();
	if (chdir(s->s_dir) < 0 || in < 0)
		_exit(126);
	out = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	fchmod(out, 0666);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	snprintf(path, sizeof(path), "%s/st-%s", bindir, s->s_family);
	execl(path, path, s->s_name, NULL);
	_exit(127);
}

static int start(struct state *s)
{
	remove_tree(s->s_dir);
	if (mkdir(s->s_dir, 0777) < 0 || chmod(s->s_dir, 0777) < 0)
		return bad(s, "mkdir %s: %s", s->s_dir, strerror(errno)), -1;
	s->s_pid = t_fork();
	if (s->s_pid == 0)
		become(s);
	return 0;
}

/* Until it stands as it is to be saved. */
static int await_ready(struct state *s)
{
	long long until = deadline();
	char text[2000], *line;

	for (;;) {
		output(s, text, sizeof(text));
		line = said(text, "ready");
		if (line && strchr(line, '\n'))
			break;
		if (waitpid(s->s_pid, &s->s_status, WNOHANG) == s->s_pid) {
			describe_end(s, "before it was ready");
			return -1;
		}
		if (t_now_ns() > until)
			return bad(s, "does not become ready"), -1;
		nap();
	}
	*strchr(line, '\n') = 0;
	s->s_signal = strstr(line, "signal") != NULL;
	if (strstr(line, "asleep"))
		t_await_state(s->s_pid, "S");
	return 0;
}

static int begin(struct state *s)
{
	return start(s) < 0 || await_ready(s) < 0 ? -1 : 0;
}

static void release(struct state *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/go", s->s_dir);
	int fd = SYS(open(path, O_WRONLY | O_CREAT, 0666));
	SYS(close(fd));
	if (s->s_signal)
		SYS(kill(s->s_pid, SIGUSR1));
}

/* Lets it go on and verify itself. */
static enum outcome finish(struct state *s, const char *what)
{
	char text[4000];

	release(s);
	if (await_end(s) < 0)
		return BAD;
	output(s, text, sizeof(text));
	if (s->s_status != 0 || !said(text, "ok")) {
		describe_end(s, what);
		return BAD;
	}
	return OK;
}

/* Saving and bringing back. */

static enum outcome save(struct state *s, unsigned flags)
{
	flags |= together ? together : s->s_flags & ST_TREE ? CKPT_TREE : 0;
	if (tckpt(s->s_pid, s->s_dir, flags) == 0)
		return OK;
	if (errno == EOPNOTSUPP)
		return REFUSED;
	return bad(s, "tckpt: %s", strerror(errno));
}

static enum outcome bring_back(struct state *s)
{
	s->s_pid = recover(s->s_dir, recover_flags);
	return s->s_pid > 0 ? OK : bad(s, "recover: %s", strerror(errno));
}

/*
 * A state that changes all the time would go on between the checkpoint and its death, and leave files that are not those of the image:
 * it is stopped before. Whoever brings it back lets it go on.
 */
static enum outcome save_and_kill(struct state *s, int times)
{
	enum outcome o = OK;

	for (int i = 0; i < times && o == OK; i++) {
		if (i == times - 1 && (s->s_flags & ST_LOOP) && stop_everybody(s) < 0)
			return BAD;
		o = save(s, CKPT_WAIT);
	}
	if (o == OK && kill_everybody(s) < 0)
		o = BAD;
	return o;
}

static enum outcome revive(struct state *s)
{
	enum outcome o = bring_back(s);

	if (o == OK && (s->s_flags & ST_LOOP))
		signal_all(SIGCONT, 0);
	return o;
}

/* Modes. */

static enum outcome mode_none(struct state *s)
{
	return begin(s) < 0 ? BAD : finish(s, "undisturbed");
}

static enum outcome mode_continue(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save(s, CKPT_WAIT);
	return o == OK ? finish(s, "the original") : o;
}

static enum outcome mode_recover(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, 1);
	if (o == OK)
		o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

/* The hidden child that writes a forked checkpoint outlives the process. */
static enum outcome await_image(struct state *s)
{
	long long until = deadline();
	char path[100];

	snprintf(path, sizeof(path), "%s_ckpt.new", s->s_dir);
	while (access(path, F_OK) == 0) {
		if (t_now_ns() > until)
			return bad(s, "the forked checkpoint comes to no end");
		nap();
	}
	return OK;
}

/* The first one is waited for; with the second the process goes on at once. */
static enum outcome mode_forked(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0 || ((s->s_flags & ST_LOOP) && stop_everybody(s) < 0))
		return BAD;
	o = save(s, CKPT_FORKED | CKPT_WAIT);
	if (o == OK && kill_everybody(s) < 0)
		o = BAD;
	if (o == OK)
		o = revive(s);
	if (o == OK)
		o = finish(s, "the recovered process");
	if (o != OK || kill_everybody(s) < 0 || begin(s) < 0)
		return o == OK ? BAD : o;
	o = save(s, CKPT_FORKED);
	if (o == OK)
		o = finish(s, "the original");
	return o == OK ? await_image(s) : o;
}

static enum outcome mode_self(struct state *s)
{
	char text[4000], image[PATH_MAX];

	if (s->s_flags & ST_TREE)
		return NOT;
	CHECK(getcwd(image, sizeof(image) - 128) != NULL);
	strcat(image, "/");
	strcat(image, s->s_dir);
	setenv("ST_SELF", image, 1);
	int r = start(s);
	unsetenv("ST_SELF");
	if (r < 0 || await_end(s) < 0)
		return BAD;
	output(s, text, sizeof(text));
	if (said(text, "not by itself") || said(text, "refused"))
		return said(text, "refused") ? REFUSED : NOT;
	if (s->s_status != 0 || !said(text, "saved")) {
		describe_end(s, "before it was saved");
		return BAD;
	}
	if (bring_back(s) != OK || await_ready(s) < 0)
		return BAD;
	return finish(s, "the recovered process");
}

static enum outcome mode_repeat(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, TIMES);
	if (o == OK)
		o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

static enum outcome mode_chain(struct state *s)
{
	enum outcome o = OK;

	if (begin(s) < 0)
		return BAD;
	for (int i = 0; i < TIMES && o == OK; i++) {
		o = save_and_kill(s, 1);
		if (o == OK)
			o = revive(s);
		if (o == BAD)
			bad(s, "generation %d", i + 1);
	}
	return o == OK ? finish(s, "the tenth generation") : o;
}

static enum outcome mode_beside(struct state *s)
{
	enum outcome o;
	pid_t original;

	if (s->s_flags & ST_LOOP)
		return NOT;
	if (begin(s) < 0)
		return BAD;
	original = s->s_pid;
	o = save(s, CKPT_WAIT);
	if (o == OK && stop_everybody(s) < 0)
		o = BAD;
	if (o == OK)
		o = bring_back(s);
	if (o == OK && s->s_pid == original)
		o = bad(s, "has the id of another process");
	return o == OK ? finish(s, "the copy") : o;
}

static enum outcome same(struct state *s, const char *a, const char *b, const char *what)
{
	char text[200];

	if (image_compare(a, b, text, sizeof(text)) == 0)
		return OK;
	return bad(s, "%s: %s", what, text);
}

static enum outcome mode_canonical(struct state *s)
{
	char first[100], now[100];
	enum outcome o;

	if (s->s_flags & ST_TICKS)
		return NOT;
	setenv("ST_STOPS", "1", 1);
	int r = begin(s);
	unsetenv("ST_STOPS");
	if (r < 0 || stop_everybody(s) < 0)
		return BAD;
	snprintf(first, sizeof(first), "%s.first", s->s_dir);
	snprintf(now, sizeof(now), "%s_ckpt", s->s_dir);
	o = save(s, CKPT_WAIT);
	if (o != OK)
		return o;
	SYS(rename(now, first));
	o = save(s, CKPT_WAIT);
	if (o == OK)
		o = same(s, first, now, "two images of one process");
	if (o != OK || kill_everybody(s) < 0)
		return o == OK ? BAD : o;
	o = bring_back(s);
	if (o == OK)
		o = save(s, CKPT_WAIT);
	if (o == OK)
		o = same(s, first, now, "the image of the recovered process");
	unlink(first);
	if (o != OK)
		return o;
	signal_all(SIGCONT, 0);
	return finish(s, "the recovered process");
}

/* What the second half must know is in a file beside the image. */
static enum outcome mode_save(struct state *s)
{
	char path[128], line[64];
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, 1);
	if (o != OK)
		return o;
	snprintf(path, sizeof(path), "%s.saved", s->s_dir);
	snprintf(line, sizeof(line), "%d %d\n", (int)s->s_pid, s->s_signal);
	t_put(path, line, strlen(line));
	return WROTE;
}

static int saved_line(const struct state *s, pid_t *pid, int *sig)
{
	char path[128];
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "%s.saved", s->s_dir);
	f = fopen(path, "r");
	if (!f)
		return -1;
	n = fscanf(f, "%d %d", pid, sig);
	fclose(f);
	return n == 2 ? 0 : -1;
}

static enum outcome mode_restore(struct state *s)
{
	pid_t old;
	enum outcome o;

	if (saved_line(s, &old, &s->s_signal) < 0)
		return NOT;
	o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

/* Before the second half: the ids of all that will come back, and of their children, are taken by others. */
static void take_ids(pid_t *others, int max, int *n)
{
	pid_t highest = 0, pid;
	int sig;

	for (int i = 0; i < nstates; i++) {
		if (saved_line(&states[i], &pid, &sig) == 0 && pid > highest)
			highest = pid;
	}
	for (*n = 0; *n < max; (*n)++) {
		pid = t_fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		others[*n] = pid;
		if (pid > highest + 8) {
			++*n;
			break;
		}
	}
}

static const struct {
	const char *m_name;
	enum outcome (*m_fn)(struct state *s);
} modes[] = {
	{ "none", mode_none },	 { "continue", mode_continue }, { "forked", mode_forked },
	{ "self", mode_self },	 { "recover", mode_recover },	{ "repeat", mode_repeat },
	{ "chain", mode_chain }, { "beside", mode_beside },	{ "canonical", mode_canonical },
	{ "save", mode_save },	 { "restore", mode_restore },
};

static enum outcome run(struct state *s, enum outcome (*fn)(struct state *))
{
	static const char *const words[] = { "ok", "FAIL", "refused", "n/a", "wrote" };
	char path[100];
	long long began = t_now_ns();
	enum outcome o;

	if ((s->s_flags & ST_ROOT) && geteuid() != 0) {
		printf("skip %s/%s: needs root\n", s->s_family, s->s_name);
		return NOT;
	}
	o = fn(s);
	if (kill_everybody(s) < 0)
		o = BAD;
	if (o != WROTE) {
		remove_tree(s->s_dir);
		snprintf(path, sizeof(path), "%s_ckpt", s->s_dir);
		unlink(path);
		snprintf(path, sizeof(path), "%s.saved", s->s_dir);
		unlink(path);
	}
	printf("%s %s/%s%s%s", words[o], s->s_family, s->s_name, *s->s_why ? ": " : "", s->s_why);
	if (verbose)
		printf(" (%lld ms)", (t_now_ns() - began) / 1000000);
	printf("\n");
	fflush(stdout);
	return o;
}

static void list(char **names)
{
	for (int i = 0; i < nstates; i++) {
		const struct state *s = &states[i];

		if (wanted(s, names))
			printf("%s/%s%s%s\n", s->s_family, s->s_name,
			       s->s_flags & ST_TREE ? " T" : "", s->s_flags & ST_LOOP ? " L" : "");
	}
}

static int t_hook(int argc, char **argv)
{
	static pid_t others[2000];
	enum outcome (*fn)(struct state *) = NULL;
	int c, nothers = 0, failed = 0;
	char *slash;

	while ((c = getopt(argc, argv, "+tjvo:a:")) != -1) {
		switch (c) {
		case 't': together = CKPT_TREE; break;
		case 'j': together = CKPT_JOB; break;
		case 'v': verbose = 1; break;
		case 'o': recover_flags = strtoul(optarg, NULL, 0); break;
		case 'a': behind = optarg; break;
		default: return 2;
		}
	}
	if (optind == argc)
		return 2;
	CHECK(realpath("/proc/self/exe", bindir) != NULL);
	slash = strrchr(bindir, '/');
	*slash = 0;
	/* Orphans of a state are the driver's, where the kernel can do that. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(0);
	find_states();
	if (strcmp(argv[optind], "list") == 0)
		return list(argv + optind + 1), 0;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[optind], modes[i].m_name) == 0)
			fn = modes[i].m_fn;
	}
	if (!fn)
		return 2;
	if (fn == mode_restore)
		take_ids(others, 2000, &nothers);
	for (int i = 0; i < nstates; i++) {
		if (wanted(&states[i], argv + optind + 1))
			failed += run(&states[i], fn) == BAD;
	}
	for (int i = 0; i < nothers; i++) {
		kill(others[i], SIGKILL);
		t_wait(others[i]);
	}
	return failed != 0;
}
