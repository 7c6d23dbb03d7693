#!/bin/sh
# Builds ringspan-kube once per version and links it into a directory.
#
#   build-kube.sh BIN
#
# The binary holds all of Kubernetes and takes minutes to build from nothing,
# so it is kept outside the tree, under a key of everything that it is made of:
# the module files and the sources of its package.
set -eu
bin=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
cache=${RINGSPAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ringspan}
version=$(sed -n 's#^\tk8s.io/kubernetes \(v[0-9.]*\).*#\1#p' go.mod)
key=$(cat go.mod go.sum kube/*.go kube/*/*.go cmd/ringspan-kube/*.go hack/build-kube.sh | sha256sum | cut -c1-12)
dir=$cache/kube/$version-$(go env GOVERSION)-$key
if [ ! -x "$dir/ringspan-kube" ]; then
	echo "building ringspan-kube (Kubernetes $version; some minutes the first time)" >&2
	mkdir -p "$dir"
	v=k8s.io/component-base/version
	minor=${version#v1.}
	go build -buildvcs=false -trimpath -o "$dir/ringspan-kube.$$" -ldflags "-s -w -X $v.gitVersion=$version -X $v.gitMajor=1 -X $v.gitMinor=${minor%%.*} -X $v.gitTreeState=clean" ./cmd/ringspan-kube
	mv "$dir/ringspan-kube.$$" "$dir/ringspan-kube" # at once, so that a killed build leaves no half a binary
fi
ln -sfn "$dir/ringspan-kube" "$bin/ringspan-kube"
ln -sfn ringspan-kube "$bin/kubectl"
