/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions: not objects, just p_pgid and p_sid under
 * pidlock. A group exists as long as a process, perhaps a zombie, has its id.
 * Every member of a session has the terminal in p_ctty.
 */
#ifndef PROC_PGRP_H
#define PROC_PGRP_H

#include "kernel/lib/types.h"

struct tty;

/* Locks: all take pidlock. */
bool pgrp_in_session(pid_t pgid, pid_t sid);
/*
 * Has no member a parent in another group of the same session? Then no shell
 * would continue the group after a stop.
 */
bool pgrp_orphaned(pid_t pgid);
/* Gives tty to all processes of session sid; NULL: takes it away. */
void session_set_tty(pid_t sid, struct tty *tty);
/* Takes tty away from every process that has it (hangup). */
void tty_forget(struct tty *tty);
/*
 * Returns: the controlling terminal of the current process; NULL: none. Ttys
 *   are never freed.
 */
struct tty *session_tty(void);

/*
 * Set by the tty layer: called when a session leader with this terminal has
 * exited.
 * Locks: none.
 * Sleeps: yes.
 */
extern void (*session_leader_exit_hook)(struct tty *tty);

#endif
