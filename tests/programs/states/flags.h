/* SPDX-License-Identifier: MIT */
/* What a state says of itself, and `st-FAMILY -l` of it: what whoever drives it must know. */
#ifndef TESTS_STATES_FLAGS_H
#define TESTS_STATES_FLAGS_H

#define ST_TREE 1u     /* has children while it waits */
#define ST_LOOP 2u     /* its state changes all the time */
#define ST_ROOT 4u     /* needs uid 0 */
#define ST_HELPER 8u   /* is not listed: another state executes it */
#define ST_TICKS 16u   /* changes even while it is stopped, or cannot be stopped */
#define ST_JOB 32u     /* with ST_TREE: others of its process group are not its descendants */
#define ST_SESSION 64u /* with ST_TREE: the same of its session */

#endif
