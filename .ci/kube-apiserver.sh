#!/usr/bin/env bash
# Builds kube-apiserver from Debian's source package into the folder $1, about 10 minutes on two cores; as root, Debian 12.
# What is there already is kept. etcd comes from Debian as it is.
set -eu
target=$(mkdir -p "$1" && cd "$1" && pwd)
[ -x "$target/kube-apiserver" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Its own list of sources, so that the machine's stays as it is.
cat >"$work/src.sources" <<SOURCES
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
options=(-o "Dir::Etc::sourcelist=$work/src.sources" -o "Dir::Etc::sourceparts=-" -o "Dir::State::lists=$work/lists")
mkdir -p "$work/lists/partial"
apt-get update -qq
apt-get install -qq -y --no-install-recommends golang-go rsync jq dpkg-dev bash-completion etcd-server etcd-client \
  golang-github-modern-go-reflect2-dev >/dev/null
apt-get "${options[@]}" update -qq
cd "$work"
apt-get "${options[@]}" source --download-only kubernetes >/dev/null
dpkg-source -x kubernetes_*.dsc src >/dev/null
cd src
# The copy in the tree breaks iteration over maps under Go 1.18 and later: the server would die on the first CRD.
rm vendor/github.com/modern-go/reflect2/*.go
cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.go vendor/github.com/modern-go/reflect2/
mkdir -p .go/src/k8s.io
ln -s ../../.. .go/src/k8s.io/kubernetes
export GOPATH="$PWD/.go" PATH="/usr/lib/go/bin:$PATH" CGO_ENABLED=0 GOPROXY=off GOFLAGS=-mod=vendor GOTOOLCHAIN=local
make WHAT=cmd/kube-apiserver >/dev/null
install -m 755 _output/bin/kube-apiserver "$target/kube-apiserver.new"
mv "$target/kube-apiserver.new" "$target/kube-apiserver"
