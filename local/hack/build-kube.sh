#!/bin/sh
# Builds ringspan-kube once per version and links it into a directory.
#
#   build-kube.sh BIN
#
# The binary holds all of Kubernetes and takes minutes to build from nothing,
# so it is kept outside the tree, under a key of everything that it is made of:
# the module files and the sources of its package. What is there already of a build
# that was interrupted is in Go's own cache.
set -eu
bin=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
cache=${RINGSPAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringspan}
version=$(sed -n 's#^\tk8s.io/kubernetes \(v[0-9.]*\).*#\1#p' go.mod)
key=$(cat go.mod go.sum kube/*.go kube/*/*.go cmd/ringspan-kube/*.go hack/build-kube.sh | sha256sum | cut -c1-12)
dir=$cache/kube/$version-$(go env GOVERSION)-$key

# minutes of a number of seconds, in words.
minutes() {
	if [ "$1" -lt 60 ]; then echo "less than a minute"; else echo "about $((($1 + 30) / 60)) min"; fi
}

# progress reads what go build -v says, one package a line and the exit code last, and
# shows how far it is: in one place on a terminal, else a line from time to time. What
# else it reads are errors.
progress() {
	total=$1 compiled=0 begun=$(date +%s) shown=$(date +%s) code=1
	while IFS= read -r line; do
		case $line in
		"exit "*) code=${line#exit } && continue ;;
		"" | "#"* | *" "* | *"	"*) echo "$line" >&2 && continue ;;
		esac
		compiled=$((compiled + 1))
		[ $((compiled % 20)) -eq 0 ] || continue
		now=$(date +%s)
		[ $((now - shown)) -ge "$every" ] || continue
		shown=$now
		[ "$compiled" -le "$total" ] || total=$compiled
		printf "$form" "$compiled of $total packages, $(minutes $(((now - begun) * (total - compiled) / compiled))) left" >&2
	done
	[ "$every" -gt 1 ] || printf '\r\033[K' >&2
	return "$code"
}

if [ ! -x "$dir/ringspan-kube" ]; then
	cat >&2 <<-END
		building Kubernetes $version from source: its components and etcd in one program, ringspan-kube,
		which the clusters on this machine run. Some minutes, once for each version; it is kept in
		$dir
	END
	every=20 form='  %s\n'
	if [ -t 2 ]; then every=1 form='\r  %s\033[K'; fi
	mkdir -p "$dir"
	v=k8s.io/component-base/version
	minor=${version#v1.}
	total=$(go list -trimpath -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' ./cmd/ringspan-kube | wc -l)
	{
		code=0
		go build -v -buildvcs=false -trimpath -o "$dir/ringspan-kube.$$" -ldflags "-s -w -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*} -X $v.gitTreeState=clean" ./cmd/ringspan-kube 2>&1 || code=$?
		echo "exit $code"
	} | progress "$total"
	mv "$dir/ringspan-kube.$$" "$dir/ringspan-kube" # at once, so that a killed build leaves no half a binary
fi
ln -sfn "$dir/ringspan-kube" "$bin/ringspan-kube"
ln -sfn ringspan-kube "$bin/kubectl"
