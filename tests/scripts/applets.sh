# SPDX-License-Identifier: MIT
# The usual commands on files, with what they print.
umask 022
mkdir -p tree/a/b/c tree/d; echo hello >tree/a/f1; seq 1 500 >tree/a/b/numbers; : >tree/d/empty
ln -s ../a/f1 tree/d/link; ln tree/a/f1 tree/a/b/hard; chmod 640 tree/a/f1; mkfifo tree/d/fifo
find tree | sort
find tree -type f -size +0 -exec wc -c {} \; | sort -k2
find tree -name '*e*' -type d; find tree -links 2 -type f | sort
cp -a tree copy; diff -r tree/a copy/a && echo same
ls -l copy/d | awk '{ print $1, $NF }' | sort
stat -c '%n %s %a %F %h' tree/a/f1 tree/d/link tree/d/fifo; stat -c '%n %a %F' tree/a/b
tar cf t.tar tree/a tree/d/link; tar tf t.tar | sort; mkdir x; tar xf t.tar -C x; cat x/tree/a/b/hard; readlink x/tree/d/link
tar czf t.tgz tree/a; zcat t.tgz | tar tf - | wc -l
seq 1 3000 >n; gzip -c n >n.gz; gunzip -c n.gz | cmp - n && echo gzip; rm n.gz; gzip n; ls n*; gunzip n.gz; ls n*
sha256sum n; md5sum n; sha1sum n; sha512sum n | cut -c1-20
sort -rn n | head -3; sort -k1.2 n | head -2; uniq -c n | head -1; seq 1 30 | shuf | sort -n | tail -1
awk 'NR % 1000 == 0 { print NR, $1 * 2 }' n; awk -F: '{ print $1 }' /dev/null; awk 'BEGIN { printf "%.4f %d\n", 22 / 7, 7 / 2 }'
sed -n '/^29[0-9]5$/p; s/^\(2\)999$/\1-x/p' n; sed -i 's/^1$/first/' n; head -1 n
grep -c 77 n; grep -n '^.*999$' n; echo aXbXc | cut -dX -f2,3; echo abc | rev; tac n | head -1
dd if=n of=part bs=100 skip=2 count=3 2>/dev/null; od -c part | head -2; wc part
tr a-z A-Z <n | head -1; expand -t4 n | tail -1; nl n | tail -1; fold -w 2 n | head -2; paste -d+ part part | head -1
touch -d '2020-01-02 03:04:05' old; ls -l --full-time old | awk '{ print $6, $7 }' | cut -c1-19; find . -name old -newer n; date -u -d @86400 +%F
du -s empty-dir 2>/dev/null || echo none; basename /a/b.c .c; dirname /a/b.c; expr 6 \* 7; test -L tree/d/link && echo link
mv tree moved; ls; rm -rf moved copy x; ls | wc -l
cp n n2; cmp n n2; echo x >>n2; cmp n n2; comm -13 n n2 2>/dev/null | head -1; diff n n2
truncate -s 100 n2; wc -c n2; truncate -s 1M sparse; stat -c %s sparse; rm sparse
mktemp -d ./XXXXXX >/dev/null && echo tmp; env -i A=b env; printf '%05d %x %s\n' 42 255 end; seq -s, 5; echo $((7 % 3)) $((1 << 20))
hexdump -C part | head -1; xxd part | head -1; strings n | head -1; base64 part | head -1; uuencode -m part x | tail -1
bc <<EOF
scale=10; 22/7
2^64
EOF
xargs -n 2 echo <<EOF
a b c d e
EOF
cpio -o -H newc <<EOF 2>/dev/null | cpio -t 2>/dev/null
n
part
EOF
id -u >/dev/null && echo id; which sh >/dev/null && echo which; sleep 0; true; yes ok | head -2; tee t1 t2 <part | wc -c; cmp t1 t2
unlink t1; ln -sf part l; readlink -f l | sed 's,.*/,,'; realpath part | sed 's,.*/,,'; ls -i part | awk '{ print NF }'; chmod u+x,g-r part; stat -c %A part
