# shellcheck shell=bash
# Sourced by the other scripts: finds a JDK of version 22 or later, exports JAVA_HOME and puts it
# first on PATH. A JDK is known by the `release` file in its folder. JAVA_HOME wins when it is new
# enough; else the javac on PATH; else the newest long-term release found; else the newest found.

ASHLAR_JDK_MIN=22

# Prints the feature version of the JDK in folder $1, or nothing when it is not a JDK.
jdk_version() {
  [ -r "$1/release" ] && [ -x "$1/bin/javac" ] || return 0
  sed -n 's/^JAVA_VERSION="\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' "$1/release" | head -n 1
}

jdk_candidates() {
  [ -n "${JAVA_HOME:-}" ] && echo "$JAVA_HOME"
  local javac
  javac=$(command -v javac 2>/dev/null) && dirname "$(dirname "$(readlink -f "$javac")")"
  local folder
  for folder in /usr/lib/jvm/* /usr/java/* /opt/* /opt/java/* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* "$HOME"/.asdf/installs/java/* "$HOME"/.local/share/mise/installs/java/*; do
    [ -d "$folder" ] && readlink -f "$folder"
  done
}

# Chooses in the order above.
jdk_find() {
  local folder version best="" best_rank=0 rank
  while IFS= read -r folder; do
    version=$(jdk_version "$folder")
    if [ -z "$version" ] || [ "$version" -lt "$ASHLAR_JDK_MIN" ]; then continue; fi
    if [ "$folder" = "${JAVA_HOME:-}" ] || [ "$folder" = "${javac_home:-}" ]; then
      echo "$folder"
      return 0
    fi
    rank=$version
    # Long-term releases are 25, 29, 33 …: every fourth from 21.
    [ $(((version - 21) % 4)) -eq 0 ] && rank=$((version + 1000))
    if [ "$rank" -gt "$best_rank" ]; then
      best=$folder
      best_rank=$rank
    fi
  done < <(jdk_candidates | awk '!seen[$0]++')
  [ -n "$best" ] && echo "$best"
}

javac_home=""
if command -v javac >/dev/null 2>&1; then
  javac_home=$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")
fi
ashlar_jdk=$(jdk_find || true)
if [ -z "$ashlar_jdk" ]; then
  {
    echo "error: Ashlar needs a JDK $ASHLAR_JDK_MIN or later, and none was found. JDKs seen:"
    jdk_candidates | awk '!seen[$0]++' | while IFS= read -r folder; do
      version=$(jdk_version "$folder")
      [ -n "$version" ] && echo "  $version  $folder"
    done
    echo "Install one (a Temurin or distribution package of JDK 25, say), or set JAVA_HOME to it."
  } >&2
  exit 2
fi
export JAVA_HOME=$ashlar_jdk
export PATH="$JAVA_HOME/bin:$PATH"
