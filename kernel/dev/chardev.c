/* SPDX-License-Identifier: MIT */
/* The list of terminal devices, and the choice of the console. */
#include "kernel/dev/chardev.h"
#include "kernel/cmdline.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

static struct list termdevs = LIST_INIT(termdevs);
static struct termdev *console_dev;

static void no_input(struct termdev *td, const u8 *buf, size_t len)
{
}

static void no_rxerror(struct termdev *td, u8 c, enum td_error error)
{
}

static void no_output_ready(struct termdev *td)
{
}

void termdev_register(struct termdev *td)
{
	td->td_input = no_input;
	td->td_rxerror = no_rxerror;
	td->td_output_ready = no_output_ready;
	list_push_back(&termdevs, &td->td_link);
}

void termdev_foreach(void (*fn)(struct termdev *td, void *arg), void *arg)
{
	struct termdev *td;

	list_for_each(td, &termdevs, td_link)
		fn(td, arg);
}

struct termdev *termdev_find(const char *name)
{
	struct termdev *td;

	list_for_each(td, &termdevs, td_link) {
		if (strcmp(td->td_name, name) == 0)
			return td;
	}
	return NULL;
}

/* The device that a console= word names. */
static struct termdev *named(const char *word)
{
	const char *comma = strchr(word, ',');
	char name[16];

	strlcpy_k(name, word, comma ? MIN((size_t)(comma - word) + 1, sizeof(name)) : sizeof(name));
	return termdev_find(name);
}

struct choice {
	bool ch_asked; /* some console= names an existing device */
};

static bool asked_for(struct termdev *td)
{
	const char *last = cmdline_get("console");

	return cmdline_has("console", td->td_name) || (last && named(last) == td);
}

static void look(struct termdev *td, void *arg)
{
	struct choice *choice = arg;

	choice->ch_asked |= asked_for(td);
}

static void show_log(struct termdev *td, void *arg)
{
	const struct choice *choice = arg;

	if (td->td_console && (choice->ch_asked ? asked_for(td) : td->td_logs))
		console_register(td->td_console);
}

/*
 * Reads the number at *text, from 1 to 65535, with `end` after it; *text moves
 * there.
 * Returns: 0: not a number.
 */
static u16 take_size(const char **text, char end)
{
	u64 n = strtou64(*text, text, 10);

	return n <= 0xffff && **text == end ? (u16)n : 0;
}

/*
 * tty=ROWSxCOLUMNS: a serial line does not know the size of the terminal at its
 * other end.
 */
static void size_console(void)
{
	const char *word = cmdline_get("tty"), *p = word;
	u16 rows, cols;

	if (!word || !console_dev || console_dev->td_rows)
		return;
	rows = take_size(&p, 'x');
	if (rows)
		p++;
	cols = rows ? take_size(&p, '\0') : 0;
	if (!cols) {
		printk("tty=%s: not the size of a terminal\n", word);
		return;
	}
	console_dev->td_rows = rows;
	console_dev->td_cols = cols;
}

void termdev_choose_console(void)
{
	const char *last = cmdline_get("console");
	struct choice choice = { false };

	console_dev = last ? named(last) : NULL;
	if (last && !console_dev)
		printk("console=%s: no such device\n", last);
	if (!console_dev && !list_empty(&termdevs))
		console_dev = list_first(&termdevs, struct termdev, td_link);
	size_console();
	termdev_foreach(look, &choice);
	termdev_foreach(show_log, &choice);
}

struct termdev *termdev_console(void)
{
	return console_dev;
}
