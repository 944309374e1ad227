# SPDX-License-Identifier: MIT
# Background processes, wait, traps, signals between shells.
(exit 3) & wait $!; echo "waited: $?"
for i in 1 2 3 4 5; do (exit $i) & pids="$pids $!"; done
for p in $pids; do wait $p; echo "child: $?"; done
trap 'echo got usr1' USR1
kill -USR1 $$
trap 'echo got term' TERM
(kill -TERM $$)
trap - TERM
trap '' INT; kill -INT $$; echo survived INT; trap - INT
sh -c 'trap "echo leaving" EXIT; echo inside'
sh -c 'kill -9 $$'; echo "killed: $?"
sh -c 'kill -SEGV $$' 2>/dev/null; echo "segv: $?"
sleep 1000 & p=$!; kill $p; wait $p; echo "sleeper: $?"
sleep 1000 & p=$!; kill -STOP $p; kill -CONT $p; kill -KILL $p; wait $p; echo "stopped one: $?"
(sleep 0.1; echo late) & echo early; wait
mkfifo gate
(read x <gate; echo "gate says $x") & echo open >gate; wait
sh -c '(sleep 0.05; kill -USR1 $$) & trap "echo caught; exit 4" USR1; while :; do sleep 0.01; done' 2>/dev/null
echo "status $?"
timeout 0.2 sleep 100; echo "timeout: $?"
nohup true 2>/dev/null; echo "nohup: $?"
{ sleep 0.05; echo a; } | { read x; echo "read $x"; }
n=0; while [ $n -lt 30 ]; do (exit 0) & n=$((n + 1)); done; wait; echo thirty
setsid sh -c 'echo own session'
