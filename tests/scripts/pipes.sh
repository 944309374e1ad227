# SPDX-License-Identifier: MIT
# Pipelines, redirections, here-documents, substitutions.
echo one two three | tr ' ' '\n' | sort -r | head -2
seq 1 1000 | awk '{ s += $1 } END { print s }'
seq 1 20000 | tail -1
yes | head -100000 | wc -l
cat <<EOF | wc -w
here are $((2 + 3)) words
EOF
cat <<'EOF'
no $expansion `here`
EOF
echo to-file >f; echo more >>f; cat <f
echo err >&2 2>e; cat e
{ echo out; echo err >&2; } >both 2>&1; cat both
{ echo out; echo err >&2; } 2>/dev/null
ls nothing 2>/dev/null || echo "status $?"
exec 5>five; echo through five >&5; exec 5>&-; cat five
exec 6<five; read line <&6; echo "$line"; exec 6<&-
x=$(echo nested $(echo deeper `echo still`)); echo "$x"
(cd /; pwd); (exit 7); echo $?
false | true; echo $?
set -o pipefail; false | true; echo $?; set +o pipefail
! true; echo $?
seq 5 | while read n; do echo "n=$n"; done
mkfifo p; (echo via fifo >p) & cat p; wait
printf '%s|' a 'b c' d; echo
echo abc | (read a; echo "[$a]")
dd if=/dev/zero bs=1k count=300 2>/dev/null | wc -c
head -c 100000 /dev/zero | gzip | gunzip | wc -c
: >empty; wc -c <empty
test -p p && echo is fifo
i=0; while [ $i -lt 40 ]; do echo $i | cat | cat >last; i=$((i + 1)); done; cat last
cat <(echo substituted) <(true); wc -l < <(seq 10)
cmp <(seq 1000) <(seq 1000) && echo same
i=0; while [ $i -lt 20 ]; do cat <(:) <(echo $i) <(:) >last; i=$((i + 1)); done; cat last
