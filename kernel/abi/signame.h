/* SPDX-License-Identifier: MIT */
/* Names of signals, for the tracer and for messages. */
#ifndef KERNEL_ABI_SIGNAME_H
#define KERNEL_ABI_SIGNAME_H

/* "SEGV" for 11; NULL for a real-time signal and for what is no signal. */
const char *signal_name(int sig);

#endif
