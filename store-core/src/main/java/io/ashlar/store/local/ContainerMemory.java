package io.ashlar.store.local;

import io.ashlar.store.StoreOpenException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The memory that this container's limit leaves. An open refuses a pool that cannot fit; otherwise
 * the kernel would kill the process once the pool's pages are touched.
 *
 * <p>A limit may stand at any level of the hierarchy of control groups, from the process's own
 * group up to the mount. The memory left at one level is its limit less the memory that the kernel
 * cannot reclaim there:
 *
 * <pre>
 *   v2  memory.max             less  max(anon + shmem, unevictable) + slab_unreclaimable
 *                                    + kernel_stack + pagetables + sec_pagetables + percpu + sock
 *   v1  memory.limit_in_bytes  less  max(total_rss + total_shmem, total_unevictable)
 * </pre>
 *
 * <p>Page cache does not count, since the kernel gives it up before it kills. A level without a
 * limit, or one whose files cannot be read, limits nothing.
 *
 * <p>Thread: any. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst and
 * cgroup-v1/memory.rst; proc(5), proc_pid_mountinfo(5), cgroups(7).
 */
final class ContainerMemory {

  /** From here on a limit of version 1 means none: it is written as all pages that there can be. */
  private static final long UNLIMITED_BYTES = 1L << 60;

  private static final List<String> V2_KERNEL =
      List.of(
          "slab_unreclaimable", "kernel_stack", "pagetables", "sec_pagetables", "percpu", "sock");

  /** The limit and use of one level. */
  record Level(Path group, long limitBytes, long usedBytes) {

    long leftBytes() {
      return Math.max(0, limitBytes - usedBytes);
    }
  }

  private final Path root;

  /**
   * Creates one.
   *
   * @param root where {@code proc} and the mounts of control groups are found: the root folder, or
   *     that of a test.
   */
  ContainerMemory(Path root) {
    this.root = root;
  }

  /** Returns that of this process. */
  static ContainerMemory ofThisProcess() {
    return new ContainerMemory(Path.of("/"));
  }

  /**
   * Refuses native memory that does not fit.
   *
   * @throws StoreOpenException if a limit leaves less; it names both numbers.
   */
  void require(long poolBytes, long cacheBytes) {
    Level tightest = tightest();
    if (tightest != null && poolBytes + cacheBytes > tightest.leftBytes()) {
      throw new StoreOpenException(
          "the buffer pool and the cache need more memory than the container's limit leaves: reduce"
              + " poolBytes or cacheBytes, or raise the limit: poolBytes="
              + poolBytes
              + ", cacheBytes="
              + cacheBytes
              + ", leftBytes="
              + tightest.leftBytes()
              + ", limitBytes="
              + tightest.limitBytes()
              + ", usedBytes="
              + tightest.usedBytes()
              + ", cgroup="
              + tightest.group(),
          null);
    }
  }

  /** Returns the level that leaves least; null where there is no limit. */
  @Nullable Level tightest() {
    Level tightest = null;
    for (String mount : lines("proc/self/mountinfo")) {
      int dash = mount.indexOf(" - ");
      String[] fields = mount.substring(0, Math.max(0, dash)).split(" ");
      String[] types = mount.substring(dash < 0 ? mount.length() : dash + 3).split(" ");
      if (fields.length < 5 || types.length < 3) {
        continue;
      }
      boolean v2 = types[0].equals("cgroup2");
      if (v2 || (types[0].equals("cgroup") && List.of(types[2].split(",")).contains("memory"))) {
        tightest = tighter(tightest, tightestOf(unescaped(fields[4]), unescaped(fields[3]), v2));
      }
    }
    return tightest;
  }

  private static @Nullable Level tighter(@Nullable Level a, @Nullable Level b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return a.leftBytes() <= b.leftBytes() ? a : b;
  }

  /**
   * Returns the tightest level of one hierarchy.
   *
   * @param mountPoint where it is mounted.
   * @param mountRoot which group of it lies there: a container may see its own as the root.
   */
  private @Nullable Level tightestOf(String mountPoint, String mountRoot, boolean v2) {
    Path top = root.resolve(mountPoint.substring(1));
    Path group = top.resolve(below(mountRoot, groupOf(v2))).normalize();
    Level tightest = null;
    for (Path at = group; at != null && at.startsWith(top); at = at.getParent()) {
      tightest = tighter(tightest, v2 ? levelOfV2(at) : levelOfV1(at));
    }
    return tightest;
  }

  /** Returns this process's group as the hierarchy names it, or the root. */
  private String groupOf(boolean v2) {
    for (String line : lines("proc/self/cgroup")) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3
          && (v2 ? fields[1].isEmpty() : List.of(fields[1].split(",")).contains("memory"))) {
        return fields[2];
      }
    }
    return "/";
  }

  /** Returns a group's path below the mount; that of the mount itself if it does not lie there. */
  private static String below(String mountRoot, String group) {
    if (group.contains("..")) { // outside of what a namespace shows
      return "";
    }
    if (mountRoot.equals("/")) {
      return group.substring(1);
    }
    return group.startsWith(mountRoot + "/") ? group.substring(mountRoot.length() + 1) : "";
  }

  private static @Nullable Level levelOfV2(Path group) {
    long limit = number(group.resolve("memory.max"));
    if (limit < 0) {
      return null;
    }
    Map<String, Long> stat = stat(group);
    long used = Math.max(value(stat, "anon") + value(stat, "shmem"), value(stat, "unevictable"));
    for (String key : V2_KERNEL) {
      used += value(stat, key);
    }
    return new Level(group, limit, used);
  }

  private static @Nullable Level levelOfV1(Path group) {
    long limit = number(group.resolve("memory.limit_in_bytes"));
    if (limit < 0 || limit >= UNLIMITED_BYTES) {
      return null;
    }
    Map<String, Long> stat = stat(group);
    long used =
        Math.max(
            value(stat, "total_rss") + value(stat, "total_shmem"),
            value(stat, "total_unevictable"));
    return new Level(group, limit, used);
  }

  private static long value(Map<String, Long> stat, String key) {
    return stat.getOrDefault(key, 0L);
  }

  private static Map<String, Long> stat(Path group) {
    Map<String, Long> values = new HashMap<>();
    for (String line : linesOf(group.resolve("memory.stat"))) {
      String[] fields = line.split(" ");
      long value = fields.length == 2 ? parsed(fields[1]) : -1;
      if (value >= 0) {
        values.put(fields[0], value);
      }
    }
    return values;
  }

  /** Returns the number that a file holds, or −1 where it holds none, "max" for instance. */
  private static long number(Path file) {
    List<String> lines = linesOf(file);
    return lines.size() == 1 ? parsed(lines.getFirst().strip()) : -1;
  }

  private static long parsed(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException none) {
      return -1;
    }
  }

  private List<String> lines(String path) {
    return linesOf(root.resolve(path));
  }

  private static List<String> linesOf(Path file) {
    // These few calls load and link less than a reader of lines, or a stream, would (0085).
    try (FileInputStream stream = new FileInputStream(file.toFile())) {
      String text = new String(stream.readAllBytes(), StandardCharsets.ISO_8859_1);
      return text.isEmpty() ? List.of() : List.of(text.split("\n"));
    } catch (IOException | SecurityException unreadable) {
      return List.of();
    }
  }

  /** Returns a path of mountinfo with its octal escapes, such as that of a space, undone. */
  private static String unescaped(String path) {
    int escape = path.indexOf('\\');
    if (escape < 0) {
      return path;
    }
    StringBuilder text = new StringBuilder(path);
    while (escape >= 0) {
      int end = escape + 4;
      if (end <= text.length() && isOctal(text, escape + 1)) {
        char code = (char) Integer.parseInt(text, escape + 1, end, 8);
        text.setCharAt(escape, code);
        text.delete(escape + 1, end);
      }
      escape = text.indexOf("\\", escape + 1);
    }
    return text.toString();
  }

  /** Returns whether three digits of a code up to 377 follow. */
  private static boolean isOctal(CharSequence text, int from) {
    return isDigit(text.charAt(from), '3')
        && isDigit(text.charAt(from + 1), '7')
        && isDigit(text.charAt(from + 2), '7');
  }

  private static boolean isDigit(char digit, char most) {
    return digit >= '0' && digit <= most;
  }
}
