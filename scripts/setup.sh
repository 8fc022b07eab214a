# shellcheck shell=bash
# Sourced after jdk.sh: makes liburing's static library and a C compiler available to the build.
# Never fails: without them the jar bundles no liburing and the store uses pread/pwrite.
# Installs through apt as root, or through sudo where CI=true; elsewhere it names the command to run.

ashlar_need=()
command -v gcc >/dev/null 2>&1 || ashlar_need+=(gcc libc6-dev)
[ -e /usr/include/liburing.h ] || ashlar_need+=(liburing-dev)
if [ ${#ashlar_need[@]} -gt 0 ]; then
  ashlar_root=()
  [ "$(id -u)" -ne 0 ] && [ "${CI:-}" = true ] && command -v sudo >/dev/null 2>&1 && ashlar_root=(sudo -n)
  if { [ "$(id -u)" -eq 0 ] || [ ${#ashlar_root[@]} -gt 0 ]; } && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing ${ashlar_need[*]}" >&2
    ashlar_log=$(mktemp "${TMPDIR:-/tmp}/ashlar-setup.XXXXXX")
    { "${ashlar_root[@]}" apt-get install -y --no-install-recommends "${ashlar_need[@]}" ||
      { "${ashlar_root[@]}" apt-get update &&
        "${ashlar_root[@]}" apt-get install -y --no-install-recommends "${ashlar_need[@]}"; }; } \
      >"$ashlar_log" 2>&1 ||
      echo "setup: that failed (see $ashlar_log); going on with pread/pwrite" >&2
  else
    echo "setup: liburing is not installed; going on with pread/pwrite. To use io_uring, run:" >&2
    echo "  sudo apt-get install ${ashlar_need[*]}" >&2
  fi
fi
