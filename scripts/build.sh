# shellcheck shell=bash
# Sourced by scripts/ashlar and scripts/demo after ASHLAR_ROOT is set: finds the JDK, and builds the
# command line unless what is built is newer than every source. Sets ASHLAR_CLASS_PATH. Says what it
# does on standard error, and nothing when there is nothing to do.

. "$ASHLAR_ROOT/scripts/jdk.sh"

ashlar_target=$ASHLAR_ROOT/store-tier/cli/target
# Touched with the time at which the last good build began.
ashlar_stamp=$ashlar_target/command-line.stamp

ashlar_is_built() {
  [ -e "$ashlar_stamp" ] && [ -d "$ashlar_target/lib" ] || return 1
  local inputs=("$ASHLAR_ROOT/pom.xml") module
  for module in native store-core store-tier store-tier/cli; do
    inputs+=("$ASHLAR_ROOT/$module/pom.xml" "$ASHLAR_ROOT/$module/src/main")
    [ -d "$ASHLAR_ROOT/$module/src/generated" ] && inputs+=("$ASHLAR_ROOT/$module/src/generated")
  done
  # A folder is newer too when a file was removed from it.
  [ -z "$(find "${inputs[@]}" -newer "$ashlar_stamp" -print -quit)" ]
}

ashlar_build() {
  local log=$ashlar_target/command-line-build.log
  if ! command -v mvn >/dev/null 2>&1; then
    echo "error: Maven is not installed: command=mvn; install it (apt-get install maven, say)" >&2
    return 2
  fi
  . "$ASHLAR_ROOT/scripts/setup.sh"
  echo "building the command line (the first time loads its libraries; log: $log)" >&2
  touch "$ashlar_stamp.new"
  rm -rf "$ashlar_target/lib"
  # Tests, format and lint are for scripts/test.
  if ! (cd "$ASHLAR_ROOT" && mvn -B -ntp -Dmaven.test.skip=true -P '!quality' \
    -pl native,store-core,store-tier,store-tier/cli package) >"$log" 2>&1 </dev/null; then
    grep -E '^\[ERROR\]' "$log" | head -n 20 >&2 || tail -n 20 "$log" >&2
    echo "error: the build failed: log=$log; mend it and run this again" >&2
    return 2
  fi
  mv "$ashlar_stamp.new" "$ashlar_stamp"
}

if ! ashlar_is_built; then
  if ! mkdir -p "$ashlar_target" 2>/dev/null || ! [ -w "$ashlar_target" ]; then
    echo "error: cannot build here: folder=$ashlar_target is not writable; use a copy of the sources" >&2
    exit 2
  fi
  # One build at a time; whoever waited finds it done.
  {
    flock 9
    ashlar_is_built || ashlar_build || exit 2
  } 9>"$ashlar_target/command-line.lock"
fi

ashlar_jar=$(find "$ashlar_target" -maxdepth 1 -name 'ashlar-cli-*.jar' ! -name '*-sources.jar' \
  ! -name '*-javadoc.jar' ! -name '*-tests.jar' -print -quit)
ASHLAR_CLASS_PATH=$ashlar_jar:$ashlar_target/lib/*
