# shellcheck shell=bash
# Sourced after jdk.sh: makes liburing's static library and a C compiler available to the build.
# Never fails: without them the jar bundles no liburing and the store uses pread/pwrite.

ashlar_need=()
command -v gcc >/dev/null 2>&1 || ashlar_need+=(gcc libc6-dev)
[ -e /usr/include/liburing.h ] || ashlar_need+=(liburing-dev)
if [ ${#ashlar_need[@]} -gt 0 ]; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "setup: installing ${ashlar_need[*]}" >&2
    { apt-get install -y --no-install-recommends "${ashlar_need[@]}" ||
      { apt-get update && apt-get install -y --no-install-recommends "${ashlar_need[@]}"; }; } \
      >/tmp/ashlar-setup.$$.log 2>&1 ||
      echo "setup: that failed (see /tmp/ashlar-setup.$$.log); going on with pread/pwrite" >&2
  else
    echo "setup: liburing is not installed; going on with pread/pwrite. To use io_uring, run:" >&2
    echo "  sudo apt-get install ${ashlar_need[*]}" >&2
  fi
fi
