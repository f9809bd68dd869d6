# ./dev setup: installs what is missing on a Debian 12, and nothing else.
# shellcheck shell=bash

# What building, the demo and the tests need; README.md gives the reason for each.
readonly kBuildPackages=(
  g++ cmake ninja-build pkg-config ccache ca-certificates python3
  rapidjson-dev libcurl4-openssl-dev libmicrohttpd-dev libgnutls28-dev libsqlite3-dev libseccomp-dev libminizip-dev
  zlib1g-dev libhttp-parser-dev libcli11-dev librdkafka-dev libzookeeper-mt-dev libssl-dev libfuse3-dev
  libgtest-dev libgmock-dev libbenchmark-dev
  librados-dev libradospp-dev libxxhash-dev liblz4-dev libzstd-dev
  btrfs-progs
)
# For tests: the services of tests/services, what a client of HTTPS needs, and a place for Ansible.
readonly kTestPackages=(
  curl openssl python3-venv maven openjdk-17-jre-headless zookeeper docker.io debootstrap iproute2
  ceph-mon ceph-osd ceph-mgr ceph-common python3-rados
)
readonly kLintPackages=(clang-format-19 clang-tidy-19 shellcheck git python3-venv)
readonly kFuzzPackages=(clang-19 libclang-rt-19-dev)

# Those of the packages named that are not installed.
missing_packages() {
  local installed
  # The || true: dpkg-query fails when it does not know one of the names, which is an answer too.
  # shellcheck disable=SC2016  # ${...} belongs to dpkg-query
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
  local package
  for package in "$@"; do
    grep -qxF "$package installed" <<<"$installed" || echo "$package"
  done
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif have sudo && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    die "this needs root: run it as root, or run ./dev setup as root first"
  fi
}

# Runs apt-get and shows its steps shortened: on a terminal on one line, elsewhere every tenth.
apt() {
  local log every=10
  log=$(mktemp)
  [[ -t 1 ]] && every=1
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1 |
    tee "$log" | awk -v every="$every" -v tty="$every" '
      /^[0-9]+ upgraded|^Need to get|^After this/ { print "    " $0; fflush() }
      /^(Get:|Unpacking|Setting up)/ {
        n++
        if (tty == 1) printf "\r\033[K    %d  %.90s", n, $0
        else if (n % every == 0) printf "    %d  %.90s\n", n, $0
        fflush()
      }
      END { if (tty == 1 && n) printf "\r\033[K" }'; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get $1 failed; the lines above say why"
  fi
  rm -f "$log"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  have apt-get || die "no apt-get here; Larder is built on Debian 12. Install by hand: ${missing[*]}"
  step "setup: installing ${#missing[@]} packages: ${missing[*]}"
  apt update
  apt install --no-install-recommends "${missing[@]}"
}

# python3 and node are run by the platform as action kinds: whatever version is
# installed there is the one offered; a node elsewhere, in a home folder, is out of a sandbox's sight.
runtime_packages() {
  [[ -x /usr/bin/python3 ]] || echo python3
  [[ -x /usr/bin/node || -x /usr/local/bin/node ]] || echo nodejs
}

# npm_packages FOLDER WHO: as the lock file in FOLDER says; WHO is skipped where that fails.
npm_packages() {
  local folder=$1
  if [[ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]]; then return; fi
  step "setup: the npm packages of $folder"
  if ! (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error </dev/null); then
    warn "npm could not install them: $2 will be skipped"
  fi
}

# The official JavaScript client, and the database that the tests run.
install_client() {
  npm_packages tests/clients "the tests with the JavaScript client"
  npm_packages tests/services/couchdb-server "the tests with a real database"
}

# The jars of the broker that tests/services/kafka starts.
install_kafka() {
  local folder=.cache/kafka pom=tests/services/kafka-jars/pom.xml
  if [[ $folder/.complete -nt $pom ]]; then return; fi
  step "setup: Kafka for the tests, 46 MB, into $folder"
  rm -rf "$folder"
  if mvn -q -B -f "$pom" dependency:copy-dependencies "-DoutputDirectory=$PWD/$folder" </dev/null; then
    touch "$folder/.complete"
  else
    warn "maven could not fetch it: the tests that need Kafka will be skipped"
  fi
}

# The programs of Ansible, from PyPI into a folder of their own: ansible.txt of scripts/ pins them.
install_ansible() {
  local folder=.cache/ansible wanted=scripts/ansible.txt
  if [[ $folder/.complete -nt $wanted ]]; then return; fi
  step "setup: Ansible and what looks through its files, 90 MB, into $folder"
  rm -rf "$folder"
  if /usr/bin/python3 -m venv "$folder" && "$folder/bin/pip" install -q --disable-pip-version-check -r "$wanted" </dev/null; then
    touch "$folder/.complete"
  else
    warn "pip could not fetch it: the tests that need Ansible will be skipped"
  fi
}

# The file system of the images that the tests build for their Docker daemon.
install_docker_base() {
  if [[ .cache/docker-base.tar -nt tests/services/docker-base.sh ]]; then return; fi
  step "setup: a small Debian as the base of images for the tests, 220 MB, into .cache"
  as_root tests/services/docker-base.sh || warn "it could not be made: the tests that need Docker will be skipped"
}

warn_if_not_debian() {
  local name=unknown
  # shellcheck disable=SC1091
  [[ -r /etc/os-release ]] && name=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
  [[ $name == debian-12 ]] || warn "made for Debian 12; this is $name"
}

# run_setup [build|test|lint|fuzz|all]: what the other commands need; a person types nothing or `all`.
run_setup() {
  local what=${1:-test} wanted=("${kBuildPackages[@]}")
  case $what in
    build | test) ;;
    lint) wanted+=("${kLintPackages[@]}") ;;
    fuzz) wanted+=("${kFuzzPackages[@]}") ;;
    all) wanted+=("${kLintPackages[@]}" "${kFuzzPackages[@]}") ;;
    *) die "setup takes nothing or \`all\`, not \"$what\"" ;;
  esac
  warn_if_not_debian
  mapfile -t -O "${#wanted[@]}" wanted < <(runtime_packages)
  # npm brings 370 small packages with it, so only the tests wait for it.
  if [[ $what == test || $what == all ]]; then
    wanted+=("${kTestPackages[@]}")
    have npm || wanted+=(npm)
  fi
  install_packages "${wanted[@]}"
  if [[ $what == test || $what == all ]]; then
    install_client
    install_kafka
    install_docker_base
  fi
  if [[ $what != build && $what != fuzz ]]; then install_ansible; fi
  say "setup: nothing is missing for $what (node $(node --version), $(/usr/bin/python3 --version))"
}
