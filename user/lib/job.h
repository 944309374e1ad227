/* SPDX-License-Identifier: MIT */
/*
 * A recovered process as a job of ours. One that led its process group leads it again, so it is not in ours: then the terminal is handed to its
 * group and taken back here, and what is done to us (stop, continuation, termination) is handed on, as a shell does for its jobs.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <sys/types.h>

struct job {
	pid_t j_pid;
	pid_t j_pgrp; /* its own group; 0: it is in ours */
	int j_tty;    /* our controlling terminal, -1: none */
};

/* pid, and the other processes of the job, are our only children. From now on SIGINT, SIGQUIT and SIGTTOU do nothing to us, SIGTERM and SIGHUP are handed on. One at a time. */
void job_begin(struct job *j, pid_t pid);
/*
 * Goes on in a background process of a group of its own, which no shell waits for, so that a job of it gets no terminal and its stops are
 * nobody's concern. 1 in that process, 0 in the caller, -1: errno. *fd is a pipe, for the process to tell and the caller to hear.
 */
int job_detach(int *fd);
/*
 * Stops us as the job is stopped, if a shell with job control will see it and can continue us; then continues the job, which gets the terminal if
 * we have it. false: nobody would.
 */
bool job_stop(const struct job *j);
/* Waits until all of it has ended, and follows it through stops. The status of its last process, as of a pipeline; -1: there was none. */
int job_wait(const struct job *j);

#endif
